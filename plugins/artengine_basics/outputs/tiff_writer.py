"""TIFF tile by tile, BigTIFF where the picture may not fit into 4 GB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

import numpy as np

from artengine import Target
from artengine.files import RECIPE_KEYWORD
from artengine_basics.outputs.quantise import Pixels

COMPRESSION = 4  # zlib's level 6 is three times as slow, slower than some networks paint, for files 12 to 28 % smaller
TILE_PIXELS = 1 << 16
MAX_STRIP_PIXELS = 1 << 22  # a row of tiles: what is collected before the first tile is whole
MAX_PLAIN_BYTES = 4_000_000_000  # of pixels; a plain TIFF ends at 2**32, tables and all
BYTES_AT_A_TIME = 1 << 24  # compressed by several threads where there are CPUs for them


def write(file: IO[bytes], bands: Iterable[Pixels], shape: tuple[int, int, int], bits: int, target: Target) -> None:
    """Write the bands, unsigned integers (rows, W, C), as one picture of that shape."""
    import tifffile

    height, width, channels = shape
    rows = 256
    while rows > 16 and rows * width > MAX_STRIP_PIXELS:
        rows //= 2
    columns = TILE_PIXELS // rows
    tifffile.imwrite(
        file,
        _tiles(bands, rows, columns),
        shape=shape if channels == 3 else shape[:2],
        dtype=np.uint8 if bits == 8 else np.uint16,
        tile=(rows, columns),
        bigtiff=height * width * channels * bits // 8 > MAX_PLAIN_BYTES,
        photometric="rgb" if channels == 3 else "minisblack",
        compression="zlib",
        compressionargs={"level": COMPRESSION},
        predictor=True,
        buffersize=BYTES_AT_A_TIME,
        resolution=None if target.dpi is None else (target.dpi, target.dpi),
        resolutionunit=None if target.dpi is None else "INCH",
        description=target.recipe,
        metadata=None,
        software=RECIPE_KEYWORD if target.recipe else False,
    )


def _tiles(bands: Iterable[Pixels], rows: int, columns: int) -> Iterator[Pixels]:
    """Tiles from left to right, from top to bottom; those at the edges are filled up, as the format has them."""
    for strip in _strips(bands, rows):
        for left in range(0, strip.shape[1], columns):
            part = strip[:, left : left + columns]
            tile = np.zeros((rows, columns, part.shape[2]), part.dtype)
            tile[: part.shape[0], : part.shape[1]] = part
            yield tile if tile.shape[2] == 3 else tile[:, :, 0]


def _strips(bands: Iterable[Pixels], rows: int) -> Iterator[Pixels]:
    """The same rows in pieces of so many; the last may have fewer."""
    bands_so_far: list[Pixels] = []
    count = 0
    for band in bands:
        bands_so_far.append(band)
        count += len(band)
        if count >= rows:
            joined = np.concatenate(bands_so_far)
            full = count - count % rows
            for top in range(0, full, rows):
                yield joined[top : top + rows]
            bands_so_far, count = [joined[full:]], count - full
    if count:
        yield np.concatenate(bands_so_far)
