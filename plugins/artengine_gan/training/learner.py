"""What the stages of a training of images have in common: steps, looks at how good it is, and the way back."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from artengine import Session
from artengine.training import Measurement, StepOutcome
from artengine_gan.training.batches import Batches

STEPS_PER_CHECK = 100  # steps between two looks at how good it is
PATIENCE = 0.5  # seconds after which a report comes in any case: whoever waits can stop the work only then
MAX_ROLLBACKS = 5  # how often a training that has gone wrong steps back before it gives up
WARM_UP = 100  # steps in which the rate rises
FALL = 0.4  # of a stage, its last part, in which the rate falls
LAST_RATE = 0.05  # of the rate, at the end
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
HALF_LIFE = 10_000  # images after which half of the network that is shown is new
MIN_VARIETY = 0.02  # of the photos' own deviation, below which a batch of images is one and the same


@dataclass(frozen=True, slots=True)
class Average:
    """How a network that is shown follows the one that learns; batch: images to a step."""

    batch: int

    def follow(self, shown: nn.Module, learning: nn.Module, step: int) -> None:
        """Bring the weights that are shown a step nearer to those that learn; quickly at first."""
        part = 1 - min(0.5 ** (self.batch / HALF_LIFE), (1 + step) / (10 + step))
        with torch.no_grad():
            for average, weight in zip(shown.parameters(), learning.parameters(), strict=True):
                average.lerp_(weight, part)


class Learner:
    """A stage of a training on batches of photos.

    It looks at how good it is every so many steps; where something is no number any more, or all images are the same,
    it goes back to where it was at the last look, and on at half the rate.
    before: steps of the stages before, so that batches go on. dtype: of what is computed between weights and images.
    learning: the modules that learn, by name, apart from those of the network that is shown. optimisers: by name.
    """

    patience = PATIENCE

    def __init__(
        self, session: Session, batches: Batches, *, steps: int, before: int = 0, dtype: torch.dtype = torch.float32
    ) -> None:
        self.session = session
        self.batches = batches
        self.dtype = dtype
        self.total: int | None = steps
        self.steps = steps
        self.learning: nn.ModuleDict = nn.ModuleDict()
        self.optimisers: dict[str, tuple[torch.optim.Optimizer, float]] = {}
        self.done = 0
        self.gone_back = 0
        self.before = before
        self._losses: list[float] = []
        self._last_loss = 0.0
        self._psnr: float | None = None
        self._good: dict[str, Any] | None = None

    @property
    def finished(self) -> bool:
        """Whether all steps are done."""
        return self.done >= self.steps

    @property
    def rate(self) -> float | None:
        """The learning rate at the last step, of the first optimiser."""
        return next((rate for _, rate in self.optimisers.values()), 0.0) * self._height()

    def take_step(self, photos: Tensor, random: torch.Generator) -> float:
        """Learn from a batch; gives the loss."""
        raise NotImplementedError

    def follow(self, name: str, loss: Tensor) -> None:
        """Have an optimiser take a step along the gradients of a loss."""
        optimiser, _ = self.optimisers[name]
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        optimiser.step()

    def psnr(self) -> float | None:
        """How near the network that is shown comes to photos that are held out, in decibels, where it can."""
        return None

    def images(self, random: torch.Generator) -> Tensor | None:
        """Some images as they are learnt, to see whether they differ; None where they are copies of photos."""
        return None

    def advance(self) -> StepOutcome:
        """Take a step."""
        step = self.before + self.done
        for optimiser, rate in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = rate * self._height()
        if self._good is None:
            self._good = self._snapshot()
        self._losses.append(self.take_step(self.batches.at(step), self.batches.random(step)))
        self.done += 1
        if self.done % STEPS_PER_CHECK and not self.finished:
            return StepOutcome()
        if wrong := self._wrong():
            return self._go_back(wrong)
        self._psnr = self.psnr()
        self._good = self._snapshot()
        found = self._measurement()
        self._losses.clear()
        return StepOutcome(record=found, report=found)

    def measure(self) -> Measurement | None:
        """Say how good it was when it was last looked at; losses are those since then."""
        return self._measurement()

    def state(self) -> dict[str, Any]:
        """What it needs to go on, besides the network's weights."""
        return {
            "dtype": str(self.dtype).removeprefix("torch."),
            "done": self.done,
            "gone_back": self.gone_back,
            "losses": list(self._losses),
            "last_loss": self._last_loss,
            "psnr": self._psnr,
            "learning": self.learning.state_dict(),
            "optimisers": {name: optimiser.state_dict() for name, (optimiser, _) in self.optimisers.items()},
            "good": self._good or {},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""
        self.dtype = DTYPES[state["dtype"]]
        self.done, self.gone_back = state["done"], state["gone_back"]
        self._losses, self._last_loss, self._psnr = list(state["losses"]), state["last_loss"], state["psnr"]
        self.learning.load_state_dict(state["learning"])
        for name, (optimiser, _) in self.optimisers.items():
            optimiser.load_state_dict(copy.deepcopy(state["optimisers"][name]))
        self._good = dict(state["good"]) or None

    def _height(self) -> float:
        """How high the rate stands above nothing, 0 to 1."""
        part = self.done / self.steps
        falling = max(LAST_RATE, (1 - part) / FALL) if part > 1 - FALL else 1.0
        return min(1.0, (self.done + 1) / WARM_UP, falling) * 0.5**self.gone_back

    def _measurement(self, note: str = "") -> Measurement:
        if self._losses:
            self._last_loss = math.fsum(self._losses) / len(self._losses)
        return Measurement(loss=self._last_loss, psnr=self._psnr, note=note)

    def _wrong(self) -> str:
        """What has gone wrong since the last look, in words; "" where nothing has."""
        weights = [*self.learning.parameters(), *self.session.network.parameters()]
        if not all(map(math.isfinite, self._losses)) or not all(bool(one.isfinite().all()) for one in weights):
            return "there is something that is no number"
        images = self.images(self.batches.random(self.before + self.done))
        if images is None:
            return ""
        alike = float(images.float().std(0).mean()) < MIN_VARIETY * self.batches.variety
        return "all images are the same" if alike else ""

    def _go_back(self, wrong: str) -> StepOutcome:
        step = self.before + self.done
        if self.gone_back == MAX_ROLLBACKS:
            advice = "try more photos, or a larger batch"
            raise ArithmeticError(f"at step {step:,} {wrong}, again, after {MAX_ROLLBACKS} steps back; {advice}")
        assert self._good is not None  # noqa: S101 - it is taken before the first step
        self.session.network.load_state_dict(self._good["network"])
        self.learning.load_state_dict(self._good["learning"])
        for name, (optimiser, _) in self.optimisers.items():
            optimiser.load_state_dict(copy.deepcopy(self._good["optimisers"][name]))
        self.done = self._good["done"]
        self.gone_back += 1
        self._losses.clear()
        here = self.before + self.done
        note = f"at step {step:,} {wrong}: going on with what there was at step {here:,}, at half the rate"
        return StepOutcome(report=self._measurement(note))

    def _snapshot(self) -> dict[str, Any]:
        return copy.deepcopy(
            {
                "done": self.done,
                "network": self.session.network.state_dict(),
                "learning": self.learning.state_dict(),
                "optimisers": {name: optimiser.state_dict() for name, (optimiser, _) in self.optimisers.items()},
            }
        )
