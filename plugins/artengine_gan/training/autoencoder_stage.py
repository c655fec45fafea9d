"""The first stage: the generator learns to draw what an encoder makes of photos."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from artengine import Session
from artengine.curve import psnr
from artengine_gan.networks import LatentImages, Mapping
from artengine_gan.training import prior
from artengine_gan.training.batches import Batches
from artengine_gan.training.learner import Average, Learner

RATE = 1e-3
BETAS = (0.9, 0.99)
NOISE = 0.1  # on w while it learns, so that the generator is smooth between photos
SQUARED = 4.0  # weight of squared differences beside absolute ones
SCALES = 3  # at which images are compared, each half as large as the one before
PULL = 1e-3  # of w towards nothing, which else outgrows the noise
PARTS = ("mapping", "generator", "encoder")  # of a network, which learn apart from those that are shown


class AutoencoderStage(Learner):
    """Encoder and generator learn together, and the mapping which latents the encoder gives.

    Source: after Larsen et al. 2015, "Autoencoding beyond pixels using a learned similarity metric", which joins the
    two trainings that come one after the other here.
    """

    def __init__(self, session: Session, batches: Batches, *, steps: int, batch: int, dtype: torch.dtype) -> None:
        super().__init__(session, batches, steps=steps, dtype=dtype)
        assert isinstance(session.network, LatentImages)  # noqa: S101 - the trainer has looked
        self._network = session.network
        self._average = Average(batch)
        self.learning = learning_copy(self._network)
        weights = [*self.learning["generator"].parameters(), *self.learning["encoder"].parameters()]
        self.optimisers = {
            "autoencoder": (torch.optim.Adam(weights, betas=BETAS, fused=True), RATE),
            "mapping": (prior.optimiser_of(self.learning["mapping"]), prior.RATE),
        }

    def begin(self) -> None:
        """Nothing is needed."""

    def take_step(self, photos: Tensor, random: torch.Generator) -> float:
        """Bring the drawn images nearer to the photos."""
        loss, w = reconstruction(self.learning, photos, random, self.dtype)
        self.follow("autoencoder", loss)
        teach_mapping(self, w, random)
        show(self, self._network, self._average)
        return float(loss.detach())

    def psnr(self) -> float:
        """How near the network comes to photos that are held out, in decibels."""
        return decibels(self._network, self.batches.held_out)

    def end(self) -> None:
        """Give the critic the encoder's first layers."""
        self._network.critic.begin_with(self._network.encoder)


def learning_copy(network: LatentImages) -> nn.ModuleDict:
    """What learns of a network that is shown: copies of its parts, and the latents that the mapping learns."""
    parts: dict[str, nn.Module] = {name: copy.deepcopy(getattr(network, name)) for name in PARTS}
    return nn.ModuleDict(
        {**parts, "recent": prior.RecentLatents(network.shape.latent).to(network.generator.start.device)}
    )


def show(stage: Learner, network: LatentImages, average: Average) -> None:
    """Bring the network that is shown nearer to what a stage's networks have learnt."""
    for name in PARTS:
        average.follow(getattr(network, name), stage.learning[name], stage.done)


def teach_mapping(stage: Learner, w: Tensor, random: torch.Generator) -> None:
    """Have a stage's mapping learn the latents of photos, these ones too."""
    mapping, recent = stage.learning["mapping"], stage.learning["recent"]
    assert isinstance(mapping, Mapping)  # noqa: S101 - for type checkers
    assert isinstance(recent, prior.RecentLatents)  # noqa: S101 - for type checkers
    if recent.add(w):
        mapping.fit(recent.w)
    prior.teach(mapping, stage.optimisers["mapping"][0], recent, NOISE, random)


def reconstruction(
    networks: nn.ModuleDict, photos: Tensor, random: torch.Generator, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """How far images that are drawn of photos are from them, and the photos' w."""
    w = networks["encoder"](photos, dtype)
    noise = torch.randn(w.shape, generator=random).to(w.device)
    images: Tensor = networks["generator"](w + NOISE * noise, dtype)
    return difference(images, photos) + PULL * w.square().mean(), w


def difference(images: Tensor, photos: Tensor) -> Tensor:
    """The mean absolute difference of images from photos, (N, C, h, w) both, at several scales, added up.

    And its square at the finest one: a mouth is small, and what is wrong with it is large.
    """
    total = (images - photos).abs().mean() + SQUARED * (images - photos).square().mean()
    for _ in range(SCALES - 1):
        images, photos = functional.avg_pool2d(images, 2), functional.avg_pool2d(photos, 2)
        total = total + (images - photos).abs().mean()
    return total


@torch.no_grad()
def decibels(network: LatentImages, photos: Tensor) -> float:
    """How near what a network draws of photos comes to them on average."""
    found: list[float] = []
    for some in torch.split(photos, 64):
        images = network.generator(network.encoder(some)).clamp(-1, 1)
        found += [psnr(float(one)) for one in ((images - some) / 2).square().mean((1, 2, 3))]
    return sum(found) / len(found)
