"""Running scenes while a person or a machine watches: what is shown, and what a request to stop comes to."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING

from artengine.cli.progress.displays import JsonDisplay, LineDisplay
from artengine.cli.progress.stopping import stop_requests
from artengine.errors import printable

if TYPE_CHECKING:
    from artengine.events import Event

NamedEvents = Iterator[tuple[str, Generator["Event", None, None]]]  # scenes by their names, with what happens to them


def run_with_progress(begin: Callable[[], NamedEvents], *, quiet: bool, as_json: bool, watch: bool = False) -> None:
    """Run scenes and show how far they are; results go to stdout, all else to stderr.

    begin: gives the names of scenes with their events, one after the other; called once a stop can be requested.
    watch: show the picture too, as it is now.
    A first Ctrl-C stops at the end of a step, with everything saved; a second one at once. What has no end of its own
    comes to one by the first, and its files are made.
    """
    with stop_requests() as stop_code, _open_display(quiet, as_json, watch) as show:
        from artengine.events import FilmReport, GalleryReport, Note, TrainingEnd, TrainingReport

        stop_requested = False
        for name, events in begin():
            if stop_requested:
                sys.exit(stop_code())
            last_step: Event | None = None  # a note may come between two steps
            with contextlib.closing(events):
                for event in events:
                    show(name, event)
                    last_step = last_step if isinstance(event, Note) else event
                    if (code := stop_code()) and not stop_requested:
                        if isinstance(last_step, TrainingReport) and last_step.request_stop:
                            stop_requested = True
                            last_step.request_stop()
                            show(name, Note("ending here, with what there is"))
                            continue
                        saved = isinstance(last_step, TrainingReport) and last_step.progress.state is not None
                        can_go_on = saved or isinstance(last_step, TrainingEnd | FilmReport | GalleryReport)
                        events.close()  # which saves what there is
                        show(name, Note("stopped" + "; the same command goes on from here" * can_go_on))
                        sys.exit(code)


@contextlib.contextmanager
def _open_display(quiet: bool, as_json: bool, watch: bool) -> Iterator[LineDisplay]:
    """Open what shows the events of a run, and the warnings meanwhile."""
    logger = logging.getLogger("artengine")
    shows_picture = False
    with contextlib.ExitStack() as stack:
        if as_json:
            show: LineDisplay = JsonDisplay()
        elif quiet or not (sys.stderr and sys.stderr.isatty()):
            show = LineDisplay(quiet)
        else:
            from artengine.cli.progress.bars import PreviewDisplay, open_bars

            show = stack.enter_context(open_bars(watch))
            shows_picture = isinstance(show, PreviewDisplay)
        if watch and not shows_picture:
            show.say("--watch needs a terminal that shows colours, so there is no picture")
        warnings = _WarningHandler(show.say)
        logger.addHandler(warnings)
        stack.callback(logger.removeHandler, warnings)
        yield show


class _WarningHandler(logging.Handler):
    """Shows warnings as single lines."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(printable(f"{record.levelname.lower()}: {record.getMessage()}"))
