"""Picture files made in memory, some of them by hand."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from artengine.media.photo import Photo, open_photo

Pixels = np.ndarray[Any, Any]


def ramp(height: int = 12, width: int = 16) -> Pixels:
    """Smooth enough for JPEG, different in every corner and channel."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack((x * 15, y * 20, 255 - x * 15), axis=-1).astype(np.uint8)


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def opened(data: bytes, folder: Path, name: str = "photo", **options: Any) -> Photo:
    (folder / name).write_bytes(data)
    return open_photo(folder / name, name, **options)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed_zeros(count: int) -> bytes:
    """So many zeros as zlib packs them, a thousandfold, in no time."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)  # which can stand there again
    rest = packer.compress(bytes(count % 2**20)) + packer.flush()
    return b"\x78\xda" + block * (count // 2**20) + rest + struct.pack(">HH", count % 65521, 1)


def png_by_hand(width: int, height: int, bits: int, colour: int, *more: bytes) -> bytes:
    """A PNG of zeros, which compresses a thousandfold."""
    channels = {0: 1, 2: 3}[colour]
    data = packed_zeros(height * (1 + (width * bits * channels + 7) // 8))
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
