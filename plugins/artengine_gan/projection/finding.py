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
from artengine_gan.projection.holes import known_pixels, spread
from artengine_gan.projection.mask import Hole, Word
from artengine_gan.projection.optimisers import Adam, LatentOptimiser, Nesterov
from artengine_gan.projection.source import Projected
from artengine_gan.projection.starting import best_of, spread_of

Space = Literal["z", "w", "w+"]
Stretch = Literal["z", "w", "w+", "generator"]

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
    realism: float = 0.0
    features: float = 0.0
    likely: float = 0.0
    mask: Word | Hole | None = None
    blend: Literal["poisson", "plain"] = "poisson"
    detail: bool = False
    tune: int = 0

    @property
    def spaces(self) -> list[tuple[Stretch, int]]:
        """Where it goes, one after the other, with how many steps each: before w+ comes w."""
        halves: list[tuple[Stretch, int]] = [("w", self.steps - self.steps // 2), ("w+", self.steps // 2)]
        spaces = halves if self.space == "w+" else [(self.space, self.steps)]
        return [(space, steps) for space, steps in [*spaces, ("generator", self.tune)] if steps]


@dataclass(frozen=True, slots=True)
class Task:
    """What is searched for, and where.

    wanted: photos (N, 3, size, size) in [-1, 1], made up smoothly where they are hidden. true: as they are. known:
    which pixels are known, (size, size).
    """

    network: LatentImages | Dcgan
    source: Projected
    wanted: Tensor
    true: Tensor
    known: Tensor
    search: Search
    seed: int

    @property
    def keeps_detail(self) -> bool:
        """Whether what the generator does not draw of a photo is kept beside its latent: the source has room for it."""
        return len(self.source.latents[0]) > self.network.shape.length()


def find(session: Session, photos: Sequence[Photo], search: Search) -> Generator[Progress, None, Result]:
    """Move the scene's latents to those whose images come nearest to photos.

    Goes on from `session.state` if there is something in it, to the same latents as if it had never stopped.
    Raises `ValueError` for a network that it does not know, or where all of a photo is hidden.
    """
    network = session.network
    if not isinstance(network, LatentImages | Dcgan):
        raise ValueError(f"found the network {session.network_name}, expected generator or dcgan")
    source = next((one for one in session.sources if isinstance(one, Projected)), None)
    length = network.shape.length(detail=search.detail or search.mask is not None)
    if source is None or len(source.names) != len(photos) or len(source.latents[0]) != length:
        raise ValueError("found other coordinates than a latent for each photo; leave coordinates out")
    pixels = np.stack([photo.square(network.shape.size) for photo in photos])
    task = task_of(network, source, pixels, search, session.seed)
    planned = [
        PlannedStage(make=functools.partial(SearchStage, task, space, steps), steps=steps)
        for space, steps in search.spaces
    ]
    return (yield from run_stages(session, planned, functools.partial(_result, task), torch.get_num_threads()))


def task_of(network: LatentImages | Dcgan, source: Projected, pixels: np.ndarray, search: Search, seed: int) -> Task:
    """What is searched for: latents of photos, (N, size, size, 3) in 8 bits, which a source is to give.

    Raises `ValueError` where all of a photo is hidden.
    """
    network.eval()
    network.requires_grad_(False)
    known = known_pixels(search.mask, network.shape.size, seed)
    filled = np.stack([spread(one / 127.5 - 1, known) for one in pixels])
    device = next(network.parameters()).device

    def tensor(values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(device).permute(0, 3, 1, 2).float()

    return Task(
        network=network,
        source=source,
        wanted=tensor(filled),
        true=tensor(pixels) / 127.5 - 1,
        known=torch.from_numpy(known).to(device),
        search=search,
        seed=seed,
    )


@torch.no_grad()
def _result(task: Task, step: int, curve: Curve) -> Result:
    """How near the images are to the photos, as they are painted: where these are known, and where they are not."""
    decibels, hidden = [], []
    for latent, photo in zip(task.source.latents, task.true, strict=True):
        image = task.network.images(_without_detail(task, latent.detach()[None]))[0].clamp(-1, 1)
        squares = ((image - photo) / 2).square()
        decibels.append(psnr(float(squares[:, task.known].mean())))
        if task.keeps_detail and not bool(task.known.all()):
            joined = task.network.images(latent.detach()[None])[0].clamp(-1, 1)
            hidden.append(psnr(float(((joined - photo) / 2).square()[:, ~task.known].mean())))
    note = ", ".join(f"{name} {found:.1f} dB" for name, found in zip(task.source.names, decibels, strict=True))
    loss = curve.points[-1].loss if curve.points else 0.0
    mean = sum(hidden) / len(hidden) if hidden else None
    return Result(
        step=step, loss=loss, psnr=sum(decibels) / len(decibels), holdout_psnr=mean, note=note, curve=curve.points
    )


def _without_detail(task: Task, latents: Tensor) -> Tensor:
    """Latents, (N, D), without the detail that is kept behind them."""
    return latents[:, : -task.true[0].numel()] if task.keeps_detail else latents


class SearchStage:
    """The search in one space: z, w, w+, or the weights of the generator.

    Every photo has a latent of its own, and no loss of one touches that of another. last: how near the images were
    before the last step.
    """

    patience = PATIENCE

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
        assert self._optimiser is not None  # noqa: S101 - the stage has begun
        latents = [] if self._space == "generator" else [one.detach() for one in self._moved]
        last = {"loss": self.last.loss, "psnr": self.last.psnr}
        return {"done": self.done, "latents": latents, "optimiser": self._optimiser.state(), "last": last}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._take(state["latents"][0].to(self._task.wanted.device) if state["latents"] else None)
        assert self._optimiser is not None  # noqa: S101 - the line before makes it
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
        if self._task.keeps_detail:
            latents = torch.cat([latents, self._detail(network.images(latents)).flatten(1)], dim=1)
        for one, found in zip(self._task.source.latents, latents, strict=True):
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
        return _without_detail(self._task, latents)

    def _unlikely(self) -> Tensor | float:
        """How unlikely the faces are, times its weight: half the squared length of their z."""
        if not self._task.search.likely or self._space == "generator" or isinstance(self._network, Dcgan):
            return 0.0
        (latents,) = self._moved
        z = latents if self._space == "z" else self._network.mapping.back(latents.flatten(0, -2))
        return self._task.search.likely * z.square().sum() / 2 * len(latents) / len(z)
