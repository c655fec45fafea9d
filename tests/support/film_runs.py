"""Films in the making: run, killed on purpose, and looked at while they are half there."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.interrupted_trainings import save_every_checkpoint

from artengine import load
from artengine.events import Event, FilmReport
from artengine.making.pipeline import make_files

FILM = """\
canvas: {width: 48, height: 27}
network: {neural_painter: {hidden_size: 8, nr_hidden: 1, nonlin: sin}}
film: {length: 12f, fps: 12}
camera: {keys: {0s: {zoom: 1}, 100%: {zoom: 3, centre: [0.2, 0.1]}}}
outputs: frames
"""
FRAMES = 12


def made(scene: Path, out: Path, **options: Any) -> list[Event]:
    overrides = options.pop("overrides", ())
    return list(make_files(load(scene, overrides=overrides), out, device="cpu", **options))


def until(scene: Path, out: Path, stop: Callable[[Event], object], **options: Any) -> Callable[[], object]:
    """A run in which something is done at every event."""

    def work() -> None:
        save_every_checkpoint()
        for event in make_files(load(scene), out, device="cpu", **options):
            stop(event)

    return work


def at_frame(number: int) -> Callable[[Event], object]:
    """Kill ourselves -9 when so many frames have been filmed."""

    def stop(event: Event) -> None:
        if isinstance(event, FilmReport) and event.done == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return stop


def painted(out: Path, name: str = "s") -> dict[str, int]:
    """The frames that are there, and when they were written, to the nanosecond."""
    return {path.name: path.stat().st_mtime_ns for path in out.glob(f".{name}.frames/*/*.frame")}
