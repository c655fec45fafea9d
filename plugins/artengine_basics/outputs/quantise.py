"""From colours in [0, 1] to the whole numbers that a file holds, a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from artengine import Frame

Pixels = np.ndarray[Any, Any]
Rounding = Literal["nearest", "cut"]

PIXELS_AT_A_TIME = 1 << 18  # in float64 a whole picture would be four times its size


def quantise(frame: Frame, bits: int, rounding: Rounding = "nearest") -> Iterator[Pixels]:
    """The image of a frame in 2**bits levels: (rows, W, 3) unsigned integers, or (rows, W, 1), from top to bottom."""
    rows = max(1, PIXELS_AT_A_TIME // frame.shape[1])
    for band in frame.bands():
        for top in range(0, len(band), rows):
            scaled = band[top : top + rows].astype(np.float64) * (2**bits - 1)
            levels = np.rint(scaled) if rounding == "nearest" else scaled
            yield levels.astype(np.uint8 if bits == 8 else np.uint16)


def quantise_whole(frame: Frame) -> Pixels:
    """The image of a frame in 256 levels: (H, W, 3), or (H, W) where it is grey.

    Raises `MemoryError` where it does not fit.
    """
    pixels = np.empty(frame.shape, np.uint8)
    top = 0
    for rows in quantise(frame, 8):
        pixels[top : top + len(rows)] = rows
        top += len(rows)
    return pixels[:, :, 0] if frame.shape[2] == 1 else pixels
