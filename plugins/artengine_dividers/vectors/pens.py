"""What a pen plotter draws: hatching, a layer for each pen or each colour of a palette, and outlines over it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from artengine.colour import format_colour, linear_to_oklab, parse_colour, srgb_to_linear
from artengine_dividers.network import Numbers
from artengine_dividers.vectors.drawing import Layer
from artengine_dividers.vectors.geometry import (
    Arrangement,
    Paths,
    absorb_small_pieces,
    order_paths,
    select_paths,
)
from artengine_dividers.vectors.hatching import hatch_faces
from artengine_dividers.vectors.strokes import outline_strokes
from artengine_dividers.vectors.style import Style

HATCH_TONES = 12  # steps from white to black where there is no palette
MAX_COVERAGE = 0.6  # part of the paper that hatching covers where a colour is as dark as the pen
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))  # turned by this again and again, no two directions are close for long
FIRST_ANGLE = math.radians(25)
BLACK = "#000000"
FULLER_PEN = 0.01  # of two pens as good, the one that has to cover more: its hatching is finer


def pen_layers(
    arrangement: Arrangement, levels: Numbers, label: Numbers, style: Style, width: float
) -> Iterator[Layer]:
    """Hatching and outlines of faces; levels: (K, 3) uint8, the colours; label: (F,), the colour of each face.

    width: of the pen, pixels. What is smaller than that is left out. The lightest pen comes first, the outlines last.
    """
    if style.palette or style.merge:
        label = absorb_small_pieces(arrangement, label, width)
    inks = np.array([parse_colour(pen) for pen in style.pens or [BLACK]], np.uint8)
    if style.hatching:
        yield from _hatch_layers(arrangement, levels, label, style, inks, width)
    strokes = outline_strokes(arrangement, label)
    outlines = order_paths(select_paths(strokes, _drawn_lengths(strokes) > width))
    darkest = inks[[np.argmin(_oklab(inks)[:, 0])]]
    yield Layer("outlines", "outlines", outlines, darkest, filled=False, width=width)


def _hatch_layers(
    arrangement: Arrangement, levels: Numbers, label: Numbers, style: Style, inks: Numbers, width: float
) -> Iterator[Layer]:
    """Hatching, the denser the darker a colour is, each tone in a direction of its own."""
    pen, tint = _choose_pens(_oklab(levels), _oklab(inks))
    if style.palette:
        tone = np.empty(len(levels), np.int64)
        tone[np.argsort(tint, kind="stable")] = np.arange(len(levels))
    else:
        tone = np.rint(tint * HATCH_TONES).astype(np.int64) + pen * (HATCH_TONES + 1)
    by_layer: dict[int, list[Numbers]] = {}
    for one in np.unique(tone):
        mean = tint[tone == one].mean() if style.palette else one % (HATCH_TONES + 1) / HATCH_TONES
        if mean > 0.5 / HATCH_TONES:
            angle, distance = FIRST_ANGLE + one * GOLDEN_ANGLE, width / (MAX_COVERAGE * mean)
            lines = hatch_faces(arrangement, tone[label] == one, angle, distance)
            lines = lines[np.hypot(*(lines[:, 1] - lines[:, 0]).T) > width]
            layer = pen[tone == one][0] if style.pens else one if style.palette else 0
            by_layer.setdefault(int(layer), []).append(lines)
    layers = [*by_layer]
    if style.pens:
        layers.sort(key=lambda number: -_oklab(inks)[number, 0])
    for number, layer in enumerate(layers, start=1):
        paths = order_paths(_straight_paths(np.concatenate(by_layer[layer])))
        name, words, ink = "hatching", "hatching", inks[[0]]
        if style.pens:
            ink = inks[[layer]]
            name, words = f"pen-{number}", f"pen {format_colour(*ink[0].tolist())}"
        elif style.palette:
            name, words = f"hatching-{number}", f"hatching {format_colour(*levels[tone == layer][0].tolist())}"
        yield Layer(name, words, paths, ink, filled=False, width=width)


def _choose_pens(colours: Numbers, inks: Numbers) -> tuple[Numbers, Numbers]:
    """The pen whose hatching on white comes nearest to each colour, (K,), and how much of it there has to be, 0 to 1.

    colours: (K, 3), inks: (P, 3), both in OKLab.
    """
    white = np.array([1.0, 0.0, 0.0])
    way = inks - white
    square = np.maximum(np.square(way).sum(axis=1), np.finfo(float).tiny)
    amount = np.clip((colours - white) @ way.T / square, 0.0, 1.0)
    off = np.sqrt(np.square(white + amount[:, :, None] * way - colours[:, None]).sum(axis=2))
    pen = np.argmin(off - FULLER_PEN * amount, axis=1)
    return pen, amount[np.arange(len(colours)), pen]


def _oklab(levels: Numbers) -> Numbers:
    return linear_to_oklab(srgb_to_linear(levels / 255))


def _drawn_lengths(paths: Paths) -> Numbers:
    """How far each path reaches: the length of an open one, the diameter of a closed one as of a circle, (C,)."""
    lengths = np.maximum(np.abs(paths.length), np.hypot(*(paths.end - paths.start).T))
    reach: Numbers = np.add.reduceat(lengths, paths.first[:-1]) / np.where(paths.closed, math.pi, 1)
    return reach


def _straight_paths(lines: Numbers) -> Paths:
    """Straight lines, (H, 2, 2), each a path."""
    count = len(lines)
    none = np.zeros(count, np.int64)
    return Paths(lines[:, 0], lines[:, 1], none, none, none, np.arange(count + 1), np.zeros(count, bool), none)
