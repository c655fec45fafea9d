"""The events of making a scene or a gallery: reports of the work under way, notes and written files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artengine.sessions import Progress, Result

if TYPE_CHECKING:
    import numpy as np

    #: Gives the picture at the moment of the call, for a display of so many columns and rows of pixels: (H, W, C)
    #: floats in [0, 1]. It may be larger than the display, which then shrinks it.
    Glance = Callable[[int, int], np.ndarray[Any, Any]]


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the user: what was reused, resumed or passed over."""

    text: str


@dataclass(frozen=True, slots=True)
class Resumed(Note):
    """A training is resumed from the step at which an earlier run was stopped."""

    step: int


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """A report of a training; glance: the picture, until the training goes on.

    request_stop: asks a training without an end of its own to end with a result; None where it ends by itself.
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
    """The end of a training, whose weights are in their file by now; glance: the picture."""

    result: Result
    glance: Glance | None = None

    @property
    def step(self) -> int:
        """Steps done."""
        return self.result.step


@dataclass(frozen=True, slots=True)
class PaintingReport:
    """How far a painting is, in pixels; glance: what is painted so far."""

    done: int
    total: int
    glance: Glance | None = None


@dataclass(frozen=True, slots=True)
class FilmReport:
    """How far a film is, in frames; of: which of several shots, empty for a film of one; glance: the frame."""

    done: int
    total: int
    of: str = ""
    glance: Glance | None = None


@dataclass(frozen=True, slots=True)
class Wrote:
    """A file has been written, whole."""

    path: Path


@dataclass(frozen=True, slots=True)
class GalleryReport:
    """How far a gallery is, in pictures; name: of the last one, error: why it failed, empty where it did not."""

    done: int
    total: int
    name: str
    error: str


#: A report of a training under way, or its end.
Training = TrainingReport | TrainingEnd

Event = Note | Training | PaintingReport | FilmReport | GalleryReport | Wrote
