"""What happens while a scene is made, told step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artengine.sessions import Progress, Result

if TYPE_CHECKING:
    import numpy as np

    #: Gives the picture as it is when it is asked, for a place of so many columns and rows of pixels: (H, W, C) floats
    #: in [0, 1]. Where it is larger, who shows it shrinks it.
    Glance = Callable[[int, int], np.ndarray[Any, Any]]


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth a line: what was reused, resumed or passed over."""

    text: str


@dataclass(frozen=True, slots=True)
class Resumed(Note):
    """A training goes on from a step at which an earlier run was stopped."""

    step: int


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """Training got as far as this; glance: at the picture, until the training goes on.

    request_stop: has a training without an end come to one, with all that belongs to it; None where it ends by itself.
    """

    progress: Progress
    glance: Glance | None = None
    request_stop: Callable[[], None] | None = None

    @property
    def step(self) -> int:
        """Steps done."""
        return self.progress.step


@dataclass(frozen=True, slots=True)
class TrainingEnd:
    """Training has come to its end, and its weights are in their file; glance: at the picture."""

    result: Result
    glance: Glance | None = None

    @property
    def step(self) -> int:
        """Steps done."""
        return self.result.step


@dataclass(frozen=True, slots=True)
class Painted:
    """Painting got as far as this, in pixels; glance: at what is painted."""

    done: int
    total: int
    glance: Glance | None = None


@dataclass(frozen=True, slots=True)
class Filmed:
    """A film got as far as this, in frames; of a film of several shots, one of them; glance: at the frame."""

    done: int
    total: int
    of: str = ""
    glance: Glance | None = None


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


#: A report on the way, or the end.
Training = TrainingReport | TrainingEnd

Event = Note | Training | Painted | Filmed | Made | Wrote
