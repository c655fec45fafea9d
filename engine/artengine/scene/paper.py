"""Sheets of paper: by the names that shops and printers have for them, or by their sides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, WithJsonSchema

from artengine.errors import did_you_mean

Orientation = Literal["portrait", "landscape"]

INCH = 25.4  # millimetres

_MILLIMETRES: Mapping[str, tuple[float, float]] = {
    # ISO 216 and DIN 476
    "4A0": (1682, 2378), "2A0": (1189, 1682), "A0": (841, 1189), "A1": (594, 841), "A2": (420, 594), "A3": (297, 420),
    "A4": (210, 297), "A5": (148, 210), "A6": (105, 148), "A7": (74, 105), "A8": (52, 74), "A9": (37, 52),
    "A10": (26, 37), "A3+": (329, 483),
    "B0": (1000, 1414), "B1": (707, 1000), "B2": (500, 707), "B3": (353, 500), "B4": (250, 353), "B5": (176, 250),
    "B6": (125, 176), "B7": (88, 125), "B8": (62, 88), "B9": (44, 62), "B10": (31, 44),
}  # fmt: skip

_INCHES: Mapping[str, tuple[float, float]] = {
    "letter": (8.5, 11), "legal": (8.5, 14), "tabloid": (11, 17),
    "arch-a": (9, 12), "arch-b": (12, 18), "arch-c": (18, 24), "arch-d": (24, 36), "arch-e": (36, 48),
}  # fmt: skip

#: The papers that have a name; the short side comes first.
NAMES = (*_MILLIMETRES, *_INCHES)

#: How a paper without a name is written: width and height with their unit.
SIZE_PATTERN = r"^([0-9]{1,5}(?:\.[0-9]{1,4})?)x([0-9]{1,5}(?:\.[0-9]{1,4})?)(mm|cm|in)$"
_UNITS: Mapping[str, float] = {"mm": 1 / INCH, "cm": 10 / INCH, "in": 1.0}  # in inches
_MIN_SIDE, _MAX_SIDE = 1 / INCH, 20_000 / INCH  # inches: 1 mm, 20 m


def _paper(value: object) -> str:
    if isinstance(value, str) and value in NAMES:
        return value
    if not isinstance(value, str) or not re.fullmatch(SIZE_PATTERN, value):
        near = did_you_mean(value, NAMES) if isinstance(value, str) else ""
        raise ValueError(f"one of {', '.join(NAMES)}, or a size such as 210x148mm, 30x40cm or 9x12in{near}")
    if not all(_MIN_SIDE <= side <= _MAX_SIDE for side in _inches(value)):
        raise ValueError("sides from 1 mm to 20 m")
    return value


#: A sheet as a scene names it.
Paper = Annotated[
    str,
    BeforeValidator(_paper),
    WithJsonSchema({"anyOf": [{"enum": list(NAMES)}, {"type": "string", "pattern": SIZE_PATTERN}]}),
]


def inches(paper: Paper, orientation: Orientation | None) -> tuple[float, float]:
    """Width and height of a sheet, exactly; without an orientation it lies as its name or its sides say."""
    width, height = _inches(paper)
    if orientation is None:
        return width, height
    short, long = sorted((width, height))
    return (long, short) if orientation == "landscape" else (short, long)


def pixels(paper: Paper, dpi: float, orientation: Orientation | None) -> tuple[int, int]:
    """Columns and rows of a sheet at so many pixels an inch, to the nearest pixel, at least one."""
    width, height = inches(paper, orientation)
    return max(1, round(width * dpi)), max(1, round(height * dpi))


def _inches(paper: str) -> tuple[float, float]:
    """Both sides as the name says them."""
    if paper in _MILLIMETRES:
        short, long = _MILLIMETRES[paper]
        return short / INCH, long / INCH
    if paper in _INCHES:
        return _INCHES[paper]
    width, _, height = paper[:-2].partition("x")
    unit = _UNITS[paper[-2:]]
    return float(width) * unit, float(height) * unit
