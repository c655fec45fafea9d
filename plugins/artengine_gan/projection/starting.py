"""Where a search begins, and how far latents lie apart there."""

from __future__ import annotations

import torch
from torch import Tensor

from artengine_gan.networks import Dcgan, LatentImages

CANDIDATES = 512
AT_ONCE = 64  # images


@torch.no_grad()
def best_of(network: LatentImages | Dcgan, wanted: Tensor, seed: int) -> Tensor:
    """The z, (N, D), whose images are nearest to each photo, of some that are drawn at random."""
    z = network.draw(CANDIDATES, torch.Generator().manual_seed(seed)).to(wanted.device)
    distances = []
    for some in torch.split(z, AT_ONCE):
        images = network.images(some)
        distances.append(torch.stack([(images - photo).square().sum((1, 2, 3)) for photo in wanted]))
    return z[torch.cat(distances, dim=1).argmin(1)]


@torch.no_grad()
def spread_of(network: LatentImages | Dcgan, in_z: bool) -> float:
    """The deviation of a number of z, or of w."""
    z = network.draw(CANDIDATES, torch.Generator().manual_seed(0)).to(next(network.parameters()).device)
    if not in_z and isinstance(network, LatentImages):
        z = network.mapping(z)
    return float(z.std(0).mean())
