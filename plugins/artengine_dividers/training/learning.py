"""Telling a photo with dividers: the learning itself, stage by stage."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from typing import Any, Protocol

import numpy as np
import torch

from artengine import Learnt, Photo, Progress, Result, Session
from artengine.curve import Curve
from artengine.training import computing
from artengine_dividers.network import Dividers
from artengine_dividers.search import Centre, Lesson, Synthetic, lesson, region_means
from artengine_dividers.training.colour_fit import AT_ONCE, Fitting
from artengine_dividers.training.gradient import BATCHES, RATES, Descending, Optimiser
from artengine_dividers.training.options import Wishes
from artengine_dividers.training.search_stage import Searching
from artengine_dividers.training.warm_start import Earlier

PATIENCE = 0.25  # seconds after which a report comes: whoever waits can stop the work only then
SHOWING = 0.05  # of the time may go into showing what there is
LOOKS = 100  # points of the curve, at least, of a stage that is long enough
CHUNK = 1 << 16  # pixels whose colours are told at a time

#: Iterations of the fit in the end, where nothing is said.
FIT = {"search": 1000, "adam": 400, "adadelta": 0}


class Stage(Protocol):
    """A part of a training; steps: of it, as far as is known. done: of them."""

    endless: bool
    steps: int
    done: int

    @property
    def loss(self) -> float:
        """The squared error, the mean over channels."""
        ...

    @property
    def rate(self) -> float | None:
        """Of learning, now."""
        ...

    def begin(self) -> None:
        """Begin, from what the stage before has left."""
        ...

    def advance(self) -> None:
        """Take a step."""
        ...

    def show(self) -> None:
        """Have the network show what there is."""
        ...

    def state(self) -> dict[str, Any]:
        """What it takes to go on, besides the network's weights as they are after `show`."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        ...


def learn(
    session: Session,
    target: Photo | None,
    synthetic: Synthetic | None,
    downscale: int,
    centre: Centre | None,
    start: Learnt | None,
    wishes: Wishes,
) -> Generator[Progress, None, Result]:
    """Fit the session's network to a photo.

    Goes on from `session.state` if there is something in it, to the same weights as if it had never stopped.
    Raises `ValueError` where the network is another one, or options do not go together.
    """
    wishes.check(session)
    studied = lesson(target, synthetic, downscale, centre, session.seed)
    training = _Training(session, studied, Earlier(session.network, start) if start else None, wishes)  # type: ignore[arg-type]  # checked
    if not session.state and wishes.way == "search":
        yield training.report()  # the photo's one colour, where a film of the learning begins
    while True:
        with computing(1):  # the products are small, and so the bytes are the same on any number of cores
            given = training.advance()
        if isinstance(given, Result):
            return given
        yield given


class _Training:
    """Where a training stands, and how it goes on."""

    def __init__(self, session: Session, studied: Lesson, earlier: Earlier | None, wishes: Wishes) -> None:
        self._earlier = earlier
        self._session = session
        self._network: Dividers = session.network  # type: ignore[assignment]  # looked at by `Wishes.check`
        self._lesson = studied
        self._wishes = wishes
        self._optimiser: Optimiser = wishes.optimiser or "adam"
        self._fit = self._iterations()
        self._patience = PATIENCE
        self._before = 0  # steps of the stages before this one
        self._number = 0
        state = session.state
        self._curve = Curve(state.get("curve"))
        if state:
            self._before, self._number = state["before"], state["number"]
        self._stage = self._made()
        if state:
            self._stage.restore(state["stage"])
        else:
            if earlier:
                earlier.give(self._network)
            if not (earlier and earlier.whole):
                self._stage.begin()

    def advance(self) -> Progress | Result:
        """Learn until there is something to report, or to return."""
        begin = time.monotonic()
        while True:
            stage = self._stage
            goes_on = self._number == 0 and self._fit > 0
            if not self._finished():
                stage.advance()
                self._note(stage)
                due = self._session.should_report(self._before + stage.done, self._steps())
                if (due or time.monotonic() > begin + self._patience) and (goes_on or not self._finished()):
                    return self.report()
                continue
            stage.show()
            if goes_on:
                self._before += stage.done
                self._number = 1
                self._stage = self._made()
                if self._wishes.way == "search" and not (self._earlier and self._earlier.whole):
                    self._stage.begin()
                continue
            return self._finish()

    def _made(self) -> Stage:
        """The stage that it is at."""
        wishes = self._wishes
        if self._number == 1:
            return Fitting(self._session, self._lesson, self._fit)
        if wishes.way == "search":
            found = self._earlier.dividers if self._earlier else []
            return Searching(self._session, self._lesson, wishes.cycles, wishes.candidates, found)
        rate, part = RATES[self._optimiser]
        first = wishes.rate or rate
        return Descending(
            self._session,
            self._lesson,
            optimiser=self._optimiser,
            rate=first,
            rate_end=wishes.rate_end or first * part,
            batch=wishes.batch or BATCHES[self._optimiser],
            cycles=100 if wishes.cycles is None else wishes.cycles,
            epochs=wishes.epochs or 1,
            sharpness=self._network.gradient_sharpness_range,
        )

    def _iterations(self) -> int:
        """Of the fit of colours."""
        if self._wishes.colours == "mean":
            return 0
        usual = FIT["search" if self._wishes.way == "search" else self._optimiser]
        return usual if self._wishes.fit is None else self._wishes.fit

    def _finished(self) -> bool:
        stage = self._stage
        return self._session.stop_requested if stage.endless else stage.done >= stage.steps

    def _steps(self) -> int | None:
        """How many there are in all; None while there is no telling."""
        stage = self._stage
        after = -(-self._fit // AT_ONCE) if self._number == 0 else 0
        return None if stage.endless else self._before + stage.steps + after

    def _note(self, stage: Stage) -> None:
        """Remember the course, at steps that no clock has a say in."""
        if stage.done % max(1, stage.steps // LOOKS) == 0 or self._finished():
            loss = stage.loss
            self._curve.add(self._before + stage.done, loss, _decibels(loss), stage.rate)

    def report(self) -> Progress:
        """Where it stands; the network shows it."""
        stage = self._stage
        loss = stage.loss  # which may have to load what is compiled, the first time
        begin = time.monotonic()
        stage.show()
        self._patience = max(PATIENCE, (time.monotonic() - begin) / SHOWING)
        step = self._before + stage.done
        return Progress(
            step=step,
            total=self._steps(),
            loss=loss,
            psnr=_decibels(loss),
            state=self._state,
        )

    def _finish(self) -> Result:
        """The end: the regions' own colours where those are wanted, and how good it is on every pixel."""
        found = region_means(self._lesson, self._network.partition())
        if self._wishes.colours == "mean":
            self._network.table.fill(torch.from_numpy(found.sides), torch.from_numpy(found.colours).float())
        error = self._error()
        step = self._before + self._stage.done
        count = len(found.weight)
        words = f"{count:,} region{'s' * (count != 1)}"
        even = bool((self._lesson.weight == 1).all())  # else, it is another error that the means make least
        if even and not self._network.counts[2] and self._wishes.colours == "network":
            words += f"; a colour of its own for each would come to {_decibels(found.error):.2f} dB"
        self._curve.add(step, error, _decibels(error), self._stage.rate)
        height, width = self._lesson.weight.shape
        return Result(
            step=step,
            loss=error,
            psnr=_decibels(error),
            note=words,
            pixels=height * width,
            curve=self._curve.points,
        )

    def _state(self) -> dict[str, Any]:
        return {
            "before": self._before,
            "number": self._number,
            "stage": self._stage.state(),
            "curve": self._curve.state(),
        }

    def _error(self) -> float:
        """The squared error of the network on all pixels, the mean over channels."""
        x, y = self._lesson.points
        colours = self._lesson.image.reshape(-1, 3)
        self._network.eval()
        found = 0.0
        with torch.inference_mode():
            for start in range(0, len(x), CHUNK):
                some = slice(start, start + CHUNK)
                points = torch.from_numpy(np.stack([x[some], y[some]], axis=1)).to(self._session.device)
                apart = self._network.colours_at(points).cpu() - torch.from_numpy(colours[some])
                found += float(apart.double().square().sum())
        self._network.train()
        return found / colours.size


def _decibels(error: float) -> float:
    """The PSNR of a mean squared error; at most 120."""
    return -10 * math.log10(max(error, 1e-12))
