"""The frames of a film, of one size, as ffmpeg takes them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from fractions import Fraction

import numpy as np

from artengine import Frame, Target
from artengine_basics.outputs.quantise import Pixels, quantise


class FilmFrames:
    """The frames of a film: all of one size, counted as they are taken; rate: frames a second.

    Raises `ValueError` for a still, and where the size changes.
    """

    def __init__(self, frames: Iterable[Frame], target: Target) -> None:
        if target.fps is None:
            raise ValueError("found a still, expected a film; say how long it is, with film: {length: 8s} in the scene")
        self.rate = Fraction(target.fps).limit_denominator(1001)
        self.count = 0
        self._rest = iter(frames)
        first = next(self._rest, None)
        if first is None:
            raise ValueError("found no frame, expected at least one")
        self._first = first
        self.shape = first.shape

    def __iter__(self) -> Iterator[Frame]:
        for frame in itertools.chain([self._first], self._rest):
            if frame.shape != self.shape:
                found, expected = (f"{shape[1]} x {shape[0]} x {shape[2]}" for shape in (frame.shape, self.shape))
                raise ValueError(f"found frame {self.count + 1} of {found}, expected all as the first, {expected}")
            self.count += 1
            yield frame


def rgb24(film: FilmFrames, step: int = 1, below: int = 0, right: int = 0) -> Iterator[memoryview]:
    """Every step-th frame as rgb24, in pieces; below, right: how often its last row and column are repeated."""
    for index, frame in enumerate(film):
        if index % step:
            for _ in frame.bands():  # taken and dropped, so that the next frame is reached
                pass
            continue
        rows: Pixels
        for rows in quantise(frame, 8):
            rows = _pad(rows, 0, right)
            yield rows.data
        if below:
            yield _pad(rows[-1:], below - 1, 0).data


def rgb24_input(film: FilmFrames, rate: Fraction, below: int = 0, right: int = 0) -> list[str]:
    """The arguments by which ffmpeg reads what `rgb24` gives from its standard input."""
    size = f"{film.shape[1] + right}x{film.shape[0] + below}"
    return ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", size, "-framerate", str(rate), "-i", "pipe:0"]


def _pad(rows: Pixels, below: int, right: int) -> Pixels:
    """Rows in three channels, grey ones too, their edge repeated; in one piece of memory."""
    colour: Pixels = np.broadcast_to(rows, (*rows.shape[:2], 3))
    return np.ascontiguousarray(np.pad(colour, ((0, below), (0, right), (0, 0)), "edge"))
