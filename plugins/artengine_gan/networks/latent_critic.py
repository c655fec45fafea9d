"""An opinion of latents, which keeps a mapping from what lies between those of photos."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from artengine_gan.networks.layers import GAIN, SLOPE, linear

HIDDEN = 512  # numbers between a latent and the opinion of it, twice


class LatentCritic(nn.Module):
    """An opinion of latents, (N, D) to (N, 1): higher for those of photos than for those that a mapping gives."""

    def __init__(self, random: np.random.RandomState, latent: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [linear(random, latent, HIDDEN, gain=GAIN), linear(random, HIDDEN, HIDDEN, gain=GAIN)]
        )
        self.last = linear(random, HIDDEN, 1)

    def forward(self, w: Tensor) -> Tensor:
        """The opinion."""
        for layer in self.layers:
            w = functional.leaky_relu(layer(w), SLOPE)
        opinion: Tensor = self.last(w)
        return opinion
