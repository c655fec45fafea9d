"""SVG, with true arcs, in layers that Inkscape and vpype know."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from itertools import groupby
from typing import IO

import numpy as np

from artengine import Target
from artengine.files import RECIPE_KEYWORD
from artengine_dividers.vectors.decimals import parts, short, texts
from artengine_dividers.vectors.drawing import INCH, Drawing, Layer, hexadecimal

ARC = math.pi / 2  # radians, of one arc at most
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg"'
    ' xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
)
THIN = "<style>.thin path{vector-effect:non-scaling-stroke}</style>\n"


def write(file: IO[bytes], drawing: Drawing, target: Target) -> None:
    """Write a drawing; its units are pixels, its size is in millimetres where the target says how many to an inch."""
    sides = (drawing.width, drawing.height)
    width, height = (short(side / target.dpi * INCH) + "mm" if target.dpi else str(side) for side in sides)
    view = f'width="{width}" height="{height}" viewBox="0 0 {drawing.width} {drawing.height}">\n'
    file.write(f"{HEAD}{view}".encode())
    if target.recipe is not None:
        file.write(f'<metadata id="{RECIPE_KEYWORD}">{html.escape(target.recipe, quote=False)}</metadata>\n'.encode())
    if any(layer.thin for layer in drawing.layers):
        file.write(THIN.encode())
    for number, layer in enumerate(drawing.layers, start=1):
        file.write("".join(_layer(drawing, layer, number)).encode())
    file.write(b"</svg>\n")


def _layer(drawing: Drawing, layer: Layer, number: int) -> Iterator[str]:
    """A layer; its label begins with its number, for that is what vpype and plotters tell layers by."""
    thin = ' class="thin"' if layer.thin else ""
    fill = "" if layer.filled else ' fill="none"'
    round_ = "" if layer.thin else ' stroke-linecap="round"'
    stroke = f' stroke-width="{short(layer.width)}" stroke-linejoin="round"{round_}' if layer.width else ""
    name = f'id="{layer.name}" inkscape:groupmode="layer" inkscape:label="{number} {layer.label}"'
    yield f"<g {name}{thin}{fill}{stroke}>\n"
    for label, words in groupby(_paths(drawing, layer), key=lambda path: path[0]):
        colour = hexadecimal(layer.colours[label])
        paint = f' fill="{colour}"' if layer.filled else ""
        paint += f' stroke="{colour}"' if layer.width else ""
        yield f'<path{paint} d="{"".join(word for _, word in words)}"/>\n'
    yield "</g>\n"


def _paths(drawing: Drawing, layer: Layer) -> Iterator[tuple[int, str]]:
    """The label of each chain, and the chain as path data: relative, so that it is short, from rounded ends."""
    chains, turn = layer.chains.split(drawing.curves, np.full(len(drawing.curves), ARC))
    middle = np.array([drawing.width, drawing.height]) / 2
    start, end = parts(chains.start + middle), parts(chains.end + middle)
    steps = [x + y if y[0] == "-" else f"{x} {y}" for x, y in zip(*map(texts, (end - start).T), strict=True)]
    lines = ["l" + step for step in steps]
    for row in np.flatnonzero(turn).tolist():
        radius = short(1 / drawing.curves.bend[chains.curve[row]])
        lines[row] = f"a{radius} {radius} 0 0 {int(turn[row] > 0)} {steps[row]}"
    begin = chains.first[:-1]
    heads = [f"M{x} {y}" for x, y in zip(*map(texts, start[begin].T), strict=True)]
    straight = turn == 0
    order = np.argsort(chains.label, kind="stable")
    first, last = chains.first[:-1].tolist(), chains.first[1:].tolist()
    for number in order.tolist():
        stop = last[number]
        back = chains.closed[number]
        body = "".join(lines[first[number] : stop - 1 if back and straight[stop - 1] else stop])
        yield int(chains.label[number]), f"{heads[number]}{body}{'z' if back else ''}"
