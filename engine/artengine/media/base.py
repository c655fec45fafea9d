"""The files that a scene names beside its text: what photos, folders of them and sounds have in common."""

from __future__ import annotations

import contextlib
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MAX_MEDIA_BYTES = 512 * 2**20

_opening = threading.Lock()


@dataclass(frozen=True)
class Media:
    """A file that a scene names, read when the scene was loaded.

    path: where it was found. sha256: of the file, which is how a recipe knows it again. name: as the scene says it.
    where: where a recipe says it was; empty where no recipe speaks of it. missing: why it is not at hand, and what to
    do; all that is known of such a file is its hash.
    """

    path: Path
    sha256: str
    name: str
    where: str | None = field(default="", kw_only=True, compare=False)
    missing: str = field(default="", kw_only=True, compare=False)

    @property
    def decides(self) -> str:
        """What of it decides a training that looks into it."""
        return self.sha256


class RefusedError(ValueError):
    """A file that is whole, and yet not one we take."""


def read_untrusted(path: Path, expected: str) -> bytes:
    """The bytes of an untrusted file; expected: the word for what it should be.

    Raises `ValueError` saying what was found.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ValueError(f"found {path.name!r}, which is a folder, expected a {expected}")
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"found {path.name!r}, which is no regular file, expected a {expected}")
        if status.st_size > MAX_MEDIA_BYTES:
            raise ValueError(
                f"found {path.name!r} of {status.st_size >> 20} MB, expected at most {MAX_MEDIA_BYTES >> 20} MB"
            )
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read {str(path.absolute())!r}: {error.strerror or error}") from None


@contextlib.contextmanager
def lift_size_limit() -> Iterator[None]:
    """While a picture is opened, lift Pillow's own limit of size, since ours is what a user can raise."""
    from PIL import Image

    with _opening:
        usual, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = usual
