"""What happens while a scene is made, told step by step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from artengine.kinds import Progress


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth a line: what was reused, resumed or passed over."""

    text: str


@dataclass(frozen=True, slots=True)
class Resumed(Note):
    """A training goes on from a step at which an earlier run was stopped."""

    step: int


@dataclass(frozen=True, slots=True)
class Trained:
    """Training got as far as this."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class Painted:
    """Painting got as far as this, in pixels."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Filmed:
    """A film got as far as this, in frames; of a film of several shots, one of them."""

    done: int
    total: int
    of: str = ""


@dataclass(frozen=True, slots=True)
class Wrote:
    """A file is there, whole."""

    path: Path


@dataclass(frozen=True, slots=True)
class Made:
    """A gallery got as far as this, in pictures; error: why the last one failed, empty where it did not."""

    done: int
    total: int
    name: str
    error: str


Event = Note | Trained | Painted | Filmed | Made | Wrote
