"""The loop of trainings in stages: what is reported and recorded, and that each report can be gone on from."""

from __future__ import annotations

import copy
from typing import Any

from artengine import Result
from artengine.curve import Curve
from artengine.sessions import Progress
from artengine.training.stages import Measurement, PlannedStage, StepOutcome, run_stages


class Counting:
    """A stage of so many steps, that records every other one and reports at the one it is told to."""

    patience = 1e9
    rate = 0.5

    def __init__(self, steps: int | None, reported: int = 0) -> None:
        self.total = steps
        self.done = 0
        self.calls: list[str] = []
        self._reported = reported

    @property
    def finished(self) -> bool:
        return self.done == self.total

    def begin(self) -> None:
        self.calls.append("begin")
        self.done = 0

    def advance(self) -> StepOutcome:
        self.done += 1
        point = Measurement(loss=1 / self.done)
        return StepOutcome(
            record=point if self.done % 2 == 0 else None, report=point if self.done == self._reported else None
        )

    def measure(self) -> Measurement | None:
        return Measurement(loss=1 / max(self.done, 1), psnr=20.0)

    def end(self) -> None:
        self.calls.append("end")

    def state(self) -> dict[str, Any]:
        return {"done": self.done}

    def restore(self, state: dict[str, Any]) -> None:
        self.done = state["done"]


class Session:
    """What the loop asks of a session."""

    def __init__(self, state: dict[str, Any] | None = None, *, always_reports: bool = False) -> None:
        self.state = state or {}
        self.stop_requested = False
        self._always = always_reports

    def should_report(self, step: int, total: int | None) -> bool:
        return self._always


def run(session: Any, *stages: PlannedStage) -> tuple[list[Progress], Result, Curve]:
    curves: list[Curve] = []

    def conclude(step: int, curve: Curve) -> Result:
        curves.append(curve)
        return Result(step=step, loss=0.0, curve=curve.points)

    reports = run_stages(session, stages, conclude)
    seen = []
    while True:
        try:
            seen.append(next(reports))
        except StopIteration as end:
            return seen, end.value, curves[0]


def planned(stage: Counting, **options: Any) -> PlannedStage:
    return PlannedStage(make=lambda: stage, steps=stage.total or 0, **options)


def test_stages_follow_each_other_with_steps_counted_through() -> None:
    first, second = Counting(4), Counting(3)
    reports, result, curve = run(Session(always_reports=True), planned(first), planned(second))
    assert [(one.step, one.total) for one in reports] == [(step, 7) for step in range(1, 7)]
    assert result.step == 7
    assert [point.step for point in curve.points] == [2, 4, 6]
    assert {point.rate for point in curve.points} == {0.5}
    assert first.calls == second.calls == ["begin", "end"]


def test_only_what_stages_ask_for_is_reported_where_nobody_waits() -> None:
    reports, _, _ = run(Session(), planned(Counting(5, reported=3)), planned(Counting(2)))
    assert [one.step for one in reports] == [3]
    start, *_ = run(Session(), planned(Counting(2), reports_start=True))
    assert [one.step for one in start] == [0]


def test_report_comes_by_the_clock_once_there_is_something_to_measure() -> None:
    class Impatient(Counting):
        patience = -1.0

        def measure(self) -> Measurement | None:
            return None if self.done < 3 else super().measure()

    reports, result, _ = run(Session(), planned(Impatient(5)))
    assert [(one.step, one.psnr) for one in reports] == [(3, 20.0), (4, 20.0)]
    assert result.step == 5


def test_a_stage_that_finds_all_it_needs_does_not_begin() -> None:
    stage = Counting(2)
    run(Session(), planned(stage, begins=False))
    assert stage.calls == ["end"]


def test_a_stage_without_an_end_goes_on_until_a_stop_is_requested() -> None:
    session: Any = Session(always_reports=True)
    last = Counting(2)
    stages = [planned(Counting(None)), planned(last)]
    reports = run_stages(session, stages, lambda step, curve: Result(step=step, loss=0.0))
    assert [(next(reports).step, next(reports).total) for _ in range(2)] == [(1, None), (3, None)]
    session.stop_requested = True
    assert [(one.step, one.total) for one in reports] == [(5, 6)]


def test_every_report_can_be_gone_on_from_to_the_same_end() -> None:
    def stages() -> list[PlannedStage]:
        return [planned(Counting(5)), planned(Counting(4))]

    reports, result, _ = run(Session(always_reports=True), *stages())
    states = []
    running = run_stages(Session(always_reports=True), stages(), lambda step, curve: result)  # type: ignore[arg-type]
    for report in running:
        assert report.state
        states.append(copy.deepcopy(dict(report.state())))
    for number, state in enumerate(states, start=1):
        rest, again, _ = run(Session(state, always_reports=True), *stages())
        assert again == result
        assert [one.step for one in rest] == [one.step for one in reports[number:]]
