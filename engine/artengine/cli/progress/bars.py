"""What a run shows on a terminal: bars, and perhaps the picture above them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress as RichProgress, TextColumn, TimeRemainingColumn
from rich.text import Text

from artengine.cli.progress.displays import LineDisplay, known_steps

if TYPE_CHECKING:
    from artengine.events import Event, Glance
    from artengine.sessions import Progress, Result


def open_bars(watch: bool) -> BarDisplay:
    """Bars on the terminal, below a picture if that is asked for and the terminal can show one."""
    console = Console(file=sys.stderr)
    if watch:
        from artengine.cli.progress.preview import can_show_pictures

        if can_show_pictures(console):
            return PreviewDisplay(console)
    return BarDisplay(console)


class BarDisplay(LineDisplay):
    """Bars on the terminal: step, loss, PSNR, speed and time left; those of one scene at a time."""

    def __init__(self, console: Console) -> None:
        super().__init__(quiet=False)
        self._progress = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=12),  # so that all of it goes into 80 columns
            MofNCompleteColumn(),
            TextColumn("{task.fields[details]}", markup=False),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=console,
            transient=True,
        )
        self._scene = ""
        self._bars: dict[str, Any] = {}

    def __enter__(self) -> BarDisplay:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def __call__(self, name: str, event: Event, /) -> None:
        from artengine.events import FilmReport, GalleryReport, PaintingReport, TrainingEnd, TrainingReport

        if name != self._scene:
            self._begin_scene(name)
        match event:
            case TrainingReport(progress, glance):
                steps = known_steps(progress)
                self._update_bar(f"{name}: learning", progress.step, steps, _describe_measures(progress), glance)
            case TrainingEnd(result, glance):
                self._update_bar(f"{name}: learning", result.step, result.step, _describe_measures(result), glance)
                self.say(f"{name}: learnt in {result.step:,} steps, {_describe_measures(result, digits=5)}")
            case PaintingReport(done, total, glance):
                self._update_bar(f"{name}: painting", done, total, "", glance)
            case FilmReport(done, total, of, glance):
                self._update_bar(f"{name}: filming{f' {of}' if of else ''}", done, total, "", glance)
            case GalleryReport(done, total):
                self._update_bar(f"{name}: gallery", done, total, "")
                super().__call__(name, event)
            case _:
                super().__call__(name, event)

    def say(self, text: str) -> None:
        """Show a line above the bars."""
        self._progress.console.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)

    def show_result(self, path: Path) -> None:
        """Show the path of a file, above the bars where it would come between them."""
        if sys.stdout and sys.stdout.isatty():
            self.say(str(path))
        else:
            super().show_result(path)

    def _begin_scene(self, name: str) -> None:
        """Leave the bars of the scene before."""
        self._scene = name
        for task in self._bars.values():
            self._progress.update(task, visible=False)
        self._bars.clear()

    def _update_bar(self, bar: str, done: int, total: int, details: str, glance: Glance | None = None) -> None:
        if bar not in self._bars:
            self._bars[bar] = self._progress.add_task(bar, total=total, details="")
        task = self._bars[bar]
        speed = self._progress.tasks[task].speed
        per_second = "" if speed is None else f" {speed:,.0f}/s"
        self._progress.update(task, completed=done, total=total, details=f"{details}{per_second}".strip())


class PreviewDisplay(BarDisplay):
    """Bars, and above them the picture as it is now; the last one of each scene stays."""

    def __init__(self, console: Console) -> None:
        from artengine.cli.progress.preview import Preview

        super().__init__(console)
        self._preview = Preview(console, self._progress.get_renderable)

    def __enter__(self) -> PreviewDisplay:
        self._preview.open()
        return self

    def __exit__(self, *error: object) -> None:
        self._preview.close()

    def say(self, text: str) -> None:
        """Show a line above the picture."""
        self._preview.say(Text(text))

    def _begin_scene(self, name: str) -> None:
        self._preview.leave()
        super()._begin_scene(name)

    def _update_bar(self, bar: str, done: int, total: int, details: str, glance: Glance | None = None) -> None:
        super()._update_bar(bar, done, total, details, glance)
        if glance:
            self._preview.look(glance, last=done == total)
        self._preview.refresh(last=done == total)


def _describe_measures(at: Progress | Result, digits: int = 4) -> str:
    """Loss and PSNR, in words."""
    words = f"loss {at.loss:.{digits}f}"
    words += "" if at.psnr is None else f" {at.psnr:.1f} dB"
    return words + ("" if at.holdout_psnr is None else f" hidden {at.holdout_psnr:.1f} dB")
