"""The layers of a drawing: shapes, or hatching and outlines for pen plotters."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from artengine import Frame
from artengine.colour import format_colour, linear_to_oklab, srgb_to_linear
from artengine_dividers.network import Numbers
from artengine_dividers.vectors.decimals import MM_PER_INCH
from artengine_dividers.vectors.drawing import Drawing, Layer
from artengine_dividers.vectors.geometry import Arrangement, Paths, keep_segments, trace_boundaries
from artengine_dividers.vectors.hatching import hatch_faces
from artengine_dividers.vectors.palette import reduce_colours
from artengine_dividers.vectors.regions import Outline, find_regions
from artengine_dividers.vectors.strokes import outline_strokes
from artengine_dividers.vectors.style import Style

SEAM_WIDTH, TRAP_WIDTH = 2.0, 1.0  # pixels of the screen: narrower ones let the paper through where edges run aslant
MIN_SHAPE_AREA = 1e-4  # square pixels; of smaller shapes nothing is left by three decimals
PEN_MM = 0.4  # millimetres: a fineliner
PEN_PIXELS = 1.0  # where the canvas has no resolution
HATCH_TONES = 12  # steps from white to black where there is no palette
MAX_COVERAGE = 0.6  # part of the paper that hatching covers for black
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))  # turned by this again and again, no two directions are close for long
FIRST_ANGLE = math.radians(25)
INK = np.zeros((1, 3), np.uint8)


def draw_regions(frame: Frame, style: Style, dpi: float | None, *, bare: bool) -> Drawing:
    """The drawing of a still's regions.

    dpi: pixels an inch, where the canvas has a resolution. bare: where there is a palette its layers hold one shape
    each and nothing else, for programs that read shapes; each has a narrow stroke instead of seams below it.
    Raises `ValueError` where its picture has no regions.
    """
    regions = find_regions(frame)
    arrangement, colours = regions.arrangement, regions.colours
    if style.palette:
        colours = reduce_colours(colours, arrangement.area, style.palette)
    levels = np.rint(colours * 255).astype(np.uint8)
    label = np.arange(len(arrangement))
    if style.palette or style.merge:
        levels, label = _merge_colours(levels, arrangement.area)
    if style.strokes:
        pen = (style.pen or PEN_MM) * dpi / MM_PER_INCH if dpi else style.pen or PEN_PIXELS
        layers = [*_stroke_layers(arrangement, levels, label, style, pen)]
    else:
        layers = [*_shape_layers(arrangement, levels, label, palette=style.palette is not None, bare=bare)]
        if regions.outline:
            layers.append(_outline_layer(arrangement, regions.outline, frame.view.pitch))
    return Drawing(arrangement.width, arrangement.height, arrangement.curves, tuple(layers))


def _merge_colours(levels: Numbers, area: Numbers) -> tuple[Numbers, Numbers]:
    """The distinct colours, (K, 3), those that cover more of the picture first; and the number of each face's, (F,)."""
    distinct, which = np.unique(levels, axis=0, return_inverse=True)
    which = which.reshape(-1)
    order = np.argsort(-np.bincount(which, weights=area), kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return distinct[order], rank[which]


def _shape_layers(
    arrangement: Arrangement, levels: Numbers, label: Numbers, *, palette: bool, bare: bool
) -> Iterator[Layer]:
    """Shapes of one colour.

    Where two meet, their smooth edges would let the paper shine through. So the one that is painted first has a stroke
    of its colour along there, below all shapes, which cover it up to where they meet.
    """
    paths, label_beyond = trace_boundaries(arrangement, label)
    if not (palette and bare):
        owner = np.repeat(paths.label, np.diff(paths.first))
        seams = keep_segments(paths, label_beyond > owner)
        yield Layer("seams", "seams", seams, levels, filled=False, width=SEAM_WIDTH, thin=True)
    if palette:
        width = TRAP_WIDTH if bare else 0.0
        for number, colour in enumerate(levels.tolist()):
            shape = _select_paths(paths, paths.label == number)
            name = f"colour-{number + 1}"
            yield Layer(name, format_colour(*colour), shape, levels, filled=True, width=width, thin=bare)
        return
    sizes = np.bincount(label, weights=arrangement.area)
    shapes = _select_paths(paths, sizes[paths.label] > MIN_SHAPE_AREA)
    yield Layer("regions", "regions", shapes, levels, filled=True, width=0.0)


def _stroke_layers(
    arrangement: Arrangement, levels: Numbers, label: Numbers, style: Style, pen: float
) -> Iterator[Layer]:
    """Hatching, in a layer for each colour of a palette, and outlines; pen: the width of strokes, pixels."""
    if style.hatching:
        yield from _hatch_layers(arrangement, levels, label, pen, palette=style.palette is not None)
    yield Layer("outlines", "outlines", outline_strokes(arrangement, label), INK, filled=False, width=pen)


def _hatch_layers(
    arrangement: Arrangement, levels: Numbers, label: Numbers, pen: float, *, palette: bool
) -> Iterator[Layer]:
    """Hatching, the denser the darker a colour is, each tone in a direction of its own."""
    darkness = 1 - linear_to_oklab(srgb_to_linear(levels / 255))[:, 0]
    tone = np.rint(darkness * HATCH_TONES).astype(np.int64)
    if palette:
        tone[np.argsort(darkness, kind="stable")] = np.arange(len(tone))
    hatches = {}
    for step in np.unique(tone):
        dark = darkness[tone == step].mean() if palette else step / HATCH_TONES
        if dark > 0.5 / HATCH_TONES:
            angle, distance = FIRST_ANGLE + step * GOLDEN_ANGLE, pen / (MAX_COVERAGE * dark)
            lines = hatch_faces(arrangement, tone[label] == step, angle, distance)
            hatches[step] = lines[np.hypot(*(lines[:, 1] - lines[:, 0]).T) > pen / 2]  # no dots
    if palette:
        for number, (step, lines) in enumerate(hatches.items()):
            name = f"hatching {format_colour(*levels[tone == step][0].tolist())}"
            yield Layer(f"hatching-{number + 1}", name, _straight_paths(lines), INK, filled=False, width=pen)
    elif hatches:
        paths = _straight_paths(np.concatenate([*hatches.values()]))
        yield Layer("hatching", "hatching", paths, INK, filled=False, width=pen)


def _outline_layer(arrangement: Arrangement, outline: Outline, pitch: float) -> Layer:
    """Lines and circles over the shapes, as the network draws them: no frame around them."""
    width, colour = outline
    paths = outline_strokes(arrangement, np.arange(len(arrangement)))
    inside = _select_paths(paths, np.arange(len(paths)) > 0)
    levels = np.rint(np.array([colour]) * 255).astype(np.uint8)
    return Layer("outlines", "outlines", inside, levels, filled=False, width=width / pitch)


def _select_paths(paths: Paths, chosen: Numbers) -> Paths:
    """Only the chosen paths, (C,) bools."""
    segments = keep_segments(paths, np.repeat(chosen, np.diff(paths.first)))
    return replace(segments, closed=paths.closed[chosen])


def _straight_paths(lines: Numbers) -> Paths:
    """Straight lines, (H, 2, 2), each a path."""
    count = len(lines)
    none = np.zeros(count, np.int64)
    return Paths(lines[:, 0], lines[:, 1], none, none, none, np.arange(count + 1), np.zeros(count, bool), none)
