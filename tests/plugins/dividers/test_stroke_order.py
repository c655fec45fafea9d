"""The order of strokes: all of them, each once, with little way in the air."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.vector_files import Drawn, arrangement, drawing, followed, length, paths

from artengine_dividers.vectors.geometry import Paths, absorb_small_pieces, ordering
from artengine_dividers.vectors.geometry.ordering import order_paths
from artengine_dividers.vectors.geometry.pieces import connected_components

Numbers = np.ndarray[Any, Any]


@pytest.fixture
def drawn(tmp_path: Path) -> Drawn:
    return drawing(tmp_path)


def strokes(ends: Numbers, closed: bool = False) -> Paths:
    """Straight strokes, (N, 2, 2), each a path on a curve of its own, so that it is known again."""
    count = len(ends)
    lengths = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    numbers = np.arange(count)
    return Paths(
        ends[:, 0],
        ends[:, 1],
        numbers,
        numbers * 100.0,
        lengths,
        np.arange(count + 1),
        np.full(count, closed),
        np.zeros(count, int),
    )


def travel(ends: Numbers) -> float:
    """The way between strokes, (N, 2, 2), as they come."""
    return float(np.hypot(*(ends[1:, 0] - ends[:-1, 1]).T).sum())


def ends_of(paths: Paths) -> Numbers:
    return np.stack([paths.start[paths.first[:-1]], paths.end[paths.first[1:] - 1]], axis=1)


@pytest.mark.parametrize("count", [1, 2, 3, 40, 1500])
def test_every_stroke_is_drawn_once_whichever_way(count: int) -> None:
    ends = np.random.RandomState(count).uniform(-500, 500, (count, 2, 2))
    ordered = order_paths(strokes(ends))
    assert sorted(ordered.curve.tolist()) == [*range(count)]
    given = ends[ordered.curve]
    backwards = ordered.length < 0
    assert np.array_equal(ends_of(ordered), np.where(backwards[:, None, None], given[:, ::-1], given))
    at_start = ordered.curve * 100 + np.where(backwards, np.abs(ordered.length), 0)
    assert ordered.place == pytest.approx(at_start)


def test_a_segment_follows_another_backwards_too() -> None:
    bent = Paths(
        start=np.array([[90.0, 0], [50, 40], [0, 0]]),
        end=np.array([[50.0, 40], [10, 0], [1, 0]]),
        curve=np.array([7, 8, 9]),
        place=np.array([3.0, 5.0, 0.0]),
        length=np.array([60.0, 55.0, 1.0]),
        first=np.array([0, 2, 3]),
        closed=np.zeros(2, bool),
        label=np.zeros(2, int),
    )
    ordered = order_paths(bent)
    assert ordered.curve.tolist() == [9, 8, 7]
    assert ordered.start.tolist() == [[0, 0], [10, 0], [50, 40]]
    assert ordered.end.tolist() == [[1, 0], [50, 40], [90, 0]]
    assert ordered.place.tolist() == [0, 60, 63]
    assert ordered.length.tolist() == [1, -55, -60]


def test_the_way_is_nearly_the_shortest() -> None:
    shares = []
    for seed in range(12):
        ends = np.random.RandomState(seed).uniform(0, 100, (5, 2, 2))
        both = np.stack([ends, ends[:, ::-1]])
        shortest = min(
            travel(both[list(ways), list(order)])
            for order in itertools.permutations(range(5))
            for ways in itertools.product((0, 1), repeat=5)
        )
        shares.append(travel(ends_of(order_paths(strokes(ends)))) / shortest)
    assert min(shares) > 1 - 1e-3
    assert np.mean(shares) < 1.15


def test_parts_are_turned_around_where_that_is_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = np.random.RandomState(3).uniform(0, 1000, (400, 1, 2)) + np.random.RandomState(4).uniform(-9, 9, (400, 2, 2))
    way = travel(ends_of(order_paths(strokes(ends))))
    monkeypatch.setattr(ordering, "MAX_ROUNDS", 0)
    greedy = travel(ends_of(order_paths(strokes(ends))))
    assert way < 0.95 * greedy < 0.2 * travel(ends)


@pytest.mark.parametrize("pairs", [2, 24])  # two: both ends of a stroke are all that is near
def test_strokes_that_are_points_far_apart_are_ordered(pairs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "PAIRS_PER_END", pairs)
    y, x = np.mgrid[0:20, 0:20].reshape(2, -1) * 50.0
    ends = np.stack([x, y], axis=1)[np.random.RandomState(1).permutation(400)]
    ordered = order_paths(strokes(np.stack([ends, ends], axis=1), closed=True))
    assert len(ordered) == 400
    assert travel(ends_of(ordered)) < 2 * 399 * 50


@pytest.mark.parametrize("count", [400, 700])
def test_strokes_in_one_spot_are_ordered(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "MAX_PAIRS", 1000)
    monkeypatch.setattr(ordering, "PAIRS_PER_END", 1)
    ends = np.random.RandomState(2).normal(0, 1e-3, (count, 2, 2))
    ends[0, 0] = 1e6
    ordered = order_paths(strokes(ends))
    assert sorted(ordered.curve.tolist()) == [*range(count)]


def test_strokes_are_one_where_their_ends_meet() -> None:
    corners = np.array([[0.0, 0], [30, 0], [30, 40], [5, 60]])
    pieces = np.stack([corners[:-1], corners[1:]], axis=1)[[2, 0, 1]]
    pieces[0] = pieces[0][::-1]
    ordered = order_paths(strokes(pieces))
    assert ordered.first.tolist() == [0, 3]
    assert ordered.start.tolist() == corners[:-1].tolist()
    assert ordered.end.tolist() == corners[1:].tolist()
    assert len(order_paths(strokes(pieces, closed=True))) == 3


def test_a_plotter_is_in_the_air_for_a_quarter_of_the_way_at_most(drawn: Drawn) -> None:
    path = drawn("svg: {palette: 3, strokes: true, pen: 0.4}", "network.dividers={lines: 5, circles: 2}")
    layers = [data for _, data in paths(path.read_text())]
    assert len(layers) == 4
    drawn_length = sum(map(length, layers))
    air = 0.0
    for data in layers:
        way = [*followed(data)]
        air += sum(abs(end - before) for (before, *_), (end, letter, _) in itertools.pairwise(way) if letter == "M")
    assert 0 < air < drawn_length / 4


def test_pieces_narrower_than_the_pen_join_a_neighbour(tmp_path: Path) -> None:
    drawing(tmp_path)
    found = arrangement(tmp_path / "lines.yaml")
    label = np.arange(len(found)) % 3
    width = 6.0
    joined = absorb_small_pieces(found, label, width)
    before, after = widths(found, label), widths(found, joined)
    assert (before < width).sum() > 10
    assert after.min() >= width
    large = before >= width
    assert np.array_equal(joined[large], label[large])
    assert np.array_equal(absorb_small_pieces(found, label, 0.0), label)
    alone = np.arange(len(found))
    assert len(set(absorb_small_pieces(found, alone, 1e4))) == 1


def widths(found: Any, label: Numbers) -> Numbers:
    """Four times the area by the perimeter, of the piece that each face is in."""
    half = len(found.edges) // 2
    left, right = found.face[:half], found.face[half:]
    inside = (left >= 0) & (right >= 0)
    alike = inside & (label[left] == label[right])
    piece = connected_components(len(found), left[alike], right[alike])
    area = np.bincount(piece, found.area, minlength=len(found))
    perimeter = np.zeros(len(found))
    for face, edge in itertools.chain(zip(left, range(half), strict=True), zip(right, range(half), strict=True)):
        if face >= 0 and not alike[edge]:
            perimeter[piece[face]] += abs(found.edges.length[edge])
    return (4 * area[piece]) / perimeter[piece]


def test_a_broad_pen_leaves_out_what_is_smaller(drawn: Drawn) -> None:
    network = "network.dividers={lines: 12, circles: 30}"
    for options, pen in (("palette: 4, ", 5), ("hatching: false, ", 30)):
        path = drawn(f"svg: {{{options}strokes: true, pen: {pen}}}", network)
        strokes = [stroke for _, data in paths(path.read_text()) for stroke in re.findall(r"M[^M]*", data)]
        assert len(strokes) > 20
        assert min(map(length, strokes)) > pen
