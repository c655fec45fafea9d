"""The search as a phase of a training."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from artengine import Session
from artengine.components import is_installed
from artengine.training import TargetImage
from artengine_dividers.network import Divider, Dividers, Partition
from artengine_dividers.search import (
    CompiledScorer,
    Search,
    SearchConfig,
    SplitScorer,
    TensorScorer,
    downscale_factors,
    region_means,
)

CANDIDATES = 32  # families that are tried for a divider
CYCLES = 4
PLACEMENTS = 200  # that few dividers get at least, since with few of them much hangs on each
GAIN = 1e-3  # of the error, that a cycle has to bring so that the next one goes on from there
SETTLING = 2  # times that each settles near its place in the end
STEEPNESS = 8.0  # of soft lines to begin with: half the way within an eighth of a plane unit


class SearchPhase:
    """A step is a divider that is put somewhere: all of them once, and again in every cycle.

    Where the photo is larger than what they are sought on, each settles near its place on the photo itself in the end.
    cycles: 0 for no end. found: dividers to begin with; those beyond the number that is wanted of a kind are left out.
    """

    rate = None

    def __init__(
        self,
        session: Session,
        target_image: TargetImage,
        cycles: int | None,
        candidates: int | None,
        found: Sequence[Divider] = (),
    ) -> None:
        network = session.network
        assert isinstance(network, Dividers)  # noqa: S101 - the trainer has looked
        lines, circles, soft = network.counts
        self._network = network
        self._config = SearchConfig(
            lines=lines + soft, circles=circles, candidates=candidates or CANDIDATES, seed=session.seed
        )
        count = self._config.count
        cycles = max(CYCLES, PLACEMENTS // max(count, 1)) if cycles is None else cycles
        self.endless = cycles == 0 and count > 0
        coarse, fine, last = downscale_factors(target_image.shape, count)
        self._sought = count * (1 + cycles)
        self.steps = self._sought + (SETTLING * count if last < fine and not self.endless else 0)
        self._scorer = functools.partial(_scorer, device=session.device, threads=torch.get_num_threads())
        self._last = target_image.downscaled(last)
        self._step = float(fine / min(target_image.shape))  # half a pixel of what they are sought on, plane units
        self._target_image = target_image.downscaled(fine)
        scorer = self._scorer(self._target_image)
        small = scorer if coarse == fine else self._scorer(target_image.downscaled(coarse))
        straight = [one for one in found if len(one) == 2][: lines + soft]
        start = [*straight, *[one for one in found if len(one) == 3][:circles]]
        self._search = Search(self._config, scorer, small, target_image.reach, start)
        self.done = len(self._search.dividers)
        self._best: tuple[float, list[Divider]] = (math.inf, [])

    @property
    def loss(self) -> float:
        """The squared error that is left where every region has its mean, the mean over weights and channels."""
        return self._search.error / (3 * float(self._target_image.weights.sum()))

    def begin(self) -> None:
        """Nothing is there to begin with."""

    def advance(self) -> None:
        """Put one divider somewhere."""
        cycle, place = divmod(self.done, self._config.count)
        if self.done >= self._sought and not self.endless:
            self._search.refine_local(place, self._step)
        elif cycle == 0:
            self._search.insert()
        else:
            if place == 0:
                self._compare(cycle)
            self._search.reinsert(place, cycle)
        self.done += 1
        if self.done == self._sought and not self.endless:
            self._compare(0)
            if self.steps > self._sought:
                self._look_closer()

    def show(self) -> None:
        """Have the network show the best dividers that are found, and the mean of every region."""
        lines, _, soft = self._network.counts
        least, best = self._best
        dividers = self._search.all_dividers() if self._search.error <= least else sorted(best, key=len)  # lines first
        straight = np.array(dividers[: lines + soft]).reshape(-1, 2)
        partition = Partition(straight[:lines], np.array(dividers[lines + soft :]).reshape(-1, 3))
        self._network.set_partition(partition)
        self._network.sigmoids.set_array(straight[lines:], STEEPNESS)
        regions = region_means(self._target_image, self._network.partition())
        self._network.table.fill(torch.from_numpy(regions.sides), torch.from_numpy(regions.colours).float())

    def _compare(self, cycle: int) -> None:
        """Keep the best; where a whole cycle has gained next to nothing, put one of them elsewhere.

        cycle: the one that begins; 0 for none.
        """
        error = self._search.error
        gained = error < self._best[0] * (1 - GAIN)
        if error > self._best[0]:
            self._search.set_dividers(self._best[1])
        else:
            self._best = error, list(self._search.dividers)
        if cycle > 1 and not gained:
            self._search.perturb(cycle)

    def _look_closer(self) -> None:
        """Go on with the photo as large as it is looked at."""
        scorer = self._scorer(self._last)
        self._search = Search(self._config, scorer, scorer, self._last.reach, self._search.dividers)
        self._target_image = self._last
        self._best = (math.inf, [])

    def state(self) -> dict[str, Any]:
        """What it takes to go on, besides the network's weights."""
        best, found = self._best
        return {"done": self.done, "found": _plain(self._search.dividers), "best": [best, _plain(found)]}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.done = state["done"]
        if self._sought <= self.done and self._sought < self.steps and not self.endless:
            self._look_closer()
        self._search.set_dividers([tuple(divider) for divider in state["found"]])
        best, found = state["best"]
        self._best = best, [tuple(divider) for divider in found]


def _plain(dividers: Sequence[Divider]) -> list[list[float]]:
    return [list(divider) for divider in dividers]


def _scorer(target_image: TargetImage, *, device: torch.device, threads: int) -> SplitScorer:
    """A scorer for the device that the picture is computed on."""
    if device.type == "cpu" and is_installed("numba"):
        return CompiledScorer(target_image, threads)
    return TensorScorer(target_image, device)
