"""The search in one space: in one of latents, or in the generator's own weights."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch
from torch import Tensor

from artengine.curve import psnr
from artengine.training import Measurement, StepOutcome
from artengine_gan.networks import Dcgan, LatentImages
from artengine_gan.projection.comparing import Comparison
from artengine_gan.projection.holes import spread
from artengine_gan.projection.optimisers import Adam, LatentOptimiser, Nesterov
from artengine_gan.projection.starting import best_of, spread_of
from artengine_gan.projection.task import Stretch, Task, without_detail

RATE = 0.1  # of Adam, times the deviation of latents
TUNING_RATE = 1e-3
EVEN_BOUND, NORMAL_BOUND = 1.0, 3.0  # of the cube that Nesterov's latents stay in
PATIENCE = 0.5  # seconds after which a report comes
RECORDED = 5  # steps from one point of the curve to the next
HOLE = 0.6  # the colour of what is hidden of a photo that is shown beside, from -1 to 1


class SearchStage:
    """The search in one space: z, w, w+, or the weights of the generator.

    Every photo has a latent of its own, and no loss of one touches that of another. last: how near the images were
    before the last step.
    """

    patience = PATIENCE
    _optimiser: LatentOptimiser  # once it has begun, or goes on

    def __init__(self, task: Task, space: Stretch, steps: int) -> None:
        search = task.search
        self.total: int | None = steps
        self.done = 0
        self._task = task
        self._network = task.network
        self._space = space
        self._steps = steps
        self._compare = Comparison(
            task.network, task.wanted, task.known, search.difference, search.realism, search.features
        )
        self.last = Measurement(loss=0.0)
        self._moved: list[Tensor] = []

    @property
    def finished(self) -> bool:
        """Whether all steps are done."""
        return self.done >= self._steps

    @property
    def rate(self) -> float | None:
        """Not told: it is another for every space."""
        return None

    def begin(self) -> None:
        """Begin where the stage before has ended, or where the search says."""
        self._take(self._beginning())

    def advance(self) -> StepOutcome:
        """Take a step."""
        self._network.eval()  # with a tuned generator too: what is painted is learnt
        for one in self._moved:
            one.grad = None
        loss, errors = self._compare(self._images())
        loss = loss + self._unlikely()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        self._optimiser.step(self.done / self._steps, self.done)
        self.done += 1
        decibels = [psnr(float(error)) for error in errors]
        values = 3 * int(self._task.known.sum())
        self.last = Measurement(loss=float(errors.mean()) * 4 * values, psnr=sum(decibels) / len(decibels))
        if self.done % RECORDED and not self.finished:
            return StepOutcome()
        return StepOutcome(record=self.last)

    def measure(self) -> Measurement:
        """Say how near the images were before the last step, and have the picture show where the latents are."""
        self._show()
        return self.last

    def end(self) -> None:
        """Leave the latents where they are."""
        self._show()
        for one in self._moved:
            one.requires_grad_(False)

    def state(self) -> dict[str, Any]:
        """What it needs to go on."""
        latents = [] if self._space == "generator" else [one.detach() for one in self._moved]
        last = {"loss": self.last.loss, "psnr": self.last.psnr}
        places = [list(dataclasses.astuple(place)) if place else [] for place in self._task.places]
        return {
            "done": self.done,
            "latents": latents,
            "optimiser": self._optimiser.state(),
            "last": last,
            "places": places,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._take(state["latents"][0].to(self._task.wanted.device) if state["latents"] else None)
        self._optimiser.restore(state["optimiser"])
        self.done = state["done"]
        self.last = Measurement(**state["last"])

    def _beginning(self) -> Tensor | None:
        """The latents to begin with: (N, D), or (N, layers, D) in w+; None where they stay."""
        network, search = self._network, self._task.search
        if self._space == "generator":
            return None
        if self._space == "w+":
            return self._found().view(len(self._task.wanted), -1, network.shape.latent)
        if search.start == "best" or isinstance(network, Dcgan):
            z = best_of(network, self._task.wanted, self._task.seed)
            return z if self._space == "z" else network.mapping(z)  # type: ignore[operator]
        with torch.no_grad():
            w: Tensor = network.encoder(self._task.wanted)
            return w if self._space == "w" else network.mapping.back(w)

    def _take(self, latents: Tensor | None) -> None:
        """Move these latents from now on; the generator where there are none."""
        search = self._task.search
        if latents is None:
            generator = self._network.generator
            self._moved = list(generator.requires_grad_().parameters())
            self._optimiser = Adam(self._moved, TUNING_RATE)
            return
        self._moved = [latents.detach().clone().requires_grad_()]
        if search.optimiser == "nesterov":
            self._optimiser = Nesterov(self._moved, EVEN_BOUND if isinstance(self._network, Dcgan) else NORMAL_BOUND)
        else:
            self._optimiser = Adam(self._moved, RATE * spread_of(self._network, self._space == "z"))

    def _images(self) -> Tensor:
        network = self._network
        if self._space == "generator":
            return network.images(self._found())
        (latents,) = self._moved
        if self._space == "z":
            return network.images(latents)
        assert isinstance(network, LatentImages)  # noqa: S101 - a dcgan has no w
        images: Tensor = network.generator(latents)
        return images

    @torch.no_grad()
    def _show(self) -> None:
        """Have the source give the latents that have been found."""
        network = self._network
        if self._space == "generator":
            latents = self._found()
        else:
            (latents,) = self._moved
        if self._space != "generator" and isinstance(network, LatentImages):
            w = network.mapping(latents) if self._space == "z" else latents
            latents = network.generator.for_each_layer(w).flatten(1)
        task = self._task
        images = network.images(latents)
        if task.source.photos:
            missing = torch.where(task.known, task.true, HOLE) - images
            for one, latent, values in zip(task.source.photos, latents, missing, strict=True):
                one.copy_(torch.cat([latent, values.flatten()]))
        if task.keeps_detail:
            latents = torch.cat([latents, self._detail(images).flatten(1)], dim=1)
        for one, found in zip(task.source.latents, latents, strict=True):
            one.copy_(found)

    def _detail(self, images: Tensor) -> Tensor:
        """What photos have that images have not, (N, 3, size, size); where they are hidden, what joins both."""
        known = self._task.known.cpu().numpy()
        missing = torch.where(self._task.known, self._task.true - images, 0.0)
        if self._task.search.blend == "plain":
            return missing
        each = [spread(one.permute(1, 2, 0).cpu().numpy(), known).transpose(2, 0, 1) for one in missing]
        return torch.from_numpy(np.stack(each)).to(images)

    def _found(self) -> Tensor:
        """The latents that the source gives, (N, D), without detail."""
        latents = torch.stack([one.detach() for one in self._task.source.latents])
        return without_detail(self._task, latents)

    def _unlikely(self) -> Tensor | float:
        """How unlikely the faces are, times its weight: half the squared length of their z."""
        if not self._task.search.likely or self._space == "generator" or isinstance(self._network, Dcgan):
            return 0.0
        (latents,) = self._moved
        z = latents if self._space == "z" else self._network.mapping.back(latents.flatten(0, -2))
        return self._task.search.likely * z.square().sum() / 2 * len(latents) / len(z)
