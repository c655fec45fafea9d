"""How far images are from photos: by their pixels, by what the critic sees, and by its opinion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from artengine_gan.networks import Dcgan, LatentImages

LIMIT = 1 - 1 / 255  # of colours in 8 bits, from which on they may have been cut off


class Comparison:
    """The loss of a search, and of each image the mean squared difference that is told.

    known: which pixels of photos are, (h, w). difference: how they are compared. realism, features: weights of the
    critic's opinion and of its features beside the sum over all pixels. A loss is summed over images, so that each has
    its own whatever others there are.
    """

    def __init__(
        self,
        network: LatentImages | Dcgan,
        wanted: Tensor,
        known: Tensor,
        difference: Literal["squared", "absolute"],
        realism: float,
        features: float,
    ) -> None:
        self._network = network
        self._wanted = wanted
        self._known = known
        self._absolute = difference == "absolute"
        self._realism = realism
        self._features = features
        with torch.no_grad():
            self._seen = self._see(wanted) if features else []

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The loss of images, (N, 3, h, w), and the mean squared differences with values from 0 to 1, (N,)."""
        difference = torch.where(self._beyond(images) | ~self._known, 0.0, images - self._wanted)
        squared = difference.square()
        loss = (difference.abs() if self._absolute else squared).sum()
        if self._features:
            pairs = zip(self._see(torch.where(self._known, images, self._wanted)), self._seen, strict=True)
            loss = loss + self._features * torch.stack([(one - other).square().sum() for one, other in pairs]).sum()
        if self._realism:
            loss = loss + self._realism * functional.softplus(-self._network.critic(images)).sum()
        return loss, squared.detach().sum((1, 2, 3)) / (4 * 3 * self._known.sum())

    def _beyond(self, images: Tensor) -> Tensor:
        """Where an image is whiter than white or blacker than black, as its photo is: that is not seen."""
        white, black = self._wanted >= LIMIT, self._wanted <= -LIMIT
        return (white & (images > self._wanted)) | (black & (images < self._wanted))

    def _see(self, images: Tensor) -> Sequence[Tensor]:
        """What the critic sees of images, layer by layer, in units of what it sees of photos."""
        critic = self._network.critic
        if isinstance(self._network, LatentImages):
            layers = list(self._network.critic.layers(images))
        else:
            layers = []
            for layer in critic:  # type: ignore[union-attr]  # a sequence of layers
                images = layer(images)
                if images.ndim == 4:
                    layers.append(images)
        return [one / one.shape[1] ** 0.5 for one in layers]
