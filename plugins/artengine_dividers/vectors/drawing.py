"""What is drawn of a still's regions, in layers: for any format of vectors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from artengine import Frame
from artengine.colour import linear_to_oklab, srgb_to_linear
from artengine_dividers.vectors.geometry import Arrangement, Chains, Curves, cut, edged
from artengine_dividers.vectors.hatching import hatched
from artengine_dividers.vectors.palette import reduced
from artengine_dividers.vectors.regions import regions
from artengine_dividers.vectors.strokes import outlines

Numbers = np.ndarray[Any, Any]

SEAM, TRAP = 2.0, 1.0  # pixels of the screen: narrower ones let the paper through where edges run aslant
SPECK = 1e-4  # square pixels; of smaller faces nothing is left by three decimals
INCH = 25.4  # millimetres
NIB = 0.4  # millimetres: a fineliner
TONES = 12  # of hatching where there is no palette
DENSEST = 0.6  # part of the paper that hatching covers for black
GOLDEN = math.pi * (3 - math.sqrt(5))  # turned by this again and again, no two directions are close for long
BEGINNING = math.radians(25)
INK = np.zeros((1, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Style:
    """How regions are drawn; see `vectors.svg`."""

    palette: int | None
    merge: bool
    strokes: bool
    hatching: bool
    pen: float | None


@dataclass(frozen=True, slots=True)
class Layer:
    """What is drawn in one go.

    name: a word. label: what people read. chains: those of a label are one shape. colours: (K, 3) uint8, of each label.
    filled: or else only stroked. width: of the stroke, pixels, 0 for none; thin: of the screen, however far one zooms.
    """

    name: str
    label: str
    chains: Chains
    colours: Numbers
    filled: bool
    width: float
    thin: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """Layers, the lowest first; width, height: pixels; curves: those that the chains follow."""

    width: int
    height: int
    curves: Curves
    layers: tuple[Layer, ...]


def hexadecimal(colour: Numbers) -> str:
    """A colour, (3,) uint8, as SVG writes it and people read it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def drawn(frame: Frame, style: Style, dpi: float | None, *, bare: bool) -> Drawing:
    """The drawing of a still.

    dpi: pixels an inch, where the canvas says so. bare: where there is a palette its layers hold one shape each and
    nothing else, for programs that read shapes; each has a narrow stroke instead of seams below it.
    Raises `ValueError` where its picture has no regions, or style asks for what does not go together.
    """
    if style.pen is not None and not style.strokes:
        raise ValueError("found a pen, expected strokes: true beside it, or none")
    arrangement, colours = regions(frame)
    if style.palette:
        colours = reduced(colours, arrangement.area, style.palette)
    levels = np.rint(colours * 255).astype(np.uint8)
    label = np.arange(len(arrangement))
    if style.palette or style.merge:
        levels, label = _merged(levels, arrangement.area)
    if style.strokes:
        nib = style.pen or (NIB if dpi else 1.0)
        layers: Iterable[Layer] = _stroked(arrangement, levels, label, style, nib * dpi / INCH if dpi else nib)
    else:
        layers = _filled(arrangement, levels, label, style.palette is not None, bare)
        outline: Any = getattr(frame.picture and frame.picture.network, "outline", None)
        if outline:
            width, ink = outline
            layers = [*layers, _outlined(arrangement, width / frame.view.pitch, np.array([ink]))]
    return Drawing(arrangement.width, arrangement.height, arrangement.curves, tuple(layers))


def _merged(levels: Numbers, area: Numbers) -> tuple[Numbers, Numbers]:
    """The different ones of colours, (K, 3), those that have more of the picture first; and which is whose, (F,)."""
    found, which = np.unique(levels, axis=0, return_inverse=True)
    which = which.reshape(-1)
    order = np.argsort(-np.bincount(which, weights=area), kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return found[order], rank[which]


def _filled(arrangement: Arrangement, levels: Numbers, label: Numbers, palette: bool, bare: bool) -> Iterator[Layer]:
    """Shapes of one colour.

    Where two meet, their smooth edges would let the paper shine through. So the one that is painted first has a stroke
    of its colour along there, below all shapes, which cover it up to where they meet.
    """
    chains, beyond = edged(arrangement, label)
    if not (palette and bare):
        owner = np.repeat(chains.label, np.diff(chains.first))
        yield Layer("seams", "seams", cut(chains, beyond > owner), levels, False, SEAM, True)
    if palette:
        for number, colour in enumerate(levels):
            rows = _picked(chains, chains.label == number)
            yield Layer(f"colour-{number + 1}", hexadecimal(colour), rows, levels, True, TRAP if bare else 0.0, bare)
        return
    sizes = np.bincount(label, weights=arrangement.area)
    yield Layer("regions", "regions", _picked(chains, sizes[chains.label] > SPECK), levels, True, 0.0)


def _stroked(arrangement: Arrangement, levels: Numbers, label: Numbers, style: Style, pen: float) -> Iterator[Layer]:
    """Hatching, in a layer for each colour of a palette, and outlines."""
    if style.hatching:
        darkness = 1 - linear_to_oklab(srgb_to_linear(levels / 255))[:, 0]
        tone = np.rint(darkness * TONES).astype(np.int64)
        if style.palette:
            tone[np.argsort(darkness, kind="stable")] = np.arange(len(tone))
        hatches = {}
        for step in np.unique(tone):
            dark = darkness[tone == step].mean() if style.palette else step / TONES
            if dark > 0.5 / TONES:
                lines = hatched(arrangement, tone[label] == step, BEGINNING + step * GOLDEN, pen / (DENSEST * dark))
                hatches[step] = lines[np.hypot(*(lines[:, 1] - lines[:, 0]).T) > pen / 2]  # no dots
        if style.palette:
            for number, (step, lines) in enumerate(hatches.items()):
                name = f"hatching {hexadecimal(levels[tone == step][0])}"
                yield Layer(f"hatching-{number + 1}", name, _lines(lines), INK, False, pen)
        elif hatches:
            yield Layer("hatching", "hatching", _lines(np.concatenate([*hatches.values()])), INK, False, pen)
    yield Layer("outlines", "outlines", outlines(arrangement, label), INK, False, pen)


def _outlined(arrangement: Arrangement, width: float, ink: Numbers) -> Layer:
    """Lines and circles over the shapes, as the network draws them: no frame around them."""
    chains = outlines(arrangement, np.arange(len(arrangement)))
    inside = _picked(chains, np.arange(len(chains.closed)) > 0)
    return Layer("outlines", "outlines", inside, np.rint(ink * 255).astype(np.uint8), False, width)


def _picked(chains: Chains, kept: Numbers) -> Chains:
    """Only those chains, (C,) bools."""
    part = cut(chains, np.repeat(kept, np.diff(chains.first)))
    return replace(part, closed=chains.closed[kept])


def _lines(hatches: Numbers) -> Chains:
    """Straight lines, (H, 2, 2), each a chain."""
    count = len(hatches)
    none = np.zeros(count, np.int64)
    return Chains(hatches[:, 0], hatches[:, 1], none, none, none, np.arange(count + 1), np.zeros(count, bool), none)
