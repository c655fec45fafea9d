"""Sheets of paper by the names that shops and printers have for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Paper = Literal[
    "4A0", "2A0", "A0", "A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10", "A3+",
    "B0", "B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "B10",
    "letter", "legal", "tabloid", "arch-a", "arch-b", "arch-c", "arch-d", "arch-e",
    "30x40cm", "40x50cm", "50x70cm", "60x80cm", "70x100cm",
    "4x6in", "5x7in", "8x10in", "11x14in", "16x20in", "18x24in", "24x36in", "27x40in",
]  # fmt: skip

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


def pixels(paper: Paper, dpi: float, orientation: Orientation) -> tuple[int, int]:
    """Columns and rows of a sheet at so many pixels an inch, to the nearest pixel, at least one."""
    short, long = (max(1, round(inches * dpi)) for inches in _inches(paper))
    return (long, short) if orientation == "landscape" else (short, long)


def _inches(paper: Paper) -> tuple[float, float]:
    """The short side and the long one."""
    if paper in _MILLIMETRES:
        short, long = _MILLIMETRES[paper]
        return short / INCH, long / INCH
    if paper in _INCHES:
        return _INCHES[paper]
    width, _, height = paper[:-2].partition("x")  # the others say it themselves
    unit = 10 / INCH if paper.endswith("cm") else 1.0
    return int(width) * unit, int(height) * unit
