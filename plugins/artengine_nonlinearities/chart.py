"""A picture of all the curves: ``python -m artengine_nonlinearities.chart FILE.png``.

Curves run from -4 to 4 and are cut 5 above and below zero; the small figures say how high and low they are shown.
Where a nonlinearity mixes the units of a pixel, twelve of them are shown as they come in (pale) and as they go out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import torch
from PIL import Image, ImageDraw, ImageFont

from artengine.files import create_file
from artengine_nonlinearities.pools import ALL, LATER, PUBLISHED

if TYPE_CHECKING:
    from torch import Tensor

SCALE = 3  # everything is drawn this much larger and reduced in the end: smooth lines
WIDTH, MARGIN, GAP = 1400, 44, 14
COLUMNS = 8
CELL = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS
PLOT = 112.0  # height of a plot; its name stands below
ROW, HEADING = PLOT + 36, 52
REACH, LIMIT = 4.0, 5.0
UNITS = 12

PAPER, CARD, RULE, FAINT, INK = "#f6f3ec", "#fffdf8", "#e4ded1", "#a69f90", "#3b3a36"
BLUE, RUST, GREEN = "#2f6690", "#b5533c", "#4f7f5b"


@dataclass(frozen=True, slots=True)
class Group:
    """Nonlinearities that stand together, from a place on the grid."""

    title: str
    names: list[str]
    colour: str
    columns: int
    column: int
    top: float


class Pen:
    """Draws in final pixels on a canvas SCALE times as large."""

    def __init__(self, height: float) -> None:
        self.image = Image.new("RGB", (WIDTH * SCALE, round(height * SCALE)), PAPER)
        self.draw = ImageDraw.Draw(self.image)

    def line(self, points: list[tuple[float, float]], colour: str, width: float) -> None:
        """A line with round joints and ends; one point is a dot."""
        large = [(x * SCALE, y * SCALE) for x, y in points]
        self.draw.line(large, colour, round(width * SCALE), joint="curve")
        for point in (points[0], points[-1]):
            self.dot(point, colour, width / 2)

    def dot(self, centre: tuple[float, float], colour: str, radius: float) -> None:
        """A filled disc."""
        self.draw.circle((centre[0] * SCALE, centre[1] * SCALE), radius * SCALE, colour)

    def card(self, left: float, top: float, right: float, bottom: float) -> None:
        """A rounded field to draw on."""
        corners = (left * SCALE, top * SCALE, right * SCALE, bottom * SCALE)
        self.draw.rounded_rectangle(corners, 7 * SCALE, CARD, RULE, SCALE)

    def text(self, x: float, y: float, words: str, colour: str, size: float, anchor: str) -> None:
        """Words in the typeface that comes with Pillow."""
        self.draw.text((x * SCALE, y * SCALE), words, colour, ImageFont.load_default(size * SCALE), anchor)


@dataclass(frozen=True, slots=True)
class Plot:
    """A card with a scale of its own, from low to high."""

    pen: Pen
    left: float
    top: float
    low: float
    high: float

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the curve lies on the canvas."""
        across = (x + REACH) / (2 * REACH)
        up = (y - self.low) / (self.high - self.low)
        return self.left + 32 + across * (CELL - 44), self.top + PLOT - 13 - up * (PLOT - 26)

    def rules(self) -> None:
        """The card, the two axes where they pass, and the heights that the curve comes to."""
        self.pen.card(self.left, self.top, self.left + CELL, self.top + PLOT)
        self.pen.line([self.at(0, self.low), self.at(0, self.high)], RULE, 1)
        if self.low <= 0 <= self.high:
            self.pen.line([self.at(-REACH, 0), self.at(REACH, 0)], RULE, 1)
        for height in (self.high, self.low):
            self.pen.text(self.left + 24, self.at(0, height)[1], f"{round(height, 1):g}", FAINT, 9, "rm")

    def curve(self, x: Tensor, y: Tensor, colour: str) -> None:
        """The curve, interrupted where it jumps and left out where it leaves the card."""
        jump = (self.high - self.low) / 4
        runs: list[list[tuple[float, float]]] = []
        before = math.inf
        for here, height in zip(x.tolist(), y.tolist(), strict=True):
            if abs(height - before) > jump:
                runs.append([])
            before = height
            if self.low <= height <= self.high:
                runs[-1].append(self.at(here, height))
        for run in filter(None, runs):
            self.pen.line(run, colour, 2)

    def units(self, before: Tensor, after: Tensor, colour: str) -> None:
        """The units of one pixel as they come in, a pale band at the height of the curve, and as they go out."""
        before = self.low + (before - before.min()) / (before.max() - before.min()) * (self.high - self.low)
        places = torch.linspace(-REACH, REACH, len(after)).tolist()
        self.pen.line([self.at(*point) for point in zip(places, before.tolist(), strict=True)], RULE, 5)
        points = [self.at(*point) for point in zip(places, after.tolist(), strict=True)]
        self.pen.line(points, colour, 1.2)
        for point in points:
            self.pen.dot(point, colour, 2.5)


def chart() -> Image.Image:
    """The whole sheet."""
    others = [name for name in {**ALL, **LATER} if name not in PUBLISHED]
    npainter = [name for name in others if name.startswith("npainter_")]
    waves = [name for name in others if name not in npainter]
    top = 96.0
    below = top + HEADING + 3 * ROW
    groups = (
        Group("the published pool of neural-painter", sorted(PUBLISHED), BLUE, 8, 0, top),
        Group("npainter", npainter, RUST, 5, 0, below),
        Group("waves", waves, GREEN, 3, 5, below),
    )
    pen = Pen(below + HEADING + 2 * ROW + 12)
    pen.text(MARGIN, 58, "Nonlinearities", INK, 34, "ls")
    note = "x from -4 to 4, cut at ±5.  Three of them mix the units of a pixel: twelve units, pale as they come in"
    pen.text(WIDTH - MARGIN, 58, note, FAINT, 13, "rs")
    for group in groups:
        left = MARGIN + group.column * (CELL + GAP)
        pen.text(left, group.top + 30, group.title, group.colour, 17, "ls")
        for index, name in enumerate(group.names):
            row, column = divmod(index, group.columns)
            _plot(pen, left + column * (CELL + GAP), group.top + HEADING - 8 + row * ROW, name, group.colour)
    return pen.image.reduce(SCALE)


def _plot(pen: Pen, left: float, top: float, name: str, colour: str) -> None:
    """One nonlinearity: a curve, or the units of a pixel where it does not bend each of them on its own."""
    activation = {**ALL, **LATER}[name]
    k = torch.arange(UNITS, dtype=torch.float64)
    units = 1.3 * (k * 0.95).sin() + 0.06 * k
    alone = torch.equal(activation(units), activation(units[:, None])[:, 0])
    x = torch.arange(-1000, 1001, dtype=torch.float64) * (REACH / 1000)
    y = activation(x if alone else units)
    plot = Plot(pen, left, top, max(-LIMIT, float(y.min())), min(LIMIT, float(y.max())))
    plot.rules()
    if alone:
        plot.curve(x, y, colour)
    else:
        plot.units(units, y, colour)
    pen.text(left + CELL / 2, top + PLOT + 15, name, INK, 12 if len(name) < 20 else 11, "mm")


@click.command()
@click.argument("path", metavar="FILE.png", type=click.Path(dir_okay=False, path_type=Path))
def main(path: Path) -> None:
    """Draw the curves of all nonlinearities into FILE.png."""
    with create_file(path) as file:
        chart().save(file, "PNG", optimize=True)


if __name__ == "__main__":
    main()
