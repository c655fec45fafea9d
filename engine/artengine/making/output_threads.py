"""The outputs of a scene at work: one painting feeds them all.

Each output runs in a thread of its own and pulls frames and bands as from any iterator, so that encoding goes on beside
painting. The painter waits for the slowest: memory stays flat, however large the picture.
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

AHEAD = 2  # bands painted ahead of an output: with fewer it waits for the painter, more only take memory

Band = np.ndarray[Any, Any]


class OutputThreads:
    """The outputs of a scene at work; what is not finished when the block ends is called off."""

    def __init__(self, outputs: Iterable[tuple[ConfiguredComponent, OutputTarget]]) -> None:
        self._outputs: Sequence[_Output] = [_Output(bound, target) for bound, target in outputs]

    def __enter__(self) -> Self:
        for output in self._outputs:
            output.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for output in self._outputs:
            output.call_off()
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
        announced = False
        for part in painting:
            if part.band is not None:
                band = part.band.view()
                band.flags.writeable = False  # it is every output's
                for output in [] if announced else self._outputs:
                    output.give(_Start(view, part.shape, picture))
                    output.settle()  # one after the other: of two outputs with one file the later is refused
                    self._check()  # before the earlier one has anything to write
                for output in self._outputs:
                    output.give(band)
                announced = True
            self._check()
            yield part
            if all(output.over for output in self._outputs):
                return

    def finish(self) -> None:
        """Let the outputs come to their end after the last frame, and wait for it; raises as `feed` does."""
        for output in self._outputs:
            output.give(_END)
        for output in self._outputs:
            output.join()
            self._check()

    def _check(self) -> None:
        for output in self._outputs:
            output.check()


@dataclass(frozen=True, slots=True)
class _Start:
    """A frame begins; its bands follow."""

    view: View
    shape: tuple[int, int, int]
    picture: Picture | None


class _End:
    """No frame comes any more."""


_END = _End()
_Item = _Start | Band | _End


class _CalledOffError(BaseException):
    """What an output sees that shall not finish; no plugin takes it for an error that it could mend."""


class _Output:
    """An output in a thread of its own."""

    def __init__(self, bound: ConfiguredComponent, target: OutputTarget) -> None:
        self.paths: list[Path] = []
        self.over = False
        self._bound = bound
        self._target = replace(target, wanted=self._wanted)
        self._error: BaseException | None = None
        self._called_off = False
        self._items: deque[_Item] = deque()
        self._hungry = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name=bound.path, daemon=True)
        self.start = self._thread.start
        self.join = self._thread.join

    def give(self, item: _Item) -> None:
        """Have it take the next item; waits while it is behind, passes over one that needs nothing more."""
        with self._changed:
            self._changed.wait_for(lambda: self.over or len(self._items) < AHEAD)
            if not self.over:
                self._items.append(item)
                self._changed.notify_all()

    def settle(self) -> None:
        """Wait until it has used what it was given and wants more, or is over."""
        with self._changed:
            self._changed.wait_for(lambda: self.over or (self._hungry and not self._items))

    def call_off(self) -> None:
        """Have it end with an exception at the next item it takes, or byte it writes."""
        with self._changed:
            self._called_off = True
            self._changed.notify_all()

    def check(self) -> None:
        """Raise what it raised."""
        error = self._error
        if isinstance(error, ValueError):
            raise self._bound.refused(error) from error
        if isinstance(error, OSError | MemoryError):  # what the format's library says
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
            with self._changed:
                self.over = True
                self._items.clear()
                self._changed.notify_all()

    def _frames(self) -> Iterator[Frame]:
        while isinstance(item := self._take(), _Start):
            frame = _Stream(item, self._take)
            yield frame
            frame.leave()

    def _take(self) -> _Item:
        with self._changed:
            self._hungry = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._items or self._called_off)
            self._hungry = False
            self._wanted()
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def _wanted(self) -> None:
        if self._called_off:
            raise _CalledOffError


class _Stream(Frame):
    """A frame that is being painted; whoever has taken bands of it cannot have it whole any more."""

    def __init__(self, start: _Start, take: Callable[[], _Item]) -> None:
        self.view = start.view
        self.picture = start.picture
        self._shape = start.shape
        self._whole: Band | None = None
        self._left = start.shape[0]
        self._take = take

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
        if self._left < self.shape[0]:
            raise ValueError("the bands of a frame can be taken once; who needs them again keeps frame.image")
        yield from self._rest()

    def leave(self) -> None:
        """Make way for the next frame: what nobody has looked at is kept whole, for an output that collects frames."""
        if self._whole is None and self._left == self.shape[0]:
            _ = self.image
        for _ in self._rest():
            pass

    def _rest(self) -> Iterator[Band]:
        while self._left:
            band = self._take()
            if not isinstance(band, np.ndarray):
                raise TypeError(f"the painting ended {self._left} rows too early")
            self._left -= len(band)
            yield band
