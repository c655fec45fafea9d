"""The search for dividers: the one that helps most, one after the other; then each of them taken out and sought anew.

A divider is worth what the regions' means get nearer to the photo. One look at a family, all parallel lines or all
circles around a point, tells the best of its members exactly, so that only angles and centres have to be tried.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from artengine_dividers.network import Divider, Numbers
from artengine_dividers.search.board import Board, Kind

COARSE = 64 * 64  # pixels on which families are looked through
DETAIL = 128 * 128  # pixels, at least, on which the best are refined; more for many dividers
PER_DIVIDER = 160  # pixels to a divider
MOST = 1 << 18  # pixels, at most, and as many in the end
KEPT = 4  # families that are refined
FEWER = {2: 2, 6: 1}  # steps of refinement after which so many of them remain
SETTLING = 8  # steps of it near a place
STEPS = 14  # of refinement: a step goes on in the best direction, or is half as long as the last
BEYOND = 0.5  # plane units from the photo's edge up to which there are centres of circles
AWAY = 1e4  # plane units: where a divider is that has not been found yet

#: The sides that a family is looked at from, in steps.
AROUND = {"line": np.array([[1.0], [-1.0]]), "circle": np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quest:
    """What is sought: lines and circles, how many of each, families tried for a divider, and the seed of all chance."""

    lines: int
    circles: int
    candidates: int
    seed: int

    @property
    def count(self) -> int:
        """All of them."""
        return self.lines + self.circles


@dataclass(slots=True)
class _Trail:
    """A family that is being refined: what it gains, its best member's place, how long the next step is."""

    family: Numbers
    gain: float
    place: float
    step: float


class Search:
    """Dividers of a photo, as far as they are found.

    fine, coarse: boards of the photo. far: how far it reaches from the centre, along x and y. found: to begin with.
    """

    def __init__(
        self, quest: Quest, fine: Board, coarse: Board, far: tuple[float, float], found: Sequence[Divider] = ()
    ) -> None:
        self._quest = quest
        self._boards = [fine] if fine is coarse else [fine, coarse]
        self._fine, self._coarse = fine, coarse
        self._far = np.array(far)
        self._keys = [int(key) for key in np.random.default_rng((quest.seed, 0)).integers(1, 2**63, quest.count)]
        self.found: list[Divider] = []
        self.take(found)

    @property
    def error(self) -> float:
        """The squared error that is left, as `Board` has it."""
        return self._fine.error

    def take(self, found: Sequence[Divider]) -> None:
        """Go on with other dividers than those that are there."""
        for index in range(len(self.found)):
            self._toggle(index)
        self.found = list(found)
        for index in range(len(self.found)):
            self._toggle(index)

    def insert(self) -> None:
        """Add the divider that helps most, of the kinds that are not all there yet."""
        random = self._random(len(self.found), 0)
        left = {"line": self._quest.lines, "circle": self._quest.circles}
        for divider in self.found:
            left[_kind(divider)] -= 1
        best = [self._best(kind, random) for kind in ("line", "circle") if left[kind] > 0]
        _, divider = max(best, key=lambda one: one[0])
        self.found.append(divider)
        self._toggle(len(self.found) - 1)

    def revisit(self, place: int, cycle: int) -> None:
        """Take a divider out of the order in which a cycle goes through them, and put it where it helps most."""
        order = self._random(self._quest.count, cycle).permutation(self._quest.count)
        index = int(order[place])
        self._replace(index, lambda old: self._best(_kind(old), self._random(index, cycle), old)[1])

    def settle(self, index: int, step: float) -> None:
        """Put a divider where it helps most near its place; step: plane units to begin with."""

        def nearby(old: Divider) -> Divider:
            family = np.array(old[:-1])
            gains, places = self._fine.scan(_kind(old), family[None])
            trail = _Trail(family, float(gains[0]), float(places[0]), step)
            for _ in range(SETTLING):
                self._refine(_kind(old), [trail])
            return (*trail.family.tolist(), trail.place)

        self._replace(index, nearby)

    def _replace(self, index: int, better: Callable[[Divider], Divider]) -> None:
        """Have a divider put elsewhere, where it is not there any more; unless that makes it worse."""
        before, old = self.error, self.found[index]
        self._toggle(index)
        self.found[index] = better(old)
        self._toggle(index)
        if self.error > before:
            self._toggle(index)
            self.found[index] = old
            self._toggle(index)

    def throw(self, cycle: int) -> None:
        """Put some divider anywhere, so that the others find another order."""
        random = self._random(self._quest.count, cycle)
        index = int(random.integers(len(self.found)))
        families, _ = self._families(_kind(self.found[index]), random)
        family = families[random.integers(len(families))]
        self._toggle(index)
        _, places = self._coarse.scan(_kind(self.found[index]), family[None])
        self.found[index] = (*family.tolist(), float(places[0]))
        self._toggle(index)

    def all(self) -> list[Divider]:
        """Lines, then circles, as many as are sought; those that are not found yet are out of sight."""
        lines = [divider for divider in self.found if _kind(divider) == "line"]
        circles = [divider for divider in self.found if _kind(divider) == "circle"]
        lines += [(0.0, AWAY)] * (self._quest.lines - len(lines))
        circles += [(AWAY, AWAY, 1.0)] * (self._quest.circles - len(circles))
        return lines + circles

    def _best(self, kind: Kind, random: np.random.Generator, old: Divider | None = None) -> tuple[float, Divider]:
        """The divider of a kind that helps most, as far as a few tries tell, and what it gains.

        old: one that was there, near which there may be a better one.
        """
        families, step = self._families(kind, random)
        gains, _ = self._coarse.scan(kind, families)
        starts = families[np.argsort(-gains, kind="stable")[:KEPT]]
        steps = [step / 2] * len(starts)
        if old is not None:
            starts = np.concatenate([starts, [old[:-1]]])
            steps.append(step / 8)
        gains, places = self._fine.scan(kind, starts)
        trails = [_Trail(*one) for one in zip(starts, gains.tolist(), places.tolist(), steps, strict=True)]
        for number in range(STEPS):
            if number in FEWER:
                trails = sorted(trails, key=lambda trail: -trail.gain)[: FEWER[number]]
            self._refine(kind, trails)
        best = max(trails, key=lambda trail: trail.gain)
        return best.gain, (*best.family.tolist(), best.place)

    def _refine(self, kind: Kind, trails: Sequence[_Trail]) -> None:
        """Go one step further on each trail."""
        around = AROUND[kind]
        families = np.concatenate([trail.family + trail.step * around for trail in trails])
        gains, places = self._fine.scan(kind, families)
        for number, trail in enumerate(trails):
            some = slice(number * len(around), (number + 1) * len(around))
            best = int(gains[some].argmax())
            if gains[some][best] > trail.gain:
                trail.family = families[some][best]
                trail.gain, trail.place = float(gains[some][best]), float(places[some][best])
            else:
                trail.step /= 2

    def _families(self, kind: Kind, random: np.random.Generator) -> tuple[Numbers, float]:
        """Families evenly spread, as many as are to be tried or a few less, and how far apart they are."""
        count = self._quest.candidates
        if kind == "line":
            step = math.pi / count
            return (np.arange(count) + random.random())[:, None] * step, step
        far = self._far + BEYOND
        step = math.sqrt(4 * far[0] * far[1] / count)
        across, down = (np.arange(max(1, round(2 * side / step))) for side in far)
        x, y = np.meshgrid(across + random.random(), down + random.random())
        centres = np.stack([x / len(across), y / len(down)], axis=-1).reshape(-1, 2)
        return (2 * centres - 1) * far, step

    def _toggle(self, index: int) -> None:
        for board in self._boards:
            board.toggle(self.found[index], self._keys[index])

    def _random(self, number: int, cycle: int) -> np.random.Generator:
        return np.random.default_rng((self._quest.seed, 1 + cycle, number))


def _kind(divider: Divider) -> Kind:
    return "line" if len(divider) == 2 else "circle"


def levels(shape: tuple[int, ...], dividers: int) -> tuple[int, int, int]:
    """By how much the sides of a photo are divided for the coarse board, the fine one, and the one in the end."""

    def factor(pixels: int) -> int:
        return max(1, math.ceil(math.sqrt(math.prod(shape) / pixels) - 0.01))

    fine = min(max(DETAIL, PER_DIVIDER * dividers), MOST)
    return factor(COARSE), factor(fine), factor(MOST)
