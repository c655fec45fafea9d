"""Regions as exact vectors: what a scene may set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from artengine import Frame, Target

Palette = Annotated[int, Field(ge=1, le=256)]
Pen = Annotated[float, Field(ge=0.01, le=1000)]


def svg(
    frames: Iterable[Frame],
    target: Target,
    /,
    *,
    palette: Palette | None = None,
    merge: bool = False,
    strokes: bool = False,
    hatching: bool = True,
    pen: Pen | None = None,
) -> Iterator[Path]:
    """SVG of a dividers network: every region a path of its colour, exactly, for any size.

    palette: reduce the colours to so many, each a layer. merge: make neighbours of one colour one shape, as a palette
    does too. strokes: draw lines for a pen plotter, not shapes. hatching: with strokes, the denser the darker. pen: the
    width of strokes, in millimetres where the canvas has a resolution, in pixels else; left out, 0.4 mm or a pixel.
    Raises `ValueError` for what is no still of a dividers network.
    """
    from artengine_dividers import svg as writer
    from artengine_dividers.drawing import Style, drawn

    style = Style(palette, merge, strokes, hatching, pen)
    for frame in _first(frames):
        drawing = drawn(frame, style, target.dpi, bare=True)
        with target.create(".svg") as file:
            writer.write(file, drawing, target)
        yield target.path(".svg")


def pdf(
    frames: Iterable[Frame],
    target: Target,
    /,
    *,
    palette: Palette | None = None,
    merge: bool = False,
    strokes: bool = False,
    hatching: bool = True,
    pen: Pen | None = None,
) -> Iterator[Path]:
    """PDF of a dividers network: every region a path of its colour, exactly, for print.

    palette: reduce the colours to so many, each a layer. merge: make neighbours of one colour one shape, as a palette
    does too. strokes: draw lines for a pen plotter, not shapes. hatching: with strokes, the denser the darker. pen: the
    width of strokes, in millimetres where the canvas has a resolution, in pixels else; left out, 0.4 mm or a pixel.
    Raises `ValueError` for what is no still of a dividers network.
    """
    from artengine_dividers import pdf as writer
    from artengine_dividers.drawing import Style, drawn

    style = Style(palette, merge, strokes, hatching, pen)
    for frame in _first(frames):
        drawing = drawn(frame, style, target.dpi, bare=False)
        with target.create(".pdf") as file:
            writer.write(file, drawing, target)
        yield target.path(".pdf")


def _first(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The one still, of which no pixel is asked for: alone, this output has none painted but the first rows."""
    for frame in frames:
        yield frame
        return
