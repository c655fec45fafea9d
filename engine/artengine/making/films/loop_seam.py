"""How well the end of a film that loops goes over into its beginning."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

MAX_CLOSED_STEP = 2.0  # a step so many times the usual one is not seen as a seam

Pixels = np.ndarray[Any, Any]


class LoopSeam:
    """Measures a loop's seam from its frames as they come by."""

    def __init__(self) -> None:
        self._start: Pixels | None = None
        self._last: Pixels | None = None
        self._steps: list[float] = []

    def add(self, pixels: Pixels) -> None:
        """Take the next frame, (H, W, C) bytes."""
        if self._last is None:
            self._start = pixels
        else:
            self._steps.append(_difference(self._last, pixels))
        self._last = pixels

    @property
    def score(self) -> float:
        """The step from the last frame to the first, in usual steps from frame to frame: 1 is seamless."""
        if self._start is None or self._last is None or not self._steps:
            return 1.0
        step, usual = _difference(self._last, self._start), float(np.median(self._steps))
        return step / usual if usual else 1.0 if not step else math.inf

    def describe(self) -> str:
        """The score in words."""
        verdict = (
            "it closes" if self.score <= MAX_CLOSED_STEP else "it does not close: the end should lead to the beginning"
        )
        return f"seam {self.score:.2f} of a usual step: {verdict}"


def _difference(one: Pixels, other: Pixels) -> float:
    """How much two frames of bytes differ: the mean over all channels, in levels."""
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())
