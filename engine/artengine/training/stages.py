"""One loop for trainings of one stage or of several: reports, the curve, and what it takes to go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from artengine.curve import Curve
from artengine.sessions import Progress, Result, Session
from artengine.training.threads import computing


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """How good a training is; psnr, holdout_psnr: decibels. note: what the person who watches should know."""

    loss: float
    psnr: float | None = None
    holdout_psnr: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """What a step came to; record: a point of the curve. report: it is reported, whatever the clock says."""

    record: Measurement | None = None
    report: Measurement | None = None


class Stage(Protocol):
    """A part of a training.

    What it records must depend on its steps alone, never on the clock: gone on from its state, it ends in the same
    bytes.
    """

    @property
    def patience(self) -> float:
        """Seconds after which a report comes: whoever waits can stop the work only then."""
        ...

    @property
    def done(self) -> int:
        """Steps of it that are done."""
        ...

    @property
    def total(self) -> int | None:
        """Steps in all, as far as is known; None for a stage without an end of its own."""
        ...

    @property
    def finished(self) -> bool:
        """Whether it has come to its end."""
        ...

    @property
    def rate(self) -> float | None:
        """The learning rate at the last step."""
        ...

    def begin(self) -> None:
        """Begin, from what the stage before has left."""
        ...

    def advance(self) -> StepOutcome:
        """Take a step."""
        ...

    def measure(self) -> Measurement | None:
        """Say how good it is, and have the network show it; None where there is nothing to show yet."""
        ...

    def end(self) -> None:
        """Leave the network as the next stage, or the end, takes it."""
        ...

    def state(self) -> dict[str, Any]:
        """What it needs to go on, besides the network's weights."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStage:
    """A stage to come: make gives it when it is its turn.

    steps: how many it will take, where it is not the first. begins: whether it is to begin, or finds all it needs.
    reports_start: whether what is there before its first step is worth a report.
    """

    make: Callable[[], Stage]
    steps: int = 0
    begins: bool = True
    reports_start: bool = False


#: Gives the result of a training after so many steps, and adds its end to the curve where it likes.
Conclude = Callable[[int, Curve], Result]


def run_stages(
    session: Session, stages: Sequence[PlannedStage], conclude: Conclude, threads: int = 1
) -> Generator[Progress, None, Result]:
    """Train stage by stage, going on from `session.state`: what a trainer with stages yields and returns.

    A report comes where a stage says so, where `session.should_report`, and after the stage's patience. threads: of the
    CPU; with one, the weights are the same bytes however many cores there are.
    """
    training = _StagedTraining(session, stages, conclude)
    if not session.state and stages[0].reports_start:
        yield training.report_start()
    while True:
        with computing(threads):
            given = training.advance()
        if isinstance(given, Result):
            return given
        yield given


class _StagedTraining:
    def __init__(self, session: Session, stages: Sequence[PlannedStage], conclude: Conclude) -> None:
        self._session = session
        self._stages = stages
        self._conclude = conclude
        state = session.state
        self._curve = Curve(state.get("curve"))
        self._number = int(state.get("number", 0))
        self._steps_before = int(state.get("before", 0))  # of the stages before this one
        self._stage: Stage = stages[self._number].make()
        if state:
            self._stage.restore(state["stage"])
        elif stages[0].begins:
            self._stage.begin()

    def report_start(self) -> Progress:
        """Where it stands before its first step."""
        measurement = self._stage.measure()
        assert measurement is not None  # noqa: S101 - who reports its start can measure it
        return self._report(measurement)

    def advance(self) -> Progress | Result:
        """Train until there is something to report, or to return."""
        begin = time.monotonic()
        while True:
            stage = self._stage
            has_next = self._number + 1 < len(self._stages)
            if self._finished:
                stage.end()
                if not has_next:
                    return self._conclude(self._step, self._curve)
                self._begin_next()
                continue
            outcome = stage.advance()
            if point := outcome.record:
                self._curve.add(self._step, point.loss, point.psnr, stage.rate)
            if self._finished and not has_next:
                continue
            measurement = outcome.report
            if measurement is None and (
                self._session.should_report(self._step, self._total) or time.monotonic() > begin + stage.patience
            ):
                measurement = stage.measure()
            if measurement is not None:
                return self._report(measurement)

    @property
    def _step(self) -> int:
        return self._steps_before + self._stage.done

    @property
    def _finished(self) -> bool:
        return self._session.stop_requested if self._stage.total is None else self._stage.finished

    @property
    def _total(self) -> int | None:
        if self._stage.total is None:
            return None
        return self._steps_before + self._stage.total + sum(one.steps for one in self._stages[self._number + 1 :])

    def _begin_next(self) -> None:
        self._steps_before += self._stage.done
        self._number += 1
        planned = self._stages[self._number]
        self._stage = planned.make()
        if planned.begins:
            self._stage.begin()

    def _report(self, measurement: Measurement) -> Progress:
        return Progress(
            step=self._step,
            total=self._total,
            loss=measurement.loss,
            psnr=measurement.psnr,
            holdout_psnr=measurement.holdout_psnr,
            note=measurement.note,
            state=self._state,
        )

    def _state(self) -> dict[str, Any]:
        return {
            "number": self._number,
            "before": self._steps_before,
            "curve": self._curve.state(),
            "stage": self._stage.state(),
        }
