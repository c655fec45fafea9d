"""Charts: lines are where their numbers are, and whatever the numbers and words, a chart can be read."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from artengine.charts.drawing import draw_chart
from artengine.charts.lines import COLOURS
from artengine.charts.series import Panel, Series

PAPER = (246, 243, 236)
#: What eyes see that lack the pigment for red, green or blue, in linear light (Machado, Oliveira and Fernandes 2009).
DEFICIENT = {
    "none": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
HOSTILE: dict[str, Any] = {
    "nothing": ([], []),
    "one point": ([1], [2]),
    "one point, uncertain": ([1], [2], [1], [3]),
    "no numbers": ([math.nan, 1, 2], [1, math.inf, -math.inf]),
    "none known": ([1, 2], [None, None]),
    "one place": ([3, 3, 3], [5, 5, 5]),
    "zeros": ([0, 0], [0, 0]),
    "huge": ([-1e308, 1e308, 1], [1e308, -1e308, 10**400]),
    "large": ([0, 1], [-1e100, 1e100]),
    "tiny": ([0, 5e-324], [1e-320, 2e-320]),
    "nearly the same": ([0, 1, 2], [1, 1 + 1e-15, 1]),
    "below zero": ([-3, -2], [-1, -5]),
    "of different lengths": ([1, 2, 3, 4], [1, 2], [0], [3, 4, 5]),
    "a band without numbers": ([1, 2, 3], [1, 2, 3], [math.nan, 1, -math.inf], [2, math.inf, 4]),
    "back and forth": ([3, 1, 2, 1], [1, 2, 3, 4]),
}
LONG = "a word that does not end, \x1b[31m漢字\n" * 9


def drawn(*series: Series, width: int = 600, height: int = 400, **options: Any) -> np.ndarray[Any, Any]:
    return np.asarray(draw_chart([Panel("steps", "loss", series, **options)], width, height))


def inked(pixels: np.ndarray[Any, Any], colour: str = COLOURS[0]) -> np.ndarray[Any, Any]:
    """Where a picture has a colour, nearly."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    found: np.ndarray[Any, Any] = np.abs(pixels.astype(int) - wanted).max(axis=2) < 70
    return found


def course(pixels: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The columns that a line crosses, and how high it is in each, from below."""
    mask = inked(pixels)
    columns = np.flatnonzero(mask.any(axis=0))
    rows = np.arange(len(mask))[:, None]
    return columns, -(mask * rows).sum(axis=0)[columns] / mask.sum(axis=0)[columns]


def bent(columns: np.ndarray[Any, Any], heights: np.ndarray[Any, Any]) -> float:
    """How far a line is from a straight one, in pixels."""
    return float(np.abs(np.polyval(np.polyfit(columns, heights, 1), columns) - heights).max())


def test_a_chart_has_the_size_that_was_asked_for() -> None:
    panels = [Panel("x", "y", [Series("", [1, 2], [1, 2])])] * 3
    for count, width, height in itertools.product(range(4), (160, 401), (160, 500)):
        picture = draw_chart(panels[:count], width, height)
        assert (picture.size, picture.mode) == ((width, height), "RGB")
    with pytest.raises(ValueError, match="found a chart of 600 x 100 pixels, expected at least 160 a side"):
        draw_chart(panels, 600, 100)


def test_a_line_is_where_its_numbers_are() -> None:
    x = np.linspace(1, 1000, 100)
    columns, heights = course(drawn(Series("", x, 3 * x - 7)))
    assert len(columns) > 450
    assert np.array_equal(columns, np.arange(columns[0], columns[-1] + 1))  # without a gap
    assert bent(columns, heights) < 1.5
    assert heights[-1] - heights[0] > 200
    assert bent(*course(drawn(Series("", x, x**3)))) > 30


def test_on_logarithmic_axes_powers_are_straight() -> None:
    x = np.linspace(1, 1000, 400)
    assert bent(*course(drawn(Series("", x, 10 ** (x / 100)), log_y=True))) < 1.5
    assert bent(*course(drawn(Series("", 10 ** (x / 100), x), log_x=True))) < 1.5
    assert bent(*course(drawn(Series("", x, x**-3), log_x=True, log_y=True))) < 1.5


def test_the_order_of_points_is_nothing_and_what_is_no_number_is_left_out() -> None:
    x, y = np.arange(30.0), np.sin(np.arange(30))
    shown = drawn(Series("", x, y))
    shuffled = np.random.default_rng(0).permutation(30)
    assert np.array_equal(drawn(Series("", x[shuffled], y[shuffled])), shown)
    more = np.array([math.nan, math.inf, -math.inf, 1e300])
    assert np.array_equal(drawn(Series("", [*x, *more, 5, 6], [*y, 1, 2, 3, 4, math.nan, math.inf])), shown)
    assert not np.array_equal(drawn(Series("", [*x, 30], [*y, 1])), shown)


def test_of_many_points_none_that_stands_out_is_lost() -> None:
    x = np.arange(10**5)
    y = np.random.default_rng(0).random(10**5)
    y[12_345], y[77_777] = 9, -8
    rows, columns = np.nonzero(inked(drawn(Series("", x, y))))
    left, right = columns.min(), columns.max()
    assert (columns[rows.argmin()] - left) / (right - left) == pytest.approx(0.123, abs=0.01)
    assert (columns[rows.argmax()] - left) / (right - left) == pytest.approx(0.778, abs=0.01)


def test_a_band_lies_around_its_line() -> None:
    x = np.linspace(0, 10, 40)
    bare = drawn(Series("", x, x), Series("", x, [-4] * 40), Series("", x, [14] * 40))
    banded = drawn(Series("", x, x, x - 3, x + 2), Series("", x, [-4] * 40), Series("", x, [14] * 40))
    changed = np.abs(bare.astype(int) - banded).max(axis=2) > 8
    middle = changed[:, 300]
    line = int(np.median(np.flatnonzero(inked(bare)[:, 300])))
    above, below = middle[:line].sum(), middle[line:].sum()
    assert above > 20
    assert below / above == pytest.approx(1.5, abs=0.15)


def test_few_points_are_marked_and_many_are_not() -> None:
    def thickest(count: int) -> int:
        return int(inked(drawn(Series("", range(count), [1.0] * count))).sum(axis=0).max())

    assert thickest(5) > 2 * thickest(200)


def test_what_is_measured_alike_has_one_range_in_all_panels() -> None:
    def lowest(other: str, **options: bool) -> list[int]:
        """The lowest row of each panel's line; of both lines that is at y = 1."""
        flat = Panel("x", "loss", [Series("", [0, 1], [1, 1])])
        steep = Panel("x", other, [Series("", [0, 1, 2], [1, 1, 50])], **options)
        mask = inked(np.asarray(draw_chart([flat, steep], 1000, 400)))
        return [int(np.flatnonzero(half.any(axis=1)).max()) for half in (mask[:, :500], mask[:, 500:])]

    one, other = lowest("loss")
    assert abs(one - other) < 8  # a few points are marked with dots, which are larger than the line
    one, other = lowest("rate")
    assert other - one > 50
    assert lowest("loss", log_y=True)[0] == one


def test_a_last_row_with_fewer_panels_is_not_stretched() -> None:
    panel = Panel("x", "y", [Series("", [1, 2], [1, 2])])
    pixels = np.asarray(draw_chart([panel] * 3, 700, 560))
    card = np.abs(pixels.astype(int) - (255, 253, 248)).max(axis=2) < 2

    def widths(row: int) -> list[int]:
        edges = np.flatnonzero(np.diff(card[row].astype(int)))
        return [int(width) for width in np.diff(edges)[::2]]

    upper, lower = widths(26), widths(560 - 26)
    assert len(upper) == 2
    assert lower == upper[:1]


def test_names_stand_below_their_places() -> None:
    panel = {"ticks": [0, 1], "names": ["tanh", "relu"]}
    points = drawn(Series("", [0, 1], [2, 3]), **panel)
    columns = np.flatnonzero(inked(points).any(axis=0))
    assert (columns[0] - 30) / 560 == pytest.approx(0.25, abs=0.06)
    assert (columns[-1] - 30) / 560 == pytest.approx(0.75, abs=0.06)
    other = drawn(Series("", [0, 1], [2, 3]), ticks=[0, 1], names=["tanh", "sin"])
    changed = np.flatnonzero((points != other).any(axis=(0, 2)))
    assert changed.min() > columns[-1] - 40
    many = [str(number) * 9 for number in range(200)]
    assert drawn(Series("", range(200), range(200)), ticks=range(200), names=many).shape == (400, 600, 3)
    assert drawn(Series("", [1, 2], [3, 4]), ticks=[math.nan], names=["x"]).shape == (400, 600, 3)
    assert not np.array_equal(drawn(Series("", [1, 2], [3, 4]), ticks=[1, 2]), drawn(Series("", [1, 2], [3, 4])))


def test_labels_are_there_where_there_are_several_lines() -> None:
    one, other = Series("one", [1, 2], [1, 2]), Series("other", [1, 2], [2, 1])
    assert np.array_equal(drawn(one), drawn(Series("another", [1, 2], [1, 2])))
    two = drawn(one, other)
    assert not np.array_equal(two, drawn(one, Series("another", [1, 2], [2, 1])))
    assert inked(two, COLOURS[1]).any()


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_the_numbers_there_is_a_chart(name: str) -> None:
    series = Series(name, *HOSTILE[name])
    for log_x, log_y, ticks in itertools.product((False, True), (False, True), (None, [1, 2], [], [math.inf, 10**400])):
        options = {"log_x": log_x, "log_y": log_y, "ticks": ticks}
        alone = drawn(series, width=200, height=160, **options)
        assert (alone != PAPER).any()
        known = Series("known", [1, 2, 3], [1, 3, 2])
        assert inked(drawn(series, known, width=200, height=160, **options), COLOURS[1]).any()


def test_whatever_the_words_they_stay_in_their_place() -> None:
    series = [Series(LONG * 9 + str(number), [1, 2, 3], [number, 1, 2]) for number in range(25)]
    panel = Panel(LONG, LONG, series, LONG, ticks=[1, 2, 3], names=[LONG] * 3)
    for width, height in ((900, 700), (260, 260), (1500, 300)):
        pixels = np.asarray(draw_chart([panel, panel], width, height))
        for edge in (pixels[:8], pixels[-8:], pixels[:, :8], pixels[:, -8:]):
            assert (edge == PAPER).all()
    for words in ("", "\0", "\ud800", "\n\n"):
        assert drawn(Series(words, [1, 2], [1, 2]), Series(words, [1, 2], [2, 1]), title=words).any()


@pytest.mark.parametrize("lacking", DEFICIENT)
def test_colours_can_be_told_apart_by_eyes_that_lack_one(lacking: str) -> None:
    seen = [lightness_and_hue(DEFICIENT[lacking], colour) for colour in COLOURS]
    for (first, one), (second, other) in itertools.combinations(zip(COLOURS, seen, strict=True), 2):
        assert np.linalg.norm(one - other) > 20, (first, second)  # twice what lies side by side and differs clearly


def lightness_and_hue(matrix: Sequence[Sequence[float]], colour: str) -> np.ndarray[Any, Any]:
    """A colour as an eye sees it, in CIELAB, where 2 can just be told apart."""
    light = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    light = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = to_xyz @ np.clip(matrix @ light, 0, 1) / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])
