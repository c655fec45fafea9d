"""What the files of a scene will be called, as far as that is known before they are made."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from artengine.capabilities import NUMBER
from artengine.components import ConfiguredComponent
from artengine.scene.montage import MontageFilm
from artengine.scene.motion import Film

Owner = TypeVar("Owner")


@dataclass(frozen=True, slots=True)
class FileName:
    """The name of a scene's file, or of several: in its suffix, ``####`` stands for a number of four digits or more."""

    scene: str
    suffix: str

    def __str__(self) -> str:
        return f"{self.scene}{self.suffix}"

    @property
    def is_numbered(self) -> bool:
        """Whether it stands for several files."""
        return NUMBER in self.suffix

    @property
    def first(self) -> str:
        """The name of the first file that it stands for."""
        return f"{self.scene}{self.suffix.replace(NUMBER, '0001')}"

    def matches(self, name: str) -> bool:
        """Whether a file of that name is one of those that it stands for."""
        return self._match(name) is not None

    def number_of(self, name: str) -> int | None:
        """The number of a file of that name among those that it stands for; None where it is none of them."""
        match = self._match(name) if self.is_numbered else None
        return int(match[1]) if match else None

    def _match(self, name: str) -> re.Match[str] | None:
        number = re.escape(self.suffix).replace(re.escape(NUMBER), r"(\d{4,})")
        return re.fullmatch(re.escape(self.scene) + number, name)

    def existing(self, folder: Path) -> list[Path]:
        """Those of the files that are in a folder, in their order."""
        if not self.is_numbered:
            path = folder / str(self)
            return [path] if os.path.lexists(path) else []
        return sorted(path for path in folder.iterdir() if self.matches(path.name))


def output_files(
    scene: str, outputs: Iterable[ConfiguredComponent], film: Film | MontageFilm | None = None
) -> list[FileName]:
    """The files that outputs of a scene of that name will write, as far as they declare them; film: of that scene."""
    number = f"-{NUMBER}" if film and film.stills_are_numbered else ""
    return [
        FileName(scene, suffix if output.component.films else f"{number}{suffix}")
        for output in outputs
        for suffix in output.component.writes
    ]


def clashes(files: Iterable[tuple[Owner, FileName]]) -> Iterator[tuple[FileName, Owner, Owner]]:
    """Files that two would write, with the earlier and the later one of those."""
    exact: dict[str, Owner] = {}
    numbered: list[tuple[Owner, FileName]] = []
    for owner, file in files:
        earlier = [one for one, other in numbered if other.matches(file.first)]
        if file.is_numbered:
            earlier += [one for name, one in exact.items() if file.matches(name)]
            numbered.append((owner, file))
        else:
            earlier += [exact[str(file)]] if str(file) in exact else []
            exact.setdefault(str(file), owner)
        if earlier:
            yield file, earlier[0], owner
