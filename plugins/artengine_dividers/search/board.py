"""A photo at one resolution, its pixels parted into regions by dividers; where another one would help most."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, Protocol

import numpy as np

from artengine_dividers.network import Divider, Numbers, beyond
from artengine_dividers.search.target import Lesson

Kind = Literal["line", "circle"]

FINE = 64  # bins to a pixel: with fewer, lines that could tell every pixel stop short of it
SHARE = 200_000  # pixels looked at, from which on another thread is worth it


class Board(Protocol):
    """What the search asks of one resolution of a photo."""

    def scan(self, kind: Kind, families: Numbers) -> tuple[Numbers, Numbers]:
        """The best member of each family, (F,): what it gains in squared error, and its offset or radius.

        families: (F, 1), the angles of parallel lines, or (F, 2), the centres of circles.
        """
        ...

    def toggle(self, divider: Divider, key: int) -> None:
        """Put a divider there, or take it away; key: its own random number of 64 bits."""
        ...

    @property
    def error(self) -> float:
        """The squared error of the regions' means, added up over weights and channels."""
        ...

    @property
    def regions(self) -> int:
        """How many regions have pixels."""
        ...


class CompiledBoard:
    """A board for the processor; threads: how many look at families at a time."""

    def __init__(self, lesson: Lesson, threads: int) -> None:
        from artengine_dividers.search import compiled

        self._compiled = compiled
        self._x, self._y = lesson.points
        self._colours = np.ascontiguousarray(lesson.image.reshape(-1, 3), dtype=np.float32)
        self._weight = np.ascontiguousarray(lesson.weight.reshape(-1), dtype=np.float32)
        self._least = float(self._weight.min() / 2)
        self._reach = lesson.reach
        self._bins = bins(lesson)
        count = len(self._x)
        room = 1 << (2 * count - 1).bit_length()
        self._codes = np.zeros(count, np.uint64)
        self._places = np.empty(room, np.uint64), np.empty(room, np.int32)
        self._labels = (
            np.empty(count, np.int32),
            np.empty((count, 4), np.float32),
            np.empty(count, np.float32),
            np.empty((count, 3), np.float64),
        )
        self._work = [self._workspace(count) for _ in range(threads)]
        self._stale = True
        self._found = (0, 0.0)

    def scan(self, kind: Kind, families: Numbers) -> tuple[Numbers, Numbers]:
        """See `Board`."""
        self._label()
        heads, low, scale = span(kind, families, self._reach, self._bins)
        gains, places = np.empty(len(heads)), np.empty(len(heads))
        parts = min(len(self._work), max(1, len(heads) * len(self._x) // SHARE))
        cuts = [len(heads) * part // parts for part in range(parts + 1)]

        def work(part: int) -> None:
            some = slice(cuts[part], cuts[part + 1])
            self._scan(kind, (heads[some], low[some], scale[some]), gains[some], places[some], part)

        if parts == 1:
            work(0)
        else:
            with ThreadPoolExecutor(parts) as pool:
                list(pool.map(work, range(parts)))
        return gains, places

    def toggle(self, divider: Divider, key: int) -> None:
        """See `Board`."""
        self._codes[beyond(divider, self._x, self._y)] ^= np.uint64(key)
        self._stale = True

    @property
    def error(self) -> float:
        """See `Board`."""
        self._label()
        return self._found[1]

    @property
    def regions(self) -> int:
        """See `Board`."""
        self._label()
        return self._found[0]

    def _label(self) -> None:
        if self._stale:
            self._found = self._compiled.label(self._codes, *self._places, self._colours, self._weight, self._labels)
            self._stale = False

    def _scan(self, kind: Kind, families: tuple[Numbers, ...], gains: Numbers, places: Numbers, part: int) -> None:
        heads, low, scale = families
        region, pixel, total, _ = self._labels
        self._compiled.scan(
            self._compiled.LINE if kind == "line" else self._compiled.CIRCLE,
            heads,
            self._x,
            self._y,
            low,
            scale,
            self._bins,
            region,
            pixel,
            total[: self._found[0]],
            self._least,
            gains,
            places,
            self._work[part],
        )

    def _workspace(self, count: int) -> tuple[Numbers, ...]:
        return (
            np.empty(count, np.int32),
            np.empty(count, np.int32),
            np.empty(count + 1, np.int32),
            np.empty((count, 8), np.float32),
            np.empty(self._bins + 1, np.int32),
        )


def bins(lesson: Lesson) -> int:
    """Into how many places a family is divided: some to every pixel of the diagonal."""
    return math.ceil(FINE * math.hypot(*lesson.weight.shape))


def span(kind: Kind, families: Numbers, far: tuple[float, float], count: int) -> tuple[Numbers, Numbers, Numbers]:
    """Of each family its head, a normal (F, 2) or a centre, where its first bin begins, and bins to a plane unit."""
    if kind == "line":
        heads = np.concatenate([np.cos(families), np.sin(families)], axis=1)
        half = np.abs(heads) @ np.array(far)
        low, high = -half, half
    else:
        heads = families
        outside = np.maximum(np.abs(heads) - far, 0)
        low, high = np.hypot(*outside.T), np.hypot(*(np.abs(heads) + far).T)
    scale = count / np.maximum(high - low, 1e-6)
    return tuple(part.astype(np.float32) for part in (heads, low, scale))  # type: ignore[return-value]  # three
