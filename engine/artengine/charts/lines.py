"""The lines of a chart: series as places along its axes, those axes, and colours that can be told apart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from artengine.charts.axes import MIN_VALUE, Axis, axis_around, format_number, range_of, to_places
from artengine.charts.series import Panel, Series
from artengine.colour import format_colour, parse_colour

if TYPE_CHECKING:
    import numpy as np

#: Told apart also by eyes that lack red, green or blue: they differ in lightness, too.
COLOURS = ("#2f6690", "#c9573a", "#e3ae45", "#4fa58a", "#41204a", "#a9d0ec")
MIN_POINT_DISTANCE = 0.6  # pixels; of points nearer than that, the least and the greatest count
_RAMP = ("#2b2f63", "#2f6690", "#3d8f78", "#a3b34a", "#eec04f")  # more series than these: dark to light in their order


@dataclass(frozen=True)
class PlottedLine:
    """A series as it is drawn: places along the axes, (N,), by rising x; its label and colour."""

    label: str
    colour: str
    x: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]
    low: np.ndarray[Any, Any] | None
    high: np.ndarray[Any, Any] | None


def plot_lines(panel: Panel) -> list[PlottedLine]:
    """A panel's lines, those that have a point."""
    coloured = zip(panel.series, _choose_colours(len(panel.series)), strict=True)
    return [line for one, colour in coloured if len((line := _plot_line(one, panel, colour)).x)]


def _plot_line(series: Series, panel: Panel, colour: str) -> PlottedLine:
    """A series' numbers as places along the axes, those that have one."""
    import numpy as np

    columns = [to_places(series.x, log=panel.log_x), to_places(series.y, log=panel.log_y)]
    banded = series.low is not None and series.high is not None
    if series.low is not None and series.high is not None:
        columns += [to_places(series.low, log=panel.log_y), to_places(series.high, log=panel.log_y)]
    count = min(map(len, columns))
    columns = [column[:count] for column in columns]
    finite = np.flatnonzero(np.isfinite(columns[0]) & np.isfinite(columns[1]))
    order = finite[np.argsort(columns[0][finite], kind="stable")]
    x, y, *band = (column[order] for column in columns)
    if not banded:
        return PlottedLine(series.label, colour, x, y, None, None)
    low, high = (np.where(np.isfinite(edge), edge, y) for edge in band)
    return PlottedLine(series.label, colour, x, y, np.minimum(low, high), np.maximum(low, high))


def named_ticks(panel: Panel) -> list[tuple[float, str]] | None:
    """Where what stands below the axis; None where that is for the axis to say."""
    if panel.ticks is None:
        return None
    words = list(map(format_number, to_places(panel.ticks).tolist())) if panel.names is None else panel.names
    ticks = zip(to_places(panel.ticks, log=panel.log_x).tolist(), words, strict=False)
    return [tick for tick in ticks if math.isfinite(tick[0])] or None


def x_axis(lines: Sequence[PlottedLine], named: Sequence[tuple[float, str]] | None, *, log: bool) -> Axis:
    """The axis of x: as far as the lines go, and the names with half a step around them."""
    low, high = range_of([line.x for line in lines])
    if named is None:
        return Axis(low, high, log) if high - low > 1e-9 * max(abs(low), abs(high)) else axis_around(low, high, log=log)
    low, high = min(low, *(place for place, _ in named)), max(high, *(place for place, _ in named))
    room = (high - low) / (2 * max(len(named) - 1, 1))
    return Axis(low - room, high + room, log) if room > MIN_VALUE else axis_around(low, high, log=log)


def y_axis(panel: Panel, panels: Sequence[Panel], lines: Sequence[Sequence[PlottedLine]]) -> Axis | None:
    """The axis of y: as far as the lines go of all panels that measure the same; None where these have none."""
    alike = [one.y_name == panel.y_name and one.log_y == panel.log_y for one in panels]
    some = itertools.chain(*itertools.compress(lines, alike))
    parts = [part for line in some for part in (line.y, line.low, line.high)]
    return axis_around(*range_of(parts), log=panel.log_y) if parts else None


def _choose_colours(count: int) -> list[str]:
    """Colours that can be told apart; for more of them than that, a row from dark to light."""
    if count <= len(COLOURS):
        return list(COLOURS[:count])
    stops = [parse_colour(stop) for stop in _RAMP]
    colours = []
    for index in range(count):
        at = index / (count - 1) * (len(stops) - 1)
        first = min(int(at), len(stops) - 2)
        pair = zip(stops[first], stops[first + 1], strict=True)
        colours.append(format_colour(*(round(one + (other - one) * (at - first)) for one, other in pair)))
    return colours


def thin_out(
    x: np.ndarray[Any, Any], low: np.ndarray[Any, Any], high: np.ndarray[Any, Any], across: Axis, width: float
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """As they are, or, where they are many, the least and the greatest of each place that can be told from the next."""
    import numpy as np

    count = max(1, int(width / MIN_POINT_DISTANCE))
    if len(x) <= count:
        return x, low, high
    which = ((x - across.low) / (across.high - across.low) * count).astype(np.int64)
    first = np.flatnonzero(np.diff(which, prepend=-1))
    return x[first], np.minimum.reduceat(low, first), np.maximum.reduceat(high, first)
