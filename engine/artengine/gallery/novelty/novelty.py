"""Which of many small pictures are worth painting large: not the dull ones, no near-doubles, and a varied rest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from PIL import Image

from artengine.gallery.novelty.features import (
    HUES,
    SCALES,
    SHADES,
    THOUSAND,
    Array,
    around,
    gradient,
    ground,
    oklab,
    order,
    palette,
    rounded,
    texture,
    variance,
)
from artengine.scene import Plain

#: Pixels of the longer side to paint a picture at before it is looked at: with half as many, fine lines are noise.
PREVIEW = 192
SIDE = 96  # pixels of the longer side at which it is looked at then
CELLS = 12  # of the layout, across and down

#: Two pictures nearer than this are one to the eye; those that have nothing in common are some 1.5 apart.
DOUBLE = 0.5

FLAT, NOISE, GRADIENT = "nearly one colour", "noise", "only a gradient"
NEARLY_THE_SAME, LESS_VARIED = "nearly the same as another", "adds less than those kept"

_LENGTHS = {"layout": 3 * CELLS * CELLS, "palette": SHADES + HUES + 1, "texture": 5 * SCALES}
_LARGEST = 2 * THOUSAND


@dataclass(frozen=True, slots=True)
class Look:
    """What is remembered of a small picture: whole numbers, so that a choice is the same on every machine.

    layout: the colours of 12 x 12 cells, row by row, in hundredths of OKLab. palette, texture, ground, gradient and
    order: as `measures` gives them. contrast: the deviation of the cells' colours, in thousandths of OKLab. detail: the
    deviation of the pixels from what is around them. grain: the order that is in that.
    """

    layout: tuple[int, ...]
    palette: tuple[int, ...]
    texture: tuple[int, ...]
    contrast: int
    detail: int
    ground: int
    gradient: int
    order: int
    grain: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """A picture that is not kept: its index, why, and, unless it is dull, which of those kept is most like it."""

    index: int
    why: str
    like: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The indices of the pictures to keep, each the most unlike those before it; the others, by index."""

    kept: tuple[int, ...]
    dropped: tuple[Dropped, ...]


def look(image: Array) -> Look:
    """What there is to remember of an image, (H, W, 3) or (H, W, 1) floats in [0, 1], shrunk to `SIDE` before.

    Raises `ValueError` for anything else, and for numbers that are not finite.
    """
    if image.ndim != 3 or image.shape[2] not in (1, 3) or image.size == 0 or image.dtype.kind != "f":
        expected = "(height, width, 3) or (height, width, 1) floats"
        raise ValueError(f"an image of shape {image.shape} and type {image.dtype}, expected {expected}")
    if not np.isfinite(image).all():
        raise ValueError("an image with numbers that are not finite")
    levels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    small = Image.fromarray(np.ascontiguousarray(np.broadcast_to(levels, (*levels.shape[:2], 3))))
    if max(small.size) > SIDE:
        scale = SIDE / max(small.size)
        width, height = (max(1, round(side * scale)) for side in small.size)
        small = small.resize((width, height), Image.Resampling.BOX)
    lab = oklab(small)
    cells = oklab(small.resize((CELLS, CELLS), Image.Resampling.BOX))
    local = lab - around(lab, 3)
    return Look(
        layout=rounded(cells / 10),
        palette=palette(lab),
        texture=texture(small),
        contrast=round(math.sqrt(variance(cells))),
        detail=round(math.sqrt(variance(local))),
        ground=ground(lab),
        gradient=gradient(cells, variance(lab)),
        order=order(lab),
        grain=order(local),
    )


def as_plain(look: Look) -> dict[str, Plain]:
    """A look as JSON can keep it, in less than 2 kB."""
    values = {field.name: getattr(look, field.name) for field in fields(look)}
    return {name: list(value) if name in _LENGTHS else value for name, value in values.items()}


def from_plain(plain: object) -> Look:
    """The look that `as_plain` gave; `ValueError` where it is none."""
    names = [field.name for field in fields(Look)]
    if not isinstance(plain, Mapping) or set(plain) != set(names):
        raise ValueError(f"not the look of a picture, expected {', '.join(names)}")
    found: dict[str, Any] = {}
    for name in names:
        numbers = plain[name] if name in _LENGTHS else [plain[name]]
        if not isinstance(numbers, list) or len(numbers) != _LENGTHS.get(name, 1):
            raise ValueError(f"{name}: not the look of a picture, expected {_LENGTHS.get(name, 1)} whole numbers")
        if not all(type(one) is int and abs(one) <= _LARGEST for one in numbers):
            raise ValueError(f"{name}: not the look of a picture, expected whole numbers of at most {_LARGEST}")
        found[name] = tuple(numbers) if name in _LENGTHS else numbers[0]
    return Look(**found)


def dull(look: Look) -> str:
    """Why nobody would hang this picture, in words for a user; "" where somebody might.

    The borders are where they agree best with the eye, on a thousand pictures painted at `PREVIEW`, or smaller.
    """
    if look.detail > 35 and (look.order < 300 or look.grain < 100):
        return NOISE
    if look.ground > 960 and look.contrast < 80:
        return FLAT
    if look.gradient > 950 and look.detail < 8:
        return GRADIENT
    return ""


def distance(one: Look, other: Look) -> float:
    """How different two pictures are to the eye: 0 for the same or its mirror image, 3 at most; see `DOUBLE`."""
    return float(_Features.of([one, other]).from_one(0)[1])


def choose(looks: Sequence[Look], keep: int) -> Choice:
    """The pictures to keep, at most so many, and why the others are dropped.

    The first is the richest, or the most typical of the rich; each that follows is the one most unlike all before it
    (farthest-point selection; T. Gonzalez, "Clustering to minimize the maximum intercluster distance", 1985), where
    pictures that are almost dull count for less. So the first twenty of forty are the choice of twenty. What is nearer
    than `DOUBLE` to one that is kept is not kept. Of equals the first wins. The time it takes grows with the number of
    pictures times keep. Raises `ValueError` where keep is less than one.
    """
    if keep < 1:
        raise ValueError(f"{keep} pictures to keep, expected at least one")
    reasons = [dull(one) for one in looks]
    able = [index for index, why in enumerate(reasons) if not why]
    features = _Features.of([looks[index] for index in able])
    worth = np.array([_worth(looks[index]) for index in able])
    nearest = np.full(len(able), np.inf)
    like = np.zeros(len(able), dtype=np.int64)
    kept: list[int] = []
    while len(kept) < keep and (nearest >= DOUBLE).any():
        gain = np.where(nearest >= DOUBLE, worth * nearest, 0)
        best = int(np.argmax(gain)) if kept else features.typical(worth)
        away = features.from_one(best)
        like = np.where(away < nearest, best, like)
        nearest = np.minimum(nearest, away)
        kept.append(best)
    dropped = [Dropped(index, why) for index, why in enumerate(reasons) if why]
    for place in set(range(len(able))) - set(kept):
        why = NEARLY_THE_SAME if nearest[place] < DOUBLE else LESS_VARIED
        dropped.append(Dropped(able[place], why, able[int(like[place])]))
    return Choice(tuple(able[place] for place in kept), tuple(sorted(dropped, key=lambda one: one.index)))


def _worth(look: Look) -> float:
    """From 0.5, for what is next to dull, to 1."""
    filled = (960 - look.ground) / 300
    ordered = (look.order - 300) / 300
    rich = (sum(look.texture) / len(look.texture) - 100) / 200  # in hundredths of a doubling of the steps
    return 0.5 + 0.5 * math.prod(min(max(one, 0.0), 1.0) for one in (filled, ordered, rich))


@dataclass(frozen=True, slots=True)
class _Features:
    """The looks of n pictures, in rows. They are whole numbers, and so are all sums that are taken of them."""

    layout: Array  # (n, CELLS, CELLS, 3) floats, without the mean colour
    power: Array  # (n,) floats: the sums of the layouts' squares
    palette: Array
    texture: Array

    @classmethod
    def of(cls, looks: Sequence[Look]) -> _Features:
        layout = np.array([one.layout for one in looks], dtype=np.float64).reshape(-1, CELLS, CELLS, 3)
        layout -= np.rint(layout.sum((1, 2), keepdims=True) / CELLS**2)
        colours = np.array([one.palette for one in looks], dtype=np.int64).reshape(-1, _LENGTHS["palette"])
        steps = np.array([one.texture for one in looks], dtype=np.int64).reshape(-1, _LENGTHS["texture"])
        return cls(layout, (layout * layout).sum((1, 2, 3)), colours, steps)

    def from_one(self, index: int) -> Array:
        """(n,): how far each is from one of them, in composition, in colours and in texture, 0 to 1 each.

        Compositions are compared by the correlation of their colours, mirrored and upside down too: that a picture is
        lighter or has less contrast does not make it another one.
        """
        one = self.layout[index]
        turned = np.stack([one, one[:, ::-1], one[::-1], one[::-1, ::-1]]).reshape(4, -1)
        products = (self.layout.reshape(len(self.layout), -1) @ turned.T).max(1)
        faint = CELLS * CELLS  # a deviation of a hundredth, which nobody sees, decides nothing
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
