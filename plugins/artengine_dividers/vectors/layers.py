"""The layers of a drawing: shapes, or hatching and outlines for pen plotters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from artengine import Frame, Target
from artengine.colour import format_colour
from artengine_dividers.network import Numbers
from artengine_dividers.vectors.drawing import Drawing, Layer, sheet_of
from artengine_dividers.vectors.geometry import Arrangement, keep_segments, select_paths, trace_boundaries
from artengine_dividers.vectors.palette import reduce_colours
from artengine_dividers.vectors.pens import pen_layers
from artengine_dividers.vectors.regions import Outline, find_regions
from artengine_dividers.vectors.strokes import outline_strokes
from artengine_dividers.vectors.style import Style

SEAM_WIDTH, TRAP_WIDTH = 2.0, 1.0  # pixels of the screen: narrower ones let the paper through where edges run aslant
MIN_SHAPE_AREA = 1e-4  # square pixels; of smaller shapes nothing is left by three decimals


def draw_regions(frame: Frame, style: Style, target: Target, *, bare: bool) -> Drawing:
    """The drawing of a still's regions, between the margins of its sheet.

    bare: where there is a palette its layers hold one shape each and nothing else, for programs that read shapes; each
    has a narrow stroke instead of seams below it. Raises `ValueError` where its picture has no regions.
    """
    sheet = sheet_of((frame.view.width, frame.view.height), target)
    pen, margin = style.pen_on(sheet), style.margin_on(sheet)
    inset = margin + pen / 2 if margin and style.strokes else margin  # nothing of a stroke is in the margin
    width, height = sheet.width - 2 * inset, sheet.height - 2 * inset
    regions = find_regions(frame, width, height)
    arrangement, colours = regions.arrangement, regions.colours
    if style.palette:
        colours = reduce_colours(colours, arrangement.area, style.palette)
    levels = np.rint(colours * 255).astype(np.uint8)
    label = np.arange(len(arrangement))
    if style.palette or style.merge:
        levels, label = _merge_colours(levels, arrangement.area)
    if style.strokes:
        layers = [*pen_layers(arrangement, levels, label, style, pen)]
    else:
        layers = [*_shape_layers(arrangement, levels, label, palette=style.palette is not None, bare=bare)]
        if regions.outline:
            layers.append(_outline_layer(arrangement, regions.outline, regions.pitch))
    window = (width, height) if margin and not style.strokes else None  # over which narrow strokes reach a little
    return Drawing(sheet, arrangement.curves, tuple(layers), window)


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
            shape = select_paths(paths, paths.label == number)
            name = f"colour-{number + 1}"
            yield Layer(name, format_colour(*colour), shape, levels, filled=True, width=width, thin=bare)
        return
    sizes = np.bincount(label, weights=arrangement.area)
    shapes = select_paths(paths, sizes[paths.label] > MIN_SHAPE_AREA)
    yield Layer("regions", "regions", shapes, levels, filled=True, width=0.0)


def _outline_layer(arrangement: Arrangement, outline: Outline, pitch: float) -> Layer:
    """Lines and circles over the shapes, as the network draws them: no frame around them."""
    width, colour = outline
    paths = outline_strokes(arrangement, np.arange(len(arrangement)))
    inside = select_paths(paths, np.arange(len(paths)) > 0)
    levels = np.rint(np.array([colour]) * 255).astype(np.uint8)
    return Layer("outlines", "outlines", inside, levels, filled=False, width=width / pitch)
