"""The numbers along the axes of charts: round, few, in their place, and told apart."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from artengine.charts.axes import Axis, axis_around, format_number, to_places


@pytest.mark.parametrize(
    ("axis", "most", "words"),
    [
        (Axis(0, 3000), 6, ["0", "500", "1,000", "1,500", "2,000", "2,500", "3,000"]),
        (Axis(12.3, 24.1), 6, ["14", "16", "18", "20", "22", "24"]),
        (Axis(-0.1, 0.31), 5, ["-0.1", "0.0", "0.1", "0.2", "0.3"]),
        (Axis(0, 0.003), 3, ["0.000", "0.001", "0.002", "0.003"]),
        (Axis(0, 2e-7), 2, ["0", "1e-7", "2e-7"]),
        (Axis(0, 3e7), 3, ["0", "1e7", "2e7", "3e7"]),
        (Axis(math.log10(0.004), math.log10(0.06), log=True), 5, ["0.005", "0.01", "0.02", "0.05"]),
        (Axis(-4, -1, log=True), 5, ["0.0001", "0.001", "0.01", "0.1"]),
        (Axis(-8, 8, log=True), 5, ["1e-8", "0.0001", "1", "10,000", "1e8"]),
        (Axis(math.log10(30), math.log10(34), log=True), 4, ["30", "31", "32", "33", "34"]),
    ],
)
def test_ticks_are_round_numbers(axis: Axis, most: int, words: list[str]) -> None:
    assert [name for _, name in axis.ticks(most)] == words


def test_whatever_the_range_ticks_lie_on_the_axis_and_say_where() -> None:
    chance = random.Random(0)
    for _ in range(2000):
        low = chance.choice([0.0, chance.uniform(-1, 1) * 10.0 ** chance.randint(-99, 99)])
        high = low + abs(low or 1.0) * 10.0 ** chance.uniform(-6, 3)
        log = chance.random() < 0.3
        axis = (
            axis_around(low % 7, low % 7 + 10 ** chance.uniform(-3, 1.5), log=True) if log else axis_around(low, high)
        )
        most = chance.randint(2, 12)
        ticks = axis.ticks(most)
        assert 2 <= len(ticks) <= max(most, 4) + 1, (axis, ticks)
        assert [name for _, name in ticks] == list(dict.fromkeys(name for _, name in ticks)), (axis, ticks)
        room = 1e-6 * (axis.high - axis.low)
        for place, name in ticks:
            assert axis.low - room <= place <= axis.high + room
            said = float(name.replace(",", ""))
            assert (math.log10(said) if log else said) == pytest.approx(place, abs=0.02 * (axis.high - axis.low))


def test_an_axis_has_room_for_what_is_one_place() -> None:
    for value in (0.0, 5.0, -3e99, 1e-99, 1e-300):
        axis = axis_around(value, value)
        assert axis.low < value < axis.high
        assert axis.ticks(5)


def test_a_number_is_short() -> None:
    texts = {0.001: "0.001", 1500: "1,500", 2e-7: "2e-7", 3.25: "3.25", -1e30: "-1e30"}
    assert [format_number(value) for value in texts] == [*texts.values()]


def test_what_has_no_place_on_an_axis_is_no_number() -> None:
    found = to_places([1, math.nan, math.inf, -1e200, 10**400, 0, 100])
    assert np.array_equal(found, [1, math.nan, math.nan, math.nan, math.nan, 0, 100], equal_nan=True)
    found = to_places([1, 0, -5, 1e-200, 100, 10**400], log=True)
    assert np.array_equal(found, [0, math.nan, math.nan, math.nan, 2, math.nan], equal_nan=True)
