"""The most different ones of many pictures, without the dull ones and without near-doubles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artengine.gallery.novelty.features import THOUSAND, Array
from artengine.gallery.novelty.look import CELL_COUNT, LENGTHS, MAX_NOISE_ORDER, MIN_FLAT_GROUND, Look, why_dull

#: Two pictures nearer than this are one to the eye; those that have nothing in common are some 1.5 apart.
MIN_DISTANCE = 0.5

NEARLY_THE_SAME, LESS_VARIED = "nearly the same as another", "adds less than those kept"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A picture that is not chosen: its index, why, and, unless it is dull, which of the chosen is most like it."""

    index: int
    why: str
    like: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The indices of the chosen pictures, each the most unlike those before it; the others, by index."""

    chosen: tuple[int, ...]
    dropped: tuple[Dropped, ...]


def distance(one: Look, other: Look) -> float:
    """How different two pictures are to the eye: 0 for the same or its mirror image, 3 at most; see `MIN_DISTANCE`."""
    return float(_FeatureRows.of([one, other]).from_one(0)[1])


def choose_varied(looks: Sequence[Look], keep: int) -> Choice:
    """Choose the most different pictures, at most so many, and say why the others are dropped.

    The first is the richest, or the most typical of the rich; each that follows is the one most unlike all before it
    (farthest-point selection; T. Gonzalez, "Clustering to minimize the maximum intercluster distance", 1985), where
    pictures that are almost dull count for less. So the first twenty of forty are the choice of twenty. What is nearer
    than `MIN_DISTANCE` to one that is chosen is not chosen. Of equals the first wins. The time it takes grows with the
    number of pictures times keep. Raises `ValueError` where keep is less than one.
    """
    if keep < 1:
        raise ValueError(f"{keep} pictures to keep, expected at least one")
    reasons = [why_dull(one) for one in looks]
    able = [index for index, why in enumerate(reasons) if not why]
    features = _FeatureRows.of([looks[index] for index in able])
    worth = np.array([_worth(looks[index]) for index in able])
    nearest = np.full(len(able), np.inf)
    like = np.zeros(len(able), dtype=np.int64)
    chosen: list[int] = []
    while len(chosen) < keep and (nearest >= MIN_DISTANCE).any():
        gain = np.where(nearest >= MIN_DISTANCE, worth * nearest, 0)
        best = int(np.argmax(gain)) if chosen else features.typical(worth)
        away = features.from_one(best)
        like = np.where(away < nearest, best, like)
        nearest = np.minimum(nearest, away)
        chosen.append(best)
    dropped = [Dropped(index, why) for index, why in enumerate(reasons) if why]
    for place in set(range(len(able))) - set(chosen):
        why = NEARLY_THE_SAME if nearest[place] < MIN_DISTANCE else LESS_VARIED
        dropped.append(Dropped(able[place], why, able[int(like[place])]))
    return Choice(tuple(able[place] for place in chosen), tuple(sorted(dropped, key=lambda one: one.index)))


def _worth(look: Look) -> float:
    """From 0.5, for what is next to dull, to 1."""
    filled = (MIN_FLAT_GROUND - look.ground) / 300
    ordered = (look.order - MAX_NOISE_ORDER) / 300
    rich = (sum(look.texture) / len(look.texture) - 100) / 200  # in hundredths of a doubling of the steps
    return 0.5 + 0.5 * math.prod(min(max(one, 0.0), 1.0) for one in (filled, ordered, rich))


@dataclass(frozen=True, slots=True)
class _FeatureRows:
    """The looks of n pictures, in rows. They are whole numbers, and so are all sums that are taken of them."""

    layout: Array  # (n, CELL_COUNT, CELL_COUNT, 3) floats, without the mean colour
    power: Array  # (n,) floats: the sums of the layouts' squares
    palette: Array
    texture: Array

    @classmethod
    def of(cls, looks: Sequence[Look]) -> _FeatureRows:
        layout = np.array([one.layout for one in looks], dtype=np.float64).reshape(-1, CELL_COUNT, CELL_COUNT, 3)
        layout -= np.rint(layout.sum((1, 2), keepdims=True) / CELL_COUNT**2)
        colours = np.array([one.palette for one in looks], dtype=np.int64).reshape(-1, LENGTHS["palette"])
        steps = np.array([one.texture for one in looks], dtype=np.int64).reshape(-1, LENGTHS["texture"])
        return cls(layout, (layout * layout).sum((1, 2, 3)), colours, steps)

    def from_one(self, index: int) -> Array:
        """(n,): how far each is from one of them, in composition, in colours and in texture, 0 to 1 each.

        Compositions are compared by the correlation of their colours, mirrored and upside down too: that a picture is
        lighter or has less contrast does not make it another one.
        """
        one = self.layout[index]
        turned = np.stack([one, one[:, ::-1], one[::-1], one[::-1, ::-1]]).reshape(4, -1)
        products = (self.layout.reshape(len(self.layout), -1) @ turned.T).max(1)
        faint = CELL_COUNT * CELL_COUNT  # a deviation of a hundredth, which nobody sees, decides nothing
        correlation = (products + faint) / np.sqrt((self.power + faint) * (self.power[index] + faint))
        composition = 1 - np.clip(correlation, 0, 1)
        colours = np.abs(self.palette - self.palette[index]).sum(1) / (4 * THOUSAND)
        steps = np.abs(self.texture - self.texture[index]).sum(1) / (100 * self.texture.shape[1])
        away: Array = composition + colours + np.minimum(steps, 1)
        return away

    def typical(self, worth: Array) -> int:
        """The one nearest to the mean colours and texture, of those that are worth most."""
        count = len(worth)
        apart = np.zeros(count, dtype=np.int64)
        for rows, weight in ((self.palette, 1), (self.texture, 2)):  # as they weigh in a distance
            apart += weight * np.abs(count * rows - rows.sum(0)).sum(1)
        return int(np.lexsort((apart, -worth))[0])
