"""SVG, with true arcs, in layers that Inkscape and vpype know."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from itertools import groupby
from typing import IO

import numpy as np

from artengine import Target
from artengine.colour import format_colour
from artengine.files import RECIPE_KEYWORD
from artengine_dividers.vectors.decimals import format_number, format_thousandths, to_thousandths
from artengine_dividers.vectors.drawing import Drawing, Layer, Sheet

MAX_ARC_ANGLE = math.pi / 2  # radians: longer arcs are split
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg"'
    ' xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
)
THIN_STYLE = "<style>.thin path{vector-effect:non-scaling-stroke}</style>\n"


def write(file: IO[bytes], drawing: Drawing, target: Target) -> None:
    """Write a drawing; its units are pixels, its size is in millimetres on paper."""
    sheet = drawing.sheet
    sides = [format_number(side) for side in (sheet.width, sheet.height)]
    width, height = [f"{format_number(side)}mm" for side in target.sheet] if target.sheet else sides
    file.write(f'{HEAD}width="{width}" height="{height}" viewBox="0 0 {" ".join(sides)}">\n'.encode())
    if target.recipe is not None:
        file.write(f'<metadata id="{RECIPE_KEYWORD}">{html.escape(target.recipe, quote=False)}</metadata>\n'.encode())
    if any(layer.thin for layer in drawing.layers):
        file.write(THIN_STYLE.encode())
    if drawing.window:
        file.write(_clip_path(sheet, *drawing.window).encode())
    for number, layer in enumerate(drawing.layers, start=1):
        file.write("".join(_layer(drawing, layer, number)).encode())
    file.write(b"</svg>\n")


def _clip_path(sheet: Sheet, width: float, height: float) -> str:
    """What cuts off all that is not between the margins."""
    sides = {"x": (sheet.width - width) / 2, "y": (sheet.height - height) / 2, "width": width, "height": height}
    words = " ".join(f'{name}="{format_number(side)}"' for name, side in sides.items())
    return f'<clipPath id="window"><rect {words}/></clipPath>\n'


def _layer(drawing: Drawing, layer: Layer, number: int) -> Iterator[str]:
    """A layer; its label begins with its number, for that is what vpype and plotters tell layers by."""
    thin = ' class="thin"' if layer.thin else ""
    fill = "" if layer.filled else ' fill="none"'
    round_ = "" if layer.thin else ' stroke-linecap="round"'
    stroke = f' stroke-width="{format_number(layer.width)}" stroke-linejoin="round"{round_}' if layer.width else ""
    clip = ' clip-path="url(#window)"' if drawing.window else ""
    name = f'id="{layer.name}" inkscape:groupmode="layer" inkscape:label="{number} {layer.label}"'
    yield f"<g {name}{thin}{clip}{fill}{stroke}>\n"
    for label, group in groupby(_path_data(drawing, layer), key=lambda path: path[0]):
        colour = format_colour(*layer.colours[label].tolist())
        paint = f' fill="{colour}"' if layer.filled else ""
        paint += f' stroke="{colour}"' if layer.width else ""
        yield f'<path{paint} d="{"".join(data for _, data in group)}"/>\n'
    yield "</g>\n"


def _path_data(drawing: Drawing, layer: Layer) -> Iterator[tuple[int, str]]:
    """The label of each path, and its path data: relative, so that it is short, between rounded ends."""
    paths, turn = layer.paths.split(drawing.curves, np.full(len(drawing.curves), MAX_ARC_ANGLE))
    middle = np.array([drawing.sheet.width, drawing.sheet.height]) / 2
    start, end = to_thousandths(paths.start + middle), to_thousandths(paths.end + middle)
    columns = map(format_thousandths, (end - start).T)
    steps = [x + y if y[0] == "-" else f"{x} {y}" for x, y in zip(*columns, strict=True)]
    lines = ["l" + step for step in steps]
    for row in np.flatnonzero(turn).tolist():
        radius = format_number(1 / drawing.curves.bend[paths.curve[row]])
        lines[row] = f"a{radius} {radius} 0 0 {int(turn[row] > 0)} {steps[row]}"
    first, last = paths.first[:-1].tolist(), paths.first[1:].tolist()
    heads = [f"M{x} {y}" for x, y in zip(*map(format_thousandths, start[first].T), strict=True)]
    for number in np.argsort(paths.label, kind="stable").tolist():
        stop, closed = last[number], paths.closed[number]
        omitted = closed and turn[stop - 1] == 0  # z draws the last line
        body = "".join(lines[first[number] : stop - 1 if omitted else stop])
        yield int(paths.label[number]), f"{heads[number]}{body}{'z' if closed else ''}"
