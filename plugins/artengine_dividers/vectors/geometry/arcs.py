"""Lines and circles as one kind of curve, in the pixels of a picture.

A curve is stored by its foot, the point of it that is nearest to the picture's centre, which is the origin here, and by
its curvature there. A line is a circle of curvature 0. So no digits are lost where a camera looks so closely that a
circle's own centre is millions of pixels away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from artengine import View
from artengine_dividers.network import Numbers, Partition


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves, N of them, in pixels from the picture's centre, x across and y down.

    normal: (N, 2), of length 1, from the foot away from a circle's centre. foot: (N,), how far the foot is along the
    normal. bend: (N,), 1 / radius, 0 for a line. A curve is run through so that its centre, or what is below a line's
    offset, lies to the left, as seen where y goes up; places on it are lengths from the foot.
    """

    normal: Numbers
    foot: Numbers
    bend: Numbers

    def __len__(self) -> int:
        return len(self.foot)

    def __getitem__(self, chosen: Any) -> Curves:
        return Curves(self.normal[chosen], self.foot[chosen], self.bend[chosen])

    @property
    def along(self) -> Numbers:
        """The direction at the foot, (N, 2)."""
        return np.stack([-self.normal[:, 1], self.normal[:, 0]], axis=1)

    @property
    def period(self) -> Numbers:
        """The length of the whole curve, (N,); infinite for a line."""
        with np.errstate(divide="ignore"):
            return 2 * math.pi / self.bend

    @property
    def terms(self) -> tuple[Numbers, Numbers, Numbers]:
        """What tells the side of a point p: bend / 2 p p + a p - b is its distance, nearly, near the curve.

        bend (N,), a (N, 2), b (N,).
        """
        return self.bend, self.normal * self._pull[:, None], self.foot * (1 - self.bend * self.foot / 2)

    @property
    def _pull(self) -> Numbers:
        """How far the origin is from the centre, in radii, (N,)."""
        return 1 - self.bend * self.foot

    def distance(self, points: Numbers) -> Numbers:
        """How far points, (N, 2), are from a curve each; below 0 to the left of it."""
        bend, across, constant = self.terms
        power = bend / 2 * (points**2).sum(axis=1) + (across * points).sum(axis=1) - constant
        distances: Numbers = 2 * power / (1 + np.sqrt(np.maximum(1 + 2 * bend * power, 0)))
        return distances

    def place(self, points: Numbers) -> Numbers:
        """Where points of curves, (N, 2), lie on them: (N,), at most half a period from the foot."""
        ahead = (self.along * points).sum(axis=1)
        out = self._pull + self.bend * (self.normal * points).sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            turned = np.arctan2(self.bend * ahead, out) / self.bend
        places: Numbers = np.where(self.bend == 0, ahead, turned)
        return places

    def point(self, place: Numbers) -> Numbers:
        """The points, (N, 2), at places on curves, (N,)."""
        ahead = place * np.sinc(self.bend * place / math.pi)
        down = self.bend * (place * np.sinc(self.bend * place / (2 * math.pi))) ** 2 / 2
        points: Numbers = self.normal * (self.foot - down)[:, None] + self.along * ahead[:, None]
        return points

    def outwards(self, place: Numbers) -> Numbers:
        """The normals, (N, 2), at places on curves, (N,); what is left of the curve lies the other way."""
        angle = (self.bend * place)[:, None]
        normals: Numbers = self.normal * np.cos(angle) + self.along * np.sin(angle)
        return normals


def curves_in_view(partition: Partition, view: View) -> Curves:
    """The lines and circles of a partition as a view shows them, in this order; a circle of radius 0 bends for ever."""
    centre_x, centre_y = view.centre
    turned = math.radians(view.angle)
    angle, offset = partition.lines.astype(np.float64).T
    foot = (offset - np.cos(angle) * centre_x - np.sin(angle) * centre_y) / view.pitch
    normal = np.stack([np.cos(angle - turned), np.sin(angle - turned)], axis=1)
    x, y, radius = partition.circles.astype(np.float64).T
    x, y = x - centre_x, y - centre_y
    apart = np.hypot(x, y)
    turn = np.array([[math.cos(turned), math.sin(turned)], [-math.sin(turned), math.cos(turned)]])
    with np.errstate(divide="ignore", invalid="ignore"):
        towards = np.where(apart[:, None] > 0, -np.stack([x, y], axis=1) @ turn.T / apart[:, None], [1.0, 0.0])
        bend = view.pitch / radius
    return join_curves(
        Curves(normal, foot, np.zeros(len(foot))),
        Curves(towards, (radius - apart) / view.pitch, bend),
    )


def join_curves(*parts: Curves) -> Curves:
    """One set of all curves."""
    return Curves(
        np.concatenate([part.normal for part in parts]),
        np.concatenate([part.foot for part in parts]),
        np.concatenate([part.bend for part in parts]),
    )


def to_plane(points: Numbers, view: View) -> Numbers:
    """Points in pixels from the picture's centre, (N, 2), in plane units."""
    turned = math.radians(view.angle)
    turn = np.array([[math.cos(turned), -math.sin(turned)], [math.sin(turned), math.cos(turned)]])
    plane: Numbers = np.asarray(view.centre) + points @ turn.T * view.pitch
    return plane


def intersect(one: Curves, other: Curves, touch: float) -> tuple[Numbers, Numbers]:
    """Where curves cross, pair by pair: points (2, N, 2), and whether there are such, (2, N).

    touch: pixels; curves whose gap or overlap is so small touch in one point.
    """
    points = np.full((2, len(one), 2), np.nan)
    straight = (one.bend == 0) & (other.bend == 0)
    lines, others = np.flatnonzero(straight), np.flatnonzero(~straight)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        points[0, lines] = _intersect_lines(one[lines], other[lines])
        points[:, others] = _intersect_circles(one[others], other[others], touch)
    return points, np.isfinite(points).all(axis=2)


def _intersect_lines(one: Curves, other: Curves) -> Numbers:
    """Where lines cross, (N, 2); not finite where they are parallel."""
    (x1, y1), (x2, y2) = one.normal.T, other.normal.T
    across = x1 * y2 - y1 * x2
    x, y = (one.foot * y2 - other.foot * y1) / across, (x1 * other.foot - x2 * one.foot) / across
    return np.stack([x, y], axis=1)


def _intersect_circles(one: Curves, other: Curves, touch: float) -> Numbers:
    """Where curves cross of which one at least is a circle, (2, N, 2); not finite where they do not.

    The line that has the same power from both crosses the one that bends more. Its two places there are the roots of a
    square, each worked out without a difference of near numbers.
    """
    (bend1, across1, constant1), (bend2, across2, constant2) = one.terms, other.terms
    normal = bend2[:, None] * across1 - bend1[:, None] * across2
    length = np.hypot(normal[:, 0], normal[:, 1])
    normal /= length[:, None]
    foot = (bend2 * constant1 - bend1 * constant2) / length
    first = bend1 > bend2
    bend = np.where(first, bend1, bend2)
    across = np.where(first[:, None], across1, across2)
    constant = np.where(first, constant1, constant2)
    along = np.stack([-normal[:, 1], normal[:, 0]], axis=1)
    slope = (across * along).sum(axis=1)
    power = bend / 2 * foot**2 + (across * normal).sum(axis=1) * foot - constant
    root = slope**2 - 2 * bend * power
    touching = np.abs(root) <= 2 * bend * touch
    half = -(slope + np.copysign(np.sqrt(root), slope)) / 2
    places = np.stack([np.where(touching, -slope, 2 * half) / bend, np.where(touching, np.nan, power / half)])
    points: Numbers = normal * foot[:, None] + along * places[:, :, None]
    return points
