"""The trials of a gallery in its folder: a table for spreadsheets, a plot, and what the page shows of them."""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from artengine.files import DERIVED, Replacing, convert_os_errors, create_file
from artengine.gallery.naming import short_names
from artengine.gallery.page import ComparisonRow, ComparisonTable
from artengine.gallery.trials import NUMBER, TrialComparison, file_of

if TYPE_CHECKING:
    from artengine.charts import Panel, Series

TABLE_FILE, PLOT_FILE = "trials.csv", "trials.png"
MAX_LINES, MAX_PANELS = 10, 12  # of a plot; more cannot be told apart

_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")  # what spreadsheets take for the beginning of one


def write_reports(folder: Path, trials: TrialComparison, replacing: Replacing = DERIVED) -> list[Path]:
    """Write trials.csv and, where there is something to be drawn, trials.png into a folder; gives their paths.

    An earlier plot does not stay. replacing: what becomes of other files there. Raises `OutputError` where they cannot
    be written.
    """
    from artengine.charts import draw_chart

    paths = [folder / TABLE_FILE]
    with create_file(folder / TABLE_FILE, replacing=replacing) as file:
        file.write(to_csv(trials))
    if panels := plot_panels(trials):
        picture = draw_chart(panels, *_plot_size(len(panels)))
        with create_file(folder / PLOT_FILE, replacing=replacing) as file:
            picture.save(file, "PNG")
        paths.append(folder / PLOT_FILE)
    else:
        with convert_os_errors(folder / PLOT_FILE):
            replacing.remove(folder / PLOT_FILE)
    return paths


def comparison_for_page(trials: TrialComparison, shown: Sequence[str], *, plot: bool) -> ComparisonTable:
    """What the page shows of the trials; shown: the identities of its pictures. plot: whether there is one."""
    places = {identity: place for place, identity in enumerate(shown)}
    best = trials.best
    rows = [
        ComparisonRow(
            settings=[one.settings.get(option, "") for option in trials.options],
            trials=one.count,
            failed=one.failed,
            mean=trials.format(one.mean),
            spread="" if one.spread is None else trials.format(one.spread, spread=True),
            pictures=[
                (places[entry.id], trials.format(trials.value(entry)))
                for entry in (one.best, one.median, one.worst)
                if entry and entry.id in places
            ],
            best=one is best and len(trials.settings) > 1,
        )
        for one in trials.settings
    ]
    return ComparisonTable(
        measured="PSNR in decibels, more is better" if trials.measure == "psnr" else "Loss, less is better",
        options=trials.options,
        rows=rows,
        table=TABLE_FILE,
        plot=PLOT_FILE if plot else "",
    )


def _plot_size(count: int) -> tuple[int, int]:
    """The width and height of a plot of so many panels, in pixels: its letters are to be read on a page."""
    return {1: (1600, 1000), 2: (1600, 900), 3: (2000, 760), 4: (1600, 1300)}.get(count, (1800, 560 * -(-count // 3)))


def to_csv(trials: TrialComparison) -> bytes:
    """The table as a file for spreadsheets: a line for each setting, with the files of its trials.

    A value that a spreadsheet would take for a formula gets an apostrophe before it, as people write it there.
    """
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)  # where a semicolon ends a cell, one in a text must not
    head = ["trials", "failed", f"mean {trials.measure}", "spread", "best", "median", "worst"]
    head += ["best file", "median file", "worst file"]
    writer.writerow([*map(_escape_formula, trials.options), *head])
    for one in trials.settings:
        some = (one.best, one.median, one.worst)
        numbers = [one.mean, one.spread, *(trials.value(entry) if entry else None for entry in some)]
        writer.writerow(
            [_escape_formula(one.settings.get(option, "")) for option in trials.options]
            + [one.count, one.failed]
            + ["" if number is None else float(f"{number:.6g}") for number in numbers]
            + [_escape_formula(file_of(entry)) if entry else "" for entry in some]
        )
    # without a mark a spreadsheet takes letters beyond ASCII for those of some code page; other readers stumble over it
    return text.getvalue().encode("ascii" if text.getvalue().isascii() else "utf-8-sig", errors="replace")


def plot_panels(trials: TrialComparison) -> list[Panel]:
    """The plot: means over the first option, a line for each value of the second, a panel for each of the third.

    Empty where there are more options, or more lines or panels than can be told apart, or nothing to compare.
    """
    from artengine.charts import Panel

    values = [trials.values(option) for option in trials.options]
    if not 1 <= len(values) <= 3 or len(values[0]) < 2:
        return []
    lines: Sequence[str | None] = values[1] if len(values) > 1 else [None]
    thirds: Sequence[str | None] = values[2] if len(values) > 2 else [None]
    if len(lines) > MAX_LINES or len(thirds) > MAX_PANELS:
        return []
    short = short_names(trials.options)
    axis = trials.options[0]
    numeric = trials.numeric(axis)
    places = {value: float(value) if numeric else float(at) for at, value in enumerate(values[0])}
    named = not numeric or len(values[0]) <= 10
    ticks = sorted(places, key=lambda value: places[value]) if named else []
    means = [one.mean for one in trials.settings if one.mean is not None]
    y_name = "PSNR (dB)" if trials.measure == "psnr" else "loss"
    panels = []
    for third in thirds:
        series = []
        for line in lines:
            values_of_line = dict(zip(trials.options[1:], (line, third), strict=False))
            label = f"{short[trials.options[1]]} {line}" if line is not None else y_name
            series.append(_series(trials, label, values_of_line, places))
        panel = Panel(
            x_name=short[axis],
            y_name=y_name,
            series=series,
            title=f"{short[trials.options[2]]} {third}" if third is not None else "",
            log_x=numeric and _is_logarithmic(list(places.values())),
            log_y=trials.measure == "loss" and min(means) > 0 and max(means) > 8 * min(means),
            ticks=[places[value] for value in ticks] or None,
            names=ticks or None,
        )
        panels.append(panel)
    return panels


def _series(
    trials: TrialComparison, label: str, settings: Mapping[str, str | None], places: Mapping[str, float]
) -> Series:
    """The means of the settings with these values, in the order of their places."""
    from artengine.charts import Series

    axis = trials.options[0]
    some = [one for one in trials.settings if all(one.settings.get(option) == settings[option] for option in settings)]
    points = sorted(
        (places[one.settings[axis]], one.mean, one.spread or 0.0)
        for one in some
        if one.mean is not None and axis in one.settings
    )
    x, y = [point[0] for point in points], [point[1] for point in points]
    if not any(spread for _, _, spread in points):
        return Series(label, x, y)
    low, high = [mean - spread for _, mean, spread in points], [mean + spread for _, mean, spread in points]
    return Series(label, x, y, low, high)


def _is_logarithmic(places: Sequence[float]) -> bool:
    """Whether numbers lie more evenly by their logarithms, as 8, 32 and 128 do."""
    ordered = sorted(places)
    if ordered[0] <= 0 or len(ordered) < 3:
        return ordered[0] > 0 and ordered[-1] >= 10 * ordered[0]

    def unevenness(numbers: Sequence[float]) -> float:
        gaps = [high - low for low, high in itertools.pairwise(numbers)]
        return max(gaps) / min(gaps) if min(gaps) > 0 else math.inf

    return unevenness([math.log(place) for place in ordered]) < unevenness(ordered)


def _escape_formula(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) and not NUMBER.fullmatch(text) else text
