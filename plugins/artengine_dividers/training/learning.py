"""Telling a photo with dividers: the learning itself, stage by stage."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any, Protocol

import numpy as np
import torch

from artengine import Learnt, Photo, Progress, Result, Session
from artengine.curve import Curve, psnr
from artengine.training import CentreWeight, Measurement, PlannedStage, StepOutcome, TargetImage, run_stages
from artengine_dividers.network import Dividers
from artengine_dividers.search import Synthetic, make_target_image, region_means
from artengine_dividers.training.colour_fit import AT_ONCE, ColourFitPhase
from artengine_dividers.training.gradient import BATCHES, RATES, GradientPhase, Optimiser
from artengine_dividers.training.options import TrainingOptions
from artengine_dividers.training.search_phase import SearchPhase
from artengine_dividers.training.warm_start import WarmStart

PATIENCE = 0.25  # seconds after which a report comes: whoever waits can stop the work only then
SHOWING = 0.05  # of the time may go into showing what there is
LOOKS = 100  # points of the curve, at least, of a stage that is long enough
CHUNK = 1 << 16  # pixels whose colours are told at a time

#: Iterations of the fit in the end, where nothing is said.
FIT = {"search": 1000, "adam": 400, "adadelta": 0}


class Phase(Protocol):
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
        """Begin, from what the phase before has left."""
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


class DividerStage:
    """A phase as a stage of a training: measured by its own loss, recorded at steps that no clock has a say in."""

    def __init__(self, phase: Phase) -> None:
        self.patience = PATIENCE
        self._phase = phase
        self.begin = phase.begin
        self.end = phase.show
        self.state = phase.state
        self.restore = phase.restore

    @property
    def done(self) -> int:
        """Steps that are done."""
        return self._phase.done

    @property
    def total(self) -> int | None:
        """Steps in all; None where they have no end."""
        return None if self._phase.endless else self._phase.steps

    @property
    def finished(self) -> bool:
        """Whether all steps are done."""
        return self._phase.done >= self._phase.steps

    @property
    def rate(self) -> float | None:
        """The learning rate, now."""
        return self._phase.rate

    def advance(self) -> StepOutcome:
        """Take a step."""
        phase = self._phase
        phase.advance()
        ends = not phase.endless and self.finished
        if phase.done % max(1, phase.steps // LOOKS) == 0 or ends:
            return StepOutcome(record=self._measured())
        return StepOutcome()

    def measure(self) -> Measurement:
        """Have the network show what there is; where that takes long, it is done seldom."""
        measurement = self._measured()  # which may have to load what is compiled, the first time
        begin = time.monotonic()
        self._phase.show()
        self.patience = max(PATIENCE, (time.monotonic() - begin) / SHOWING)
        return measurement

    def _measured(self) -> Measurement:
        loss = self._phase.loss
        return Measurement(loss=loss, psnr=psnr(loss))


def learn(
    session: Session,
    target: Photo | None,
    synthetic: Synthetic | None,
    downscale: int,
    centre: CentreWeight | None,
    start: Learnt | None,
    options: TrainingOptions,
) -> Generator[Progress, None, Result]:
    """Fit the session's network to a photo.

    Goes on from `session.state` if there is something in it, to the same weights as if it had never stopped.
    Raises `ValueError` where the network is another one, or options do not go together.
    """
    options.check_session(session)
    network = session.network
    assert isinstance(network, Dividers)  # noqa: S101 - `TrainingOptions.check` has looked
    target_image = make_target_image(target, synthetic, downscale, centre, session.seed)
    training = _Training(session, network, target_image, WarmStart(network, start) if start else None, options)
    # the products are small; with one thread, the bytes are the same on any number of cores
    return (yield from run_stages(session, training.stages(), training.conclude, threads=1))


class _Training:
    """The stages of a training, and its end."""

    def __init__(
        self,
        session: Session,
        network: Dividers,
        target_image: TargetImage,
        earlier: WarmStart | None,
        options: TrainingOptions,
    ) -> None:
        self._earlier = earlier
        self._session = session
        self._network = network
        self._target_image = target_image
        self._options = options
        self._optimiser: Optimiser = options.optimiser or "adam"
        self._phase: Phase | None = None

    def stages(self) -> list[PlannedStage]:
        """The search or gradients, then the fit of colours, where there is one."""
        search = self._options.way == "search"
        begins = not (self._earlier and self._earlier.whole)
        # the photo's one colour is where a film of the search begins
        planned = [PlannedStage(make=self._first, begins=begins, reports_start=search)]
        if iterations := self._iterations():
            steps = -(-iterations // AT_ONCE)
            planned.append(PlannedStage(make=self._colour_fit, steps=steps, begins=begins and search))
        return planned

    def _first(self) -> DividerStage:
        if self._earlier and not self._session.state:
            self._earlier.give(self._network)
        options = self._options
        if options.way == "search":
            found = self._earlier.dividers if self._earlier else []
            return self._stage(
                SearchPhase(self._session, self._target_image, options.cycles, options.candidates, found)
            )
        rate, part = RATES[self._optimiser]
        first = options.rate or rate
        descending = GradientPhase(
            self._session,
            self._target_image,
            optimiser=self._optimiser,
            rate=first,
            rate_end=options.rate_end or first * part,
            batch=options.batch or BATCHES[self._optimiser],
            cycles=100 if options.cycles is None else options.cycles,
            epochs=options.epochs or 1,
            sharpness=self._network.gradient_sharpness_range,
        )
        return self._stage(descending)

    def _colour_fit(self) -> DividerStage:
        return self._stage(ColourFitPhase(self._session, self._target_image, self._iterations()))

    def _stage(self, phase: Phase) -> DividerStage:
        self._phase = phase
        return DividerStage(phase)

    def _iterations(self) -> int:
        """Of the fit of colours."""
        if self._options.colours == "mean":
            return 0
        usual = FIT["search" if self._options.way == "search" else self._optimiser]
        return usual if self._options.fit is None else self._options.fit

    def conclude(self, step: int, curve: Curve) -> Result:
        """The end: the regions' own colours where those are wanted, and how good it is on every pixel."""
        found = region_means(self._target_image, self._network.partition())
        if self._options.colours == "mean":
            self._network.table.fill(torch.from_numpy(found.sides), torch.from_numpy(found.colours).float())
        error = self._error()
        count = len(found.weight)
        words = f"{count:,} region{'s' * (count != 1)}"
        even = self._target_image.is_even  # else, it is another error that the means make least
        if even and not self._network.counts[2] and self._options.colours == "network":
            words += f"; a colour of its own for each would come to {psnr(found.error):.2f} dB"
        if self._target_image.description:
            words += f"; {self._target_image.description}"
        curve.add(step, error, psnr(error), self._phase.rate if self._phase else None)
        height, width = self._target_image.shape
        return Result(
            step=step,
            loss=error,
            psnr=psnr(error),
            note=words,
            pixels=height * width,
            curve=curve.points,
        )

    def _error(self) -> float:
        """The squared error of the network on all pixels, the mean over channels."""
        x, y = self._target_image.points
        colours = self._target_image.image.reshape(-1, 3)
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
