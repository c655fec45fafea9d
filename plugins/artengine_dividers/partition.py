"""Lines and circles that part the plane, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Partition:
    """What parts the plane into regions.

    lines: (L, 2) float64, angle in radians and offset in plane units: where x cos + y sin = offset, which is positive
    beyond it. circles: (C, 3) float64, centre x, y and radius in plane units.
    """

    lines: Numbers
    circles: Numbers

    def __len__(self) -> int:
        return len(self.lines) + len(self.circles)

    def sides(self, x: Numbers, y: Numbers) -> Numbers:
        """Whether points, two (N,) arrays of a float type, are beyond each line and outside each circle: (N, L + C).

        Worked out in the precision of the points, as the network does it.
        """
        kind = x.dtype
        angle, offset = self.lines.astype(kind).T
        across = x[:, None] * np.cos(angle) + y[:, None] * np.sin(angle) - offset
        centre_x, centre_y, radius = self.circles.astype(kind).T
        beyond = (x[:, None] - centre_x) ** 2 + (y[:, None] - centre_y) ** 2 - radius**2
        return np.concatenate([across >= 0, beyond >= 0], axis=1)
