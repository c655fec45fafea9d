"""Pixels in blocks, for averages that shrink a picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, Any]


def reduce_blocks(pixels: Pixels, factor: int, reduce: Callable[[Pixels], Pixels]) -> Pixels:
    """What becomes of pixels, (H, W, ...), in blocks of factor a side, (rows, columns, ...).

    reduce: from blocks, (rows, high, columns, wide, ...), to (rows, columns, ...). Where a side is no multiple of the
    factor, the last blocks along it are smaller than the others, and handed over on their own.
    """
    import numpy as np

    bands = [
        [_reduced(part, factor, reduce) for part in _whole_and_rest(band, factor, axis=1)]
        for band in _whole_and_rest(pixels, factor, axis=0)
    ]
    rows = [np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0] for parts in bands]
    return np.concatenate(rows, axis=0) if len(rows) > 1 else rows[0]


def _whole_and_rest(pixels: Pixels, factor: int, axis: int) -> list[Pixels]:
    """The pixels of the blocks that are whole along an axis, and those of the last one where it is not."""
    import numpy as np

    side = pixels.shape[axis]
    return [part for part in np.split(pixels, [side - side % factor], axis) if part.shape[axis]]


def _reduced(pixels: Pixels, factor: int, reduce: Callable[[Pixels], Pixels]) -> Pixels:
    height, width = pixels.shape[:2]
    high, wide = min(factor, height), min(factor, width)
    return reduce(pixels.reshape(height // high, high, width // wide, wide, *pixels.shape[2:]))
