"""The regions into which lines and circles divide a picture, exactly: points, edges and faces."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from artengine_dividers.network import Numbers
from artengine_dividers.vectors.geometry.arcs import Curves, intersect, join_curves
from artengine_dividers.vectors.geometry.groups import (
    connected_components,
    distinct_rows,
    group_members,
    merge_close_points,
    number_cycles,
)

SIDES = 4  # the first curves: right, bottom, left and top of the picture
MIN_RADIUS = 0.01  # pixels; smaller circles cannot be seen
TANGENT_TOLERANCE = 1e-9  # pixels that a tangent may pass by or cut off
MERGE_DISTANCE = 2e-9  # half diagonals of the picture; what is so close counts as one point, or one curve
MAX_CROSSINGS = 1_500_000  # with more, files and memory would grow without use
PAIRS_PER_BATCH = 1 << 19  # of curves, to keep memory flat
INNER_POINT_EDGES = 4  # the longest edges of a face, beside which a point inside it is looked for
RAY = np.array([math.cos(2.1), math.sin(2.1)])  # a direction in which nobody aligns circles


@dataclass(frozen=True, slots=True)
class Edges:
    """Half-edges, 2E of them: each edge along its curve, and then, E further on, each against it.

    origin: the number of the point where it begins. curve: its number. place: where on the curve it begins. length:
    below 0 against the curve. All (2E,).
    """

    origin: Numbers
    curve: Numbers
    place: Numbers
    length: Numbers

    def __len__(self) -> int:
        return len(self.origin)

    @property
    def twin(self) -> Numbers:
        """The other half of each edge, (2E,)."""
        return np.roll(np.arange(len(self)), len(self) // 2)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The faces of a picture as a half-edge structure; each half-edge has a face to its left.

    width, height: pixels. curves: those that matter, the picture's sides first. points: (V, 2), pixels from the
    picture's centre. after: (2E,), the next half-edge around the face. face: (2E,), -1 outside the picture. area: (F,),
    square pixels. inner: (F, 2), points that lie inside.
    """

    width: float
    height: float
    curves: Curves
    points: Numbers
    edges: Edges
    after: Numbers
    face: Numbers
    area: Numbers
    inner: Numbers

    def __len__(self) -> int:
        return len(self.area)


def arrange(dividers: Curves, width: float, height: float) -> Arrangement:
    """The arrangement of curves in a picture of so many pixels.

    Curves that lie on each other count once, circles too small to be seen and what misses the picture not at all.
    Raises `ValueError` where there are more than `MAX_CROSSINGS`.
    """
    reach = math.hypot(width, height) / 2
    near = reach * MERGE_DISTANCE
    box = np.array([width, height]) / 2
    axes = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    sides = Curves(axes, np.tile(box, 2), np.zeros(SIDES))
    curves = join_curves(sides, dividers[(np.abs(dividers.foot) < reach) & (dividers.bend < 1 / MIN_RADIUS)])
    curves = curves[distinct_rows(_signatures(curves, reach), near)]
    crossings, pairs = _find_crossings(curves, box + near)
    points, which = merge_close_points(crossings, near)
    curve, point = np.divmod(np.unique(pairs * len(points) + which[:, None]), len(points))
    free = _free_circles(curves, curve, box)
    circles = curves[free]
    curve = np.concatenate([curve, free])
    point = np.concatenate([point, len(points) + np.arange(len(free))])
    points = np.concatenate([points, circles.point(1 / circles.bend)])  # any point of each, for an edge to begin at
    edges = _make_edges(curves, points, curve, point, box + near)
    after = _next_half_edges(curves, edges)
    loop = number_cycles(after)
    area = np.bincount(loop, weights=_swept_areas(curves, points, edges))
    component = connected_components(len(curves) + len(points), curve, len(curves) + point)[: len(curves)]
    of_loop = _number_faces(curves, edges, component, loop, area)
    inside = of_loop >= 0
    areas = np.bincount(of_loop[inside], weights=area[inside])
    face = of_loop[loop]
    inner = _inner_points(curves, edges, face)
    return Arrangement(width, height, curves, points, edges, after, face, areas, inner)


def _signatures(curves: Curves, reach: float) -> Numbers:
    """Numbers for each curve, (N, 4), that differ by less than a distance where the curves do, in the picture."""
    bend, across, constant = curves.terms
    x, y = across.T
    leftwards = (x < -MERGE_DISTANCE) | ((np.abs(x) <= MERGE_DISTANCE) & (y < 0))
    turned = (bend == 0) & leftwards  # a line is the same from both sides
    sign = np.where(turned, -1.0, 1.0)
    return np.stack([bend * reach**2 / 2, x * sign * reach, y * sign * reach, constant * sign], axis=1)


def _find_crossings(curves: Curves, box: Numbers) -> tuple[Numbers, Numbers]:
    """Where curves cross inside the picture: points, (P, 2), those on its sides first; and both curves, (P, 2)."""
    count = len(curves)
    crossings, pairs, total = [], [], 0
    rows = max(1, PAIRS_PER_BATCH // count)
    for top in range(0, count, rows):
        one, other = np.triu_indices(min(rows, count - top), 1, count - top)
        both = np.stack([one + top, other + top], axis=1)
        points, inside = intersect(curves[both[:, 0]], curves[both[:, 1]], TANGENT_TOLERANCE)
        with np.errstate(invalid="ignore"):
            inside &= (np.abs(points) <= box).all(axis=2)
        crossings += [points[0, inside[0]], points[1, inside[1]]]
        pairs += [both[inside[0]], both[inside[1]]]
        total += inside.sum()
        if total > MAX_CROSSINGS:
            found = f"found more than {MAX_CROSSINGS:,} crossings of dividers"
            raise ValueError(f"{found}, expected fewer; zoom in, or take fewer")
    crossed = np.concatenate(pairs)
    order = np.argsort(-(crossed < SIDES).sum(axis=1), kind="stable")  # the corners stay where they are
    return np.concatenate(crossings)[order], crossed[order]


def _free_circles(curves: Curves, crossed: Numbers, box: Numbers) -> Numbers:
    """The numbers of the circles that lie in the picture and touch nothing; crossed: numbers of curves that do."""
    free = curves.bend > 0
    free[crossed] = False
    chosen = np.flatnonzero(free)
    some = curves[chosen]
    radius = 1 / some.bend
    centre = some.normal * (some.foot - radius)[:, None]
    return chosen[(np.abs(centre) + radius[:, None] <= box).all(axis=1)]


def _make_edges(curves: Curves, points: Numbers, curve: Numbers, point: Numbers, box: Numbers) -> Edges:
    """The edges between points that follow each other on a curve, as far as they lie in the picture.

    curve, point: (I,), numbers of points and of the curves they lie on.
    """
    place = curves[curve].place(points[point])
    order = np.lexsort((place, curve))
    curve, point, place = curve[order], point[order], place[order]
    first = np.searchsorted(curve, curve, "left")
    last = np.searchsorted(curve, curve, "right") - 1
    at = np.arange(len(curve))
    following = np.where(at < last, at + 1, first)
    length = place[following] - place + np.where(at < last, 0, curves.period[curve])
    inside = np.isfinite(length)
    middle = curves[curve[inside]].point((place + length / 2)[inside])
    inside[inside] = (np.abs(middle) <= box).all(axis=1)
    start, end, curve, place, length = (some[inside] for some in (point, point[following], curve, place, length))
    return Edges(
        np.concatenate([start, end]),
        np.tile(curve, 2),
        np.concatenate([place, place + length]),
        np.concatenate([length, -length]),
    )


def _next_half_edges(curves: Curves, edges: Edges) -> Numbers:
    """The half-edge that follows each around the face to its left: the next clockwise from where it came."""
    some, away = curves[edges.curve], np.sign(edges.length)
    shortest = np.full(edges.origin.max() + 1, np.inf)
    np.minimum.at(shortest, edges.origin, np.abs(edges.length))
    ahead = shortest[edges.origin] / 4  # where curves that touch have parted already
    along = some.along
    angle = np.arctan2(along[:, 1], along[:, 0]) + some.bend * (edges.place + away * ahead / 2)
    order = np.lexsort(((angle + np.where(away > 0, 0, math.pi)) % (2 * math.pi), edges.origin))
    origin = edges.origin[order]
    first = np.searchsorted(origin, origin, "left")
    last = np.searchsorted(origin, origin, "right") - 1
    at = np.arange(len(order))
    clockwise = np.empty(len(order), np.int64)
    clockwise[order] = order[np.where(at > first, at - 1, last)]
    return clockwise[edges.twin]


def _swept_areas(curves: Curves, points: Numbers, edges: Edges) -> Numbers:
    """The area between the picture's centre and each half-edge, (2E,), in square pixels."""
    start, end = points[edges.origin], points[edges.origin[edges.twin]]
    straight = (start[:, 0] * end[:, 1] - start[:, 1] * end[:, 0]) / 2
    swept: Numbers = straight + segment_area(curves.bend[edges.curve], edges.length)
    return swept


def segment_area(bend: Numbers, length: Numbers) -> Numbers:
    """The area between arcs and their chords, with the sign of the length: (angle - sin angle) radius^2 / 2."""
    angle = bend * length
    square = angle**2
    series = length**3 * bend / 12 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72 * (1 - square / 110))))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(angle) < 0.5, series, (angle - np.sin(angle)) / bend**2 / 2)


def _number_faces(curves: Curves, edges: Edges, component: Numbers, loop: Numbers, area: Numbers) -> Numbers:
    """The face of each loop, (L,); -1 outside the picture.

    component: (N,), equal for curves that hang together. Each component has one loop around its outside. It is a hole
    in a face, which is found from where the component reaches farthest.
    """
    of_loop = np.empty(len(area), np.int64)
    of_loop[loop] = component[edges.curve]
    by_area = np.lexsort((area, of_loop))
    components, first = np.unique(of_loop[by_area], return_index=True)
    outer = by_area[first]
    faces = np.full(len(area), -1)
    faces[np.setdiff1d(np.arange(len(area)), outer)] = np.arange(len(area) - len(outer))
    there = np.unique(edges.curve)
    circles = there[curves.bend[there] > 0]
    far = curves[circles]
    reached = (far.normal @ RAY) * (far.foot - 1 / far.bend) + 1 / far.bend
    for number in circles[np.argsort(-reached, kind="stable")]:
        at = np.searchsorted(components, component[number])
        if component[number] != component[0] and faces[outer[at]] < 0:
            faces[outer[at]] = faces[loop[_first_hit(curves, edges, there, component, number)]]
    return faces


def _first_hit(curves: Curves, edges: Edges, there: Numbers, component: Numbers, number: int) -> int:
    """The half-edge that a ray meets first, of another component, that starts where a circle reaches farthest."""
    others = there[component[there] != component[number]]
    bend, across, constant = curves[others].terms
    circle = curves[number : number + 1]
    radius = 1 / circle.bend[0]
    start = circle.normal[0] * (circle.foot[0] - radius) + RAY * radius
    slope = across @ RAY + bend * (start @ RAY)
    power = bend / 2 * (start @ start) + across @ start - constant
    with np.errstate(divide="ignore", invalid="ignore"):
        half = -(slope + np.copysign(np.sqrt(slope**2 - 2 * bend * power), slope)) / 2
        ahead = np.stack([2 * half / bend, power / half])
    ahead = np.where(ahead > 0, ahead, np.inf)  # which a missing one is not either
    which = int(np.argmin(ahead.min(axis=0)))
    end = start + RAY * ahead[:, which].min()
    curve = curves[others[which : which + 1]]
    mine = np.flatnonzero(edges.curve[: len(edges) // 2] == others[which])
    past = curve.place(end[None]) - edges.place[mine]
    past = np.where(curve.bend > 0, past % curve.period, past)
    edge = mine[np.argmax((past >= 0) & (past <= edges.length[mine]))]
    from_left = float(curve.distance(start[None])[0]) < 0
    return int(edge if from_left else edges.twin[edge])


def _inner_points(curves: Curves, edges: Edges, face: Numbers) -> Numbers:
    """A point inside each face, (F, 2).

    Beside the middle of an edge, half as far in as the nearest other curve around the face is away: no edge can lie
    between. Of the longest edges, the one with most room.
    """
    order = np.lexsort((-np.abs(edges.length), face))
    order = order[np.searchsorted(face[order], 0) :]
    counts = np.bincount(face[order])
    starts = np.cumsum(counts) - counts
    owner, rank = group_members(np.minimum(counts, INNER_POINT_EDGES))
    chosen = order[starts[owner] + rank]
    mine = curves[edges.curve[chosen]]
    middle = edges.place[chosen] + edges.length[chosen] / 2
    points = mine.point(middle)
    candidate, number = group_members(counts[owner])
    others = edges.curve[order[starts[owner[candidate]] + number]]
    away = np.abs(curves[others].distance(points[candidate]))
    away[others == edges.curve[chosen][candidate]] = np.inf
    room = np.minimum.reduceat(away, np.cumsum(counts[owner]) - counts[owner])
    with np.errstate(divide="ignore"):
        room = np.minimum(room, 1 / mine.bend)  # not past the circle's own centre
    best = np.lexsort((-room, owner))[np.searchsorted(owner, np.arange(len(counts)))]
    inwards = -mine.outwards(middle) * np.sign(edges.length[chosen])[:, None]
    inner: Numbers = points[best] + inwards[best] * (room[best] / 2)[:, None]
    return inner
