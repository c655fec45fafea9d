"""Watching a scene being made: a bar on a terminal, lines of JSON for machines, silence elsewhere."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

import click

from artengine.errors import printable

if TYPE_CHECKING:
    from rich.console import Console

    from artengine.events import Event, Glance
    from artengine.sessions import Progress, Result

PAUSE = 0.1  # seconds between two events of painting, which come by the thousand

Begun = Iterator[tuple[str, Generator["Event", None, None]]]


def watched(begin: Callable[[], Begun], *, quiet: bool, as_json: bool, watch: bool = False) -> None:
    """Show how work goes; results go to stdout, all else to stderr.

    begin: names of scenes with what happens to them, one after the other; called when a stop can already be asked for.
    watch: show the picture too, as it is now.
    A first Ctrl-C stops at the end of a step, with everything saved; a second one at once. What has no end of its own
    comes to one by the first, and its files are made.
    """
    with _told_to_stop() as stopped, _display(quiet, as_json, watch) as show:
        from artengine.events import Filmed, Made, Note, TrainingEnd, TrainingReport

        ended = False
        for name, events in begin():
            if ended:
                sys.exit(stopped())
            reached: Event | None = None  # a note may come between two steps
            with contextlib.closing(events):
                for event in events:
                    show(name, event)
                    reached = reached if isinstance(event, Note) else event
                    if (code := stopped()) and not ended:
                        if isinstance(reached, TrainingReport) and reached.request_stop:
                            ended = True
                            reached.request_stop()
                            show(name, Note("ending here, with what there is"))
                            continue
                        saved = isinstance(reached, TrainingReport) and reached.progress.state is not None
                        goes_on = saved or isinstance(reached, TrainingEnd | Filmed | Made)
                        events.close()  # which saves what there is
                        show(name, Note("stopped" + "; the same command goes on from here" * goes_on))
                        sys.exit(code)


class Show(Protocol):
    """Shows an event of the scene with that name."""

    def __call__(self, name: str, event: Event, /) -> None: ...


@contextlib.contextmanager
def _told_to_stop() -> Iterator[Callable[[], int]]:
    """A function that gives the exit code asked for by a signal, 0 while there was none."""
    code = 0
    signals = (signal.SIGINT, signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread():
        yield lambda: 0
        return

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal code
        code = 128 + number
        for one in signals:
            signal.signal(one, signal.default_int_handler if one == signal.SIGINT else signal.SIG_DFL)

    before = {one: signal.signal(one, note) for one in signals}
    try:
        yield lambda: code
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextlib.contextmanager
def _display(quiet: bool, as_json: bool, watch: bool) -> Iterator[Show]:
    logger = logging.getLogger("artengine")
    with contextlib.ExitStack() as stack:
        if as_json:
            show: _Lines = _Json()
        elif quiet or not (sys.stderr and sys.stderr.isatty()):
            show = _Lines(quiet)
        else:
            show = stack.enter_context(_bars(watch))
        if watch and not isinstance(show, _Watching):
            show.say("--watch needs a terminal that shows colours, so there is no picture")
        warnings = _Warnings(show.say)
        logger.addHandler(warnings)
        stack.callback(logger.removeHandler, warnings)
        yield show


def _bars(watch: bool) -> _Bars:
    """Bars on the terminal, below a picture if that is asked for and the terminal can show one."""
    from rich.console import Console

    console = Console(file=sys.stderr)
    if watch:
        from artengine.cli import preview

        if preview.shows(console):
            return _Watching(console)
    return _Bars(console)


class _Warnings(logging.Handler):
    """Warnings as single lines on stderr."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(printable(f"{record.levelname.lower()}: {record.getMessage()}"))


class _Lines:
    """Paths on stdout; notes on stderr unless told to be quiet."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet

    def __call__(self, name: str, event: Event, /) -> None:
        from artengine.events import Made, Note, Wrote

        if isinstance(event, Wrote):
            self.give(event.path)
        elif isinstance(event, Made) and event.error:
            self.say(f"{event.name}: {event.error}")
        elif isinstance(event, Note) and not self._quiet:
            self.say(f"{name}: {event.text}")

    def say(self, text: str) -> None:
        """A line for the person who watches."""
        click.echo(text, err=True)

    def give(self, path: Path) -> None:
        """A result."""
        click.echo(str(path))


class _Json(_Lines):
    """Every event as a line of JSON on stdout."""

    def __init__(self) -> None:
        super().__init__(quiet=False)
        self._last = 0.0

    def __call__(self, name: str, event: Event, /) -> None:
        data = self._data(event)
        if data["event"] == "painting" and data["done"] < data["total"] and time.monotonic() < self._last + PAUSE:
            return
        self._last = time.monotonic()
        click.echo(json.dumps({"scene": name, **data}))

    def _data(self, event: Event) -> dict[str, Any]:
        from artengine.events import Filmed, Made, Note, Painted, TrainingEnd, TrainingReport, Wrote
        from artengine.gallery import TrialsCompared

        match event:
            case TrainingReport(progress):
                return _training(progress, _known_steps(progress))
            case TrainingEnd(result):
                return _training(result, result.step)
            case Painted(done, total):
                return {"event": "painting", "done": done, "total": total}
            case Filmed(done, total, of):
                return {"event": "filming", "done": done, "total": total} | ({"of": of} if of else {})
            case Made(done, total, made, error):
                return {"event": "making", "done": done, "total": total, "name": made, "error": error}
            case Wrote(path):
                return {"event": "wrote", "path": str(path)}
            case TrialsCompared():
                return {"event": "compared", **event.plain()}
            case Note(text):
                return {"event": "note", "text": text}
        raise TypeError(f"no such event: {event!r}")


def _training(at: Progress | Result, steps: int) -> dict[str, Any]:
    """Where a training stands, in as many steps as are known; it is done where step and steps are the same."""
    measured = {"loss": at.loss, "psnr": _number(at.psnr), "hidden": _number(at.holdout_psnr)}
    return {"event": "training", "step": at.step, "steps": steps, **measured}


def _known_steps(progress: Progress) -> int:
    """Steps in all, as far as is known: of a training without an end, the next one."""
    return progress.step + 1 if progress.total is None else progress.total


def _number(value: float | None) -> float | None:
    """What JSON has a word for."""
    return value if value is not None and math.isfinite(value) else None


def _measured(at: Progress | Result, digits: int = 4) -> str:
    """Loss and PSNR, in words."""
    words = f"loss {at.loss:.{digits}f}"
    words += "" if at.psnr is None else f" {at.psnr:.1f} dB"
    return words + ("" if at.holdout_psnr is None else f" hidden {at.holdout_psnr:.1f} dB")


class _Bars(_Lines):
    """Bars on the terminal: step, loss, PSNR, speed and time left; those of one scene at a time."""

    def __init__(self, console: Console) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress as RichProgress,
            TextColumn,
            TimeRemainingColumn,
        )

        super().__init__(quiet=False)
        self._progress = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=12),  # so that all of it goes into 80 columns
            MofNCompleteColumn(),
            TextColumn("{task.fields[told]}", markup=False),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=console,
            transient=True,
        )
        self._scene = ""
        self._bars: dict[str, Any] = {}

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def __call__(self, name: str, event: Event, /) -> None:
        from artengine.events import Filmed, Made, Painted, TrainingEnd, TrainingReport

        if name != self._scene:
            self._begin(name)
        match event:
            case TrainingReport(progress, glance):
                steps = _known_steps(progress)
                self._update(f"{name}: learning", progress.step, steps, _measured(progress), glance)
            case TrainingEnd(result, glance):
                self._update(f"{name}: learning", result.step, result.step, _measured(result), glance)
                self.say(f"{name}: learnt in {result.step:,} steps, {_measured(result, digits=5)}")
            case Painted(done, total, glance):
                self._update(f"{name}: painting", done, total, "", glance)
            case Filmed(done, total, of, glance):
                self._update(f"{name}: filming{f' {of}' if of else ''}", done, total, "", glance)
            case Made(done, total):
                self._update(f"{name}: gallery", done, total, "")
                super().__call__(name, event)
            case _:
                super().__call__(name, event)

    def say(self, text: str) -> None:
        """A line above the bars."""
        self._progress.console.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)

    def give(self, path: Path) -> None:
        """A result, above the bars where it would come between them."""
        if sys.stdout and sys.stdout.isatty():
            self.say(str(path))
        else:
            super().give(path)

    def _begin(self, name: str) -> None:
        """Another scene is next."""
        self._scene = name
        for task in self._bars.values():
            self._progress.update(task, visible=False)
        self._bars.clear()

    def _update(self, bar: str, done: int, total: int, told: str, glance: Glance | None = None) -> None:
        if bar not in self._bars:
            self._bars[bar] = self._progress.add_task(bar, total=total, told="")
        task = self._bars[bar]
        speed = self._progress.tasks[task].speed
        fast = "" if speed is None else f" {speed:,.0f}/s"
        self._progress.update(task, completed=done, total=total, told=f"{told}{fast}".strip())


class _Watching(_Bars):
    """Bars, and above them the picture as it is now; the last one of each scene stays."""

    def __init__(self, console: Console) -> None:
        from artengine.cli.preview import Preview

        super().__init__(console)
        self._preview = Preview(console, self._progress.get_renderable)

    def __enter__(self) -> _Watching:
        self._preview.open()
        return self

    def __exit__(self, *error: object) -> None:
        self._preview.close()

    def say(self, text: str) -> None:
        """A line above the picture."""
        from rich.text import Text

        self._preview.say(Text(text))

    def _begin(self, name: str) -> None:
        self._preview.leave()
        super()._begin(name)

    def _update(self, bar: str, done: int, total: int, told: str, glance: Glance | None = None) -> None:
        super()._update(bar, done, total, told, glance)
        if glance:
            self._preview.look(glance, last=done == total)
        self._preview.refresh(last=done == total)
