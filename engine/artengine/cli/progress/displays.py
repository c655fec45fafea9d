"""What a run says without a terminal: paths and notes as lines, or every event as a line of JSON."""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from artengine.errors import is_unicode

if TYPE_CHECKING:
    from artengine.events import Event
    from artengine.sessions import Progress, Result

PAINTING_INTERVAL = 0.1  # seconds between two events of painting, which come by the thousand


class LineDisplay:
    """Paths on stdout; notes on stderr, but for a quiet run."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet

    def __call__(self, name: str, event: Event, /) -> None:
        """Show an event of the scene with that name."""
        from artengine.events import GalleryReport, Note, Wrote

        if isinstance(event, Wrote):
            self.show_result(event.path)
        elif isinstance(event, GalleryReport) and event.error:
            self.say(f"{event.name}: {event.error}")
        elif isinstance(event, Note) and not self._quiet:
            self.say(f"{name}: {event.text}")

    def say(self, text: str) -> None:
        """Show a line to the person who watches."""
        click.echo(text, err=True)

    def show_result(self, path: Path) -> None:
        """Show the path of a file that is there."""
        name = str(path)
        click.echo(name if is_unicode(name) else os.fsencode(name))  # one that is no text as the bytes that it is


class JsonDisplay(LineDisplay):
    """Every event as a line of JSON on stdout."""

    def __init__(self) -> None:
        super().__init__(quiet=False)
        self._last_shown = 0.0

    def __call__(self, name: str, event: Event, /) -> None:
        data = self._to_data(event)
        if (
            data["event"] == "painting"
            and data["done"] < data["total"]
            and time.monotonic() < self._last_shown + PAINTING_INTERVAL
        ):
            return
        self._last_shown = time.monotonic()
        click.echo(json.dumps({"scene": name, **data}))

    def _to_data(self, event: Event) -> dict[str, Any]:
        from artengine.events import FilmReport, GalleryReport, Note, PaintingReport, TrainingEnd, TrainingReport, Wrote
        from artengine.gallery import TrialsCompared

        match event:
            case TrainingReport(progress):
                return _describe_training(progress, known_steps(progress))
            case TrainingEnd(result):
                return _describe_training(result, result.step)
            case PaintingReport(done, total):
                return {"event": "painting", "done": done, "total": total}
            case FilmReport(done, total, of):
                return {"event": "filming", "done": done, "total": total} | ({"of": of} if of else {})
            case GalleryReport(done, total, made, error):
                return {"event": "making", "done": done, "total": total, "name": made, "error": error}
            case Wrote(path):
                return {"event": "wrote", "path": str(path)}
            case TrialsCompared():
                return {"event": "compared", **event.plain()}
            case Note(text):
                return {"event": "note", "text": text}
        raise TypeError(f"no such event: {event!r}")


def _describe_training(at: Progress | Result, steps: int) -> dict[str, Any]:
    """Where a training stands, in as many steps as are known; it is done where step and steps are the same."""
    measured = {"loss": at.loss, "psnr": _finite(at.psnr), "hidden": _finite(at.holdout_psnr)}
    return {"event": "training", "step": at.step, "steps": steps, **measured}


def known_steps(progress: Progress) -> int:
    """Steps in all, as far as is known: of a training without an end, the next one."""
    return progress.step + 1 if progress.total is None else progress.total


def _finite(value: float | None) -> float | None:
    """The value where JSON has a word for it; None for NaN and infinity."""
    return value if value is not None and math.isfinite(value) else None
