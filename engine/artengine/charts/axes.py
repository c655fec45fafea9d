"""Axes of charts: how far they reach, and the numbers written along them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

MAX_VALUE = 1e100  # larger numbers are not drawn: sums and differences of them have to be finite
MIN_VALUE = 1e-100  # smaller ones are drawn as zero
_MIN_RELATIVE_SPAN = 1e-9  # of the values themselves: a smaller one is taken for zero


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from low to high; where it is logarithmic, these and all places on it are decimal logarithms."""

    low: float
    high: float
    log: bool = False

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Round numbers along it, about so many (2 or more) at most: where they are, and how they are written."""
        if not self.log:
            return _even_ticks(self.low, self.high, most)
        decades = list(range(math.ceil(self.low), math.floor(self.high) + 1))
        if len(decades) >= 3:
            every = -(-len(decades) // most)
            return [(float(place), format_number(10.0**place)) for place in decades[::every]]
        exponents = range(math.floor(self.low), math.floor(self.high) + 1)
        values = [first * 10.0**exponent for exponent in exponents for first in (1, 2, 5)]
        ticks = [(math.log10(value), format_number(value)) for value in values]
        ticks = [tick for tick in ticks if self.low <= tick[0] <= self.high]
        if 3 <= len(ticks) <= most + 1:
            return ticks
        if len(decades) == 2:
            return [(float(place), format_number(10.0**place)) for place in decades]
        between = _even_ticks(10.0**self.low, 10.0**self.high, most)
        return [(math.log10(value), words) for value, words in between if value > 0]


def axis_around(low: float, high: float, *, log: bool = False) -> Axis:
    """An axis with places from low to high on it and a little room around them; more where they are one place."""
    span = high - low
    size = max(abs(low), abs(high))
    if span <= (_MIN_RELATIVE_SPAN if log else _MIN_RELATIVE_SPAN * size):
        span = 0.0
    room = 0.05 * span or (0.15 if log else 0.1 * size if size > MIN_VALUE else 1.0)
    return Axis(low - room, high + room, log)


def to_places(values: Sequence[float], *, log: bool = False) -> np.ndarray[Any, Any]:
    """Numbers as places along an axis, (N,) float64; NaN for what has none there."""
    import numpy as np

    try:
        numbers = np.asarray(values, np.float64).reshape(-1)
    except OverflowError:  # whole numbers of more than 308 digits
        numbers = np.array([value if abs(value) <= MAX_VALUE else math.nan for value in values], np.float64)
    numbers = np.where(np.abs(numbers) <= MAX_VALUE, numbers, math.nan)
    numbers = np.where(np.abs(numbers) < MIN_VALUE, 0.0, numbers)
    return np.log10(numbers, where=numbers > 0, out=np.full_like(numbers, math.nan)) if log else numbers


def range_of(parts: Sequence[np.ndarray[Any, Any] | None]) -> tuple[float, float]:
    """The least and the greatest of some places."""
    arrays = [part for part in parts if part is not None]
    return min(float(part.min()) for part in arrays), max(float(part.max()) for part in arrays)


def format_number(value: float) -> str:
    """A number in few letters: 0.001, 1,500, 2e-7."""
    return _shorten_exponent(f"{value:,g}")


def _even_ticks(low: float, high: float, most: int) -> list[tuple[float, str]]:
    step = _step((high - low) / most)
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    if last <= first:  # a single number says nothing of how far it is to another one
        return _even_ticks(low, high, 2 * most)
    size = max(abs(low), abs(high))
    finest = math.floor(math.log10(step) + 1e-6)  # the place of the last digit that differs
    if step >= 1e-4 and size < 1e6:
        return [(k * step, f"{k * step:,.{max(0, -finest)}f}") for k in range(first, last + 1)]
    digits = min(12, max(0, math.floor(math.log10(size)) - finest))
    return [(k * step, _shorten_exponent(f"{k * step:.{digits}e}")) for k in range(first, last + 1)]


def _step(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20 ... times a power of ten that is no less."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(first * power for first in (1, 2, 5, 10) if first * power >= least * (1 - 1e-6) or first == 10)


def _shorten_exponent(words: str) -> str:
    first, e, exponent = words.partition("e")
    if not e:
        return words
    if "." in first:
        first = first.rstrip("0").rstrip(".")
    return "0" if float(first) == 0 else f"{first}e{int(exponent)}"
