"""Regions as exact vectors: what a scene may set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

from pydantic import Field

from artengine import Frame, Target

if TYPE_CHECKING:
    from artengine_dividers.vectors.drawing import Drawing

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
    from artengine_dividers.vectors import svg as writer

    yield from _drawn(frames, target, ".svg", writer.write, (palette, merge, strokes, hatching, pen), bare=True)


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
    from artengine_dividers.vectors import pdf as writer

    yield from _drawn(frames, target, ".pdf", writer.write, (palette, merge, strokes, hatching, pen), bare=False)


def _drawn(
    frames: Iterable[Frame],
    target: Target,
    ending: str,
    write: Callable[[IO[bytes], Drawing, Target], None],
    style: tuple[int | None, bool, bool, bool, float | None],
    *,
    bare: bool,
) -> Iterator[Path]:
    """The one still, of which no pixel is asked for: alone, this output has none painted but the first rows."""
    from artengine_dividers.vectors.drawing import Style, drawn

    for frame in frames:
        drawing = drawn(frame, Style(*style), target.dpi, bare=bare)
        with target.create(ending) as file:
            write(file, drawing, target)
        yield target.path(ending)
        return
