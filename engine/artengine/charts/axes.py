"""Axes of charts: how far they reach, and the numbers written along them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

LARGEST = 1e100  # larger numbers are drawn nowhere: sums and differences of them have to be finite
LEAST = 1e-100  # smaller ones are nought
_FLAT = 1e-9  # of the numbers themselves: differences below that are none


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from low to high; where it is logarithmic, these and all places on it are decimal logarithms."""

    low: float
    high: float
    log: bool = False

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Round numbers along it, about so many (2 or more) at most: where they are, and how they are written."""
        if not self.log:
            return _even(self.low, self.high, most)
        decades = list(range(math.ceil(self.low), math.floor(self.high) + 1))
        if len(decades) >= 3:
            every = -(-len(decades) // most)
            return [(float(place), number(10.0**place)) for place in decades[::every]]
        exponents = range(math.floor(self.low), math.floor(self.high) + 1)
        values = [first * 10.0**exponent for exponent in exponents for first in (1, 2, 5)]
        found = [(math.log10(value), number(value)) for value in values]
        found = [one for one in found if self.low <= one[0] <= self.high]
        if 3 <= len(found) <= most + 1:
            return found
        if len(decades) == 2:
            return [(float(place), number(10.0**place)) for place in decades]
        between = _even(10.0**self.low, 10.0**self.high, most)
        return [(math.log10(value), words) for value, words in between if value > 0]


def reaching(low: float, high: float, *, log: bool = False) -> Axis:
    """An axis with places from low to high on it and a little room around them; more where they are one place."""
    span = high - low
    size = max(abs(low), abs(high))
    if span <= (_FLAT if log else _FLAT * size):
        span = 0.0
    room = 0.05 * span or (0.15 if log else 0.1 * size if size > LEAST else 1.0)
    return Axis(low - room, high + room, log)


def places(values: Sequence[float], *, log: bool = False) -> np.ndarray[Any, Any]:
    """Numbers as places along an axis, (N,) float64; NaN for what has none there."""
    import numpy as np

    try:
        found = np.asarray(values, np.float64).reshape(-1)
    except OverflowError:  # whole numbers of more than 308 digits
        found = np.array([value if abs(value) <= LARGEST else math.nan for value in values], np.float64)
    found = np.where(np.abs(found) <= LARGEST, found, math.nan)
    found = np.where(np.abs(found) < LEAST, 0.0, found)
    return np.log10(found, where=found > 0, out=np.full_like(found, math.nan)) if log else found


def ends(parts: Sequence[np.ndarray[Any, Any] | None]) -> tuple[float, float]:
    """The least and the greatest of some places."""
    found = [part for part in parts if part is not None]
    return min(float(part.min()) for part in found), max(float(part.max()) for part in found)


def number(value: float) -> str:
    """A number in few letters: 0.001, 1,500, 2e-7."""
    return _short(f"{value:,g}")


def _even(low: float, high: float, most: int) -> list[tuple[float, str]]:
    step = _step((high - low) / most)
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    if last <= first:  # a single number says nothing of how far it is to another one
        return _even(low, high, 2 * most)
    size = max(abs(low), abs(high))
    finest = math.floor(math.log10(step) + 1e-6)  # the place of the last digit that differs
    if step >= 1e-4 and size < 1e6:
        return [(k * step, f"{k * step:,.{max(0, -finest)}f}") for k in range(first, last + 1)]
    digits = min(12, max(0, math.floor(math.log10(size)) - finest))
    return [(k * step, _short(f"{k * step:.{digits}e}")) for k in range(first, last + 1)]


def _step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20 ... times a power of ten that is no less."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(first * power for first in (1, 2, 5, 10) if first * power >= least * (1 - 1e-6) or first == 10)


def _short(words: str) -> str:
    first, e, exponent = words.partition("e")
    if not e:
        return words
    if "." in first:
        first = first.rstrip("0").rstrip(".")
    return "0" if float(first) == 0 else f"{first}e{int(exponent)}"
