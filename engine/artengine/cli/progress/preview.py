"""The picture on a terminal while it comes about: half blocks of colour above the bars, drawn anew in place."""

from __future__ import annotations

import contextlib
import io
import math
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from PIL import Image as Pillow
from rich.color import Color
from rich.console import Console, RenderableType
from rich.control import Control
from rich.segment import ControlType, Segment, Segments
from rich.style import Style
from rich.text import Text

if TYPE_CHECKING:
    from artengine.events import Glance

Image = np.ndarray[Any, Any]
Line = list[Segment]

MAX_PICTURE_ROWS = 40  # of text, at most: a larger picture costs more and shows little more
MIN_BAR_ROWS = 4  # rows of text left to the bars, and to those that come, so that the picture need not shrink for them
MIN_PICTURE_INTERVAL = 0.25  # seconds from one picture to the next, at least
MAX_TIME_SHARE = 0.1  # of the time, at most, that showing the picture may take
BAR_INTERVAL = 0.1  # seconds from one look of the bars to the next


def can_show_pictures(console: Console) -> bool:
    """Whether a console has what a picture needs: a cursor that moves, colours, and the half block."""
    able = console.is_terminal and not console.is_dumb_terminal and not console.options.ascii_only
    return able and console.color_system is not None and not console.no_color


def fitted(image: Image, columns: int, rows: int) -> Image:
    """An image in at most so many pixels, its aspect kept: (H, W, 3) bytes.

    image: (H, W, 1 or 3) floats in [0, 1]. A small one stays as it is.
    """
    height, width = image.shape[:2]
    levels = np.broadcast_to(np.rint(image * 255).astype(np.uint8), (height, width, 3))
    scale = min(columns / width, rows / height)
    if scale >= 1:
        return levels
    size = max(1, round(width * scale)), max(1, round(height * scale))
    shrunk = Pillow.fromarray(np.ascontiguousarray(levels)).resize(size, Pillow.Resampling.BOX)
    return np.asarray(shrunk)


def half_blocks(pixels: Image) -> list[Line]:
    """Pixels, (H, W, 3) bytes, as lines of text: a cell is two of them, the upper half before the lower one."""
    lines = []
    for top in range(0, len(pixels), 2):
        upper = [Color.from_rgb(*pixel) for pixel in pixels[top].tolist()]
        lower = [Color.from_rgb(*pixel) for row in pixels[top + 1 : top + 2] for pixel in row.tolist()]
        below: list[Color | None] = [*lower] or [None] * len(upper)
        lines.append([Segment("▀", Style.from_color(*pair)) for pair in zip(upper, below, strict=True)])
    return lines


class Pace:
    """When the next picture is due, in seconds: after `MIN_PICTURE_INTERVAL`, later where showing one takes long."""

    def __init__(self) -> None:
        self._next = -math.inf

    def due(self, now: float) -> bool:
        """Whether it is time for another one."""
        return now >= self._next

    def shown(self, begun: float, ended: float) -> None:
        """Take into account what it took to show one."""
        self._next = max(begun + MIN_PICTURE_INTERVAL, ended + (ended - begun) * (1 / MAX_TIME_SHARE - 1))


class LastLines:
    """The last lines on a terminal, drawn in place; whatever else is said comes above them.

    The cursor stays at the end of the last one. Lines are narrower than the terminal. Where it has become narrower
    since, they have been broken into several rows, as nearly all terminals do.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: list[Line] = []
        self._lock = threading.RLock()  # outputs warn from threads of their own

    def draw(self, lines: list[Line]) -> None:
        """Show these lines instead; only those from the first that differs are drawn."""
        with self._lock:
            same = 0
            if len(lines) < len(self._lines) or self._rows() > len(self._lines):
                self._put(self._erased())
            while same < min(len(lines), len(self._lines)) and lines[same] == self._lines[same]:
                same += 1
            if same < len(lines):
                self._put([*self._moved(same), *_joined(lines[same:])])
            self._lines = lines

    def say(self, words: RenderableType) -> None:
        """Print something above the lines."""
        with self._lock, self._console:  # which writes all of it at once
            lines = self._lines
            self._put(self._erased())
            self._console.print(words, soft_wrap=True)
            self.draw(lines)

    def leave(self) -> None:
        """Let the lines stay as they are, and go on below them, an empty line apart."""
        with self._lock:
            if self._lines:
                self._put([Segment.line(), Segment.line()])
            self._lines = []

    def _put(self, segments: list[Segment]) -> None:
        self._console.print(Segments(segments), end="", soft_wrap=True)

    def _rows(self) -> int:
        """How many rows of the terminal the lines take, as wide as it is now."""
        width = self._console.width
        return sum(max(1, math.ceil(Segment.get_line_length(line) / width)) for line in self._lines)

    def _erased(self) -> list[Segment]:
        """What erases the lines, from the last to the first."""
        rows = self._rows()
        self._lines = []
        up = [(ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2)] * (rows - 1)
        return [Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2), *up).segment] if rows else []

    def _moved(self, line: int) -> list[Segment]:
        """What moves the cursor from the end of the last line to the beginning of another, or of the one below."""
        rows = line - max(len(self._lines) - 1, 0)
        if rows > 0:
            return [Segment.line()]
        up = [(ControlType.CURSOR_UP, -rows)] if rows else []
        return [Control(ControlType.CARRIAGE_RETURN, *up).segment]


def _joined(lines: list[Line]) -> list[Segment]:
    """Lines one below the other, each erasing what was longer there."""
    rest = Control((ControlType.ERASE_IN_LINE, 0)).segment
    segments: list[Segment] = []
    for line in lines:
        segments += [*line, rest, Segment.line()]
    return segments[:-1]


class Preview:
    """The picture as it is now, and bars below it.

    The last look of it stays when it is left: it is what somebody has watched all the time. bars: gives what is shown
    below the picture.
    """

    def __init__(self, console: Console, bars: Callable[[], RenderableType]) -> None:
        self._console = console
        self._bars = bars
        self._below = LastLines(console)
        self._pace = Pace()
        self._refreshed = -math.inf
        self._image: Image | None = None
        self._room = (0, 0)
        self._picture: list[Line] = []
        self._redirected = contextlib.ExitStack()

    def open(self) -> None:
        """Begin; what others print comes above the picture from now on, line by line."""
        self._console.show_cursor(False)
        for redirect, file in ((contextlib.redirect_stdout, sys.stdout), (contextlib.redirect_stderr, sys.stderr)):
            if file and file.isatty():
                above = self._redirected.enter_context(contextlib.closing(_Above(file, self.say)))
                self._redirected.enter_context(redirect(above))

    def close(self) -> None:
        """End: the picture stays, the bars go."""
        try:
            self._redirected.close()
            self.leave()
        finally:
            self._console.show_cursor(True)

    def look(self, glance: Glance, *, last: bool) -> None:
        """Show what is there to see, if it is time for that; the last look is always shown."""
        begun = time.monotonic()
        if not (last or self._pace.due(begun)):
            return
        columns, rows = self._space(self._lines_of_bars())
        if columns and rows:
            self._image = glance(columns, rows)
            self._room = (0, 0)
            self.refresh(last=True)
        self._pace.shown(begun, time.monotonic())

    def refresh(self, *, last: bool = False) -> None:
        """Draw the bars, if it is time for that; the last look is always drawn."""
        now = time.monotonic()
        if last or now >= self._refreshed + BAR_INTERVAL:
            self._refreshed = now
            self._draw(self._lines_of_bars())

    def say(self, words: RenderableType) -> None:
        """Print something above the picture."""
        self._below.say(words)

    def leave(self) -> None:
        """Let the picture stay, and go on below it without one."""
        if self._image is not None:
            self._draw([])
            self._below.leave()
        else:
            self._below.draw([])
        self._image, self._picture, self._room = None, [], (0, 0)
        self._pace = Pace()

    def _draw(self, bars: list[Line]) -> None:
        if self._image is not None and self._room != (room := self._space(bars)):
            self._room = room
            self._picture = half_blocks(fitted(self._image, *room)) if all(room) else []
        self._below.draw([*self._picture, *bars])

    def _lines_of_bars(self) -> list[Line]:
        options = self._console.options.update(width=max(1, self._console.width - 1))
        lines = self._console.render_lines(self._bars(), options, pad=False)
        return [line for line in lines if Segment.get_line_length(line)]

    def _space(self, bars: list[Line]) -> tuple[int, int]:
        """The columns and rows of pixels that a picture may have above the bars; 0 where there is no room."""
        width, height = self._console.size
        return max(0, width - 1), 2 * max(0, min(MAX_PICTURE_ROWS, height - max(MIN_BAR_ROWS, len(bars) + 1)))


class _Above(io.TextIOBase):
    """A terminal whose lines come above the picture."""

    def __init__(self, file: TextIO, say: Callable[[RenderableType], None]) -> None:
        self._file = file
        self._say = say
        self._begun = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def isatty(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """For programs that write to it themselves."""
        return self._file.fileno()

    def write(self, text: str) -> int:
        """Print what are whole lines with this."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._say(Text.from_ansi(line))
        return len(text)

    def close(self) -> None:
        """Print what is left; the terminal stays."""
        if self._begun:
            self.write("\n")
