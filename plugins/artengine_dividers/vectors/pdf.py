"""PDF of one page, to the letter of ISO 32000: paths, and layers that can be hidden."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from itertools import groupby
from typing import IO

import numpy as np

from artengine import Target
from artengine.files import RECIPE_KEYWORD
from artengine_dividers.vectors.decimals import format_number, format_thousandths, to_thousandths
from artengine_dividers.vectors.drawing import Drawing, Layer

MAX_ARC_ANGLE = math.pi / 4  # radians: longer arcs are split, each part one Bezier curve
MAX_FULL_RADIUS = 100  # pixels; of larger radii the parts are shorter, so that no curve is more than 4e-4 pixels off
DEFAULT_DPI = 96  # as in CSS
POINTS_PER_INCH = 72
SEAMS_PER_SIDE = 400  # so many seams fill the shorter side: wide enough on a screen that shows a whole poster
MAX_SIDE = 14400  # user units, annex C.2; larger pages count in larger units


def write(file: IO[bytes], drawing: Drawing, target: Target) -> None:
    """Write a drawing, a pixel as large as the target says, or as on a screen."""
    scale = POINTS_PER_INCH / (target.dpi or DEFAULT_DPI)
    sheet = drawing.sheet
    unit = math.ceil(max(sheet.width, sheet.height) * scale / MAX_SIDE)
    scale /= unit
    width, height = format_number(sheet.width * scale), format_number(sheet.height * scale)
    content = f"{format_number(scale)} 0 0 {format_number(-scale)} 0 {height} cm 1 j\n"
    if drawing.window:
        corner = [(sheet.width - drawing.window[0]) / 2, (sheet.height - drawing.window[1]) / 2]
        content += " ".join(map(format_number, [*corner, *drawing.window])) + " re W n\n"
    content += "".join(line for number, layer in enumerate(drawing.layers) for line in _layer(drawing, layer, number))
    packed = zlib.compress(content.encode(), 9)
    groups = range(6, 6 + len(drawing.layers))  # the numbers of their objects
    names = " ".join(f"/L{number} {group} 0 R" for number, group in enumerate(groups))
    listed = " ".join(f"{group} 0 R" for group in groups)
    info = "" if target.recipe is None else f"/{RECIPE_KEYWORD} {_string(target.recipe)}"
    pages = f"/Type /Page /Parent 3 0 R /MediaBox [0 0 {width} {height}] /UserUnit {unit} /Contents 5 0 R"
    objects = [
        f"<< {info} >>",
        f"<< /Type /Catalog /Pages 3 0 R /OCProperties << /OCGs [{listed}] /D << /Order [{listed}] >> >> >>",
        "<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
        f"<< {pages} /Resources << /Properties << {names} >> >> >>",
        f"<< /Length {len(packed)} /Filter /FlateDecode >>\nstream\n",
        *(f"<< /Type /OCG /Name {_string(layer.label)} >>" for layer in drawing.layers),
    ]
    bodies = [text.encode() + (packed + b"\nendstream" if text.endswith("stream\n") else b"") for text in objects]
    file.write(_assemble(bodies))


def _assemble(objects: list[bytes]) -> bytes:
    """A file of objects, numbered from 1: the second is the catalogue, the first the information."""
    data = bytearray(b"%PDF-1.6\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    size, start = len(objects) + 1, len(data)
    entries = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    data += f"xref\n0 {size}\n0000000000 65535 f \n{entries}".encode()
    data += f"trailer\n<< /Size {size} /Root 2 0 R /Info 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(data)


def _string(text: str) -> str:
    """A text of ASCII as a literal string."""
    return "(" + text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") + ")"


def _layer(drawing: Drawing, layer: Layer, number: int) -> Iterator[str]:
    width = (
        max(layer.width, min(drawing.sheet.width, drawing.sheet.height) / SEAMS_PER_SIDE) if layer.thin else layer.width
    )
    yield f"/OC /L{number} BDC\n{int(not layer.thin)} J {format_number(width)} w\n"
    paint = ("B" if layer.width else "f") if layer.filled else "S"
    for label, group in groupby(_path_data(drawing, layer), key=lambda path: path[0]):
        colour = " ".join(format_number(level) for level in (layer.colours[label] / 255).round(4))
        fill = f"{colour} rg " if layer.filled else ""
        stroke = f"{colour} RG " if layer.width else ""
        yield f"{fill}{stroke}{''.join(data for _, data in group)}{paint}\n"
    yield "EMC\n"


def _path_data(drawing: Drawing, layer: Layer) -> Iterator[tuple[int, str]]:
    """The label of each path, and its path operators; arcs as Bezier curves.

    With handles of 4/3 tan(angle / 4) radii a curve is 4e-6 radii off for an eighth of a circle, and the less by the
    sixth power of the angle.
    """
    angle = MAX_ARC_ANGLE * np.clip((drawing.curves.bend * MAX_FULL_RADIUS) ** (1 / 6), 0.01, 1)
    paths, turn = layer.paths.split(drawing.curves, angle)
    middle = np.array([drawing.sheet.width, drawing.sheet.height]) / 2
    start, end = paths.start + middle, paths.end + middle
    ends = [f"{x} {y} " for x, y in zip(*map(format_thousandths, to_thousandths(end).T), strict=True)]
    lines = [at + "l\n" for at in ends]
    bent = np.flatnonzero(turn)
    arcs = drawing.curves[paths.curve[bent]]
    reach = (4 / 3 * np.tan(turn[bent] / 4) / arcs.bend)[:, None]
    handles = []
    for place, at, way in (
        (paths.place[bent], start[bent], 1),
        (paths.place[bent] + turn[bent] / arcs.bend, end[bent], -1),
    ):
        out = arcs.outwards(place)
        handles += [*to_thousandths(at + np.stack([-out[:, 1], out[:, 0]], axis=1) * reach * way).T]
    for row, x1, y1, x2, y2 in zip(bent.tolist(), *map(format_thousandths, handles), strict=True):
        lines[row] = f"{x1} {y1} {x2} {y2} {ends[row]}c\n"
    heads = [
        f"{x} {y} m\n" for x, y in zip(*map(format_thousandths, to_thousandths(start[paths.first[:-1]]).T), strict=True)
    ]
    first, last = paths.first[:-1].tolist(), paths.first[1:].tolist()
    for number in np.argsort(paths.label, kind="stable").tolist():
        body = "".join(lines[first[number] : last[number]])
        yield int(paths.label[number]), f"{heads[number]}{body}{'h ' if paths.closed[number] else ''}"
