"""The frames of a film that are painted already: files of a hidden folder beside the film, until that is there.

A film that was stopped goes on with them; so does one whose outputs alone were changed.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from artengine.errors import OutputError
from artengine.files import create, writing
from artengine.photo import any_size

Pixels = np.ndarray[Any, Any]

_KEY = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Reel:
    """The painted frames of one film: ``<folder>/.<name>.frames/<key>/000017.png``.

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
        with writing(self.place):
            self.place.mkdir(parents=True, exist_ok=True)
        for other in above.iterdir():
            if _KEY.fullmatch(other.name) and other.name != self.key:
                shutil.rmtree(other, ignore_errors=True)

    def path(self, frame: int) -> Path:
        """Where a frame is, or will be."""
        return self.place / f"{frame:06}.png"

    def has(self, frame: int) -> bool:
        """Whether the frame is painted: a file that is there is whole, unless the disk has damaged it; see `look`."""
        return self.path(frame).is_file()

    def keep(self, frame: int, pixels: Pixels) -> None:
        """Write a frame: (H, W, 3) or (H, W, 1) bytes.

        Raises `OutputError` where it cannot be written.
        """
        from PIL import Image

        grey = pixels.shape[2] == 1
        image = Image.fromarray(pixels[:, :, 0] if grey else pixels)
        with create(self.path(frame)) as file:
            image.save(file, "PNG", compress_level=1)

    def look(self, frame: int) -> Pixels | None:
        """A frame that was painted, (H, W, 3) or (H, W, 1) bytes; None where there is none that can be used."""
        from PIL import Image

        try:
            with any_size(), Image.open(self.path(frame), formats=("PNG",)) as image:
                if image.mode not in ("RGB", "L"):
                    return None
                pixels = np.asarray(image)
        except (OSError, ValueError, SyntaxError, EOFError, struct.error):  # whatever Pillow says of a damaged file
            return None
        return pixels[:, :, None] if pixels.ndim == 2 else pixels

    def clear(self) -> None:
        """Remove all frames: the film is there."""
        shutil.rmtree(self.place, ignore_errors=True)
        with contextlib.suppress(OSError):  # there is something else in it, which is not ours
            self.place.parent.rmdir()

    def missing(self, frames: int) -> Iterator[int]:
        """The frames that are still to be painted."""
        return (frame for frame in range(frames) if not self.has(frame))
