"""Regions as exact vectors: what a scene may set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

from pydantic import Field

from artengine import Frame, Target, expects, writes
from artengine.colour import Colour
from artengine_dividers.vectors.style import Style, expects_regions

if TYPE_CHECKING:
    from artengine_dividers.vectors.drawing import Drawing

Palette = Annotated[int, Field(ge=1, le=256)]
Pen = Annotated[float, Field(ge=0.01, le=1000)]
Pens = Annotated[list[Colour], Field(min_length=1, max_length=64)]
Margin = Annotated[float, Field(ge=0, le=10_000)]


@writes(".svg")
@expects(expects_regions)
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
    pens: Pens | None = None,
    margin: Margin | None = None,
) -> Iterator[Path]:
    """SVG of a dividers network: every region a path of its colour, exactly, for any size.

    palette: reduce the colours to so many, each a layer. merge: make neighbours of one colour one shape, as a palette
    does too. strokes: draw lines for a pen plotter, not shapes. hatching: with strokes, the denser the darker. pen: the
    width of strokes, in millimetres on paper, in pixels else; left out, 0.4 mm or a pixel. pens: the colours that there
    are, a layer each; left out, black. margin: what stays empty all around, in the pen's unit; left out, 10 mm for
    strokes on paper.
    Raises `ValueError` for what is no still of a dividers network.
    """
    from artengine_dividers.vectors import svg as writer

    style = Style(palette, merge, strokes, hatching, pen, pens, margin)
    yield from _write_still(frames, target, ".svg", writer.write, style, bare=True)


@writes(".pdf")
@expects(expects_regions)
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
    pens: Pens | None = None,
    margin: Margin | None = None,
) -> Iterator[Path]:
    """PDF of a dividers network: every region a path of its colour, exactly, for print.

    palette: reduce the colours to so many, each a layer. merge: make neighbours of one colour one shape, as a palette
    does too. strokes: draw lines for a pen plotter, not shapes. hatching: with strokes, the denser the darker. pen: the
    width of strokes, in millimetres on paper, in pixels else; left out, 0.4 mm or a pixel. pens: the colours that there
    are, a layer each; left out, black. margin: what stays empty all around, in the pen's unit; left out, 10 mm for
    strokes on paper.
    Raises `ValueError` for what is no still of a dividers network.
    """
    from artengine_dividers.vectors import pdf as writer

    style = Style(palette, merge, strokes, hatching, pen, pens, margin)
    yield from _write_still(frames, target, ".pdf", writer.write, style, bare=False)


def _write_still(
    frames: Iterable[Frame],
    target: Target,
    suffix: str,
    write: Callable[[IO[bytes], Drawing, Target], None],
    style: Style,
    *,
    bare: bool,
) -> Iterator[Path]:
    """The one still, of whose pixels none is used: where this output stands alone, only the first rows are painted."""
    from artengine_dividers.vectors.layers import draw_regions

    for frame in frames:
        drawing = draw_regions(frame, style, target, bare=bare)
        with target.create(suffix) as file:
            write(file, drawing, target)
        yield target.path(suffix)
        return
