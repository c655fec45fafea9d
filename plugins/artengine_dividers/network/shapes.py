"""Lines and circles as torch modules: on which side of them points are, and how far away.

Each kind gives a preactivation, by which it learns; a power, of the same sign but without roots and quotients, by which
it is painted; and the signed distance, in plane units. All are above zero beyond a line or outside a circle.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

MIN_LOG_RADIUS = -16.0  # smaller circles are points
EPSILON = 1e-12  # keeps distances, and so the cosine, differentiable at a line's centre


class OffsetLines(nn.Module):
    """Lines by angle and offset."""

    def __init__(self, count: int, random: np.random.RandomState) -> None:
        super().__init__()
        self.angle = parameter(random.uniform(0, 2 * math.pi, count))
        self.offset = parameter(random.uniform(-1, 1, count))

    def signed_distance(self, points: Tensor) -> Tensor:
        """The signed distances of points, (N, 2), in plane units: (N, L)."""
        normals = torch.stack([self.angle.cos(), self.angle.sin()], dim=1)
        return functional.linear(points, normals, -self.offset)

    preactivation = power = signed_distance

    def to_array(self) -> np.ndarray[Any, Any]:
        """Angles and offsets, (L, 2) float64."""
        return torch.stack([self.angle, self.offset], dim=1).detach().double().cpu().numpy()

    def set_array(self, lines: np.ndarray[Any, Any]) -> None:
        """Take angles and offsets, (L, 2)."""
        with torch.no_grad():
            self.angle.copy_(torch.from_numpy(lines[:, 0]))
            self.offset.copy_(torch.from_numpy(lines[:, 1]))


class CentredLines(nn.Module):
    """Lines by a point on them, their centre, and an angle, as scalefree_image has them."""

    def __init__(self, count: int, random: np.random.RandomState) -> None:
        super().__init__()
        self.angle = parameter(random.uniform(0, 2 * math.pi, count))
        self.centre = parameter(random.uniform(-1, 1, (count, 2)))

    def preactivation(self, points: Tensor) -> Tensor:
        """The cosines between the normals and the directions from the centres to points, (N, 2): (N, L)."""
        across = points[:, :1] - self.centre[:, 0]
        down = points[:, 1:] - self.centre[:, 1]
        length = (across * across + down * down + EPSILON).sqrt()
        return (across * self.angle.cos() + down * self.angle.sin()) / length

    def signed_distance(self, points: Tensor) -> Tensor:
        """The signed distances of points, (N, 2), in plane units: (N, L)."""
        normals = torch.stack([self.angle.cos(), self.angle.sin()], dim=1)
        return functional.linear(points, normals, -(self.centre * normals).sum(dim=1))

    power = signed_distance

    def to_array(self) -> np.ndarray[Any, Any]:
        """Angles and offsets, (L, 2) float64."""
        angle, centre = self.angle.detach().double(), self.centre.detach().double()
        offset = centre[:, 0] * angle.cos() + centre[:, 1] * angle.sin()
        return torch.stack([angle, offset], dim=1).cpu().numpy()

    def set_array(self, lines: np.ndarray[Any, Any]) -> None:
        """Take angles and offsets, (L, 2); each centre is the point of the line that is next to the origin."""
        angle, offset = torch.from_numpy(lines).unbind(dim=1)
        with torch.no_grad():
            self.angle.copy_(angle)
            self.centre.copy_(torch.stack([angle.cos() * offset, angle.sin() * offset], dim=1))


class Circles(nn.Module):
    """Circles by centre and logarithm of the radius."""

    def __init__(self, count: int, random: np.random.RandomState) -> None:
        super().__init__()
        self.centre = parameter(random.uniform(-1.2, 1.2, (count, 2)))
        self.log_radius = parameter(np.log(random.uniform(0.1, 0.9, count)))

    def preactivation(self, points: Tensor) -> Tensor:
        """The signed distances of points, (N, 2), from the edges, in radii: (N, C)."""
        radius = self._radius()
        return ((self._squared_distances(points) + EPSILON).sqrt() - radius) / radius

    def power(self, points: Tensor) -> Tensor:
        """The powers of points, (N, 2), squared distance minus squared radius: (N, C)."""
        return self._squared_distances(points) - self._radius().square()

    def signed_distance(self, points: Tensor) -> Tensor:
        """The signed distances of points, (N, 2), from the edges, in plane units: (N, C)."""
        return self._squared_distances(points).sqrt() - self._radius()

    def to_array(self) -> np.ndarray[Any, Any]:
        """Centres and radii, (C, 3) float64."""
        radius = self.log_radius.detach().double().clamp_min(MIN_LOG_RADIUS).exp()
        return torch.cat([self.centre.detach().double(), radius[:, None]], dim=1).cpu().numpy()

    def set_array(self, circles: np.ndarray[Any, Any]) -> None:
        """Take centres and radii, (C, 3)."""
        with torch.no_grad():
            self.centre.copy_(torch.from_numpy(circles[:, :2]))
            self.log_radius.copy_(torch.from_numpy(np.log(np.maximum(circles[:, 2], math.exp(MIN_LOG_RADIUS)))))

    def _radius(self) -> Tensor:
        return self.log_radius.clamp_min(MIN_LOG_RADIUS).exp()

    def _squared_distances(self, points: Tensor) -> Tensor:
        """Squared distances from the centres, (N, C)."""
        along = points.new_tensor([[1.0, 0.0]]).expand(len(self.centre), -1)
        across = functional.linear(points, along, -self.centre[:, 0])  # products, which are painted fastest
        down = functional.linear(points, along.flip(-1), -self.centre[:, 1])
        return across * across + down * down


class SoftLines(nn.Module):
    """Lines across which the activation changes softly from -1 to 1, each with a steepness that it learns."""

    def __init__(self, count: int, random: np.random.RandomState) -> None:
        super().__init__()
        self.angle = parameter(random.uniform(0, 2 * math.pi, count))
        self.offset = parameter(random.uniform(-1, 1, count))
        self.log_steepness = parameter(np.log(random.uniform(1, 8, count)))

    def forward(self, points: Tensor) -> Tensor:
        """The activations at points, (N, 2): (N, S)."""
        normals = torch.stack([self.angle.cos(), self.angle.sin()], dim=1)
        steepness = self.log_steepness.exp()
        return functional.linear(points, normals * steepness[:, None], -self.offset * steepness).tanh()

    def set_array(self, lines: np.ndarray[Any, Any], steepness: float) -> None:
        """Take angles and offsets, (S, 2), all of one steepness."""
        with torch.no_grad():
            self.angle.copy_(torch.from_numpy(lines[:, 0]))
            self.offset.copy_(torch.from_numpy(lines[:, 1]))
            self.log_steepness.fill_(math.log(steepness))


def parameter(values: np.ndarray[Any, Any]) -> nn.Parameter:
    """Numbers as a parameter in float32."""
    return nn.Parameter(torch.from_numpy(values).float())
