"""Divider nets as torch modules."""

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
from artengine_dividers.network.table import Table

LEAST = -16.0  # of the logarithm of a radius: smaller circles are points
CALM = 0.45  # of the contrast of a random picture, to begin to learn from: units of the colours' layer spread by 0.9
TINY = 1e-12  # keeps the cosine finite at a line's centre


class Dividers(nn.Module):
    """(N, 2) points to (N, outputs) colours, the same ones wherever the sides of all lines and circles are.

    gradient_sharpness: of the false gradient, now. outline: of lines and circles drawn over the picture, its width in
    plane units and its colour. table: colours of single regions; as long as it has some, they count
    and not what the layers say.
    """

    ragged = ("table.codes", "table.colours")

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
        gradient_sharpness: float,
    ) -> None:
        super().__init__()
        random = ports.random()
        self.sharpness = sharpness
        self.gradient_sharpness = gradient_sharpness
        self.lines: OffsetLines | CentredLines = (CentredLines if centred else OffsetLines)(lines, random)
        self.circles = Circles(circles, random)
        self.sigmoids = SoftLines(sigmoids, random)
        self.counts = (lines, circles, sigmoids)
        self.activation = activation
        self.learning = nn.ModuleList([activation] if isinstance(activation, nn.Module) else [])
        self.structure = _layer(sum(self.counts), structure, random, 1.0) if structure else None
        self.hidden = _layer(structure or sum(self.counts), hidden, random, 1.0)
        self.colour = _layer(hidden, ports.outputs, random, 2.0)
        self.table = Table(lines + circles, ports.outputs)
        self.outline: tuple[float, list[float]] | None = None

    def draw(self, width: float, colour: Sequence[float]) -> None:
        """Draw lines and circles over the picture from now on; width: in plane units. colour: (outputs,)."""
        self.outline = width, list(colour)

    def forward(self, points: Tensor) -> Tensor:
        """Colours of points, lines and circles drawn over them if that is asked for."""
        colours = self.told(points)
        if self.outline is None or self.training or not sum(self.counts[:2]):
            return colours
        width, ink = self.outline
        away = torch.cat([self.lines.away(points), self.circles.away(points)], dim=1).abs().amin(dim=1, keepdim=True)
        return torch.where(away < width / 2, colours.new_tensor(ink), colours)

    def told(self, points: Tensor) -> Tensor:
        """Colours of points."""
        if len(self.table):
            found: Tensor = self.table(torch.cat(self.sides(points)[:2], dim=-1))
            return found
        return self.coloured(*self.sides(points))

    def sides(self, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The activations of lines (N, L), circles (N, C) and sigmoids (N, S) at points, (N, 2): -1 to 1."""
        return self._cut(self.lines, points), self._cut(self.circles, points), self.sigmoids(points)

    def coloured(self, *sides: Tensor) -> Tensor:
        """What the layers make of activations, (N, ...) in as many parts as there are kinds of divider."""
        first = self.structure or self.hidden
        weights = torch.split(first.weight, [part.shape[1] for part in sides], dim=1)
        x = first.bias.expand(len(sides[0]), -1) if not sum(self.counts) else None
        for part, weight in zip(sides, weights, strict=True):
            if part.shape[1]:  # one product each: joined first, they could not be painted as fast
                x = functional.linear(part, weight, first.bias) if x is None else x + part @ weight.T
        assert x is not None  # noqa: S101 - one of both ways gave it
        if self.structure:
            x = self.hidden(x.relu())
        colours: Tensor = self.colour(self.activation(x)).sigmoid()
        return colours

    def partition(self) -> Partition:
        """The lines and circles as plain numbers."""
        return Partition(self.lines.numbers(), self.circles.numbers())

    def place(self, partition: Partition) -> None:
        """Take lines and circles, as many as there are, from plain numbers."""
        self.lines.place(partition.lines)
        self.circles.place(partition.circles)

    def level(self, mean: Tensor) -> None:
        """Bring the colours near to their mean, (outputs,), from where they are learnt best."""
        with torch.no_grad():
            self.colour.weight.mul_(CALM)
            self.colour.bias.copy_(mean.clamp(0.01, 0.99).logit())

    def _cut(self, dividers: OffsetLines | CentredLines | Circles, points: Tensor) -> Tensor:
        if torch.is_grad_enabled() and self.training:
            cut: Tensor = _Cut.apply(dividers.excited(points), self.sharpness, self.gradient_sharpness)  # type: ignore[no-untyped-call]  # torch's own
            return cut
        if self.sharpness is None:
            return (dividers.powered(points).sign() + 0.5).sign()  # what lies on it is beyond it
        return (dividers.excited(points) * self.sharpness).tanh()


class _Cut(torch.autograd.Function):
    """The step from one side to the other, with the gradient of a gentler one."""

    @staticmethod
    def forward(context: Any, excitation: Tensor, sharpness: float | None, gradient_sharpness: float) -> Tensor:
        context.save_for_backward(excitation)
        context.gentle = gradient_sharpness
        if sharpness is None:
            return torch.where(excitation >= 0, 1.0, -1.0).to(excitation.dtype)
        return (excitation * sharpness).tanh()

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (excitation,) = context.saved_tensors
        gentle = (excitation * context.gentle).tanh_()
        return gradients[0] * gentle.square_().neg_().add_(1).mul_(context.gentle), None, None


class OffsetLines(nn.Module):
    """Lines by angle and offset; excited by the signed distance, in plane units."""

    def __init__(self, count: int, random: np.random.RandomState) -> None:
        super().__init__()
        self.angle = _parameter(random.uniform(0, 2 * math.pi, count))
        self.offset = _parameter(random.uniform(-1, 1, count))

    def excited(self, points: Tensor) -> Tensor:
        """The excitations, (N, L)."""
        normals = torch.stack([self.angle.cos(), self.angle.sin()], dim=1)
        return functional.linear(points, normals, -self.offset)

    powered = away = excited

    def numbers(self) -> np.ndarray[Any, Any]:
        """Angles and offsets, (L, 2) float64."""
        return torch.stack([self.angle, self.offset], dim=1).detach().double().cpu().numpy()

    def place(self, numbers: np.ndarray[Any, Any]) -> None:
        """Take angles and offsets, (L, 2)."""
        with torch.no_grad():
            self.angle.copy_(torch.from_numpy(numbers[:, 0]))
            self.offset.copy_(torch.from_numpy(numbers[:, 1]))


class CentredLines(nn.Module):
    """Lines by a centre on them and an angle; excited by the cosine between the normal and the way from the centre."""

    def __init__(self, count: int, random: np.random.RandomState) -> None:
        super().__init__()
        self.angle = _parameter(random.uniform(0, 2 * math.pi, count))
        self.centre = _parameter(random.uniform(-1, 1, (count, 2)))

    def excited(self, points: Tensor) -> Tensor:
        """The excitations, (N, L)."""
        across = points[:, :1] - self.centre[:, 0]
        down = points[:, 1:] - self.centre[:, 1]
        length = (across * across + down * down + TINY).sqrt()
        return (across * self.angle.cos() + down * self.angle.sin()) / length

    def powered(self, points: Tensor) -> Tensor:
        """The signed distances, (N, L), which have the same signs."""
        normals = torch.stack([self.angle.cos(), self.angle.sin()], dim=1)
        return functional.linear(points, normals, -(self.centre * normals).sum(dim=1))

    away = powered

    def numbers(self) -> np.ndarray[Any, Any]:
        """Angles and offsets, (L, 2) float64."""
        angle, centre = self.angle.detach().double(), self.centre.detach().double()
        offset = centre[:, 0] * angle.cos() + centre[:, 1] * angle.sin()
        return torch.stack([angle, offset], dim=1).cpu().numpy()

    def place(self, numbers: np.ndarray[Any, Any]) -> None:
        """Take angles and offsets, (L, 2); each centre is the point of the line that is next to the origin."""
        angle, offset = torch.from_numpy(numbers).unbind(dim=1)
        with torch.no_grad():
            self.angle.copy_(angle)
            self.centre.copy_(torch.stack([angle.cos() * offset, angle.sin() * offset], dim=1))


class Circles(nn.Module):
    """Circles by centre and logarithm of the radius; excited by the way from the edge, in radii."""

    def __init__(self, count: int, random: np.random.RandomState) -> None:
        super().__init__()
        self.centre = _parameter(random.uniform(-1.2, 1.2, (count, 2)))
        self.log_radius = _parameter(np.log(random.uniform(0.1, 0.9, count)))

    def excited(self, points: Tensor) -> Tensor:
        """The excitations, (N, C)."""
        radius = self._radius()
        return ((self._squares(points) + TINY).sqrt() - radius) / radius

    def powered(self, points: Tensor) -> Tensor:
        """The powers of points, (N, C), which have the same signs."""
        return self._squares(points) - self._radius().square()

    def away(self, points: Tensor) -> Tensor:
        """The signed distances from the edges, (N, C)."""
        return self._squares(points).sqrt() - self._radius()

    def numbers(self) -> np.ndarray[Any, Any]:
        """Centres and radii, (C, 3) float64."""
        radius = self.log_radius.detach().double().clamp_min(LEAST).exp()
        return torch.cat([self.centre.detach().double(), radius[:, None]], dim=1).cpu().numpy()

    def place(self, numbers: np.ndarray[Any, Any]) -> None:
        """Take centres and radii, (C, 3)."""
        with torch.no_grad():
            self.centre.copy_(torch.from_numpy(numbers[:, :2]))
            self.log_radius.copy_(torch.from_numpy(np.log(np.maximum(numbers[:, 2], math.exp(LEAST)))))

    def _radius(self) -> Tensor:
        return self.log_radius.clamp_min(LEAST).exp()

    def _squares(self, points: Tensor) -> Tensor:
        """Squared distances from the centres, (N, C)."""
        along = points.new_tensor([[1.0, 0.0]]).expand(len(self.centre), -1)
        across = functional.linear(points, along, -self.centre[:, 0])  # products, which are painted fastest
        down = functional.linear(points, along.flip(-1), -self.centre[:, 1])
        return across * across + down * down


class SoftLines(nn.Module):
    """Lines over which the activation goes softly from -1 to 1, as steeply as each has learnt."""

    def __init__(self, count: int, random: np.random.RandomState) -> None:
        super().__init__()
        self.angle = _parameter(random.uniform(0, 2 * math.pi, count))
        self.offset = _parameter(random.uniform(-1, 1, count))
        self.log_steepness = _parameter(np.log(random.uniform(1, 8, count)))

    def forward(self, points: Tensor) -> Tensor:
        """The activations, (N, S)."""
        normals = torch.stack([self.angle.cos(), self.angle.sin()], dim=1)
        steep = self.log_steepness.exp()
        return functional.linear(points, normals * steep[:, None], -self.offset * steep).tanh()

    def place(self, numbers: np.ndarray[Any, Any], steepness: float) -> None:
        """Take angles and offsets, (S, 2), all of one steepness."""
        with torch.no_grad():
            self.angle.copy_(torch.from_numpy(numbers[:, 0]))
            self.offset.copy_(torch.from_numpy(numbers[:, 1]))
            self.log_steepness.fill_(math.log(steepness))


def _layer(inputs: int, outputs: int, random: np.random.RandomState, gain: float) -> nn.Linear:
    """Weights that keep the spread of what comes in, times a gain."""
    layer = nn.Linear(max(inputs, 1), outputs, device="meta")  # of none, torch says that there is nothing to draw
    layer.weight = _parameter(random.randn(outputs, inputs) * gain / math.sqrt(max(inputs, 1)))
    layer.bias = _parameter(np.zeros(outputs))
    return layer


def _parameter(values: np.ndarray[Any, Any]) -> nn.Parameter:
    return nn.Parameter(torch.from_numpy(values).float())
