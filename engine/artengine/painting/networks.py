"""What painting does with a network as a whole: look at its weights, copy it, bring it to another precision."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn


def weights_of(network: nn.Module) -> list[Tensor]:
    """All tensors that the network's colours depend on, those that are not saved included."""
    return [*network.parameters(), *network.buffers()]


def copied(network: nn.Module) -> nn.Module:
    """A copy; tensors that a training left in it come without their history, which cannot be copied."""
    memo: dict[int, Any] = {}
    for module in network.modules():
        for value in vars(module).values():
            if isinstance(value, Tensor) and not value.is_leaf:
                memo[id(value)] = value.detach()
    try:
        return copy.deepcopy(network, memo)
    except Exception as error:  # a third party's network may hold anything
        raise ValueError(f"cannot be copied, as every thread needs it: {error}") from error


def cast(network: nn.Module, dtype: torch.dtype) -> nn.Module:
    """The network in a precision: itself, or a copy where it has another."""
    floats = [tensor for tensor in weights_of(network) if tensor.is_floating_point()]
    if all(tensor.dtype == dtype for tensor in floats):
        return network

    def to(tensor: Tensor) -> Tensor:
        if tensor.is_complex():
            return tensor.to(dtype.to_complex())
        return tensor.to(dtype) if tensor.is_floating_point() else tensor

    converted: nn.Module = copied(network)._apply(to)  # type: ignore[no-untyped-call]  # torch's own
    return converted
