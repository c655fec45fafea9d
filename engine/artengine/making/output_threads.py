"""The outputs of a scene, each in a thread of its own: one painting feeds them all.

An output pulls frames and bands as from any iterator, so that encoding goes on beside painting. The
painter waits for the slowest: memory stays flat, however large the picture.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from artengine.components import ConfiguredComponent
from artengine.errors import ArtengineError
from artengine.files import OutputTarget
from artengine.kinds import Frame
from artengine.painting import Part, Picture
from artengine.view import View

MAX_QUEUED_BANDS = 2  # for each output: with fewer it waits for the painter, more only take memory

Band = np.ndarray[Any, Any]


class OutputThreads:
    """The threads of a scene's outputs; what is not finished when the block ends is cancelled."""

    def __init__(self, outputs: Iterable[tuple[ConfiguredComponent, OutputTarget]]) -> None:
        self._outputs: Sequence[_OutputThread] = [_OutputThread(bound, target) for bound, target in outputs]

    def __enter__(self) -> Self:
        for output in self._outputs:
            output.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for output in self._outputs:
            output.cancel()
        for output in self._outputs:
            output.join()

    @property
    def paths(self) -> list[Path]:
        """The files that are there, in the order of the outputs."""
        return [path for output in self._outputs for path in output.paths]

    def feed(self, view: View, painting: Iterable[Part], picture: Picture | None = None) -> Iterator[Part]:
        """Give the outputs a frame as it is painted, and the parts of its painting back, until no output needs more.

        picture: whose still it is. Raises `InputError` or `ArtengineError`, with the output's place in the scene, for
        what it refuses or fails at.
        """
        started = False
        for part in painting:
            if part.band is not None:
                band = part.band.view()
                band.flags.writeable = False  # it is every output's
                for output in [] if started else self._outputs:
                    output.put(_FrameStart(view, part.shape, picture))
                    output.wait_until_idle()  # one after the other: of two outputs with one file the later is refused
                    self._check()  # before the earlier one has anything to write
                for output in self._outputs:
                    output.put(band)
                started = True
            self._check()
            yield part
            if all(output.is_finished for output in self._outputs):
                return

    def finish(self) -> None:
        """Let the outputs come to their end after the last frame, and wait for it; raises as `feed` does."""
        for output in self._outputs:
            output.put(_NO_MORE_FRAMES)
        for output in self._outputs:
            output.join()
            self._check()

    def _check(self) -> None:
        for output in self._outputs:
            output.check()


@dataclass(frozen=True, slots=True)
class _FrameStart:
    """A frame begins; its bands follow."""

    view: View
    shape: tuple[int, int, int]
    picture: Picture | None


class _NoMoreFrames:
    """Stands in the queue after the last frame."""


_NO_MORE_FRAMES = _NoMoreFrames()
_Item = _FrameStart | Band | _NoMoreFrames


class _CancelledError(BaseException):
    """Ends an output that shall not finish; no plugin takes it for an error that it could handle."""


class _OutputThread:
    """An output in a thread of its own."""

    def __init__(self, bound: ConfiguredComponent, target: OutputTarget) -> None:
        self.paths: list[Path] = []
        self.is_finished = False
        self._bound = bound
        self._target = replace(target, raise_if_cancelled=self._raise_if_cancelled)
        self._error: BaseException | None = None
        self._is_cancelled = False
        self._queue: deque[_Item] = deque()
        self._waits_for_more = False
        self._condition = threading.Condition()
        self._thread = threading.Thread(target=self._work, name=bound.path, daemon=True)
        self.start = self._thread.start
        self.join = self._thread.join

    def put(self, item: _Item) -> None:
        """Put the next item into its queue; waits while that is full, does nothing where the output has ended."""
        with self._condition:
            self._condition.wait_for(lambda: self.is_finished or len(self._queue) < MAX_QUEUED_BANDS)
            if not self.is_finished:
                self._queue.append(item)
                self._condition.notify_all()

    def wait_until_idle(self) -> None:
        """Wait until it has used all that is queued and asks for more, or has ended."""
        with self._condition:
            self._condition.wait_for(lambda: self.is_finished or (self._waits_for_more and not self._queue))

    def cancel(self) -> None:
        """Have it end with an exception at the next item that it takes, or byte that it writes."""
        with self._condition:
            self._is_cancelled = True
            self._condition.notify_all()

    def check(self) -> None:
        """Raise what it has raised; a mistake of the scene and a failing disk with the output's place."""
        error = self._error
        if isinstance(error, ValueError):
            raise self._bound.refused(error) from error
        if isinstance(error, OSError | MemoryError):  # from the library of the format
            words = str(error) or "there is not enough memory"
            raise ArtengineError(f"{self._bound.path}: {words}") from error
        if error is not None:
            raise error

    def _work(self) -> None:
        try:
            for path in self._bound.make()(self._frames(), self._target):
                self.paths.append(path)
        except BaseException as error:
            self._error = error
        finally:
            with self._condition:
                self.is_finished = True
                self._queue.clear()
                self._condition.notify_all()

    def _frames(self) -> Iterator[Frame]:
        while isinstance(item := self._next_item(), _FrameStart):
            frame = _StreamedFrame(item, self._next_item)
            yield frame
            frame.finish()

    def _next_item(self) -> _Item:
        with self._condition:
            self._waits_for_more = True
            self._condition.notify_all()
            self._condition.wait_for(lambda: self._queue or self._is_cancelled)
            self._waits_for_more = False
            self._raise_if_cancelled()
            item = self._queue.popleft()
            self._condition.notify_all()
            return item

    def _raise_if_cancelled(self) -> None:
        if self._is_cancelled:
            raise _CancelledError


class _StreamedFrame(Frame):
    """A frame that is being painted; after the first band is taken it cannot be had as a whole."""

    def __init__(self, start: _FrameStart, next_item: Callable[[], _Item]) -> None:
        self.view = start.view
        self.picture = start.picture
        self._shape = start.shape
        self._whole: Band | None = None
        self._rows_left = start.shape[0]
        self._next_item = next_item

    @property
    def image(self) -> Band:
        if self._whole is None:
            top = 0
            for band in self.bands():
                if top == 0:
                    whole = np.empty(self.shape, band.dtype)
                whole[top : top + len(band)] = band
                top += len(band)
            self._whole = whole
        return self._whole

    def bands(self) -> Iterator[Band]:
        if self._whole is not None:
            yield self._whole
            return
        if self._rows_left < self.shape[0]:
            raise ValueError("the bands of a frame can be taken once; who needs them again keeps frame.image")
        yield from self._rest()

    def finish(self) -> None:
        """Make way for the next frame: what nobody has looked at is kept whole, for an output that collects frames."""
        if self._whole is None and self._rows_left == self.shape[0]:
            _ = self.image
        for _ in self._rest():
            pass

    def _rest(self) -> Iterator[Band]:
        while self._rows_left:
            band = self._next_item()
            if not isinstance(band, np.ndarray):
                raise TypeError(f"the painting ended {self._rows_left} rows too early")
            self._rows_left -= len(band)
            yield band
