"""Lines and circles that divide the plane into regions, as plain numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, Any]
#: A divider: a line's angle and offset, or a circle's centre and radius, in plane units.
Divider = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Partition:
    """The dividers of the plane.

    lines: (L, 2) float64, angle in radians and offset in plane units: where x cos + y sin = offset, which is positive
    beyond it. circles: (C, 3) float64, centre x, y and radius in plane units.
    """

    lines: Numbers
    circles: Numbers

    def __len__(self) -> int:
        return len(self.lines) + len(self.circles)

    def sides(self, x: Numbers, y: Numbers) -> Numbers:
        """Whether points, two (N,) arrays of a float type, are beyond each line and outside each circle: (N, L + C)."""
        if not len(self):
            return np.zeros((len(x), 0), bool)
        return np.stack([is_beyond(divider, x, y) for divider in self.dividers], axis=1)

    @property
    def dividers(self) -> list[Divider]:
        """Lines, then circles."""
        return [*map(tuple, self.lines.tolist()), *map(tuple, self.circles.tolist())]


def is_beyond(divider: Divider, x: Numbers, y: Numbers) -> Numbers:
    """Whether points, two (P,) arrays, are beyond a line or outside a circle, in the precision of the points: (P,)."""
    number = x.dtype.type
    if len(divider) == 2:
        angle, offset = divider
        beyond: Numbers = x * number(math.cos(angle)) + y * number(math.sin(angle)) >= number(offset)
    else:
        across, down = x - number(divider[0]), y - number(divider[1])
        beyond = across * across + down * down >= number(divider[2]) ** 2
    return beyond
