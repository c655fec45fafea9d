"""The painter as a module: matrices, and what bends the numbers between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from artengine import Activation, ColourRange


class Affine(nn.Module):
    """x W + b, or x W where there is no b: (..., inputs) to (..., outputs)."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = None if bias is None else nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        """Multiply and add."""
        x = x @ self.weight
        return x if self.bias is None else x + self.bias


class Bend(nn.Module):
    """A nonlinearity, with the units of a pixel brought to mean 0 and deviation 1 before or after it if asked for."""

    def __init__(self, activation: Activation, *, norm_before: bool = False, norm_after: bool = False) -> None:
        super().__init__()
        self.activation = activation  # torch keeps track of it where it is a module
        self.norm_before = norm_before
        self.norm_after = norm_after

    def forward(self, x: Tensor) -> Tensor:
        """Bend the numbers, keep the shape."""
        if self.norm_before:
            x = _normalise(x)
        x = self.activation(x)
        return _normalise(x) if self.norm_after else x


class Painter(nn.Module):
    """From coordinates (..., inputs) to colours (..., channels), red first, of any range.

    layers: the matrices, the last one giving blue, green, red. path: which of them each step uses; a recurrent painter
    comes by the same one again and again. bends: one for each step. drawn: the names of the nonlinearities that chance
    chose, in their order.
    """

    colours: ColourRange = "stretch"

    def __init__(
        self,
        layers: Sequence[Affine],
        path: Sequence[int],
        bends: Sequence[Bend],
        *,
        coord_bias: bool,
        drawn: tuple[str, ...],
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.path = tuple(path)
        self.bends = nn.ModuleList(bends)
        self.coord_bias = coord_bias
        self.drawn = drawn
        self.double()  # as it was drawn, with all its activations

    def forward(self, x: Tensor) -> Tensor:
        """Paint every coordinate on its own, in the precision of the weights."""
        x = x.to(next(self.parameters()).dtype)
        if self.coord_bias:
            x = torch.cat([x, x.new_ones(*x.shape[:-1], 1)], dim=-1)
        for index, bend in zip(self.path, self.bends, strict=True):
            x = bend(self.layers[index](x))
        return x.flip(-1)


def _normalise(x: Tensor) -> Tensor:
    """Each pixel's units with mean 0 and deviation 1; NaN, from 0 / 0, where all of them are equal.

    The original has no epsilon here, and its pictures depend on that.
    """
    x = x - x.mean(dim=-1, keepdim=True)
    return x / x.square().mean(dim=-1, keepdim=True).sqrt()
