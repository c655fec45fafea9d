"""The search for latents: in one space after the other, and in the generator's own weights at last."""

from __future__ import annotations

import functools
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from artengine import Photo, Progress, Result, Session
from artengine.curve import Curve, psnr
from artengine.training import Measurement, PlannedStage, StepOutcome, run_stages
from artengine_gan.networks import Dcgan, LatentImages
from artengine_gan.projection.comparing import Comparison
from artengine_gan.projection.optimisers import Adam, LatentOptimiser, Nesterov
from artengine_gan.projection.source import Projected
from artengine_gan.projection.starting import best_of, spread_of

Space = Literal["z", "w", "w+"]

RATE = 0.1  # of Adam, times the deviation of latents
TUNING_RATE = 1e-3
EVEN_BOUND, NORMAL_BOUND = 1.0, 3.0  # of the cube that Nesterov's latents stay in
PATIENCE = 0.5  # seconds after which a report comes
RECORDED = 5  # steps from one point of the curve to the next


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How latents are searched for: see `projection` for what each of it does."""

    space: Space = "w+"
    steps: int = 200
    start: Literal["encoder", "best"] = "encoder"
    optimiser: Literal["adam", "nesterov"] = "adam"
    difference: Literal["squared", "absolute"] = "squared"
    realism: float = 0.1
    features: float = 0.0
    tune: int = 0


def find(session: Session, photos: Sequence[Photo], search: Search) -> Generator[Progress, None, Result]:
    """Move the scene's latents to those whose images come nearest to photos.

    Goes on from `session.state` if there is something in it, to the same latents as if it had never stopped.
    Raises `ValueError` for a network that it does not know.
    """
    network = session.network
    if not isinstance(network, LatentImages | Dcgan):
        raise ValueError(f"found the network {session.network_name}, expected generator or dcgan")
    source = next((one for one in session.sources if isinstance(one, Projected)), None)
    if source is None or len(source.names) != len(photos):
        raise ValueError("found other coordinates than a latent for each photo; leave coordinates out")
    network.eval()
    network.requires_grad_(False)
    pixels = np.stack([photo.square(network.shape.size) for photo in photos])
    wanted = torch.from_numpy(pixels).to(session.device).permute(0, 3, 1, 2).float() / 127.5 - 1
    make = functools.partial(SearchStage, session, network, source, wanted, search)
    halves = ("w", "w+") if search.space == "w+" else (search.space,)
    shares = [search.steps - search.steps // len(halves), search.steps // len(halves)][-len(halves) :]
    planned = [
        PlannedStage(make=functools.partial(make, space, steps), steps=steps)
        for space, steps in zip(halves, shares, strict=True)
        if steps
    ]
    if search.tune:
        planned.append(PlannedStage(make=functools.partial(make, "generator", search.tune), steps=search.tune))

    def conclude(step: int, curve: Curve) -> Result:
        errors = stage_errors(network, source, wanted)
        decibels = [psnr(error) for error in errors]
        lines = zip(source.names, decibels, strict=True)
        note = ", ".join(f"{name} {found:.1f} dB" for name, found in lines)
        loss = float(np.mean(errors)) * 4 * wanted[0].numel()
        return Result(step=step, loss=loss, psnr=float(np.mean(decibels)), note=note, curve=curve.points)

    return (yield from run_stages(session, planned, conclude, torch.get_num_threads()))


class SearchStage:
    """The search in one space: z, w, w+, or the weights of the generator.

    Every photo has a latent of its own, and no loss of one touches that of another.
    """

    patience = PATIENCE

    def __init__(
        self,
        session: Session,
        network: LatentImages | Dcgan,
        source: Projected,
        wanted: Tensor,
        search: Search,
        space: Literal["z", "w", "w+", "generator"],
        steps: int,
    ) -> None:
        self.total: int | None = steps
        self.done = 0
        self._session = session
        self._network = network
        self._source = source
        self._wanted = wanted
        self._search = search
        self._space = space
        self._steps = steps
        self._compare = Comparison(network, wanted, search.difference, search.realism, search.features)
        self._last = Measurement(loss=0.0)
        self._moved: list[Tensor] = []
        self._optimiser: LatentOptimiser | None = None

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
        assert self._optimiser is not None  # noqa: S101 - the stage has begun
        for one in self._moved:
            one.grad = None
        images = self._images()
        loss, errors = self._compare(images)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        self._optimiser.step(self.done / self._steps, self.done)
        self.done += 1
        decibels = [psnr(float(error)) for error in errors]
        values = self._wanted[0].numel()
        self._last = Measurement(loss=float(errors.mean()) * 4 * values, psnr=sum(decibels) / len(decibels))
        if self.done % RECORDED and not self.finished:
            return StepOutcome()
        return StepOutcome(record=self._last)

    def measure(self) -> Measurement:
        """Say how near the images were before the last step, and have the picture show where the latents are."""
        self._show()
        return self._last

    def end(self) -> None:
        """Leave the latents where they are."""
        self._show()
        for one in self._moved:
            one.requires_grad_(False)

    def state(self) -> dict[str, Any]:
        """What it needs to go on."""
        assert self._optimiser is not None  # noqa: S101 - the stage has begun
        latents = [] if self._space == "generator" else [one.detach() for one in self._moved]
        last = {"loss": self._last.loss, "psnr": self._last.psnr}
        return {"done": self.done, "latents": latents, "optimiser": self._optimiser.state(), "last": last}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._take(state["latents"][0].to(self._wanted.device) if state["latents"] else None)
        assert self._optimiser is not None  # noqa: S101 - the line before makes it
        self._optimiser.restore(state["optimiser"])
        self.done = state["done"]
        self._last = Measurement(**state["last"])

    def _beginning(self) -> Tensor | None:
        """The latents to begin with: (N, D), or (N, layers, D) in w+; None where they stay."""
        network, search = self._network, self._search
        if self._space == "generator":
            return None
        if self._space == "w+":
            return torch.stack([one.detach() for one in self._source.latents]).view(
                len(self._wanted), -1, network.shape.latent
            )
        if search.start == "best" or isinstance(network, Dcgan):
            z = best_of(network, self._wanted, self._session.seed)
            return z if self._space == "z" else network.mapping(z)  # type: ignore[operator]
        with torch.no_grad():
            w: Tensor = network.encoder(self._wanted)
            return w if self._space == "w" else network.mapping.back(w)

    def _take(self, latents: Tensor | None) -> None:
        """Move these latents from now on; the generator where there are none."""
        search = self._search
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
            return network.images(torch.stack([one.detach() for one in self._source.latents]))
        (latents,) = self._moved
        if self._space == "z":
            return network.images(latents)
        assert isinstance(network, LatentImages)  # noqa: S101 - a dcgan has no w
        images: Tensor = network.generator(latents)
        return images

    @torch.no_grad()
    def _show(self) -> None:
        """Have the source give the latents that have been found."""
        if self._space == "generator":
            return
        (latents,) = self._moved
        network = self._network
        if isinstance(network, LatentImages):
            w = network.mapping(latents) if self._space == "z" else latents
            latents = network.generator.for_each_layer(w).flatten(1)
        for one, found in zip(self._source.latents, latents, strict=True):
            one.copy_(found)


@torch.no_grad()
def stage_errors(network: LatentImages | Dcgan, source: Projected, wanted: Tensor) -> list[float]:
    """The mean squared difference of each image from its photo, as they are painted: values from 0 to 1."""
    errors = []
    for latent, photo in zip(source.latents, wanted, strict=True):
        image = network.images(latent.detach()[None])[0].clamp(-1, 1)
        errors.append(float(((image - photo) / 2).square().mean()))
    return errors
