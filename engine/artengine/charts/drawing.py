"""Line charts: what was measured, over what was tried or how long it went on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from artengine.charts.axes import LEAST, Axis, ends, number, places, reaching
from artengine.charts.pen import Box, Pen
from artengine.colour import format_colour, parse_colour

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

SMALLEST = 160  # pixels a side: below, there is no room for letters
_RULE, _FAINT, _QUIET, _INK = "#e9e4d9", "#b9b2a3", "#7d776b", "#3b3a36"
#: Told apart also by eyes that lack red, green or blue: they differ in lightness, too.
_COLOURS = ("#2f6690", "#c9573a", "#e3ae45", "#4fa58a", "#41204a", "#a9d0ec")
_RAMP = ("#2b2f63", "#2f6690", "#3d8f78", "#a3b34a", "#eec04f")  # more series than these: dark to light in their order
_SHADE = 38  # of 255: how much of its colour a band has
_RIGHT = 18  # units beside the axes
_SIDE, _LEAST = 870, 0.8  # pixels of the width at which a unit is one; pixels of a unit at least: letters
_WIDE = 1.8  # a panel's width counts as so much, and so does its height: small ones have smaller letters
_ASPECT = 1.45  # of a panel, wide to high, at best
_MARKED = 20  # pixels to a point from which on points are marked
_FINE = 0.6  # pixels to a point at least; with more points than that, the least and the greatest of each place count


@dataclass(frozen=True)
class Series:
    """A line: y over x, in any order; low and high: how far each y is uncertain, a band around it.

    What is no finite number is left out; of sequences of different lengths, so much as all have counts.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None


@dataclass(frozen=True)
class Panel:
    """Series over one pair of axes, named.

    log_x, log_y: logarithmic; what is not above zero is left out then. ticks, names: what stands below which x, where
    these are no numbers or few ones; without names, the numbers themselves.
    """

    x_name: str
    y_name: str
    series: Sequence[Series]
    title: str = ""
    log_x: bool = False
    log_y: bool = False
    ticks: Sequence[float] | None = None
    names: Sequence[str] | None = None


def chart(panels: Sequence[Panel], width: int, height: int) -> Image:
    """A picture of panels side by side, in rows where they fit better: RGB, width x height pixels.

    Panels of one y_name have one range of it, to be compared. Letters grow with the picture. A panel without a point
    says so. Raises `ValueError` for sides below `SMALLEST`.
    """
    if min(width, height) < SMALLEST:
        raise ValueError(f"found a chart of {width} x {height} pixels, expected at least {SMALLEST} a side")
    columns = _columns(len(panels), width / height)
    rows = max(-(-len(panels) // columns), 1)
    sides = (width, 1.5 * height, _WIDE * width / columns, 1.5 * _WIDE * height / rows)
    pen = Pen(width, height, max(_LEAST, min(sides) / _SIDE))
    margin, gap = 22 * pen.unit, 14 * pen.unit
    wide, high = (width - 2 * margin + gap) / columns, (height - 2 * margin + gap) / rows
    lines = [_lines(panel) for panel in panels]
    for index, panel in enumerate(panels):
        down, across = divmod(index, columns)
        left, top = margin + across * wide, margin + down * high
        card = Box(left, top, left + wide - gap, top + high - gap)
        _draw(pen, card, panel, lines[index], _upwards(panel, panels, lines))
    return pen.finished()


def _columns(count: int, aspect: float) -> int:
    """How many panels to a row, in a room so much wider than high."""

    def badness(columns: int) -> float:
        rows = -(-count // columns)
        return abs(math.log(aspect * rows / columns / _ASPECT)) + 0.4 * (1 - count / (rows * columns))

    return min(range(1, count + 1), key=badness, default=1)


@dataclass(frozen=True)
class _Line:
    """A series as it is drawn: places along the axes, (N,), by rising x; its label and colour."""

    label: str
    colour: str
    x: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]
    low: np.ndarray[Any, Any] | None
    high: np.ndarray[Any, Any] | None


def _draw(pen: Pen, card: Box, panel: Panel, lines: Sequence[_Line], up: Axis | None) -> None:
    """A panel on its card; the card alone where there is no room for more."""
    unit = pen.unit
    pen.card(card)
    inner = Box(card.left + 14 * unit, card.top + 12 * unit, card.right - _RIGHT * unit, card.bottom - 12 * unit)
    if inner.width < 60 * unit or inner.height < 60 * unit:
        return
    top = inner.top
    if panel.title:
        pen.text(inner.left, top, panel.title, _INK, 15, "la", inner.width)
        top += 25 * unit
    if len(panel.series) > 1:
        top = _legend(pen, Box(inner.left, top, inner.right, top + inner.height / 4), lines)
    pen.text(inner.left, top, panel.y_name, _QUIET, 12, "la", inner.width)
    bottom = inner.bottom - 20 * unit * bool(panel.x_name)
    body = Box(inner.left, top + 25 * unit, inner.right, bottom - 20 * unit)
    pen.text((inner.left + inner.right) / 2, inner.bottom, panel.x_name, _QUIET, 12, "md", inner.width)
    if body.height < 20 * unit:
        return
    if not lines or up is None:
        pen.text((body.left + body.right) / 2, (body.top + body.bottom) / 2, "no numbers", _FAINT, 13, "mm", body.width)
        return
    named = _named(panel)
    across = _across(lines, named, log=panel.log_x)
    steps = up.ticks(max(3, int(body.height / (40 * unit))))
    wide = max((pen.length(words, 11) for _, words in steps), default=0.0)
    plot = Box(min(inner.left + wide + 8 * unit, inner.right - inner.width / 3), body.top, body.right, body.bottom)
    for place, words in steps:
        y = plot.bottom - (place - up.low) / (up.high - up.low) * plot.height
        pen.line([(plot.left, y), (plot.right, y)], _RULE, 1)
        pen.text(plot.left - 8 * unit, y, words, _QUIET, 11, "rm")
    pen.line([(plot.left, plot.bottom), (plot.right, plot.bottom)], _FAINT, 1)
    ticks = across.ticks(max(3, int(plot.width / (76 * unit)))) if named is None else named
    _below(pen, plot, across, ticks, whole=named is None)
    for line in lines:
        _shade(pen, plot, across, up, line)
    for line in lines:
        _trace(pen, plot, across, up, line, marked=len(lines) <= len(_COLOURS))


def _legend(pen: Pen, room: Box, lines: Sequence[_Line]) -> float:
    """The series' labels in rows, as many as there is room for; where the rows end."""
    unit = pen.unit
    high, sign, gap = 19 * unit, 24 * unit, 18 * unit
    most = max(room.width / 2 - sign - gap, min(90 * unit, room.width - sign))
    labels = [pen.shortened(line.label, 12, most) for line in lines]
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


def _below(pen: Pen, plot: Box, across: Axis, ticks: Sequence[tuple[float, str]], *, whole: bool) -> None:
    """What stands below the axis, as far as one does not touch the other; whole: numbers, which are not shortened."""
    unit = pen.unit
    room = plot.width / max(len(ticks), 1) - 8 * unit if len(ticks) > 1 else plot.width
    room = plot.width if whole else max(room, min(56 * unit, plot.width))
    free = -math.inf  # where the last one ends
    for place, words in sorted(ticks):
        x = plot.left + (place - across.low) / (across.high - across.low) * plot.width
        words = pen.shortened(words, 11, room)
        half = pen.length(words, 11) / 2
        middle = min(x, plot.right + _RIGHT * unit - half)  # the last one stays on the card
        if middle - half < free or not words:
            continue
        free = middle + half + 6 * unit
        pen.line([(x, plot.bottom), (x, plot.bottom + 4 * unit)], _FAINT, 1)
        pen.text(middle, plot.bottom + 8 * unit, words, _QUIET, 11, "ma")


def _shade(pen: Pen, plot: Box, across: Axis, up: Axis, line: _Line) -> None:
    """The band of a line; for a single point, a stroke."""
    if line.low is None or line.high is None:
        return
    x, low, high = _thinned(line.x, line.low, line.high, across, plot)
    edges = _points(plot, across, up, x, high), _points(plot, across, up, x, low)
    if len(x) > 1:
        pen.area([*edges[0], *reversed(edges[1])], line.colour, _SHADE)
    else:
        pen.line([edges[0][0], edges[1][0]], line.colour, 1.2)


def _trace(pen: Pen, plot: Box, across: Axis, up: Axis, line: _Line, *, marked: bool) -> None:
    """The line itself; marked: with its points, where they are few."""
    import numpy as np

    x, low, high = _thinned(line.x, line.y, line.y, across, plot)
    few = len(line.x) == len(x)
    y = low if few else np.stack((low, high), axis=1).reshape(-1)
    points = _points(plot, across, up, x if few else np.repeat(x, 2), y)
    pen.line(points, line.colour, 2)
    if (marked and len(points) * _MARKED * pen.unit <= plot.width) or len(points) == 1:
        for point in points:
            pen.dot(point, line.colour, 3.4)


def _points(
    plot: Box, across: Axis, up: Axis, x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]
) -> list[tuple[float, float]]:
    """Places along the axes as pixels."""
    right = plot.left + (x - across.low) / (across.high - across.low) * plot.width
    down = plot.bottom - (y - up.low) / (up.high - up.low) * plot.height
    return list(zip(right.tolist(), down.tolist(), strict=True))


def _thinned(
    x: np.ndarray[Any, Any], low: np.ndarray[Any, Any], high: np.ndarray[Any, Any], across: Axis, plot: Box
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """As they are, or, where they are many, the least and the greatest of each place that can be told from the next."""
    import numpy as np

    count = max(1, int(plot.width / _FINE))
    if len(x) <= count:
        return x, low, high
    which = ((x - across.low) / (across.high - across.low) * count).astype(np.int64)
    first = np.flatnonzero(np.diff(which, prepend=-1))
    return x[first], np.minimum.reduceat(low, first), np.maximum.reduceat(high, first)


def _lines(panel: Panel) -> list[_Line]:
    """A panel's lines, those that have a point."""
    coloured = zip(panel.series, _colours(len(panel.series)), strict=True)
    return [line for one, colour in coloured if len((line := _line(one, panel, colour)).x)]


def _line(series: Series, panel: Panel, colour: str) -> _Line:
    """A series' numbers as places along the axes, those that have one."""
    import numpy as np

    columns = [places(series.x, log=panel.log_x), places(series.y, log=panel.log_y)]
    banded = series.low is not None and series.high is not None
    if series.low is not None and series.high is not None:
        columns += [places(series.low, log=panel.log_y), places(series.high, log=panel.log_y)]
    count = min(map(len, columns))
    columns = [column[:count] for column in columns]
    kept = np.flatnonzero(np.isfinite(columns[0]) & np.isfinite(columns[1]))
    kept = kept[np.argsort(columns[0][kept], kind="stable")]
    x, y, *band = (column[kept] for column in columns)
    if not banded:
        return _Line(series.label, colour, x, y, None, None)
    low, high = (np.where(np.isfinite(edge), edge, y) for edge in band)
    return _Line(series.label, colour, x, y, np.minimum(low, high), np.maximum(low, high))


def _named(panel: Panel) -> list[tuple[float, str]] | None:
    """Where what stands below the axis; None where that is for the axis to say."""
    if panel.ticks is None:
        return None
    words = list(map(number, places(panel.ticks).tolist())) if panel.names is None else panel.names
    found = zip(places(panel.ticks, log=panel.log_x).tolist(), words, strict=False)
    return [one for one in found if math.isfinite(one[0])] or None


def _across(lines: Sequence[_Line], named: Sequence[tuple[float, str]] | None, *, log: bool) -> Axis:
    """The axis of x: as far as the lines go, and the names with half a step around them."""
    low, high = ends([line.x for line in lines])
    if named is None:
        return Axis(low, high, log) if high - low > 1e-9 * max(abs(low), abs(high)) else reaching(low, high, log=log)
    low, high = min(low, *(place for place, _ in named)), max(high, *(place for place, _ in named))
    room = (high - low) / (2 * max(len(named) - 1, 1))
    return Axis(low - room, high + room, log) if room > LEAST else reaching(low, high, log=log)


def _upwards(panel: Panel, panels: Sequence[Panel], lines: Sequence[Sequence[_Line]]) -> Axis | None:
    """The axis of y: as far as the lines go of all panels that measure the same; None where these have none."""
    alike = [one.y_name == panel.y_name and one.log_y == panel.log_y for one in panels]
    some = itertools.chain(*itertools.compress(lines, alike))
    parts = [part for line in some for part in (line.y, line.low, line.high)]
    return reaching(*ends(parts), log=panel.log_y) if parts else None


def _colours(count: int) -> list[str]:
    """Colours that can be told apart; for more of them than that, a row from dark to light."""
    if count <= len(_COLOURS):
        return list(_COLOURS[:count])
    stops = [parse_colour(stop) for stop in _RAMP]
    found = []
    for index in range(count):
        at = index / (count - 1) * (len(stops) - 1)
        first = min(int(at), len(stops) - 2)
        pair = zip(stops[first], stops[first + 1], strict=True)
        found.append(format_colour(*(round(one + (other - one) * (at - first)) for one, other in pair)))
    return found
