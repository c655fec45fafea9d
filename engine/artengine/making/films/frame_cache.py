"""The frames of a film that are painted already: files of a hidden folder beside the film, until that is there.

A film that was stopped goes on with them; so does one whose outputs alone were changed.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from artengine.errors import OutputError
from artengine.files import convert_os_errors, temporary_file

Pixels = np.ndarray[Any, Any]

_HEAD = struct.Struct("<8sIII")  # a mark; rows, columns, channels
_MARK = b"artframe"
_MOST = 1 << 31  # bytes of a frame: more than any film has
_KEY = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class FrameCache:
    """The painted frames of one film: ``<folder>/.<name>.frames/<key>/000017.frame``.

    key: what the frames come from, 16 hexadecimal digits; frames of another one are no use, and cleared away.
    """

    folder: Path
    name: str
    key: str

    @property
    def place(self) -> Path:
        """The folder of the frames."""
        return self.folder / f".{self.name}.frames" / self.key

    def open(self) -> None:
        """Make room for the frames, and clear away those of other films with that name.

        Raises `OutputError` where there is something else.
        """
        above = self.place.parent
        for folder in (above, self.place):
            if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
                raise OutputError(f"{folder}: is in the way of the film's frames; move it, or choose another --out")
        with convert_os_errors(self.place):
            self.place.mkdir(parents=True, exist_ok=True)
        for other in above.iterdir():
            if _KEY.fullmatch(other.name) and other.name != self.key:
                shutil.rmtree(other, ignore_errors=True)

    def path(self, frame: int) -> Path:
        """Where a frame is, or will be."""
        return self.place / f"{frame:06}.frame"

    def has(self, frame: int) -> bool:
        """Whether the frame is painted: a file that is there is whole, unless the disk has damaged it; see `look`."""
        return self.path(frame).is_file()

    def keep(self, frame: int, pixels: Pixels) -> None:
        """Write a frame: (H, W, 3) or (H, W, 1) bytes. It appears whole; the disk need not have it for good.

        Raises `OutputError` where it cannot be written.
        """
        path = self.path(frame)
        with temporary_file(path) as temporary, convert_os_errors(path):
            temporary.write_bytes(_packed(pixels))
            temporary.replace(path)

    def look(self, frame: int) -> Pixels | None:
        """A frame that was painted, (H, W, 3) or (H, W, 1) bytes; None where there is none that can be used."""
        try:
            return _unpacked(self.path(frame).read_bytes())
        except (OSError, ValueError, struct.error, zlib.error):
            return None

    def clear(self) -> None:
        """Remove all frames: the film is there."""
        clear(self.folder, self.name)

    def missing(self, frames: int) -> Iterator[int]:
        """The frames that are still to be painted."""
        return (frame for frame in range(frames) if not self.has(frame))


def clear(folder: Path, name: str) -> None:
    """Remove the frames of all films of that name; what is not ours stays."""
    above = folder / f".{name}.frames"
    if above.is_symlink() or not above.is_dir():
        return
    for place in above.iterdir():
        if _KEY.fullmatch(place.name) and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)
    with contextlib.suppress(OSError):  # there is something else in it
        above.rmdir()


def _packed(pixels: Pixels) -> bytes:
    """A frame as its differences to the left and above, packed: smaller than a PNG of it, in a third of the time."""
    down = pixels.copy()
    down[1:] -= pixels[:-1]
    across = down.copy()
    across[:, 1:] -= down[:, :-1]
    packer = zlib.compressobj(1, strategy=zlib.Z_HUFFMAN_ONLY)
    return _HEAD.pack(_MARK, *pixels.shape) + packer.compress(across.data) + packer.flush()


def _unpacked(data: bytes) -> Pixels:
    """The frame that was packed.

    Raises `ValueError`, `struct.error` or `zlib.error` for anything else.
    """
    mark, rows, columns, channels = _HEAD.unpack(data[: _HEAD.size])
    size = rows * columns * channels
    if mark != _MARK or channels not in (1, 3) or not 0 < size <= _MOST:
        raise ValueError("not the frame of a film")
    unpacker = zlib.decompressobj()
    found = unpacker.decompress(data[_HEAD.size :], size)
    if (
        len(found) != size
        or unpacker.decompress(unpacker.unconsumed_tail, 1)
        or not unpacker.eof
        or unpacker.unused_data
    ):
        raise ValueError("not the whole frame of a film")
    across = np.frombuffer(found, np.uint8).reshape(rows, columns, channels)
    return across.cumsum(axis=0, dtype=np.uint8).cumsum(axis=1, dtype=np.uint8)
