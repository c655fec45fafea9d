"""How a mapping learns which latents photos have, beside whatever else is learnt."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from artengine_gan.networks import Mapping

RATE = 1e-3
BETAS = (0.9, 0.99)
KEPT = 4096  # latents of photos, the latest ones, that it learns from
TAKEN = 256  # of them, at a step
STEEPEST = 1.0  # length of its gradient, at most


class RecentLatents(nn.Module):
    """The latents that an encoder gave last, with how many there have been: a part of a training's state."""

    w: Tensor
    count: Tensor

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.register_buffer("w", torch.zeros(KEPT, latent))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def add(self, w: Tensor) -> bool:
        """Add latents, (N, D), in place of the oldest; gives whether it has become full by that."""
        before = int(self.count)
        places = torch.arange(before, before + len(w), device=w.device) % KEPT
        self.w[places] = w.detach()
        self.count += len(w)
        return before < KEPT <= before + len(w)


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
