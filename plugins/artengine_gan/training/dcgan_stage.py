"""The training of the network of 2015, as published."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from artengine import Session
from artengine_gan.networks import Dcgan
from artengine_gan.training.batches import Batches
from artengine_gan.training.learner import Learner

RATE = 2e-4
BETAS = (0.5, 0.999)
GENERATOR_STEPS = 2  # to one of the critic


class DcganStage(Learner):
    """Critic and generator as published: the odds of being a photo, and two steps of one to one of the other.

    Source: Radford et al. 2015, section 4; two steps as in Kim's version for Tensorflow.
    """

    def __init__(self, session: Session, batches: Batches, *, steps: int, batch: int) -> None:
        super().__init__(session, batches, steps=steps)
        assert isinstance(session.network, Dcgan)  # noqa: S101 - the trainer has looked
        self._network = session.network
        self._batch = batch
        generator, critic = (
            torch.optim.Adam(one.parameters(), betas=BETAS, fused=True)
            for one in (self._network.generator, self._network.critic)
        )
        self.optimisers = {"generator": (generator, RATE), "critic": (critic, RATE)}

    def begin(self) -> None:
        """Nothing is needed."""

    def end(self) -> None:
        """Nothing is left to do."""

    def take_step(self, photos: Tensor, random: torch.Generator) -> float:
        """Let the critic learn, then the generator twice; gives the generator's last loss."""
        critic = self._network.critic
        images = self._images(random)
        odds = functional.softplus(-critic(photos)).mean() + functional.softplus(critic(images.detach())).mean()
        self.follow("critic", odds)
        loss = odds
        for _ in range(GENERATOR_STEPS):
            critic.requires_grad_(False)
            loss = functional.softplus(-critic(self._images(random))).mean()
            self.follow("generator", loss)
            critic.requires_grad_(True)
        return float(loss.detach())

    @torch.no_grad()
    def images(self, random: torch.Generator) -> Tensor:
        """Some images as they are learnt."""
        return self._images(random)

    def _images(self, random: torch.Generator) -> Tensor:
        z = self._network.draw(self._batch, random).to(self.session.device)
        images: Tensor = self._network.generator(z)
        return images
