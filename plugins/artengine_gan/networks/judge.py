"""A network that names the factors of a drawn face, and by whose features sets of images are compared."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from artengine_gan.drawn_faces import FACTORS, Choice, Faces
from artengine_gan.networks.layers import linear
from artengine_gan.networks.trunk import Trunk

WIDTH = 40  # channels of its widest layers
FEATURES = 128
SIZES = {name: len(factor.names) if isinstance(factor, Choice) else 1 for name, factor in FACTORS.items()}
AMOUNT_WEIGHT = 2.0  # of an amount's squared error beside the cross entropy of a choice


class Judge(nn.Module):
    """Images (N, 3, size, size) in [-1, 1] to what they show of each factor: names' odds, or an amount in [-1, 1]."""

    def __init__(self, random: np.random.RandomState, size: int) -> None:
        super().__init__()
        self.trunk = Trunk(random, size, WIDTH, FEATURES)
        self.last = linear(random, FEATURES, sum(SIZES.values()))

    def features(self, images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """What it sees of images, by which they are compared: (N, 128)."""
        return functional.leaky_relu(self.trunk(images, dtype), 0.2)

    def forward(self, images: Tensor, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
        """For each factor, the odds of its names (N, names), as logarithms, or its amount (N, 1)."""
        numbers = self.last(self.features(images, dtype)).split(list(SIZES.values()), dim=1)
        return dict(zip(SIZES, numbers, strict=True))


def judging_error(found: dict[str, Tensor], faces: Faces) -> Tensor:
    """How far what a judge has found is from what faces are, all factors added up."""
    total = torch.zeros(())
    for name, factor in FACTORS.items():
        true = torch.from_numpy(np.array(faces.values[name])).to(found[name].device)
        if isinstance(factor, Choice):
            total = total + functional.cross_entropy(found[name], true)
        else:
            amount = (true.float() - factor.low) / (factor.high - factor.low) * 2 - 1
            total = total + AMOUNT_WEIGHT * functional.mse_loss(found[name][:, 0], amount)
    return total
