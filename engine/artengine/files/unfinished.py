"""Work that is not finished, in a hidden folder beside the files it is for: each with what decides it, so that none is
lost when settings change, and what was stopped can go on when they come back.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from artengine.files.atomic import convert_os_errors
from artengine.files.earlier import InTheWayError

MAX_OTHERS = 4  # stopped works of one name that are kept beside the one under way, the latest

_KEY = re.compile(r"[0-9a-f]{16}")
_FOLDER = re.compile(r"\..+\.(training|frames)")  # of the works of one name and kind


@dataclass(frozen=True, slots=True)
class UnfinishedWork:
    """A folder for a work under way: ``<folder>/.<name>.<kind>/<key>``.

    key: a hash of all that decides the work, of which 16 digits stand in the name.
    """

    folder: Path
    name: str
    kind: Literal["training", "frames"]
    key: str

    @property
    def path(self) -> Path:
        """The folder."""
        return self._above / self.key[:16]

    @property
    def _above(self) -> Path:
        return self.folder / f".{self.name}.{self.kind}"

    def make(self) -> None:
        """Make the folder.

        Raises `OutputError` as `check` does, or where it cannot be made.
        """
        self.check()
        with convert_os_errors(self.path):
            self.path.mkdir(parents=True, exist_ok=True)

    def check(self) -> None:
        """Raise `InTheWayError` where something else stands in its place."""
        for folder in (self._above, self.path):
            if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
                message = f"{folder}: stands where unfinished work is kept ({self.kind})"
                raise InTheWayError(f"{message}; move it, or choose another folder with --out")

    def clear_oldest(self) -> str:
        """Remove the oldest of too many others; gives a word about those that stay, empty for none."""
        others = self.others()
        for other in others[MAX_OTHERS:]:
            shutil.rmtree(other, ignore_errors=True)
        kept = others[:MAX_OTHERS]
        if not kept:
            return ""
        size = sum(file.stat().st_size for other in kept for file in other.iterdir())
        dropped = f"; {len(others) - len(kept)} older dropped" if len(others) > MAX_OTHERS else ""
        told = f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{max(1, size // 1000)} kB"
        settings = "other settings" if len(kept) == 1 else f"{len(kept)} other settings"
        return f"what was stopped with {settings} can still go on: {self._above} ({told}{dropped})"

    def others(self) -> list[Path]:
        """The folders of other works with this name, the latest first."""
        found: list[tuple[float, Path]] = []
        with contextlib.suppress(OSError):
            for path in self._above.iterdir():
                if _KEY.fullmatch(path.name) and path != self.path and not path.is_symlink() and path.is_dir():
                    found.append((path.stat().st_mtime, path))
        return [path for _, path in sorted(found, reverse=True)]

    def clear(self) -> None:
        """Remove the folder: the work is finished."""
        if not self._above.is_symlink() and not self.path.is_symlink():
            shutil.rmtree(self.path, ignore_errors=True)
            with contextlib.suppress(OSError):  # it holds something else
                self._above.rmdir()


def clear_finished(folder: Path) -> bool:
    """Remove all that is in a folder but work that is not finished, of any name; the folder too where nothing is left.

    Gives whether there is such work.
    """
    kept = False
    with contextlib.suppress(OSError):
        for path in [] if folder.is_symlink() else list(folder.iterdir()):
            if path.is_symlink() or not path.is_dir():
                path.unlink()
            elif _FOLDER.fullmatch(path.name) and any(one.is_file() for one in path.glob("*/*")):
                kept = True
            else:
                kept |= clear_finished(path)
        folder.rmdir()
    return kept
