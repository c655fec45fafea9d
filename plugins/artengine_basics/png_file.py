"""PNG row by row: rows are filtered and packed as they come, Pillow writes the chunks.

Pillow alone wants the picture whole, and does not write 16 bits a channel in colour.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from typing import IO

import numpy as np

from artengine import Target
from artengine.recipe import KEYWORD
from artengine_basics.levels import Pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LEVEL = {8: 6, 16: 4}  # the higher, the smaller and slower: all the same faster than what most networks paint
UP = 2  # the filter: each byte less the one above it; on pictures by networks as good as a choice row by row
PIECE = 1 << 20  # bytes of a chunk: however the bands come, the file is the same
INCH = 0.0254  # metres


def write(file: IO[bytes], bands: Iterable[Pixels], shape: tuple[int, int, int], bits: int, target: Target) -> None:
    """Write the bands, unsigned integers (rows, W, C), as one picture of that shape."""
    from PIL.PngImagePlugin import putchunk

    height, width, channels = shape
    file.write(SIGNATURE)
    colour = 2 if channels == 3 else 0
    putchunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    if target.dpi is not None:
        dots = round(target.dpi / INCH)
        putchunk(file, b"pHYs", struct.pack(">IIB", dots, dots, 1))
    if target.recipe is not None:
        putchunk(file, b"tEXt", KEYWORD.encode() + b"\0" + target.recipe.encode("latin-1"))
    packer, packed = zlib.compressobj(LEVEL[bits]), bytearray()
    above = np.zeros((1, width * channels * bits // 8), np.uint8)
    for band in bands:
        rows = band.astype(f">u{bits // 8}").view(np.uint8).reshape(len(band), -1)
        filtered = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
        filtered[:, 0] = UP
        np.subtract(rows, np.concatenate((above, rows[:-1])), out=filtered[:, 1:])
        above = rows[-1:]
        packed += packer.compress(filtered.data)
        while len(packed) >= PIECE:
            putchunk(file, b"IDAT", bytes(packed[:PIECE]))
            del packed[:PIECE]
    putchunk(file, b"IDAT", bytes(packed) + packer.flush())
    putchunk(file, b"IEND")
