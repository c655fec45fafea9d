"""Hatching: parallel lines in faces, cut off where the faces end, exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from artengine_dividers.network import Numbers
from artengine_dividers.vectors.geometry import MAX_FLAT_RISE, Arrangement, Curves, group_members

MAX_HATCH_ENDS = 5_000_000  # more would fill the memory, and a plotter's year


@dataclass(frozen=True, slots=True)
class Ruling:
    """Parallel lines over the picture; line number n is n + 1/2 distances off its centre.

    along, across: their direction and the normal to it, (2,). distance: between neighbours, pixels.
    """

    along: Numbers
    across: Numbers
    distance: float


def hatch_faces(arrangement: Arrangement, chosen: Numbers, angle: float, distance: float) -> Numbers:
    """The hatches of chosen faces, (F,) bools: starts and ends, (H, 2, 2), pixels from the picture's centre.

    angle: of the lines, radians. distance: between them, pixels. Every other line goes the other way.
    Raises `ValueError` where there are more than half of `MAX_HATCH_ENDS`.
    """
    edges = arrangement.edges
    inside = chosen[arrangement.face] & (arrangement.face >= 0)
    border = np.flatnonzero(inside & ~inside[edges.twin])
    start, end = arrangement.points[edges.origin[border]], arrangement.points[edges.origin[edges.twin[border]]]
    arcs, length = arrangement.curves[edges.curve[border]], edges.length[border]
    flat = arcs.bend * length**2 < 8 * MAX_FLAT_RISE
    cos, sin = math.cos(angle), math.sin(angle)
    ruling = Ruling(np.array([cos, sin]), np.array([-sin, cos]), distance)
    crossings = [
        _cross_straight(ruling, start[flat], end[flat]),
        _cross_arcs(ruling, start[~flat], end[~flat], arcs[~flat], edges.place[border][~flat], length[~flat]),
    ]
    line, place = (np.concatenate(some) for some in zip(*crossings, strict=True))
    order = np.lexsort((place, line))  # in pairs: where a line enters the faces, and where it leaves them
    line, place = line[order][::2], place[order].reshape(-1, 2)
    place = np.where((line % 2 == 1)[:, None], place[:, ::-1], place)
    offset = (line + 0.5) * distance
    hatches: Numbers = place[:, :, None] * ruling.along + (offset[:, None] * ruling.across)[:, None]
    return hatches


def _cross_straight(ruling: Ruling, start: Numbers, end: Numbers) -> tuple[Numbers, Numbers]:
    """Where straight edges cross the lines: the numbers of the lines, and the places along them."""
    low, high = _dot(start, ruling.across), _dot(end, ruling.across)
    owner, line = _lines_between(ruling, low, high)
    part = ((line + 0.5) * ruling.distance - low[owner]) / (high - low)[owner]
    first, last = _dot(start, ruling.along)[owner], _dot(end, ruling.along)[owner]
    return line, first + (last - first) * part


def _cross_arcs(
    ruling: Ruling, start: Numbers, end: Numbers, arcs: Curves, place: Numbers, length: Numbers
) -> tuple[Numbers, Numbers]:
    """The same for arcs, each cut where it runs along the lines, so that a part of it crosses a line once."""
    radius = 1 / arcs.bend
    centre = arcs.normal * (arcs.foot - radius)[:, None]
    middle = _dot(centre, ruling.across)
    start_angle = np.arctan2(arcs.normal[:, 1], arcs.normal[:, 0]) + arcs.bend * place
    start_angle -= math.atan2(ruling.across[1], ruling.across[0])
    ends = np.sort(np.stack([start_angle, start_angle + arcs.bend * length]), axis=0) / math.pi
    first = np.floor(ends[0]).astype(np.int64) + 1  # half turns that lie between the ends
    counts = np.maximum(np.ceil(ends[1]).astype(np.int64) - first, 0)
    owner, number = group_members(counts + 1)
    half = first[owner] + number  # where this part ends and the next one begins
    at_start, at_end = _dot(start, ruling.across), _dot(end, ruling.across)
    forwards = length > 0
    opening, closing = np.where(forwards, at_start, at_end), np.where(forwards, at_end, at_start)
    peak = middle[owner] + np.where(half % 2 == 0, radius[owner], -radius[owner])
    peak_before = middle[owner] - np.where(half % 2 == 0, radius[owner], -radius[owner])
    low = np.where(number == 0, opening[owner], peak_before)
    high = np.where(number == counts[owner], closing[owner], peak)
    part, line = _lines_between(ruling, low, high)
    arc = owner[part]
    aside = np.clip((line + 0.5) * ruling.distance - middle[arc], -radius[arc], radius[arc])
    depth = np.sqrt(radius[arc] ** 2 - aside**2)
    return line, _dot(centre, ruling.along)[arc] + np.where(half[part] % 2 == 0, depth, -depth)


def _lines_between(ruling: Ruling, low: Numbers, high: Numbers) -> tuple[Numbers, Numbers]:
    """The lines between offsets, (S,) each, the lesser included: which of the S pairs, and the number of the line."""
    first = np.ceil(np.minimum(low, high) / ruling.distance - 0.5).astype(np.int64)
    counts = np.ceil(np.maximum(low, high) / ruling.distance - 0.5).astype(np.int64) - first
    if counts.sum() > MAX_HATCH_ENDS:
        found = f"found hatching of more than {MAX_HATCH_ENDS // 2:,} lines"
        raise ValueError(f"{found}, expected fewer; take a broader pen")
    owner, number = group_members(counts)
    return owner, first[owner] + number


def _dot(points: Numbers, direction: Numbers) -> Numbers:
    """Dot products, written out: for edges that share a point they have to be the same to the bit."""
    product: Numbers = points[:, 0] * direction[0] + points[:, 1] * direction[1]
    return product
