"""What a training remembers of its course: its loss, PSNR and rate after some of its steps."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

MOST = 512  # points: more than a chart can tell apart, few enough for the header of a file
_DIGITS = 6  # of each number: what chance does to it is larger


@dataclass(frozen=True, slots=True)
class Point:
    """Where a training stood after so many steps; psnr in decibels, rate: how far it went at the last step."""

    step: int
    loss: float
    psnr: float | None = None
    rate: float | None = None


class Curve:
    """The course of a training in at most `MOST` points, as it is reported.

    What is remembered depends on what was added alone, never on when: gone on from its state, a training that was
    killed remembers what it would have remembered undisturbed.
    """

    def __init__(self, state: Mapping[str, Any] | None = None) -> None:
        self._every: int = state["every"] if state else 1
        self._seen: int = state["seen"] if state else 0
        self._kept = [Point(*row) for row in state["kept"]] if state else []
        self._last = Point(*state["last"]) if state and state["last"] else None

    @property
    def points(self) -> tuple[Point, ...]:
        """Those that are remembered, by rising steps; the one added last is among them."""
        return (*self._kept, *(one for one in [self._last] if one and one not in self._kept[-1:]))

    def add(self, step: int, loss: float, psnr: float | None = None, rate: float | None = None) -> None:
        """Remember a step; a loss that is no finite number is passed over.

        When there is no room, every other point goes, and from then on only every other one is taken. A step that is
        not after those before it takes their place: the training has gone back.
        """
        if (found := _rounded(loss)) is None:
            return
        point = Point(step, found, _rounded(psnr), _rounded(rate))
        while self._kept and self._kept[-1].step >= point.step:
            self._kept.pop()
        self._last = point
        if self._seen % self._every == 0:
            if len(self._kept) == MOST - 1:  # the last one added needs room, too
                self._kept, self._every = self._kept[::2], 2 * self._every
            if self._seen % self._every == 0:
                self._kept.append(point)
        self._seen += 1

    def state(self) -> dict[str, Any]:
        """What it needs to go on: plain data."""
        kept, last = rows(self._kept), self._last and list(astuple(self._last))
        return {"every": self._every, "seen": self._seen, "kept": kept, "last": last}


def psnr(error: float) -> float:
    """The PSNR in decibels of a mean squared error of numbers in [0, 1]; at most 120."""
    return -10 * math.log10(max(error, 1e-12))


def rows(points: Sequence[Point]) -> list[list[float | None]]:
    """Points as plain data, as `read` takes them: step, loss, psnr and rate of each."""
    return [list(astuple(point)) for point in points]


def read(data: Any) -> tuple[Point, ...]:
    """The points that a stranger's file speaks of; none where anything of it makes no sense."""
    if not isinstance(data, list) or len(data) > MOST or not all(map(_sound, data)):
        return ()
    points = tuple(Point(*row) for row in data)
    rising = all(one.step < other.step for one, other in itertools.pairwise(points))
    return points if rising else ()


def _sound(row: Any) -> bool:
    if not isinstance(row, list) or len(row) != 4:
        return False
    step, loss, *others = row
    counted = isinstance(step, int) and not isinstance(step, bool) and 0 <= step < 2**63
    numbers = [loss, *(other for other in others if other is not None)]
    return counted and all(isinstance(value, float) and math.isfinite(value) for value in numbers)


def _rounded(value: float | None) -> float | None:
    """A number as it is remembered; None for what is none."""
    return float(f"{value:.{_DIGITS}g}") if value is not None and math.isfinite(value) else None
