"""How a mapping learns which latents photos have, beside whatever else is learnt."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from artengine_gan.networks import LatentCritic, Mapping

RATE = 1e-3
BETAS = (0.9, 0.99)
KEPT = 4096  # latents of photos, the latest ones, that it learns from
TAKEN = 256  # of them, at a step
STEEPEST = 1.0  # length of its gradient, at most

# against a critic of latents
ADVERSARIAL_RATE, CRITIC_RATE = 3e-4, 1e-3
ADVERSARIAL_BETAS = (0.0, 0.99)
COMPARED = 512  # latents, at a step
NOISE = 0.03  # on those of photos
LIKELIHOOD = 0.1  # weight of the likelihood beside the critic's opinion
SMOOTHING, SMOOTHING_EVERY = 0.1, 4  # weight of the critic's squared gradients, every so many steps


class RecentLatents(nn.Module):
    """The latents that an encoder gave last, with how many there have been: a part of a training's state."""

    w: Tensor
    count: Tensor

    def __init__(self, latent: int, kept: int = KEPT) -> None:
        super().__init__()
        self.register_buffer("w", torch.zeros(kept, latent))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def add(self, w: Tensor) -> bool:
        """Add latents, (N, D), in place of the oldest; gives whether it has become full by that."""
        before, kept = int(self.count), len(self.w)
        places = torch.arange(before, before + len(w), device=w.device) % kept
        self.w[places] = w.detach()
        self.count += len(w)
        return before < kept <= before + len(w)

    def some(self, random: torch.Generator) -> Tensor:
        """Some of them at random, with a little noise on them: (COMPARED, D)."""
        count = min(int(self.count), len(self.w))
        w = self.w[torch.randint(0, count, (COMPARED,), generator=random).to(self.w.device)]
        return w + NOISE * torch.randn(w.shape, generator=random).to(w.device)

    def scaled(self, w: Tensor) -> Tensor:
        """Latents in units of how these ones vary."""
        here = self.w[: int(self.count)]
        return (w - here.mean(0)) / (here.std(0, correction=0) + NOISE)


def optimiser_of(mapping: nn.Module) -> torch.optim.Optimizer:
    """What a mapping's weights follow their gradients by."""
    return torch.optim.Adam(mapping.parameters(), betas=BETAS, fused=True)


def teach(
    mapping: Mapping, optimiser: torch.optim.Optimizer, recent: RecentLatents, noise: float, random: torch.Generator
) -> None:
    """Have a mapping learn from recent latents, each with noise on it, once there are enough of them."""
    if int(recent.count) < KEPT:
        return
    taken = torch.randint(0, KEPT, (TAKEN,), generator=random).to(recent.w.device)
    w = recent.w[taken]
    w = w + noise * torch.randn(w.shape, generator=random).to(w.device)
    optimiser.zero_grad()
    mapping.surprise(w).backward()  # type: ignore[no-untyped-call]  # torch's own
    nn.utils.clip_grad_norm_(mapping.parameters(), STEEPEST)
    optimiser.step()


def adversary_of(module: nn.Module) -> torch.optim.Optimizer:
    """What weights of one of two that learn against each other follow their gradients by."""
    return torch.optim.Adam(module.parameters(), betas=ADVERSARIAL_BETAS, fused=True)


def critic_loss(
    mapping: Mapping, critic: LatentCritic, recent: RecentLatents, w: Tensor, random: torch.Generator, *, smooth: bool
) -> Tensor:
    """How badly a critic tells latents of photos, (N, D), from those that a mapping gives; see `AdversarialStage`."""
    with torch.no_grad():
        given = mapping(torch.randn(w.shape, generator=random).to(w.device))
    leaf = recent.scaled(w).requires_grad_(smooth)
    opinion = critic(leaf)
    loss = functional.softplus(critic(recent.scaled(given)) - opinion).mean()
    if smooth:
        (slope,) = torch.autograd.grad(opinion.sum(), leaf, create_graph=True)
        loss = loss + SMOOTHING / 2 * SMOOTHING_EVERY * slope.square().sum(1).mean()
    return loss


def mapping_loss(
    mapping: Mapping, critic: LatentCritic, recent: RecentLatents, w: Tensor, random: torch.Generator
) -> Tensor:
    """How well the critic tells what a mapping gives from latents of photos, (N, D), and how unlikely these are."""
    given = mapping(torch.randn(w.shape, generator=random).to(w.device))
    with torch.no_grad():
        opinion = critic(recent.scaled(w))
    critic.requires_grad_(False)
    told = functional.softplus(opinion - critic(recent.scaled(given))).mean()
    critic.requires_grad_(True)
    return told + LIKELIHOOD * mapping.surprise(w)
