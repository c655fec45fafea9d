"""Scoring splits on the CPU, by compiled loops."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from artengine.training import TargetImage
from artengine_dividers.network import Divider, Numbers, is_beyond
from artengine_dividers.search.scorer import FamilyBins, Kind, bin_count, bin_families

PIXELS_PER_THREAD = 200_000  # times families: with less to look at, another thread costs more than it saves


class CompiledScorer:
    """A `SplitScorer` for the CPU; threads: how many look at families at a time."""

    def __init__(self, target_image: TargetImage, threads: int) -> None:
        from artengine_dividers.search import kernels

        self._kernels = kernels
        self._x, self._y = target_image.points
        self._colours = np.ascontiguousarray(target_image.image.reshape(-1, 3), dtype=np.float32)
        self._weight = np.ascontiguousarray(target_image.weights.reshape(-1), dtype=np.float32)
        self._min_weight = float(self._weight.min() / 2)
        self._reach = target_image.reach
        self._bins = bin_count(target_image)
        count = len(self._x)
        capacity = 1 << (2 * count - 1).bit_length()
        self._codes = np.zeros(count, np.uint64)
        self._hash_table = np.empty(capacity, np.uint64), np.empty(capacity, np.int32)
        self._labels = (
            np.empty(count, np.int32),
            np.empty((count, 4), np.float32),
            np.empty(count, np.float32),
            np.empty((count, 3), np.float64),
        )
        self._workspaces = [self._workspace(count) for _ in range(threads)]
        self._stale = True
        self._regions, self._error = 0, 0.0

    def score_splits(self, kind: Kind, families: Numbers) -> tuple[Numbers, Numbers]:
        """See `SplitScorer`."""
        self._label()
        bins = bin_families(kind, families, self._reach, self._bins)
        gains, places = np.empty(len(bins)), np.empty(len(bins))
        parts = min(len(self._workspaces), max(1, len(bins) * len(self._x) // PIXELS_PER_THREAD))
        cuts = [len(bins) * part // parts for part in range(parts + 1)]

        def work(part: int) -> None:
            some = slice(cuts[part], cuts[part + 1])
            self._score(kind, bins[some], gains[some], places[some], self._workspaces[part])

        if parts == 1:
            work(0)
        else:
            with ThreadPoolExecutor(parts) as pool:
                list(pool.map(work, range(parts)))
        return gains, places

    def flip_side(self, divider: Divider, key: int) -> None:
        """See `SplitScorer`."""
        self._codes[is_beyond(divider, self._x, self._y)] ^= np.uint64(key)
        self._stale = True

    @property
    def error(self) -> float:
        """See `SplitScorer`."""
        self._label()
        return self._error

    @property
    def regions(self) -> int:
        """See `SplitScorer`."""
        self._label()
        return self._regions

    def _label(self) -> None:
        if self._stale:
            self._regions, self._error = self._kernels.label_regions(
                self._codes, *self._hash_table, self._colours, self._weight, self._labels
            )
            self._stale = False

    def _score(
        self, kind: Kind, bins: FamilyBins, gains: Numbers, places: Numbers, workspace: tuple[Numbers, ...]
    ) -> None:
        region, pixel, total, _ = self._labels
        self._kernels.score_splits(
            self._kernels.LINE if kind == "line" else self._kernels.CIRCLE,
            bins.heads,
            self._x,
            self._y,
            bins.low,
            bins.scale,
            self._bins,
            region,
            pixel,
            total[: self._regions],
            self._min_weight,
            gains,
            places,
            workspace,
        )

    def _workspace(self, count: int) -> tuple[Numbers, ...]:
        return (
            np.empty(count, np.int32),
            np.empty(count, np.int32),
            np.empty(count + 1, np.int32),
            np.empty((count, 8), np.float32),
            np.empty(self._bins + 1, np.int32),
        )
