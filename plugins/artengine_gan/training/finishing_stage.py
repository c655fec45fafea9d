"""The last stage: the mapping learns to give no latents but those of photos, and a judge to name what faces show."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from artengine import Session
from artengine_gan.datasets import DrawnFaces
from artengine_gan.networks import LatentCritic, LatentImages, judging_error
from artengine_gan.training import prior
from artengine_gan.training.batches import Batches
from artengine_gan.training.learner import Average, Learner

KEPT = 32_768  # latents of photos, the latest ones, that the mapping learns from
ENOUGH = 2048  # of them, from which on it does
UPDATES = 2  # of it, to a step
JUDGE_RATE = 2e-3
BETAS = (0.9, 0.99)
BLURRED, NOISY = 0.35, 0.5  # parts of the pictures
SOFTEST, NOISIEST = 1.9, 0.15  # deviations of the blur, in pixels of 64, and of the noise
REACH = 4  # pixels on each side that a blur looks at


class FinishingStage(Learner):
    """Encoder and generator stay as they are, and what hangs on them is learnt to the end.

    The mapping goes on to learn the likelihood of latents, and a critic of latents keeps it from what lies between
    them: half glasses, half a hat. Where there is a judge, it learns faces that are drawn, blurred and covered with
    noise, so that no haze passes for glasses.
    """

    def __init__(
        self,
        session: Session,
        batches: Batches,
        faces: DrawnFaces | None,
        *,
        steps: int,
        batch: int,
        before: int,
        dtype: torch.dtype,
    ) -> None:
        super().__init__(session, batches, steps=steps, before=before, dtype=dtype)
        assert isinstance(session.network, LatentImages)  # noqa: S101 - the trainer has looked
        self._network = session.network
        self._faces = faces
        self._average = Average(batch)
        self._take_learning()

    def begin(self) -> None:
        """Go on from what is shown."""
        self._take_learning()

    def end(self) -> None:
        """Nothing is left to do."""

    def _take_learning(self) -> None:
        network, latent = self._network, self._network.shape.latent
        self._mapping = copy.deepcopy(network.mapping)
        self._critic = LatentCritic(np.random.RandomState(self.session.seed), latent)
        self._recent = prior.RecentLatents(latent, KEPT)
        parts = {"mapping": self._mapping, "critic": self._critic, "recent": self._recent}
        self.learning = nn.ModuleDict(parts).to(network.generator.start.device)
        self.optimisers = {
            "mapping": (prior.adversary_of(self._mapping), prior.ADVERSARIAL_RATE),
            "critic": (prior.adversary_of(self._critic), prior.CRITIC_RATE),
        }
        if network.judge:
            judge = torch.optim.Adam(network.judge.parameters(), betas=BETAS, fused=True)
            self.optimisers["judge"] = judge, JUDGE_RATE

    def take_step(self, photos: Tensor, random: torch.Generator) -> float:
        """Bring the mapping nearer to what photos are, and the judge; gives how unlikely photos are to the mapping."""
        mapping, critic, recent = self._mapping, self._critic, self._recent
        with torch.no_grad():
            recent.add(self._network.encoder(photos, self.dtype).float())
        for number in range(UPDATES if int(recent.count) >= ENOUGH else 0):
            smooth = (self.done * UPDATES + number) % prior.SMOOTHING_EVERY == 0
            w = recent.some(random)
            self.follow("critic", prior.critic_loss(mapping, critic, recent, w, random, smooth=smooth))
            self.follow("mapping", prior.mapping_loss(mapping, critic, recent, w, random))
        self._average.follow(self._network.mapping, mapping, self.done)
        if self._network.judge and self._faces:
            faces = self._faces.factors(self.batches.numbers(self.before + self.done))
            self.follow("judge", judging_error(self._network.judge(spoilt(photos, random), self.dtype), faces))
        with torch.no_grad():
            return float(mapping.surprise(recent.some(random)))

    @torch.no_grad()
    def images(self, random: torch.Generator) -> Tensor:
        """Some images as they are learnt."""
        z = self._network.draw(16, random).to(self.session.device)
        images: Tensor = self._network.generator(self._mapping(z))
        return images


def spoilt(images: Tensor, random: torch.Generator) -> Tensor:
    """Images, (N, C, h, w), some of them blurred, some with noise on them: drawn at random."""
    count, channels, _, width = images.shape
    softness = torch.rand((), generator=random).item() * SOFTEST * width / 64 + 1e-3
    offsets = torch.arange(-REACH, REACH + 1, dtype=torch.float32, device=images.device)
    weights = torch.exp(-(offsets**2) / (2 * softness**2))
    weights = (weights / weights.sum()).expand(channels, 1, 1, -1)
    padded = functional.pad(images, (REACH,) * 4, mode="replicate")
    soft = functional.conv2d(padded, weights, groups=channels)
    soft = functional.conv2d(soft, weights.transpose(2, 3), groups=channels)
    chances = torch.rand(3, count, 1, 1, 1, generator=random).to(images.device)
    spoilt = torch.where(chances[0] < BLURRED, soft, images)
    noise = torch.randn(images.shape, generator=random).to(images.device)
    return spoilt + torch.where(chances[1] < NOISY, chances[2] * NOISIEST, 0.0) * noise
