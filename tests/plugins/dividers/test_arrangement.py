"""The regions between lines and circles: as many as there are, as large as they are, and a point inside each."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from artengine import View
from artengine_dividers.network.partition import Partition
from artengine_dividers.vectors.geometry import arrangement as arrangements
from artengine_dividers.vectors.geometry.arcs import curves_in_view, to_plane
from artengine_dividers.vectors.geometry.arrangement import Arrangement, arrange, segment_area
from artengine_dividers.vectors.geometry.contours import MAX_FLAT_RISE, trace_boundaries
from artengine_dividers.vectors.geometry.groups import merge_close_points
from artengine_dividers.vectors.hatching import hatch_faces

SQUARE = View(width=600, height=600)
ASKEW = View(width=640, height=360, centre=(0.15, -0.1), zoom=0.8, angle=33)
CLOSE = View(width=300, height=400, centre=(0.3, 0.2), zoom=3, angle=-70)
PI = math.pi


def parted(lines: Iterable[tuple[float, float]] = (), circles: Iterable[tuple[float, float, float]] = ()) -> Partition:
    return Partition(np.array([*lines], float).reshape(-1, 2), np.array([*circles], float).reshape(-1, 3))


def drawn(lines: int, circles: int, seed: int = 0) -> Partition:
    random = np.random.RandomState(seed)
    angles, offsets = random.uniform(0, 2 * PI, lines), random.uniform(-1, 1, lines)
    x, y, radius = (
        random.uniform(-1.2, 1.2, circles),
        random.uniform(-1.2, 1.2, circles),
        random.uniform(0.1, 0.9, circles),
    )
    return Partition(np.stack([angles, offsets], axis=1), np.stack([x, y, radius], axis=1))


def of(partition: Partition, view: View = SQUARE) -> Arrangement:
    return arrange(curves_in_view(partition, view), view.width, view.height)


def codes(partition: Partition, view: View, points: np.ndarray[Any, Any]) -> list[bytes]:
    """On which sides of all dividers points lie, in pixels from the picture's centre."""
    return [row.tobytes() for row in partition.sides(*to_plane(points, view).T)]


def islands(found: Arrangement) -> int:
    """How many parts the edges fall into, counted by walking over them."""
    beside: dict[int, set[int]] = {}
    for one, other in zip(found.edges.origin.tolist(), found.edges.origin[found.edges.twin].tolist(), strict=True):
        beside.setdefault(one, set()).add(other)
    count = 0
    while beside:
        count += 1
        reached = [next(iter(beside))]
        while reached:
            reached += beside.pop(reached.pop(), ())
            reached = [one for one in reached if one in beside]
    return count


def sound(found: Arrangement) -> None:
    """What holds for every arrangement: Euler's formula, areas that add up, points inside."""
    corners, edges = len(np.unique(found.edges.origin)), len(found.edges) // 2
    assert corners - edges + len(found) == islands(found)
    whole = found.width * found.height
    assert abs(found.area.sum() - whole) <= 1e-9 * whole
    assert (np.abs(found.inner) < [found.width / 2, found.height / 2]).all()
    beside = found.face >= 0
    distance = found.curves[found.edges.curve[beside]].distance(found.inner[found.face[beside]])
    forwards = found.edges.length[beside] > 0
    assert ((distance < 0) == forwards).all()  # a face lies to the left of all its edges


@pytest.mark.parametrize("view", [SQUARE, ASKEW, CLOSE], ids=["square", "askew", "close"])
@pytest.mark.parametrize(("lines", "circles"), [(0, 0), (1, 0), (0, 1), (9, 0), (0, 9), (7, 5), (40, 30)])
def test_regions_agree_with_random_points(lines: int, circles: int, view: View) -> None:
    partition = drawn(lines, circles, seed=lines + 7 * circles)
    found = of(partition, view)
    sound(found)
    share: dict[bytes, float] = {}
    for code, area in zip(codes(partition, view, found.inner), found.area, strict=True):
        share[code] = share.get(code, 0) + area / (view.width * view.height)
    count = 40_000
    points = np.random.RandomState(1).uniform(-0.5, 0.5, (count, 2)) * [view.width, view.height]
    hits = dict.fromkeys(share, 0)
    for code in codes(partition, view, points):
        hits[code] += 1  # a region that nobody found would be no key
    for code, part in share.items():
        assert abs(hits[code] / count - part) < 5 * math.sqrt(part / count) + 1e-3 * part + 2e-4


@pytest.mark.parametrize("seed", range(4))
def test_region_count_of_lines_is_one_more_than_lines_and_crossings(seed: int) -> None:
    partition = drawn(30, 0, seed)
    found = of(partition, ASKEW)
    crossed = found.edges.origin[np.isin(found.edges.curve, range(4), invert=True)]
    degree = np.bincount(found.edges.origin)
    inside = (np.abs(found.points) < np.array([320, 180]) - 1e-6).all(axis=1)
    crossings = int((inside & np.isin(np.arange(len(degree)), crossed) & (degree == 4)).sum())
    assert len(found) == 1 + (len(found.curves) - 4) + crossings
    assert len(set(codes(partition, ASKEW, found.inner))) == len(found)


@pytest.mark.parametrize(("lines", "circles"), [(128, 0), (0, 128), (64, 64)])
def test_areas_of_many_regions_add_up(lines: int, circles: int) -> None:
    found = of(drawn(lines, circles), ASKEW)
    assert len(found) > 3000
    assert found.area.min() > 0
    sound(found)


def test_areas_of_overlapping_circles_are_exact() -> None:
    lens = 2 * (0.5**2 * math.acos(0.6) - 0.3 * 0.4)
    found = of(parted(circles=[(-0.3, 0, 0.5), (0.3, 0, 0.5)]))
    discs = [PI * 0.25 - lens, PI * 0.25 - lens, lens]
    assert sorted(found.area / 300**2) == pytest.approx(sorted([*discs, 4 - sum(discs)]), rel=1e-12)


STAR = [(k * PI / 100, 0.3 * math.cos(k * PI / 100) + 0.2 * math.sin(k * PI / 100)) for k in range(100)]
ROWS = [(x / 5 - 0.9, y / 5 - 0.9, 0.1) for x in range(10) for y in range(10)]

DEGENERATE = {
    "nothing": (parted(), 1),
    "three lines through a point": (parted([(0, 0.1), (1, 0.1 * math.cos(1)), (2, 0.1 * math.cos(2))]), 6),
    "a hundred lines through a point": (parted(STAR), 200),
    "the same line": (parted([(0.3, 0.2), (0.3, 0.2), (0.3 + PI, -0.2), (0.3 + 2 * PI, 0.2)]), 2),
    "the same circle": (parted(circles=[(0.1, 0.1, 0.4), (0.1, 0.1, 0.4)]), 2),
    "circles that touch outside": (parted(circles=[(-0.4, 0, 0.4), (0.4, 0, 0.4)]), 3),
    "circles that touch inside": (parted(circles=[(0, 0, 0.8), (0.4, 0, 0.4)]), 3),
    "circles that touch askew": (parted(circles=[(0, 0, 0.8), (0.4 * math.cos(1), 0.4 * math.sin(1), 0.4)]), 3),
    "a tangent": (parted([(0.7, 0.5)], [(0, 0, 0.5)]), 3),
    "a circle in the square": (parted(circles=[(0, 0, 1)]), 5),
    "a circle around the square": (parted(circles=[(0, 0, math.sqrt(2))]), 1),
    "a circle around all": (parted(circles=[(0, 0, 5)]), 1),
    "a circle cut by the sides": (parted(circles=[(0, 0, 1.2)]), 5),
    "circles too small to be seen": (parted(circles=[(0, 0, 0), (0.1, 0.1, 1e-7)]), 1),
    "what misses the picture": (parted([(0.3, 5), (1, -7)], [(9, 9, 1)]), 1),
    "lines along the sides": (parted([(0, 1), (PI, 1), (PI / 2, 1)]), 1),
    "diagonals": (parted([(PI / 4, 0), (3 * PI / 4, 0)]), 4),
    "a line at a corner": (parted([(PI / 4, math.sqrt(2))]), 1),
    "circles in circles": (parted(circles=[(0, 0, r / 10) for r in range(1, 10)]), 10),
    "islands": (parted([(0, -0.9)], [(0.3, 0.3, 0.4), (0.3, 0.3, 0.2), (0.3, 0.3, 0.1), (-0.5, -0.5, 0.2)]), 6),
    "rows of circles that touch": (parted(circles=ROWS), 100 + 9 * 9 + 4 * 9 + 4),
}


@pytest.mark.parametrize(("partition", "faces"), DEGENERATE.values(), ids=DEGENERATE)
@pytest.mark.parametrize("turned", [0, 90], ids=["upright", "turned"])
def test_degenerate_arrangements_have_the_right_regions(partition: Partition, faces: int, turned: float) -> None:
    view = View(width=600, height=600, angle=turned)
    found = of(partition, view)
    assert len(found) == faces
    sound(found)


def test_areas_of_holes_are_taken_from_the_face_around_them() -> None:
    found = of(parted(circles=[(0, 0, 0.9), (0.1, 0.05, 0.6), (0.2, 0.1, 0.3), (-0.8, -0.8, 0.1)]))
    rings = [4 - PI * (0.81 + 0.01), PI * (0.81 - 0.36), PI * (0.36 - 0.09), PI * 0.09, PI * 0.01]
    assert sorted(found.area / 300**2) == pytest.approx(sorted(rings), rel=1e-12)


def test_close_points_are_merged() -> None:
    random = np.random.RandomState(0)
    places = random.uniform(-300, 300, (500, 2))
    angle, near = random.uniform(0, 2 * PI, 500), 1e-6
    close = places + 0.99 * near * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points, which = merge_close_points(np.concatenate([places, close]), near)
    assert len(points) == 500
    assert (which[:500] == which[500:]).all()
    assert (points[which[:500]] == places).all()


def test_too_many_crossings_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrangements, "MAX_CROSSINGS", 100)
    of(drawn(10, 0))
    with pytest.raises(ValueError, match=r"found more than 100 crossings of dividers, expected fewer"):
        of(drawn(40, 0))


def test_curves_that_miss_the_picture_are_left_out() -> None:
    assert len(of(parted([(0.3, 5), (1, -7)], [(9, 9, 1), (0, 0, 5)])).curves) == 4  # its sides alone
    assert len(of(parted([(0.3, 0.5)], [(9, 9, 1)])).curves) == 5


@pytest.mark.parametrize("angle", [1e-6, 1e-3, 0.1, 0.499, 0.501, 2.0, 5.0])
def test_area_of_a_segment_keeps_its_digits_for_small_angles(angle: float) -> None:
    """Source of the expected value: the Taylor series of angle - sin(angle), summed until nothing is added."""
    term = series = angle**3 / 6
    for power in range(4, 60, 2):
        term *= -(angle**2) / (power * (power + 1))
        series += term
    bend = np.array([1 / 300, -1 / 300])
    length = angle / bend
    assert segment_area(bend, length) == pytest.approx(series / bend**2 / 2, rel=1e-11, abs=0)


@pytest.mark.parametrize("radius", [0.1, 0.3, 0.37, 0.5, 0.61, 0.77])
def test_full_circle_is_split_into_no_more_arcs_than_needed(radius: float) -> None:
    found = of(parted(circles=[(0.1, 0.2, radius)]))
    paths, _ = trace_boundaries(found, np.arange(len(found)))
    for parts in range(1, 40):
        split, turn = paths.split(found.curves, np.full(len(found.curves), 2 * PI / parts))
        assert (turn != 0).sum() == 2 * parts  # the circle, and the hole in what is around it
        assert np.abs(turn[turn != 0]) == pytest.approx(2 * PI / parts)
        assert len(split) == len(paths)


def test_arcs_too_flat_to_be_seen_are_straight() -> None:
    for rise, straight in ((0.5, True), (2.0, False)):
        rises = rise * MAX_FLAT_RISE / 300  # plane units, over the height of the square
        radius = 2**2 / 8 / rises
        found = of(parted(circles=[(radius, 0, radius)]))
        paths, _ = trace_boundaries(found, np.arange(len(found)))
        _, turn = paths.split(found.curves, np.full(len(found.curves), PI))
        assert (turn == 0).all() == straight


def test_hatching_along_a_circle_as_large_as_a_line_is_that_of_the_line() -> None:
    lines = of(parted([(0, 0)]))
    for radius in (1e6, 1e12):
        circle = of(parted(circles=[(-radius, 0, radius)]))
        expected, hatches = (hatch_faces(one, one.inner[:, 0] > 0, 0.3, 20.0) for one in (lines, circle))
        assert hatches.shape == expected.shape
        assert hatches == pytest.approx(expected, abs=1e-3 + 300**2 / radius / 300)


def test_hatching_that_touches_a_circle_is_finite() -> None:
    for radius in np.linspace(0.1, 0.9, 40):
        found = of(parted(circles=[(0, 0, radius)]))
        for angle in (0.0, 0.3, 1.0, 2.5):
            inside = np.hypot(*found.inner.T) < radius * 300
            assert np.isfinite(hatch_faces(found, inside, angle, 2 * radius * 300)).all()
