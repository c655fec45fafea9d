"""The grid of features as a torch module."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from artengine import Activation, Ports

PACE = 4.0  # how much faster features learn than the layers that read them
SHARPNESS = -0.75  # of cubic interpolation: that of torch's grid_sample


class FeatureGrid(nn.Module):
    """(N, 2) to (N, outputs): features interpolated at the points, and read by a few layers.

    reach: how far the grids extend from the centre along x and y; see `cover`.
    """

    reach: Tensor

    def __init__(
        self,
        ports: Ports,
        levels: list[int],
        features: int,
        widths: list[int],
        activation: Callable[[], Activation],
    ) -> None:
        super().__init__()
        random = ports.random()
        self.features = features
        self.register_buffer("reach", torch.ones(2))
        self.grids = nn.ParameterList(
            torch.from_numpy(random.randn(side, features * side) * (0.1 / PACE)).float() for side in levels
        )
        self.layers = nn.ModuleList()
        self.activations = [activation() for _ in widths]
        self.learning = nn.ModuleList(one for one in self.activations if isinstance(one, nn.Module))
        for inputs, outputs in itertools.pairwise([features * len(levels), *widths, ports.outputs]):
            bound = 1 / math.sqrt(inputs)
            layer = nn.Linear(inputs, outputs, device="meta")
            layer.weight = nn.Parameter(torch.from_numpy(random.uniform(-bound, bound, (outputs, inputs))).float())
            layer.bias = nn.Parameter(torch.from_numpy(random.uniform(-bound, bound, outputs)).float())
            self.layers.append(layer)
        with torch.no_grad():
            layer.bias.fill_(0.5)

    def cover(self, x: float, y: float) -> None:
        """Stretch the grids over -x..x and -y..y of the plane."""
        self.reach.copy_(torch.tensor([x, y]))

    def forward(self, x: Tensor) -> Tensor:
        """Colours of points."""
        places = (x / self.reach)[None, None]
        found = []
        for grid in self.grids:
            side = grid.shape[0]
            image = grid.reshape(side, self.features, side).transpose(0, 1)[None]
            sampled = functional.grid_sample(image, places, "bicubic", "reflection", align_corners=False)
            found.append(sampled[0, :, 0].T)
        return self._read(PACE * torch.cat(found, dim=-1))

    def lattice(self, x: Tensor, y: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """A function from indices of y and x, (R,) and (S,), to the colours where these rows and columns cross.

        Gives (R, S, outputs), the same as `forward` at those points. Two products of matrices do the interpolation: on
        a processor, many times as fast as looking up the points one by one.
        """
        across = [_interpolation(x / self.reach[0], grid.shape[0]) for grid in self.grids]
        down = [_interpolation(y / self.reach[1], grid.shape[0]) * PACE for grid in self.grids]

        def crossings(rows: Tensor, columns: Tensor) -> Tensor:
            found = []
            for grid, left, right in zip(self.grids, down, across, strict=True):
                part = left.index_select(0, rows) @ grid  # (R, features * side)
                part = part.view(len(rows) * self.features, -1) @ right.index_select(0, columns).T
                found.append(part.view(len(rows), self.features, -1))
            read = torch.cat(found, dim=1).transpose(1, 2).reshape(len(rows) * len(columns), -1)
            return self._read(read).view(len(rows), len(columns), -1)

        return crossings

    def _read(self, features: Tensor) -> Tensor:
        for layer, activation in zip(self.layers, self.activations, strict=False):
            features = activation(layer(features))
        colours: Tensor = self.layers[-1](features)
        return colours


def _interpolation(places: Tensor, side: int) -> Tensor:
    """The matrix, (N, side), that interpolates values at the points of a grid at places in -1..1, and mirrored beyond.

    Source: Keys 1981, "Cubic convolution interpolation for digital image processing", with the sharpness above.
    """
    at = (places + 1) * (side / 2) - 0.5
    first = at.floor()
    t = at - first
    matrix = torch.zeros(len(places), side, dtype=places.dtype, device=places.device)
    a = SHARPNESS
    for offset in (-1, 0, 1, 2):
        s = (t - offset).abs()
        near = ((a + 2) * s - (a + 3)) * s * s + 1
        far = ((a * s - 5 * a) * s + 8 * a) * s - 4 * a
        index = (first.long() + offset).remainder(2 * side)
        mirrored = torch.where(index < side, index, 2 * side - 1 - index)
        matrix.scatter_add_(1, mirrored[:, None], torch.where(s <= 1, near, far)[:, None])
    return matrix
