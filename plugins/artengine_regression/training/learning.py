"""Image regression: the learning itself."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from artengine import Loss, PhotoExtentNetwork, Progress, Result, Session
from artengine.capabilities import declarations_of
from artengine.curve import Curve
from artengine.training import Measurement, PlannedStage, StepOutcome, TargetImage, computing, run_stages
from artengine_regression.training.measuring import MetricSample, measured
from artengine_regression.training.optimisers import optimiser
from artengine_regression.training.presets import Optimiser
from artengine_regression.training.sampling import sampler_for
from artengine_regression.training.schedule import GAIN, Schedule, Until
from artengine_regression.training.threads import threads_for

STEPS_PER_CHECK = 50  # steps between two looks at how good it is
PATIENCE = 0.5  # seconds after which a report comes in any case: whoever waits can stop the work only then
MAX_ROLLBACKS = 8  # how often a training that comes to what is no number steps back before it gives up
AHEAD = 0.5  # decibels by which all pixels may be nearer than the sample, as long as that has not been measured
FIRST_ROUND_STEPS = 2000  # steps of the first round, where only a PSNR is asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a training goes: its optimiser, the rate, random pixels to a step, when it is done, bits of a weight kept."""

    optimiser: Optimiser
    rate: float
    batch: int
    until: Until
    bits: int | None = None


def learn(
    session: Session, target_images: Sequence[TargetImage], losses: Sequence[Loss], plan: Plan
) -> Generator[Progress, None, Result]:
    """Fit the picture's network to photos.

    Goes on from `session.state` if there is something in it, to the same weights as if it had never stopped.
    """
    if isinstance(session.network, PhotoExtentNetwork):
        extents = [target_image.view.extent for target_image in target_images]
        session.network.cover(*(max(along) for along in zip(*extents, strict=True)))
    threads = threads_for(session.network, plan.batch)
    with computing(threads):
        stage = RegressionStage(session, target_images, losses, plan)
    planned = PlannedStage(make=lambda: stage)
    return (yield from run_stages(session, [planned], stage.conclude, threads))


@dataclass(slots=True, kw_only=True)
class _Best:
    """The weights that are kept, and the step they are of.

    step, psnr: the best PSNR until now, and when it was. before: the one at the beginning of the round.
    """

    weights: dict[str, Tensor]
    at: int = 0
    step: int = 0
    psnr: float = -math.inf
    before: float = -math.inf


class RegressionStage:
    """A training on random pixels: every so many steps it keeps what is better, and steps back from what is NaN."""

    def __init__(
        self, session: Session, target_images: Sequence[TargetImage], losses: Sequence[Loss], plan: Plan
    ) -> None:
        self._session = session
        self._target_images = target_images
        self._losses = losses
        self._plan = plan
        self._schedule = Schedule(plan.until, FIRST_ROUND_STEPS)
        self._optimiser = optimiser(plan.optimiser, session.network)
        self._steps_per_check = 1 if self._optimiser.full_batch else STEPS_PER_CHECK
        self._generator = torch.Generator().manual_seed(session.seed)
        self._structural = any(map(_on_patches, losses))  # the PSNR is not what it is about
        self._sampler = sampler_for(session, target_images, plan.batch, patches=self._structural)
        self._sample = MetricSample(session, target_images)
        self._step = 0
        self._losses_since: list[Tensor] = []
        self._last_loss = 0.0  # the last loss that was a number
        self._seconds = 0.0
        self._rollbacks = 0
        self._ahead = AHEAD
        self._rate = 0.0  # at the last step
        self._best = _Best(weights=self._weights())
        self._end_note: str | None = None  # why it has come to its end, in words
        self._end_loss = math.nan

    @property
    def patience(self) -> float:
        """Seconds after which a report comes."""
        return PATIENCE

    @property
    def done(self) -> int:
        """Steps that are done."""
        return self._step

    @property
    def total(self) -> int:
        """Steps in all, as far as can be told now."""
        return self._schedule.steps(self._step, self._seconds)

    @property
    def finished(self) -> bool:
        """Whether it has come to its end."""
        return self._end_note is not None

    @property
    def rate(self) -> float:
        """The learning rate at the last step."""
        return self._rate

    def begin(self) -> None:
        """Begin: the network is as its seed has drawn it."""

    def end(self) -> None:
        """Leave the network to `conclude`."""

    def advance(self) -> StepOutcome:
        """Take a step, and a look after every so many."""
        begin = time.monotonic()
        self._losses_since.append(self._take_step())
        self._step += 1
        self._seconds += time.monotonic() - begin
        if self._step % self._steps_per_check == 0 or self._turns() or self._over():
            loss = self._loss_since()
            self._losses_since = []
            return self._look(loss)
        return StepOutcome()

    def measure(self) -> Measurement | None:
        """Say how good it is; None where that is no number: the next look steps back, whoever is waiting."""
        loss, psnr = self._loss_since(), self._sample.psnr()
        return self._measured(loss, psnr) if self._sound(loss, psnr) else None

    def _loss_since(self) -> float:
        """The mean loss of the steps since the last look."""
        return float(torch.stack(self._losses_since).mean())

    def _take_step(self) -> Tensor:
        self._rate = self._plan.rate * 0.5**self._rollbacks * self._schedule.height(self._step, self._seconds)
        closure = self._gradient_of_all if self._optimiser.full_batch else self._gradient_of_batch
        return self._optimiser.step(closure, self._rate)

    def _gradient_of_batch(self) -> Tensor:
        loss = self._loss(*self._sampler.draw(self._step, self._generator))
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        return loss.detach()

    def _gradient_of_all(self) -> Tensor:
        total = torch.zeros((), device=self._session.device)
        for share, (prediction, target) in self._sampler.all():
            loss = share * self._loss(prediction, target)
            loss.backward()  # type: ignore[no-untyped-call]  # torch's own
            total += loss.detach()
        return total

    def _loss(self, prediction: Tensor, target: Tensor) -> Tensor:
        channels = target.shape[-1]
        parts = []
        for loss in self._losses:
            whole = _on_patches(loss) or target.ndim == 2
            pair = (prediction, target) if whole else (prediction.reshape(-1, channels), target.reshape(-1, channels))
            parts.append(loss(*pair))
        return torch.stack(parts).sum()

    def _look(self, loss: float) -> StepOutcome:
        """See how good it is: keep it, step back, or stop."""
        psnr = self._sample.psnr()
        if not self._sound(loss, psnr):
            return self._step_back(loss)
        better = psnr > self._best.psnr
        if better:
            self._best.step, self._best.psnr = self._step, psnr
        if better or self._structural:
            self._best.at, self._best.weights = self._step, self._weights()
        reason = self._reason(psnr)
        if reason is None:
            measurement = self._measured(loss, psnr)
            return StepOutcome(record=measurement, report=measurement)
        self._end_note, self._end_loss = reason, loss
        return StepOutcome(record=Measurement(loss=loss, psnr=psnr))

    def _sound(self, loss: float, psnr: float) -> bool:
        """Whether all of it is numbers: the loss, the weights, and what the network makes of them."""
        weights = self._session.network.parameters()
        return math.isfinite(loss + psnr) and all(bool(one.isfinite().all()) for one in weights)

    def _reason(self, psnr: float) -> str | None:
        """Why this is the end, in words, empty where there is nothing to say of it; None where it is not."""
        wanted, patience = self._plan.until.psnr, self._plan.until.patience
        if wanted and psnr + self._ahead >= wanted:
            exact, _ = measured(self._session, self._target_images)
            self._ahead = exact - psnr
            if exact >= wanted:
                return ""
        if patience and self._step - self._best.step >= patience:
            return f"no better for {self._step - self._best.step:,} steps"
        if self._over():
            return ""
        if self._turns():
            before, self._best.before = self._best.before, self._best.psnr
            if self._best.psnr < before + GAIN:
                return ""
        return None

    def conclude(self, step: int, curve: Curve) -> Result:
        """The end: the best weights, rounded where that is asked for, and how good they are on every pixel."""
        from artengine_regression.training.rounding import rounded

        if not math.isfinite(self._end_loss):
            return Result(step=step, loss=self._end_loss)
        exact, hidden = measured(self._session, self._target_images)
        if self._best.at != self._step:  # the best on a sample; here all pixels tell
            last = self._weights()
            self._session.network.load_state_dict(self._best.weights)
            kept = measured(self._session, self._target_images)
            if kept[0] > exact:
                exact, hidden = kept
            else:
                self._session.network.load_state_dict(last)
        notes = [self._end_note] if self._end_note else []
        if wanted := self._plan.until.psnr:
            word = "reached" if exact >= wanted else "not reached"
            notes.append(f"the {wanted:g} dB asked for are {word} after {self._step:,} steps")
        if self._plan.bits:
            before = exact
            exact, hidden, words = rounded(self._session, self._target_images, self._plan.bits, before)
            notes.append(words)
        if description := self._target_images[0].description:
            notes.append(description if len(self._target_images) == 1 else description.replace("photo's", "photos'"))
        return Result(
            step=step,
            loss=self._end_loss,
            psnr=exact,
            holdout_psnr=hidden,
            note="; ".join(notes),
            bits=self._plan.bits,
            pixels=sum(target_image.view.width * target_image.view.height for target_image in self._target_images),
            curve=curve.points,
        )

    def _step_back(self, loss: float) -> StepOutcome:
        """Go on from the best weights there were, at half the rate; give up when that has not helped often enough."""
        if self._rollbacks == MAX_ROLLBACKS:
            self._end_note, self._end_loss = "", math.nan if math.isfinite(loss) else loss
            return StepOutcome()
        self._rollbacks += 1
        self._session.network.load_state_dict(self._best.weights)
        self._optimiser = optimiser(self._plan.optimiser, self._session.network)
        found = f"at step {self._step:,} there is something that is no number"
        self._step = self._best.at
        self._best.before = -math.inf  # what was gained in the round at the old rate says nothing any more
        rate = self._plan.rate * 0.5**self._rollbacks
        note = f"{found}: going on with what there was at step {self._step:,}, at a rate of {rate:.3g}"
        psnr = self._sample.psnr()
        return StepOutcome(report=self._measured(self._last_loss, psnr if math.isfinite(psnr) else None, note))

    def _measured(self, loss: float, psnr: float | None, note: str = "") -> Measurement:
        self._last_loss = loss
        return Measurement(loss=loss, psnr=psnr, holdout_psnr=self._sample.holdout_psnr(), note=note)

    def _over(self) -> bool:
        return self._schedule.over(self._step, self._seconds)

    def _turns(self) -> bool:
        return self._schedule.turns(self._step)

    def _weights(self) -> dict[str, Tensor]:
        return {name: weight.detach().clone() for name, weight in self._session.network.state_dict().items()}

    def state(self) -> dict[str, Any]:
        """What it needs to go on, besides the network's weights."""
        return {
            "step": self._step,
            "seconds": self._seconds,
            "losses": list(self._losses_since),
            "rollbacks": self._rollbacks,
            "ahead": self._ahead,
            "goal": self._plan.until.psnr,
            "best": {name: getattr(self._best, name) for name in _Best.__slots__},
            "optimiser": self._optimiser.state(),
            "generator": self._generator.get_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._step, self._seconds, self._rollbacks = state["step"], state["seconds"], state["rollbacks"]
        if state["goal"] == self._plan.until.psnr:  # another one has not been looked at closely yet
            self._ahead = state["ahead"]
        self._losses_since = [one.to(self._session.device) for one in state["losses"]]
        self._best = _Best(**state["best"])
        self._optimiser.restore(state["optimiser"])
        self._generator.set_state(state["generator"])


def _on_patches(loss: Loss) -> bool:
    return declarations_of(loss).patches
