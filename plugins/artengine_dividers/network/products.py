"""Linear layers of the parts that a divider net computes one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def linear_of_parts(parts: Sequence[Tensor], weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """What a linear layer gives for inputs in parts, (N, ...) each, some of which may be empty: (N, units).

    weight: of all parts, (units, ...). Each part is a product of its own: joined first, they could not be painted as
    fast.
    """
    x = None
    for part, own in zip(parts, torch.split(weight, [part.shape[1] for part in parts], dim=1), strict=True):
        if part.shape[1]:
            x = functional.linear(part, own, bias) if x is None else x + part @ own.T
    if x is None:
        x = (weight.new_zeros(len(weight)) if bias is None else bias).expand(len(parts[0]), -1)
    return x


def indicator(x: Tensor) -> Tensor:
    """1 where a number is above zero, else 0."""
    return x.sign().relu()
