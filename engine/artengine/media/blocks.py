"""Pixels in blocks, for averages that shrink a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def split_into_blocks(pixels: np.ndarray[Any, Any], factor: int) -> np.ndarray[Any, Any]:
    """A view of pixels, (H, W, ...), as blocks of factor a side, (rows, high, columns, wide, ...).

    Pixels beyond the last whole block are left out; a side shorter than factor is one block.
    """
    rows, columns = (max(1, side // factor) for side in pixels.shape[:2])
    high, wide = (min(factor, side) for side in pixels.shape[:2])
    return pixels[: rows * high, : columns * wide].reshape(rows, high, columns, wide, *pixels.shape[2:])
