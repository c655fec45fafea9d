"""Line charts: what was measured, over what was tried or how long it went on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from artengine.charts.axes import Axis
from artengine.charts.lines import COLOURS, PlottedLine, named_ticks, plot_lines, thin_out, x_axis, y_axis
from artengine.charts.pen import Box, Pen
from artengine.charts.series import Panel

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

MIN_SIDE = 160  # pixels: below, there is no room for letters
_RULE, _FAINT, _QUIET, _INK = "#e9e4d9", "#b9b2a3", "#7d776b", "#3b3a36"
_BAND_OPACITY = 38  # of 255
_RIGHT_MARGIN = 18  # units beside the axes
_UNIT_WIDTH, _MIN_UNIT = 870, 0.8  # pixels of the width at which a unit is one; pixels of a unit at least: letters
_PANEL_WEIGHT = 1.8  # a panel's width counts as so much, and so does its height: small ones have smaller letters
_BEST_ASPECT = 1.45  # of a panel, wide to high
_MIN_MARK_DISTANCE = 20  # pixels to a point from which on points are marked


def draw_chart(panels: Sequence[Panel], width: int, height: int) -> Image:
    """A picture of panels side by side, in rows where they fit better: RGB, width x height pixels.

    Panels of one y_name have one range of it, to be compared. Letters grow with the picture. A panel without a point
    says so. Raises `ValueError` for sides below `MIN_SIDE`.
    """
    if min(width, height) < MIN_SIDE:
        raise ValueError(f"found a chart of {width} x {height} pixels, expected at least {MIN_SIDE} a side")
    columns = _column_count(len(panels), width / height)
    rows = max(-(-len(panels) // columns), 1)
    sides = (width, 1.5 * height, _PANEL_WEIGHT * width / columns, 1.5 * _PANEL_WEIGHT * height / rows)
    pen = Pen(width, height, max(_MIN_UNIT, min(sides) / _UNIT_WIDTH))
    margin, gap = 22 * pen.unit, 14 * pen.unit
    wide, high = (width - 2 * margin + gap) / columns, (height - 2 * margin + gap) / rows
    lines = [plot_lines(panel) for panel in panels]
    for index, panel in enumerate(panels):
        down, across = divmod(index, columns)
        left, top = margin + across * wide, margin + down * high
        card = Box(left, top, left + wide - gap, top + high - gap)
        _draw_panel(pen, card, panel, lines[index], y_axis(panel, panels, lines))
    return pen.image()


def _column_count(count: int, aspect: float) -> int:
    """How many panels to a row, in a room so much wider than high."""

    def badness(columns: int) -> float:
        rows = -(-count // columns)
        return abs(math.log(aspect * rows / columns / _BEST_ASPECT)) + 0.4 * (1 - count / (rows * columns))

    return min(range(1, count + 1), key=badness, default=1)


def _draw_panel(pen: Pen, card: Box, panel: Panel, lines: Sequence[PlottedLine], up: Axis | None) -> None:
    """A panel on its card; the card alone where there is no room for more."""
    unit = pen.unit
    pen.card(card)
    inner = Box(card.left + 14 * unit, card.top + 12 * unit, card.right - _RIGHT_MARGIN * unit, card.bottom - 12 * unit)
    if inner.width < 60 * unit or inner.height < 60 * unit:
        return
    top = inner.top
    if panel.title:
        pen.text(inner.left, top, panel.title, _INK, 15, "la", inner.width)
        top += 25 * unit
    if len(panel.series) > 1:
        top = _draw_legend(pen, Box(inner.left, top, inner.right, top + inner.height / 4), lines)
    pen.text(inner.left, top, panel.y_name, _QUIET, 12, "la", inner.width)
    bottom = inner.bottom - 20 * unit * bool(panel.x_name)
    body = Box(inner.left, top + 25 * unit, inner.right, bottom - 20 * unit)
    pen.text((inner.left + inner.right) / 2, inner.bottom, panel.x_name, _QUIET, 12, "md", inner.width)
    if body.height < 20 * unit:
        return
    if not lines or up is None:
        pen.text((body.left + body.right) / 2, (body.top + body.bottom) / 2, "no numbers", _FAINT, 13, "mm", body.width)
        return
    named = named_ticks(panel)
    across = x_axis(lines, named, log=panel.log_x)
    steps = up.ticks(max(3, int(body.height / (40 * unit))))
    wide = max((pen.length(words, 11) for _, words in steps), default=0.0)
    plot = Box(min(inner.left + wide + 8 * unit, inner.right - inner.width / 3), body.top, body.right, body.bottom)
    for place, words in steps:
        y = plot.bottom - (place - up.low) / (up.high - up.low) * plot.height
        pen.line([(plot.left, y), (plot.right, y)], _RULE, 1)
        pen.text(plot.left - 8 * unit, y, words, _QUIET, 11, "rm")
    pen.line([(plot.left, plot.bottom), (plot.right, plot.bottom)], _FAINT, 1)
    ticks = across.ticks(max(3, int(plot.width / (76 * unit)))) if named is None else named
    _draw_ticks(pen, plot, across, ticks, whole=named is None)
    for line in lines:
        _draw_band(pen, plot, across, up, line)
    for line in lines:
        _draw_line(pen, plot, across, up, line, marked=len(lines) <= len(COLOURS))


def _draw_legend(pen: Pen, room: Box, lines: Sequence[PlottedLine]) -> float:
    """The series' labels in rows, as many as there is room for; where the rows end."""
    unit = pen.unit
    high, sign, gap = 19 * unit, 24 * unit, 18 * unit
    most = max(room.width / 2 - sign - gap, min(90 * unit, room.width - sign))
    labels = [pen.shorten(line.label, 12, most) for line in lines]
    wide = sign + gap + max((pen.length(words, 12) for words in labels), default=0.0)
    columns = max(1, int((room.width + gap) / wide))
    count = columns * max(2 if columns == 1 else 1, int(room.height / high))
    for index, (line, words) in enumerate(zip(lines[:count], labels, strict=False)):
        row, column = divmod(index, columns)
        left, top = room.left + column * wide, room.top + row * high
        if index == count - 1 and len(lines) > count:
            pen.text(left, top, f"and {len(lines) - index} more", _QUIET, 12, "la")
            break
        middle = top + 7 * unit
        pen.line([(left, middle), (left + 16 * unit, middle)], line.colour, 2.2)
        pen.text(left + sign, top, words, _INK, 12, "la")
    return room.top + -(-min(len(lines), count) // columns) * high + 8 * unit if lines else room.top


def _draw_ticks(pen: Pen, plot: Box, across: Axis, ticks: Sequence[tuple[float, str]], *, whole: bool) -> None:
    """What stands below the axis, as far as one does not touch the other; whole: numbers, which are not shortened."""
    unit = pen.unit
    room = plot.width / max(len(ticks), 1) - 8 * unit if len(ticks) > 1 else plot.width
    room = plot.width if whole else max(room, min(56 * unit, plot.width))
    free = -math.inf  # where the last one ends
    for place, words in sorted(ticks):
        x = plot.left + (place - across.low) / (across.high - across.low) * plot.width
        words = pen.shorten(words, 11, room)
        half = pen.length(words, 11) / 2
        middle = min(x, plot.right + _RIGHT_MARGIN * unit - half)  # the last one stays on the card
        if middle - half < free or not words:
            continue
        free = middle + half + 6 * unit
        pen.line([(x, plot.bottom), (x, plot.bottom + 4 * unit)], _FAINT, 1)
        pen.text(middle, plot.bottom + 8 * unit, words, _QUIET, 11, "ma")


def _draw_band(pen: Pen, plot: Box, across: Axis, up: Axis, line: PlottedLine) -> None:
    """The band of a line; for a single point, a stroke."""
    if line.low is None or line.high is None:
        return
    x, low, high = thin_out(line.x, line.low, line.high, across, plot.width)
    edges = _to_pixels(plot, across, up, x, high), _to_pixels(plot, across, up, x, low)
    if len(x) > 1:
        pen.area([*edges[0], *reversed(edges[1])], line.colour, _BAND_OPACITY)
    else:
        pen.line([edges[0][0], edges[1][0]], line.colour, 1.2)


def _draw_line(pen: Pen, plot: Box, across: Axis, up: Axis, line: PlottedLine, *, marked: bool) -> None:
    """The line itself; marked: with its points, where they are few."""
    import numpy as np

    x, low, high = thin_out(line.x, line.y, line.y, across, plot.width)
    few = len(line.x) == len(x)
    y = low if few else np.stack((low, high), axis=1).reshape(-1)
    points = _to_pixels(plot, across, up, x if few else np.repeat(x, 2), y)
    pen.line(points, line.colour, 2)
    if (marked and len(points) * _MIN_MARK_DISTANCE * pen.unit <= plot.width) or len(points) == 1:
        for point in points:
            pen.dot(point, line.colour, 3.4)


def _to_pixels(
    plot: Box, across: Axis, up: Axis, x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]
) -> list[tuple[float, float]]:
    """Places along the axes as pixels."""
    right = plot.left + (x - across.low) / (across.high - across.low) * plot.width
    down = plot.bottom - (y - up.low) / (up.high - up.low) * plot.height
    return list(zip(right.tolist(), down.tolist(), strict=True))
