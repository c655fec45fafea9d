"""How something goes from one key to the next: eases by the names that CSS and After Effects have for them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from artengine.errors import did_you_mean, quoted

#: The control points of the named eases, (x1, y1, x2, y2). Those without a hyphened "easy" are CSS's (CSS Easing
#: Functions Level 1), the others the keyframe assistants of After Effects.
CONTROL_POINTS: Mapping[str, tuple[float, float, float, float]] = {
    "linear": (0.0, 0.0, 1.0, 1.0),
    "ease": (0.25, 0.1, 0.25, 1.0),
    "ease-in": (0.42, 0.0, 1.0, 1.0),
    "ease-out": (0.0, 0.0, 0.58, 1.0),
    "ease-in-out": (0.42, 0.0, 0.58, 1.0),
    "easy-ease": (1 / 3, 0.0, 2 / 3, 1.0),
    "easy-ease-in": (1 / 6, 1 / 6, 2 / 3, 1.0),
    "easy-ease-out": (1 / 3, 0.0, 5 / 6, 5 / 6),
}
HOLD = "hold"
EASE_WORDS = (*CONTROL_POINTS, HOLD)


@dataclass(frozen=True, slots=True)
class Ease:
    """A cubic Bezier curve from (0, 0) to (1, 1), or none at all: the first value holds until the next key."""

    points: tuple[float, float, float, float] | None = CONTROL_POINTS["linear"]

    def __call__(self, u: float) -> float:
        """How far the value is when so much of the time has gone by, both from 0 to 1; it may swing beyond."""
        if u <= 0 or u >= 1:
            return float(u >= 1)
        if self.points is None:
            return 0.0
        x1, y1, x2, y2 = self.points
        if x1 == y1 and x2 == y2:
            return u
        return _bezier(y1, y2, _solved(x1, x2, u))

    @property
    def reach(self) -> tuple[float, float]:
        """The least and the greatest that it comes to before the next key."""
        if self.points is None:
            return 0.0, 0.0
        _, first, _, second = self.points
        turns = _roots(3 * first - 3 * second + 1, 2 * second - 4 * first, first)
        extremes = [0.0, 1.0, *(_bezier(first, second, s) for s in turns if 0 < s < 1)]
        return min(extremes), max(extremes)


def parse_ease(value: object) -> Ease:
    """The ease that a scene names, or gives as [x1, y1, x2, y2].

    Raises `ValueError` that says what was expected.
    """
    if value == HOLD:
        return Ease(None)
    if isinstance(value, str) and value in CONTROL_POINTS:
        return Ease(CONTROL_POINTS[value])
    if isinstance(value, list):
        numbers = [float(one) for one in value if isinstance(one, int | float) and not isinstance(one, bool)]
        fits = len(numbers) == len(value) == 4 and all(map(math.isfinite, numbers))
        if fits and all(0 <= x <= 1 for x in numbers[::2]) and all(abs(y) <= 10 for y in numbers[1::2]):
            return Ease((numbers[0], numbers[1], numbers[2], numbers[3]))
        raise ValueError(f"found the list {quoted(str(value))}, expected [x1, y1, x2, y2] with x1 and x2 from 0 to 1")
    hint = did_you_mean(value, EASE_WORDS) if isinstance(value, str) else ""
    raise ValueError(f"found {quoted(str(value))}, expected one of {', '.join(EASE_WORDS)} or [x1, y1, x2, y2]{hint}")


def _bezier(first: float, second: float, s: float) -> float:
    """One coordinate of the curve at its parameter s."""
    return 3 * s * (1 - s) ** 2 * first + 3 * s * s * (1 - s) * second + s**3


def _roots(a: float, b: float, c: float) -> tuple[float, ...]:
    """Where a s^2 + b s + c is 0."""
    if abs(a) < 1e-12:
        return (-c / b,) if b else ()
    inside = b * b - 4 * a * c
    return () if inside < 0 else ((-b - math.sqrt(inside)) / (2 * a), (-b + math.sqrt(inside)) / (2 * a))


def _solved(x1: float, x2: float, u: float) -> float:
    """The parameter at which the curve's x is u; x rises from end to end, so halving finds it."""
    low, high = 0.0, 1.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle
        if _bezier(x1, x2, middle) < u:
            low = middle
        else:
            high = middle
