"""The second stage: a critic learns to tell images from photos, and the generator to please it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from artengine import Session
from artengine_gan.networks import LatentImages
from artengine_gan.training import prior
from artengine_gan.training.augment import augmented
from artengine_gan.training.autoencoder_stage import decibels, learning_copy, reconstruction, show, teach_mapping
from artengine_gan.training.batches import Batches
from artengine_gan.training.learner import Average, Learner

RATE = 3e-4
CRITIC_RATE = 4e-4
BETAS = (0.0, 0.99)
WEIGHT = 0.03  # of the critic's opinion beside the difference from photos, whose slope is a tenth of it
SMOOTHING = 1.0  # weight of the critic's squared gradients at photos
SMOOTHING_EVERY = 16  # steps


class AdversarialStage(Learner):
    """Critic and generator, each against the other, while the generator goes on to draw photos that are encoded.

    A photo and an image are compared with each other, and the critic's slope at photos is kept small now and then.
    Sources: Jolicoeur-Martineau 2018, "The relativistic discriminator", section 4, with the loss of Huang et al. 2024,
    "The GAN is dead; long live the GAN!"; Mescheder et al. 2018, "Which training methods for GANs do actually
    converge?", section 4.1, every so many steps as in Karras et al. 2020, appendix B.
    """

    def __init__(
        self,
        session: Session,
        batches: Batches,
        *,
        steps: int,
        batch: int,
        dtype: torch.dtype,
        augment: bool,
        before: int,
    ) -> None:
        super().__init__(session, batches, steps=steps, before=before, dtype=dtype)
        assert isinstance(session.network, LatentImages)  # noqa: S101 - the trainer has looked
        self._network = session.network
        self._batch = batch
        self._augment = augment
        self._average = Average(batch)
        self._take_learning()

    def begin(self) -> None:
        """Go on from what is shown."""
        self._take_learning()

    def end(self) -> None:
        """Nothing is left to do."""

    def _take_learning(self) -> None:
        self.learning = learning_copy(self._network)
        weights = [*self.learning["generator"].parameters(), *self.learning["encoder"].parameters()]
        generator = torch.optim.Adam(weights, betas=BETAS, fused=True)
        critic = torch.optim.Adam(self._network.critic.parameters(), betas=BETAS, fused=True)
        mapping = prior.optimiser_of(self.learning["mapping"])
        self.optimisers = {
            "generator": (generator, RATE),
            "critic": (critic, CRITIC_RATE),
            "mapping": (mapping, prior.RATE),
        }

    def take_step(self, photos: Tensor, random: torch.Generator) -> float:
        """Let the critic learn, then the generator; gives the generator's loss."""
        self._teach_critic(photos, random)
        loss = self._teach_generator(photos, random)
        show(self, self._network, self._average)
        return loss

    def psnr(self) -> float:
        """How near the network comes to photos that are held out."""
        return decibels(self._network, self.batches.held_out)

    @torch.no_grad()
    def images(self, random: torch.Generator) -> Tensor:
        """Some images as they are learnt."""
        z = self._network.draw(16, random).to(self.session.device)
        images: Tensor = self.learning["generator"](self.learning["mapping"](z))
        return images

    def _teach_critic(self, photos: Tensor, random: torch.Generator) -> None:
        critic = self._network.critic
        with torch.no_grad():
            z = self._network.draw(self._batch, random).to(photos.device)
            images = self.learning["generator"](self.learning["mapping"](z), self.dtype)
        loss = functional.softplus(self._opinion(images, random) - self._opinion(photos, random)).mean()
        if self.done % SMOOTHING_EVERY == 0:
            leaf = photos.detach().clone().requires_grad_()
            (slope,) = torch.autograd.grad(critic(leaf, self.dtype).sum(), leaf, create_graph=True)
            loss = loss + SMOOTHING / 2 * SMOOTHING_EVERY * slope.square().sum((1, 2, 3)).mean()
        self.follow("critic", loss)

    def _teach_generator(self, photos: Tensor, random: torch.Generator) -> float:
        self._network.critic.requires_grad_(False)
        with torch.no_grad():
            of_photos = self._opinion(photos, random)
        z = self._network.draw(self._batch, random).to(photos.device)
        images = self.learning["generator"](self.learning["mapping"](z).detach(), self.dtype)
        loss = functional.softplus(of_photos - self._opinion(images, random)).mean()
        drawn, w = reconstruction(self.learning, photos[: self._batch // 2], random, self.dtype)
        self.follow("generator", WEIGHT * loss + drawn)
        teach_mapping(self, w, random)
        self._network.critic.requires_grad_(True)
        return float(loss.detach())

    def _opinion(self, images: Tensor, random: torch.Generator) -> Tensor:
        opinion: Tensor = self._network.critic(augmented(images, random) if self._augment else images, self.dtype)
        return opinion
