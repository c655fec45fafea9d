"""Divider nets as a torch module."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from artengine import Activation, Ports
from artengine_dividers.network.partition import Partition
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
        colours = self.colours_at(points)
        if self.outline is None or self.training or not sum(self.counts[:2]):
            return colours
        width, colour = self.outline
        distances = torch.cat([self.lines.signed_distance(points), self.circles.signed_distance(points)], dim=1)
        nearest = distances.abs().amin(dim=1, keepdim=True)
        return torch.where(nearest < width / 2, colours.new_tensor(colour), colours)

    def colours_at(self, points: Tensor) -> Tensor:
        """Colours of points, (N, 2), without an outline: (N, outputs)."""
        if len(self.table):
            colours: Tensor = self.table(torch.cat(self.sides(points)[:2], dim=-1))
            return colours
        return self.colours_from_sides(*self.sides(points))

    def sides(self, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The activations of lines (N, L), circles (N, C) and sigmoids (N, S) at points, (N, 2): -1 to 1."""
        return self._step(self.lines, points), self._step(self.circles, points), self.sigmoids(points)

    def colours_from_sides(self, *sides: Tensor) -> Tensor:
        """What the layers make of activations, one (N, ...) for each kind of divider: (N, outputs)."""
        first = self.structure or self.hidden
        weights = torch.split(first.weight, [part.shape[1] for part in sides], dim=1)
        x = first.bias.expand(len(sides[0]), -1) if not sum(self.counts) else None
        for part, weight in zip(sides, weights, strict=True):
            if part.shape[1]:  # one product each: joined first, they could not be painted as fast
                x = functional.linear(part, weight, first.bias) if x is None else x + part @ weight.T
        assert x is not None  # noqa: S101 - without dividers it is the bias
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
