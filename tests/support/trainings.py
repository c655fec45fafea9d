"""Trainings in process, report by report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from artengine import Picture, Progress, Result
from artengine.training.session import ShouldReport, TrainingSession, on_its_own


def training_of(
    picture: Picture, state: Mapping[str, Any] | None = None, should_report: ShouldReport = on_its_own
) -> Iterator[Progress | Result]:
    """Train a picture: its reports, and its result as the last."""
    yield (yield from TrainingSession(picture, state, should_report).run())


def result_of(picture: Picture, state: Mapping[str, Any] | None = None) -> Result:
    """Train a picture to its end."""
    *_, last = training_of(picture, state)
    assert isinstance(last, Result)
    return last


def total_of(report: Progress | Result) -> int | None:
    """How many steps there are in all, as a report knows."""
    return report.total if isinstance(report, Progress) else report.step


def always(step: int, total: int | None) -> bool:
    """Want a report after every step."""
    return True
