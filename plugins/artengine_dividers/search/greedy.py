"""The search for dividers: the one that helps most, one after the other; then each is taken out and placed anew.

A divider is worth what the squared error of the regions' means falls by. One look at a family, all parallel lines or
all circles around a point, gives the best of its members exactly, so that only angles and centres have to be tried.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from artengine_dividers.network import Divider, Numbers
from artengine_dividers.search.scorer import Kind, SplitScorer

COARSE_PIXELS = 64 * 64  # on which all families are scored
MIN_FINE_PIXELS = 128 * 128  # on which the best are refined; more for many dividers
FINE_PIXELS_PER_DIVIDER = 160
MAX_FINE_PIXELS = 1 << 18  # and as many in the end
REFINED_FAMILIES = 4  # the best on the coarse pixels
SURVIVORS = {2: 2, 6: 1}  # how many candidates are left from which step of the refinement on
REFINEMENT_STEPS = 14  # a step goes on in the best direction, or is half as long as the last
LOCAL_STEPS = 8  # of a refinement that stays near a place
CENTRE_MARGIN = 0.5  # plane units beyond the photo's edge within which circles have their centres
OUT_OF_SIGHT = 1e4  # plane units: where dividers are that have not been placed yet

#: The neighbours of a family that a refinement looks at, in steps.
DIRECTIONS = {
    "line": np.array([[1.0], [-1.0]]),
    "circle": np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfig:
    """How many lines and circles, how many families are tried for each, and the seed of all chance."""

    lines: int
    circles: int
    candidates: int
    seed: int

    @property
    def count(self) -> int:
        """Lines and circles together."""
        return self.lines + self.circles


@dataclass(slots=True)
class _Candidate:
    """A family that is being refined: the gain and the offset or radius of its best member, and the next step."""

    family: Numbers
    gain: float
    place: float
    step: float

    @property
    def divider(self) -> Divider:
        """The best member."""
        return (*self.family.tolist(), self.place)


class Search:
    """A greedy search, one divider at a time; dividers: those placed so far.

    fine, coarse: scorers of the photo, which may be one. reach: of the photo from the origin, along x and y. dividers:
    to begin with.
    """

    def __init__(
        self,
        config: SearchConfig,
        fine: SplitScorer,
        coarse: SplitScorer,
        reach: tuple[float, float],
        dividers: Sequence[Divider] = (),
    ) -> None:
        self._config = config
        self._scorers = [fine] if fine is coarse else [fine, coarse]
        self._fine, self._coarse = fine, coarse
        self._reach = np.array(reach)
        self._keys = [int(key) for key in np.random.default_rng((config.seed, 0)).integers(1, 2**63, config.count)]
        self.dividers: list[Divider] = []
        self.set_dividers(dividers)

    @property
    def error(self) -> float:
        """The squared error of the regions' means, as `SplitScorer` has it."""
        return self._fine.error

    def set_dividers(self, dividers: Sequence[Divider]) -> None:
        """Replace all dividers."""
        for index in range(len(self.dividers)):
            self._flip(index)
        self.dividers = list(dividers)
        for index in range(len(self.dividers)):
            self._flip(index)

    def insert(self) -> None:
        """Add the divider that helps most, of the kinds that are not all there yet."""
        random = self._random(len(self.dividers), 0)
        missing = {"line": self._config.lines, "circle": self._config.circles}
        for divider in self.dividers:
            missing[_kind(divider)] -= 1
        best = [self._best_candidate(kind, random) for kind in ("line", "circle") if missing[kind] > 0]
        self.dividers.append(max(best, key=lambda candidate: candidate.gain).divider)
        self._flip(len(self.dividers) - 1)

    def reinsert(self, place: int, cycle: int) -> None:
        """Take out the divider whose turn it is, and put it where it helps most.

        place: in the order of this cycle, which the seed shuffles.
        """
        order = self._random(self._config.count, cycle).permutation(self._config.count)
        index = int(order[place])

        def anywhere(old: Divider) -> Divider:
            return self._best_candidate(_kind(old), self._random(index, cycle), old).divider

        self._replace(index, anywhere)

    def refine_local(self, index: int, step: float) -> None:
        """Put a divider where it helps most near its place; step: the first one, in plane units and radians."""

        def nearby(old: Divider) -> Divider:
            family = np.array(old[:-1])
            gains, places = self._fine.score_splits(_kind(old), family[None])
            candidate = _Candidate(family, float(gains[0]), float(places[0]), step)
            for _ in range(LOCAL_STEPS):
                self._refine(_kind(old), [candidate])
            return candidate.divider

        self._replace(index, nearby)

    def perturb(self, cycle: int) -> None:
        """Put a random divider at a random angle or centre, so that the others can find another arrangement."""
        random = self._random(self._config.count, cycle)
        index = int(random.integers(len(self.dividers)))
        families, _ = self._spread_families(_kind(self.dividers[index]), random)
        family = families[random.integers(len(families))]
        self._flip(index)
        _, places = self._coarse.score_splits(_kind(self.dividers[index]), family[None])
        self.dividers[index] = (*family.tolist(), float(places[0]))
        self._flip(index)

    def all_dividers(self) -> list[Divider]:
        """Lines, then circles, as many as the config says; those that are not placed yet are out of sight."""
        lines = [divider for divider in self.dividers if _kind(divider) == "line"]
        circles = [divider for divider in self.dividers if _kind(divider) == "circle"]
        lines += [(0.0, OUT_OF_SIGHT)] * (self._config.lines - len(lines))
        circles += [(OUT_OF_SIGHT, OUT_OF_SIGHT, 1.0)] * (self._config.circles - len(circles))
        return lines + circles

    def _replace(self, index: int, choose: Callable[[Divider], Divider]) -> None:
        """Replace a divider by the one that `choose` gives for it once it is taken out; unless the error rises."""
        error_before, old = self.error, self.dividers[index]
        self._flip(index)
        self.dividers[index] = choose(old)
        self._flip(index)
        if self.error > error_before:
            self._flip(index)
            self.dividers[index] = old
            self._flip(index)

    def _best_candidate(self, kind: Kind, random: np.random.Generator, old: Divider | None = None) -> _Candidate:
        """The divider of a kind that helps most among a few refined tries.

        old: one that was there, near which there may be a better one.
        """
        families, step = self._spread_families(kind, random)
        gains, _ = self._coarse.score_splits(kind, families)
        starts = families[np.argsort(-gains, kind="stable")[:REFINED_FAMILIES]]
        steps = [step / 2] * len(starts)
        if old is not None:
            starts = np.concatenate([starts, [old[:-1]]])
            steps.append(step / 8)
        gains, places = self._fine.score_splits(kind, starts)
        candidates = [_Candidate(*one) for one in zip(starts, gains.tolist(), places.tolist(), steps, strict=True)]
        for number in range(REFINEMENT_STEPS):
            if number in SURVIVORS:
                candidates = sorted(candidates, key=lambda one: -one.gain)[: SURVIVORS[number]]
            self._refine(kind, candidates)
        return max(candidates, key=lambda one: one.gain)

    def _refine(self, kind: Kind, candidates: Sequence[_Candidate]) -> None:
        """Move each candidate to its best neighbour, or halve its step where none is better."""
        directions = DIRECTIONS[kind]
        families = np.concatenate([one.family + one.step * directions for one in candidates])
        gains, places = self._fine.score_splits(kind, families)
        for number, candidate in enumerate(candidates):
            neighbours = slice(number * len(directions), (number + 1) * len(directions))
            best = int(gains[neighbours].argmax())
            if gains[neighbours][best] > candidate.gain:
                candidate.family = families[neighbours][best]
                candidate.gain, candidate.place = float(gains[neighbours][best]), float(places[neighbours][best])
            else:
                candidate.step /= 2

    def _spread_families(self, kind: Kind, random: np.random.Generator) -> tuple[Numbers, float]:
        """Families evenly spread, about as many as the config says, and the distance between them."""
        count = self._config.candidates
        if kind == "line":
            step = math.pi / count
            return (np.arange(count) + random.random())[:, None] * step, step
        reach = self._reach + CENTRE_MARGIN
        step = math.sqrt(4 * reach[0] * reach[1] / count)
        across, down = (np.arange(max(1, round(2 * side / step))) for side in reach)
        x, y = np.meshgrid(across + random.random(), down + random.random())
        centres = np.stack([x / len(across), y / len(down)], axis=-1).reshape(-1, 2)
        return (2 * centres - 1) * reach, step

    def _flip(self, index: int) -> None:
        for scorer in self._scorers:
            scorer.flip_side(self.dividers[index], self._keys[index])

    def _random(self, number: int, cycle: int) -> np.random.Generator:
        return np.random.default_rng((self._config.seed, 1 + cycle, number))


def _kind(divider: Divider) -> Kind:
    return "line" if len(divider) == 2 else "circle"


def downscale_factors(shape: tuple[int, ...], dividers: int) -> tuple[int, int, int]:
    """By how much the sides of a photo are divided for the coarse scorer, the fine one, and the one in the end."""

    def factor(pixels: int) -> int:
        return max(1, math.ceil(math.sqrt(math.prod(shape) / pixels) - 0.01))

    fine = min(max(MIN_FINE_PIXELS, FINE_PIXELS_PER_DIVIDER * dividers), MAX_FINE_PIXELS)
    return factor(COARSE_PIXELS), factor(fine), factor(MAX_FINE_PIXELS)
