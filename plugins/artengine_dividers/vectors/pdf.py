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
from artengine_dividers.vectors.decimals import parts, short, texts
from artengine_dividers.vectors.drawing import Drawing, Layer

ARC = math.pi / 4  # radians, of one curve at most
ROUND = 100  # pixels: curves for arcs of larger radii are shorter, so that they are no more than 4e-4 pixels off
SCREEN = 96  # pixels an inch where nobody says how many, as in CSS
POINT = 72  # to an inch
FINE = 400  # a seam's part of the shorter side: wide enough on a screen that shows a whole poster
LONGEST = 14400  # points a side, annex C.2; larger pages count in larger units


def write(file: IO[bytes], drawing: Drawing, target: Target) -> None:
    """Write a drawing, a pixel as large as the target says, or as on a screen."""
    scale = POINT / (target.dpi or SCREEN)
    unit = math.ceil(max(drawing.width, drawing.height) * scale / LONGEST)
    scale /= unit
    width, height = short(drawing.width * scale), short(drawing.height * scale)
    content = f"{short(scale)} 0 0 {short(-scale)} 0 {height} cm 1 j\n"
    content += "".join(line for number, layer in enumerate(drawing.layers) for line in _layer(drawing, layer, number))
    packed = zlib.compress(content.encode(), 9)
    groups = range(6, 6 + len(drawing.layers))
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
    whole = bytearray(b"%PDF-1.6\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, text in enumerate(objects, start=1):
        places.append(len(whole))
        body = text.encode() + (packed + b"\nendstream" if text.endswith("stream\n") else b"")
        whole += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    whole_table = f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n{table}"
    tail = f"trailer\n<< /Size {len(places) + 1} /Root 2 0 R /Info 1 0 R >>\nstartxref\n{len(whole)}\n%%EOF\n"
    file.write(bytes(whole) + whole_table.encode() + tail.encode())


def _string(text: str) -> str:
    """A text of ASCII as a literal string."""
    return "(" + text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") + ")"


def _layer(drawing: Drawing, layer: Layer, number: int) -> Iterator[str]:
    width = max(layer.width, min(drawing.width, drawing.height) / FINE) if layer.thin else layer.width
    yield f"/OC /L{number} BDC\n{int(not layer.thin)} J {short(width)} w\n"
    paint = ("B" if layer.width else "f") if layer.filled else "S"
    for label, words in groupby(_paths(drawing, layer), key=lambda path: path[0]):
        colour = " ".join(short(level) for level in (layer.colours[label] / 255).round(4))
        fill = f"{colour} rg " if layer.filled else ""
        stroke = f"{colour} RG " if layer.width else ""
        yield f"{fill}{stroke}{''.join(word for _, word in words)}{paint}\n"
    yield "EMC\n"


def _paths(drawing: Drawing, layer: Layer) -> Iterator[tuple[int, str]]:
    """The label of each chain, and the chain as path operators; arcs as curves.

    With handles of 4/3 tan(angle / 4) radii a curve is 4e-6 radii off for an eighth of a circle, and the less by the
    sixth power of the angle.
    """
    angle = ARC * np.clip((drawing.curves.bend * ROUND) ** (1 / 6), 0.01, 1)
    chains, turn = layer.chains.split(drawing.curves, angle)
    middle = np.array([drawing.width, drawing.height]) / 2
    start, end = chains.start + middle, chains.end + middle
    ends = [f"{x} {y} " for x, y in zip(*map(texts, parts(end).T), strict=True)]
    lines = [at + "l\n" for at in ends]
    bent = np.flatnonzero(turn)
    arcs = drawing.curves[chains.curve[bent]]
    reach = (4 / 3 * np.tan(turn[bent] / 4) / arcs.bend)[:, None]
    handles = []
    for place, at, way in (
        (chains.place[bent], start[bent], 1),
        (chains.place[bent] + turn[bent] / arcs.bend, end[bent], -1),
    ):
        out = arcs.outwards(place)
        handles += [*parts(at + np.stack([-out[:, 1], out[:, 0]], axis=1) * reach * way).T]
    for row, x1, y1, x2, y2 in zip(bent.tolist(), *map(texts, handles), strict=True):
        lines[row] = f"{x1} {y1} {x2} {y2} {ends[row]}c\n"
    heads = [f"{x} {y} m\n" for x, y in zip(*map(texts, parts(start[chains.first[:-1]]).T), strict=True)]
    first, last = chains.first[:-1].tolist(), chains.first[1:].tolist()
    for number in np.argsort(chains.label, kind="stable").tolist():
        body = "".join(lines[first[number] : last[number]])
        yield int(chains.label[number]), f"{heads[number]}{body}{'h ' if chains.closed[number] else ''}"
