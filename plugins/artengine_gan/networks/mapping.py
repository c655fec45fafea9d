"""From z, which is drawn from a normal distribution, to w, which a generator takes; and back, exactly."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from artengine_gan.networks.layers import GAIN, SLOPE, linear

COUPLINGS = 6
HIDDEN = 2  # times as many numbers as a latent has, in a coupling
STRETCH = 2.0  # natural logarithm of the most that a coupling stretches or shrinks a number
LEAST = 1e-3  # variance of w along any direction, over that along all, that a fit takes for granted


class Coupling(nn.Module):
    """Half of the numbers are stretched and moved, as the other half says: (N, D) to (N, D).

    odd: which half.
    Source: Dinh et al. 2017, "Density estimation using Real NVP", section 3.2.
    """

    def __init__(self, random: np.random.RandomState, latent: int, *, odd: bool) -> None:
        super().__init__()
        self.odd = odd
        told, telling = len(range(latent)[odd::2]), len(range(latent)[not odd :: 2])
        self.first = linear(random, telling, HIDDEN * latent, gain=GAIN)
        self.second = linear(random, HIDDEN * latent, HIDDEN * latent, gain=GAIN)
        self.last = linear(random, HIDDEN * latent, 2 * told, gain=0.0)

    def forward(self, x: Tensor) -> Tensor:
        """Stretch and move."""
        logarithm, offset = self._said(x)
        return self._with(x, x[:, self.odd :: 2] * logarithm.exp() + offset)

    def back(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """What it was before, and the logarithm of the volume by which that is smaller: (N, D) and (N,)."""
        logarithm, offset = self._said(y)
        return self._with(y, (y[:, self.odd :: 2] - offset) * (-logarithm).exp()), -logarithm.sum(1)

    def _said(self, x: Tensor) -> tuple[Tensor, Tensor]:
        hidden = functional.leaky_relu(self.first(x[:, not self.odd :: 2]), SLOPE)
        hidden = functional.leaky_relu(self.second(hidden), SLOPE)
        logarithm, offset = self.last(hidden).chunk(2, dim=1)
        return STRETCH * torch.tanh(logarithm / STRETCH), offset

    def _with(self, x: Tensor, half: Tensor) -> Tensor:
        """The numbers with one half of them replaced."""
        both = [half, x[:, not self.odd :: 2]]
        even, odd = reversed(both) if self.odd else both
        if even.shape[1] > odd.shape[1]:
            return torch.cat([torch.stack([even[:, :-1], odd], 2).flatten(1), even[:, -1:]], 1)
        return torch.stack([even, odd], 2).flatten(1)


class Mapping(nn.Module):
    """z to w, (N, D) both: couplings, and then a linear map; `back` is the exact inverse.

    Without what the couplings learn, w is normal too. They learn the likelihood of w that photos have.
    """

    def __init__(self, random: np.random.RandomState, latent: int) -> None:
        super().__init__()
        count = COUPLINGS if latent > 1 else 0
        self.couplings = nn.ModuleList(Coupling(random, latent, odd=bool(number % 2)) for number in range(count))
        self.linear = nn.Linear(latent, latent, device="meta")
        self.linear.weight = nn.Parameter(torch.eye(latent))
        self.linear.bias = nn.Parameter(torch.zeros(latent))

    def forward(self, z: Tensor) -> Tensor:
        """Latents as the generator takes them."""
        for coupling in self.couplings:
            z = coupling(z)
        w: Tensor = self.linear(z)
        return w

    def back(self, w: Tensor) -> Tensor:
        """The z of some w."""
        z: Tensor = self._back(w)[0]
        return z

    def surprise(self, w: Tensor) -> Tensor:
        """How unlikely some w are, on average over them and their numbers: a negative log likelihood, in nats."""
        z, volume = self._back(w)
        each = z.square().sum(1) / 2 - volume
        constant: Tensor = torch.linalg.slogdet(self.linear.weight).logabsdet / w.shape[1] + math.log(2 * math.pi) / 2
        return constant + each.mean() / w.shape[1]

    @torch.no_grad()
    def fit(self, w: Tensor) -> None:
        """Bring what the couplings give, if it is normal, to the normal distribution of some w, (N, D)."""
        spread = torch.cov(w.double().T).reshape(w.shape[1], -1)
        spread = spread + LEAST * spread.diagonal().mean() * torch.eye(len(spread), dtype=spread.dtype, device=w.device)
        self.linear.weight.copy_(torch.linalg.cholesky(spread))
        self.linear.bias.copy_(w.mean(0))

    def _back(self, w: Tensor) -> tuple[Tensor, Tensor]:
        z = torch.linalg.solve(self.linear.weight, (w - self.linear.bias).T).T
        volume = torch.zeros(len(w), device=w.device)
        for coupling in reversed(self.couplings):
            assert isinstance(coupling, Coupling)  # noqa: S101 - for type checkers
            z, added = coupling.back(z)
            volume = volume + added
        return z, volume
