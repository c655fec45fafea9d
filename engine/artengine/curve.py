"""The curve of a training: its loss, PSNR and rate after some of its steps."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

MAX_POINTS = 512  # of a curve: more than a chart can tell apart, few enough for the header of a file
_SIGNIFICANT_DIGITS = 6  # of each value: what chance does to it is larger


@dataclass(frozen=True, slots=True)
class Point:
    """Where a training stood after so many steps; psnr: decibels, rate: the learning rate of the last step."""

    step: int
    loss: float
    psnr: float | None = None
    rate: float | None = None


class Curve:
    """The course of a training in at most `MAX_POINTS` points, to which its reports are added one by one.

    The points depend on what was added alone, never on when: a training that was killed and is resumed from its state
    ends with the points of one that ran through.
    """

    def __init__(self, state: Mapping[str, Any] | None = None) -> None:
        self._every: int = state["every"] if state else 1
        self._count: int = state["seen"] if state else 0
        self._stored = [Point(*row) for row in state["kept"]] if state else []
        self._last = Point(*state["last"]) if state and state["last"] else None

    @property
    def points(self) -> tuple[Point, ...]:
        """The stored points by rising steps, and the one that was added last."""
        return (*self._stored, *(point for point in [self._last] if point and point not in self._stored[-1:]))

    def add(self, step: int, loss: float, psnr: float | None = None, rate: float | None = None) -> None:
        """Add the values after a step; a step whose loss is not finite is passed over.

        When the curve is full, every other point is dropped, and from then on only every other one is stored. Points
        at this step or later ones are dropped: the training has gone back.
        """
        if (rounded_loss := _rounded(loss)) is None:
            return
        point = Point(step, rounded_loss, _rounded(psnr), _rounded(rate))
        while self._stored and self._stored[-1].step >= point.step:
            self._stored.pop()
        self._last = point
        if self._count % self._every == 0:
            if len(self._stored) == MAX_POINTS - 1:  # the last one added needs room, too
                self._stored, self._every = self._stored[::2], 2 * self._every
            if self._count % self._every == 0:
                self._stored.append(point)
        self._count += 1

    def state(self) -> dict[str, Any]:
        """The state to resume the curve from: plain data."""
        stored, last = rows(self._stored), self._last and list(astuple(self._last))
        return {"every": self._every, "seen": self._count, "kept": stored, "last": last}


def psnr(error: float) -> float:
    """The PSNR in decibels of a mean squared error of values in [0, 1]; at most 120."""
    return -10 * math.log10(max(error, 1e-12))


def rows(points: Sequence[Point]) -> list[list[float | None]]:
    """Points as plain data, as `read` takes them: step, loss, psnr and rate of each."""
    return [list(astuple(point)) for point in points]


def read(data: Any) -> tuple[Point, ...]:
    """The points in the data of an untrusted file; empty where any of them is invalid."""
    if not isinstance(data, list) or len(data) > MAX_POINTS or not all(map(_is_valid_row, data)):
        return ()
    points = tuple(Point(*row) for row in data)
    rising = all(before.step < after.step for before, after in itertools.pairwise(points))
    return points if rising else ()


def _is_valid_row(row: Any) -> bool:
    if not isinstance(row, list) or len(row) != 4:
        return False
    step, loss, *others = row
    is_step = isinstance(step, int) and not isinstance(step, bool) and 0 <= step < 2**63
    values = [loss, *(value for value in others if value is not None)]
    return is_step and all(isinstance(value, float) and math.isfinite(value) for value in values)


def _rounded(value: float | None) -> float | None:
    """A value to the digits that a curve stores; None for None and for what is not finite."""
    return float(f"{value:.{_SIGNIFICANT_DIGITS}g}") if value is not None and math.isfinite(value) else None
