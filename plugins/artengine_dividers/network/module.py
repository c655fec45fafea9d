"""Divider nets as a torch module."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from artengine import Activation, Lookup, Ports
from artengine_dividers.network.hamming_index import BITS_PER_GROUP
from artengine_dividers.network.partition import Partition
from artengine_dividers.network.products import indicator, linear_of_parts
from artengine_dividers.network.region_colours import RegionColours
from artengine_dividers.network.shapes import CentredLines, Circles, OffsetLines, SoftLines, parameter

INITIAL_CONTRAST = 0.45  # of a random picture, to learn from: the colour layer's units then spread by 0.9


class Dividers(nn.Module):
    """(N, 2) points to (N, outputs) colours, the same ones wherever the sides of all lines and circles are.

    counts: lines, circles and sigmoids. gradient_sharpness: of the surrogate gradient, now; gradient_sharpness_range:
    at the beginning and at the end of a training. outline: of lines and circles drawn over the picture, its width in
    plane units and its colour. table: colours of single regions; while it has any, they count and not what the layers
    give.
    """

    dynamic_rows = ("table.codes", "table.colours")

    def __init__(
        self,
        ports: Ports,
        *,
        lines: int,
        circles: int,
        sigmoids: int,
        centred: bool,
        hidden: int,
        structure: int,
        activation: Activation,
        sharpness: float | None,
        gradient_sharpness: Sequence[float],
    ) -> None:
        super().__init__()
        random = ports.random()
        self.sharpness = sharpness
        self.gradient_sharpness = gradient_sharpness[0]
        self.gradient_sharpness_range = (gradient_sharpness[0], gradient_sharpness[-1])
        self.lines: OffsetLines | CentredLines = (CentredLines if centred else OffsetLines)(lines, random)
        self.circles = Circles(circles, random)
        self.sigmoids = SoftLines(sigmoids, random)
        self.counts = (lines, circles, sigmoids)
        self.activation = activation
        self.learning = nn.ModuleList([activation] if isinstance(activation, nn.Module) else [])
        self.structure = _layer(sum(self.counts), structure, random, 1.0) if structure else None
        self.hidden = _layer(structure or sum(self.counts), hidden, random, 1.0)
        self.colour = _layer(hidden, ports.outputs, random, 2.0)
        self.table = RegionColours(lines + circles, ports.outputs)
        self.outline: tuple[float, list[float]] | None = None

    def set_outline(self, width: float, colour: Sequence[float]) -> None:
        """Draw lines and circles over the picture from now on; width: in plane units. colour: (outputs,)."""
        self.outline = width, list(colour)

    def forward(self, points: Tensor) -> Tensor:
        """Colours of points, lines and circles drawn over them where there is an outline."""
        if lookup := self.lookup():
            keys, look_up = lookup
            return look_up(keys(points))
        colours = self.colours_at(points)
        if not self._is_outlined():
            return colours
        drawn = linear_of_parts(self._strokes(points), colours.new_ones(1, sum(self.counts[:2]))).sign()
        return colours * (1 - drawn) + drawn * self._outline_colour(colours)

    def lookup(self) -> Lookup | None:
        """From points to keys, (N, ceil(D / 16)) and one more where there is an outline, and from keys to colours."""
        if not len(self.table):
            return None
        return functools.partial(self._keys, outlined=self._is_outlined()), self._colours_of

    def colours_at(self, points: Tensor) -> Tensor:
        """Colours of points, (N, 2), without an outline: (N, outputs)."""
        if len(self.table):
            return self._colours_of(self._keys(points, outlined=False))
        return self.colours_from_sides(*self.sides(points))

    def sides(self, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The activations of lines (N, L), circles (N, C) and sigmoids (N, S) at points, (N, 2): -1 to 1."""
        return self._step(self.lines, points), self._step(self.circles, points), self.sigmoids(points)

    def colours_from_sides(self, *sides: Tensor) -> Tensor:
        """What the layers make of activations, one (N, ...) for each kind of divider: (N, outputs)."""
        first = self.structure or self.hidden
        x = linear_of_parts(sides, first.weight, first.bias)
        if self.structure:
            x = self.hidden(x.relu())
        colours: Tensor = self.colour(self.activation(x)).sigmoid()
        return colours

    def partition(self) -> Partition:
        """The lines and circles as plain numbers."""
        return Partition(self.lines.to_array(), self.circles.to_array())

    def set_partition(self, partition: Partition) -> None:
        """Take lines and circles, as many as there are, from plain numbers."""
        self.lines.set_array(partition.lines)
        self.circles.set_array(partition.circles)

    def init_colour_bias(self, mean: Tensor) -> None:
        """Bring the colours near to their mean, (outputs,), from where they are learnt best."""
        with torch.no_grad():
            self.colour.weight.mul_(INITIAL_CONTRAST)
            self.colour.bias.copy_(mean.clamp(0.01, 0.99).logit())

    def _keys(self, points: Tensor, *, outlined: bool) -> Tensor:
        """The sides of points in whole numbers (see `RegionColours`), and the strokes that they are on."""
        parts = [indicator(side) for side in self.sides(points)[:2]]
        weight = self.table.powers().to(points)
        if outlined:
            parts += self._strokes(points)
            strokes = weight.new_ones(1, weight.shape[1])
            weight = torch.block_diag(weight, strokes)  # type: ignore[no-untyped-call]  # torch's own
        return linear_of_parts(parts, weight)

    def _colours_of(self, keys: Tensor) -> Tensor:
        """What the regions of keys, and the strokes over them, look like."""
        groups = -(-sum(self.counts[:2]) // BITS_PER_GROUP)
        colours: Tensor = self.table(keys[:, :groups])
        if keys.shape[1] == groups:
            return colours
        return torch.where(keys[:, groups:] > 0, self._outline_colour(colours), colours)

    def _is_outlined(self) -> bool:
        return self.outline is not None and not self.training and sum(self.counts[:2]) > 0

    def _outline_colour(self, colours: Tensor) -> Tensor:
        assert self.outline is not None  # noqa: S101 - it is outlined
        return torch.tensor(self.outline[1], dtype=colours.dtype, device=colours.device)

    def _strokes(self, points: Tensor) -> list[Tensor]:
        """1 where points are on the stroke of a line (N, L) or a circle (N, C), else 0."""
        assert self.outline is not None  # noqa: S101 - it is outlined
        return [
            indicator(self.outline[0] / 2 - dividers.signed_distance(points).abs())
            for dividers in (self.lines, self.circles)
        ]

    def _step(self, dividers: OffsetLines | CentredLines | Circles, points: Tensor) -> Tensor:
        if torch.is_grad_enabled() and self.training:
            step: Tensor = _StraightThrough.apply(  # type: ignore[no-untyped-call]  # torch's own
                dividers.preactivation(points), self.sharpness, self.gradient_sharpness
            )
            return step
        if self.sharpness is None:
            return (dividers.power(points).sign() + 0.5).sign()  # what lies on it is beyond it
        return (dividers.preactivation(points) * self.sharpness).tanh()


class _StraightThrough(torch.autograd.Function):
    """A step from -1 to 1 with a surrogate gradient, that of tanh(gradient_sharpness x).

    Source: Bengio, Leonard and Courville 2013, "Estimating or propagating gradients through stochastic neurons".
    """

    @staticmethod
    def forward(context: Any, x: Tensor, sharpness: float | None, gradient_sharpness: float) -> Tensor:
        context.save_for_backward(x)
        context.gradient_sharpness = gradient_sharpness
        if sharpness is None:
            return torch.where(x >= 0, 1.0, -1.0).to(x.dtype)
        return (x * sharpness).tanh()

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (x,) = context.saved_tensors
        soft = (x * context.gradient_sharpness).tanh_()
        return gradients[0] * soft.square_().neg_().add_(1).mul_(context.gradient_sharpness), None, None


def _layer(inputs: int, outputs: int, random: np.random.RandomState, gain: float) -> nn.Linear:
    """Weights that keep the spread of what comes in, times a gain."""
    layer = nn.Linear(max(inputs, 1), outputs, device="meta")  # of none, torch says that there is nothing to draw
    layer.weight = parameter(random.randn(outputs, inputs) * gain / math.sqrt(max(inputs, 1)))
    layer.bias = parameter(np.zeros(outputs))
    return layer
