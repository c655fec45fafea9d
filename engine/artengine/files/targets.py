"""Where the outputs of a scene write their files."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from artengine.capabilities import SUFFIX
from artengine.files.atomic import create_file, never_cancelled, place_file, program_file
from artengine.files.earlier import KEEPING, Replacing


@dataclass(frozen=True, slots=True)
class OutputTarget:
    """Where the outputs of one scene go: ``<folder>/<name><suffix>``; see `Target`.

    number: of a still where there are several, which is put before the suffix: ``<name>-0001.svg``.
    """

    folder: Path
    name: str
    recipe: str | None
    dpi: float | None = None
    sheet: tuple[float, float] | None = None
    written: set[Path] = field(default_factory=set)  # by the outputs of this run
    raise_if_cancelled: Callable[[], None] = never_cancelled
    fps: float | None = None
    loop: bool = False
    number: int | None = None
    replacing: Replacing | None = KEEPING

    def path(self, suffix: str, /) -> Path:
        """The path of the file with that suffix.

        Raises `ValueError` for a suffix that would lead elsewhere.
        """
        if not SUFFIX.fullmatch(suffix):
            raise ValueError(f"found the suffix {suffix!r}, expected something like '.png' or '-2.png'")
        number = "" if self.number is None else f"-{self.number:04d}"
        return self.folder / f"{self.name}{number}{suffix}"

    def create(self, suffix: str, /) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Open the file with that suffix for writing, see `create_file`.

        Raises `ValueError` where it has been written in this run already.
        """
        return create_file(self._claim(suffix), self.raise_if_cancelled, self.replacing)

    def place(self, suffix: str, /) -> contextlib.AbstractContextManager[Path]:
        """Give a path to write the file with that suffix to, see `place_file`; raises as `create` does."""
        return place_file(self._claim(suffix), self.raise_if_cancelled, self.replacing)

    def scratch(self, suffix: str, /) -> contextlib.AbstractContextManager[Path]:
        """Give a path to write to what nobody needs afterwards, see `program_file`."""
        return program_file(self.path(suffix))

    def _claim(self, suffix: str) -> Path:
        path = self.path(suffix)
        if path in self.written:
            raise ValueError(f"writes {path}, which has been written in this run already")
        self.written.add(path)
        return path
