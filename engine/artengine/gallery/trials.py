"""Which setting learns best: the trials of every setting as statistics, and as a table."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from artengine.errors import printable
from artengine.events import Note
from artengine.gallery.manifest import Entry
from artengine.gallery.naming import short_names

MAX_TABLE_ROWS = 60  # on the terminal; all of them are in the file
NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")

MAX_MEASURE = 1e300  # what lies beyond has diverged, and its square is not finite
MAX_CELL_LENGTH = 28  # characters
_SEED_KEY = "seed"

Measure = Literal["psnr", "loss"]


@dataclass(frozen=True, slots=True)
class SettingResult:
    """How well one setting learns.

    settings: by their paths in the scene, without the seed. count: of the trials that are measured. mean, spread: their
    mean and sample standard deviation, as `TrialComparison.measure` says; None of none, and of fewer than two. best,
    median, worst: trials; of two in the middle the lower one is the median. failed: how many could not be made, or have
    no finite loss.
    """

    settings: Mapping[str, str]
    count: int
    mean: float | None
    spread: float | None
    best: Entry | None
    median: Entry | None
    worst: Entry | None
    failed: int = 0


@dataclass(frozen=True, slots=True)
class TrialComparison:
    """All settings, in the order in which their values were given.

    measure: decibels of PSNR where every trial has them, else the loss. options: the paths of what differs, without the
    seed.
    """

    measure: Measure
    options: tuple[str, ...]
    settings: tuple[SettingResult, ...]

    def value(self, entry: Entry) -> float:
        """How well a trial has learnt, in decibels or as its loss."""
        value = _measured(entry, self.measure)
        assert value is not None  # noqa: S101 - entries of these trials are measured
        return value

    @property
    def best(self) -> SettingResult | None:
        """The setting with the best mean, the first one of equals."""
        sign = 1 if self.measure == "psnr" else -1
        measured = [one for one in self.settings if one.mean is not None]
        return max(measured, key=lambda one: sign * (one.mean or 0.0), default=None)

    def format(self, value: float | None, *, spread: bool = False) -> str:
        """A number as people read it."""
        if value is None:
            return "–"
        return f"{value:.2f}" if self.measure == "psnr" else f"{value:.{2 if spread else 4}g}"

    def values(self, option: str) -> list[str]:
        """The values of an option, in the order in which they were given."""
        return list(dict.fromkeys(one.settings[option] for one in self.settings if option in one.settings))

    def numeric(self, option: str) -> bool:
        """Whether all values of an option are numbers."""
        return all(NUMBER.fullmatch(value) and abs(float(value)) < MAX_MEASURE for value in self.values(option))

    @property
    def unit(self) -> str:
        """What stands behind a number: `` dB``, or nothing."""
        return " dB" if self.measure == "psnr" else ""


@dataclass(frozen=True, slots=True)
class TrialsCompared(Note):
    """All trials of a gallery have been compared; as a note, their table."""

    trials: TrialComparison

    def plain(self) -> dict[str, Any]:
        """The numbers as plain data; trials by the name of their first file, with their number."""
        trials = self.trials

        def one(entry: Entry | None) -> dict[str, Any] | None:
            return {"file": file_of(entry), "value": trials.value(entry)} if entry else None

        settings = [
            {"settings": dict(row.settings), "trials": row.count, "failed": row.failed}
            | {"mean": row.mean, "spread": row.spread}
            | {"best": one(row.best), "median": one(row.median), "worst": one(row.worst)}
            for row in trials.settings
        ]
        return {"measure": trials.measure, "settings": settings}


def compare_trials(entries: Iterable[Entry]) -> TrialComparison | None:
    """The trials of every setting, from the entries of a gallery in their order; None where nothing is learnt."""
    groups: dict[tuple[tuple[str, str], ...], list[Entry]] = {}
    for entry in entries:
        key = tuple(pair for pair in entry.settings.items() if pair[0] != _SEED_KEY)
        groups.setdefault(key, []).append(entry)
    learnt = [entry for group in groups.values() for entry in group if _is_measured(entry)]
    if not learnt:
        return None
    measure: Measure = "psnr" if all(_measured(entry, "psnr") is not None for entry in learnt) else "loss"
    options = dict.fromkeys(option for key in groups for option, _ in key)
    return TrialComparison(
        measure, tuple(options), tuple(_setting_result(dict(key), group, measure) for key, group in groups.items())
    )


def _setting_result(settings: Mapping[str, str], group: Sequence[Entry], measure: Measure) -> SettingResult:
    values = [(value, entry) for entry in group if (value := _measured(entry, measure)) is not None]
    failed = len(group) - len(values)
    if not values:
        return SettingResult(settings, 0, None, None, None, None, None, failed)
    numbers = [value for value, _ in values]
    values.sort(key=lambda one: one[0])
    low, median, high = values[0][1], values[(len(values) - 1) // 2][1], values[-1][1]
    best, worst = (high, low) if measure == "psnr" else (low, high)
    spread = statistics.stdev(numbers) if len(numbers) > 1 else None
    return SettingResult(settings, len(numbers), statistics.mean(numbers), spread, best, median, worst, failed)


def _is_measured(entry: Entry) -> bool:
    return _measured(entry, "psnr") is not None or _measured(entry, "loss") is not None


def _measured(entry: Entry, measure: Measure) -> float | None:
    value = None if entry.error else entry.psnr if measure == "psnr" else entry.loss
    return value if value is not None and abs(value) < MAX_MEASURE else None


def trials_table(trials: TrialComparison) -> str:
    """The settings and their numbers, for a terminal: a line for each, below a heading, and the best one."""
    short = short_names(trials.options)
    failed = any(one.failed for one in trials.settings)
    head = [*(_cell(short[option]) for option in trials.options), "trials", *(["failed"] if failed else [])]
    rows = [[*head, "mean", "spread", "best", "median", "worst"]]
    for one in trials.settings[:MAX_TABLE_ROWS]:
        row = [_cell(one.settings.get(option, "")) for option in trials.options]
        row += [str(one.count), *([str(one.failed)] if failed else [])]
        row += [trials.format(one.mean), trials.format(one.spread, spread=True)]
        rows.append(row + [_format_trial(trials, entry) for entry in (one.best, one.median, one.worst)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    words = {at for at, option in enumerate(trials.options) if not trials.numeric(option)}
    places = [str.ljust if at in words else str.rjust for at in range(len(widths))]
    cells = [[place(cell, wide) for place, cell, wide in zip(places, row, widths, strict=True)] for row in rows]
    heading = "PSNR in dB" if trials.measure == "psnr" else "loss"
    lines = [heading, *(f"  {'  '.join(row)}".rstrip() for row in cells)]
    if len(trials.settings) > MAX_TABLE_ROWS:
        lines.append(f"  and {len(trials.settings) - MAX_TABLE_ROWS:,} more settings")
    if trials.options and (best := trials.best):
        lines.append(f"best: {_describe_setting(best, short)}, {trials.format(best.mean)}{trials.unit}")
    return "\n".join(lines)


def file_of(entry: Entry) -> str:
    """The file that is shown first."""
    return next(iter(entry.files))


def _format_trial(trials: TrialComparison, entry: Entry | None) -> str:
    return trials.format(trials.value(entry) if entry else None)


def _describe_setting(trial: SettingResult, short: Mapping[str, str]) -> str:
    return " · ".join(f"{_cell(short[option])} {_cell(value)}" for option, value in trial.settings.items())


def _cell(text: str) -> str:
    """A text from a scene as a cell of a table: on one line, and not too long."""
    line = " ".join(printable(text).split())
    return line if len(line) <= MAX_CELL_LENGTH else f"{line[: MAX_CELL_LENGTH - 9]}…{line[-8:]}"
