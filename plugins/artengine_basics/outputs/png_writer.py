"""PNG row by row, still or moving: rows are filtered and compressed as they come, Pillow writes the chunks.

Pillow alone wants the picture whole, all pictures of a film at once, and does not write 16 bits a channel in colour.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import IO

import numpy as np

from artengine import Target
from artengine.files import RECIPE_KEYWORD
from artengine_basics.outputs.quantise import Pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COMPRESSION = {8: 6, 16: 4}  # zlib's level by bits: higher is smaller and slower; faster than most networks paint
UP = 2  # the filter: each byte less the one above it; on pictures by networks as good as a choice row by row
CHUNK_BYTES = 1 << 20  # however the bands come, the file is the same
METRES_PER_INCH = 0.0254
FOR_EVER = 0  # as the number of an animation's plays

Shape = tuple[int, int, int]


def write(file: IO[bytes], bands: Iterable[Pixels], shape: Shape, bits: int, target: Target) -> None:
    """Write the bands, unsigned integers (rows, W, C), as one picture of that shape."""
    from PIL.PngImagePlugin import putchunk

    _head(file, shape, bits, target)
    for piece in _compress(bands, shape, bits):
        putchunk(file, b"IDAT", piece)
    putchunk(file, b"IEND")


def animate(
    file: IO[bytes],
    pictures: Iterable[Iterable[Pixels]],
    shape: Shape,
    seconds: Fraction,
    last: Fraction,
    target: Target,
) -> None:
    """Write pictures of 8 bits a channel, each in bands, as an animation that repeats for ever.

    seconds: that a picture stays; last: that the last one does, both fractions of 16-bit integers.
    The format is that of PNG's third edition, 11.3.6. It has numbers at its beginning that only the end knows; they are
    filled in there.
    """
    from PIL.PngImagePlugin import putchunk

    _head(file, shape, 8, target)
    count, sequence, animation = 0, 0, file.tell()
    putchunk(file, b"acTL", struct.pack(">II", 0, FOR_EVER))
    for count, bands in enumerate(pictures, start=1):
        place, start = file.tell(), sequence
        putchunk(file, b"fcTL", _control(start, shape, seconds))
        sequence += 1
        for piece in _compress(bands, shape, 8):
            if count == 1:
                putchunk(file, b"IDAT", piece)
            else:
                putchunk(file, b"fdAT", struct.pack(">I", sequence), piece)
                sequence += 1
    putchunk(file, b"IEND")
    file.seek(animation)
    putchunk(file, b"acTL", struct.pack(">II", count, FOR_EVER))
    file.seek(place)
    putchunk(file, b"fcTL", _control(start, shape, last))


def _control(sequence: int, shape: Shape, stays: Fraction) -> bytes:
    height, width, _ = shape
    return struct.pack(">IIIIIHHBB", sequence, width, height, 0, 0, stays.numerator, stays.denominator, 0, 0)


def _head(file: IO[bytes], shape: Shape, bits: int, target: Target) -> None:
    from PIL.PngImagePlugin import putchunk

    height, width, channels = shape
    file.write(SIGNATURE)
    colour = 2 if channels == 3 else 0
    putchunk(file, b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    if target.dpi is not None:
        dots = round(target.dpi / METRES_PER_INCH)
        putchunk(file, b"pHYs", struct.pack(">IIB", dots, dots, 1))
    if target.recipe is not None:
        putchunk(file, b"tEXt", RECIPE_KEYWORD.encode() + b"\0" + target.recipe.encode("latin-1"))


def _compress(bands: Iterable[Pixels], shape: Shape, bits: int) -> Iterator[bytes]:
    """A picture, filtered and compressed, in pieces for its chunks."""
    _, width, channels = shape
    compressor, packed = zlib.compressobj(COMPRESSION[bits]), bytearray()
    above = np.zeros((1, width * channels * bits // 8), np.uint8)
    for band in bands:
        rows = band.astype(f">u{bits // 8}").view(np.uint8).reshape(len(band), -1)
        filtered = np.empty((len(rows), 1 + rows.shape[1]), np.uint8)
        filtered[:, 0] = UP
        np.subtract(rows, np.concatenate((above, rows[:-1])), out=filtered[:, 1:])
        above = rows[-1:]
        packed += compressor.compress(filtered.data)
        while len(packed) >= CHUNK_BYTES:
            yield bytes(packed[:CHUNK_BYTES])
            del packed[:CHUNK_BYTES]
    yield bytes(packed) + compressor.flush()
