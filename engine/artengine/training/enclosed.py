"""Weights that travel in a picture: a weights file in few bytes, and back, never trusted.

Packed is a file of weights without its recipe, for the picture has one, and without what is true of one machine alone.
Bytes of equal significance stand together, as HDF5's filter shuffle has them, and all is compressed by zlib: nothing is
lost. What is unpacked is checked as any weights file is.
"""

from __future__ import annotations

import contextlib
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from artengine.files import convert_os_errors, temporary_file
from artengine.training import weights

MAX_FILE_BYTES = 1 << 24  # of a file that is unpacked: what a forged picture can cost
MAX_PACKED_BYTES = 3_000_000
SMALL_BYTES = 1 << 18  # packed: what nobody minds in a picture
_HOPE = 4  # a file of so many times the bytes that it may have is not tried: weights hardly get smaller
_LEFT_OUT = ("key", "recipe")  # of the file's header
_SIGNIFICANCES = 4  # bytes of most weights
_LENGTH = 8  # bytes of the length of the header, which a safetensors file begins with


def pack(path: Path, most: int = MAX_PACKED_BYTES) -> bytes:
    """The weights file at a path, in at most so many bytes.

    Raises `ValueError` where they are more, and as `weights.about` does.
    """
    size = path.stat().st_size
    if size <= _HOPE * most + weights.MAX_HEADER:
        file = weights.without(path, _LEFT_OUT)
        packed = zlib.compress(_sorted(file), 9) if len(file) <= _HOPE * most else file
        if len(packed) <= most:
            return packed
        size = len(packed)
    raise ValueError(f"found weights of {size:,} bytes, expected at most {most:,}")


def load(packed: bytes, network: nn.Module, beside: Path) -> dict[str, Any]:
    """Give a network packed weights; gives what their header says. beside: a path that is free for temporaries.

    Raises as `weights.load` does; `OutputError` where there is no room.
    """
    with unpacked(packed, beside) as file:
        return weights.load(file, network)


@contextlib.contextmanager
def unpacked(packed: bytes, beside: Path) -> Iterator[Path]:
    """Give the path of a weights file, unpacked; it goes when the block ends.

    Raises `DamagedError` where it cannot be unpacked, `OutputError` where there is no room.
    """
    data = _unpack(packed)
    with temporary_file(beside) as file:
        with convert_os_errors(beside):
            file.write_bytes(data)
        yield file


def figures(packed: bytes) -> weights.Figures:
    """What packed weights come to; file_bytes are those that they are packed into.

    Raises `DamagedError` where they are none, and `OutputError` as `unpacked` does.
    """
    with tempfile.TemporaryDirectory() as folder, unpacked(packed, Path(folder, "weights")) as file:
        found = weights.figures(file)
    if found is None:
        raise weights.DamagedError("they are a file of something else")
    return replace(found, file_bytes=len(packed))


def _unpack(packed: bytes) -> bytes:
    decompressor = zlib.decompressobj()
    try:
        data = decompressor.decompress(packed, MAX_FILE_BYTES + 1)
    except zlib.error as error:
        raise weights.DamagedError(f"they cannot be unpacked: {error}") from None
    if len(data) > MAX_FILE_BYTES:
        raise weights.DamagedError(f"unpacked, they are more than {MAX_FILE_BYTES:,} bytes")
    if not decompressor.eof or decompressor.unused_data:
        raise weights.DamagedError("they are cut off, or followed by something else")
    return _sorted(data, back=True)


def _sorted(file: bytes, *, back: bool = False) -> bytes:
    """A safetensors file with the bytes of its tensors sorted by significance, or as they were.

    Tensors of other types than float32 are sorted alike: those of their bytes that are equal stand together too.
    """
    start = min(_LENGTH + int.from_bytes(file[:_LENGTH], "little"), len(file))
    whole = start + (len(file) - start) // _SIGNIFICANCES * _SIGNIFICANCES
    table = np.frombuffer(file[start:whole], np.uint8)
    table = table.reshape((_SIGNIFICANCES, -1) if back else (-1, _SIGNIFICANCES))
    return file[:start] + table.T.tobytes() + file[whole:]
