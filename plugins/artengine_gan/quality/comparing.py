"""A network's images beside photos: drawn, looked at by its judge, measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from artengine import Dataset
from artengine_gan.networks import Dcgan, Judge, LatentImages
from artengine_gan.quality.measures import Quality, frechet, precision_and_recall, sliced_wasserstein

AT_ONCE = 100  # images
PATCHED = 2000  # images of which patches are compared, at most


@torch.no_grad()
def drawn(network: LatentImages | Dcgan, count: int, seed: int) -> Iterator[Tensor]:
    """Images of latents that are drawn at random, in [-1, 1], some at a time."""
    random = torch.Generator().manual_seed(seed)
    device = next(network.parameters()).device
    for first in range(0, count, AT_ONCE):
        z = network.draw(min(AT_ONCE, count - first), random).to(device)
        yield network.images(z).clamp(-1, 1).cpu()


def photographed(photos: Dataset, numbers: Sequence[int], size: int) -> Iterator[Tensor]:
    """Photos in [-1, 1], some at a time."""
    for first in range(0, len(numbers), AT_ONCE):
        pixels = torch.from_numpy(photos.read(numbers[first : first + AT_ONCE], size))
        yield pixels.permute(0, 3, 1, 2).float() / 127.5 - 1


class Looked:
    """A set of images as it is compared: what a judge sees of them, (N, F), and the first of them, (N, 3, h, w).

    raise_if_cancelled: is called now and then; whoever waits no longer raises there.
    """

    def __init__(
        self,
        images: Iterator[Tensor],
        judge: Judge | None,
        raise_if_cancelled: Callable[[], None] = lambda: None,
    ) -> None:
        features: list[Tensor] = []
        first: list[Tensor] = []
        for some in images:
            raise_if_cancelled()
            if judge is not None:
                with torch.no_grad():
                    features.append(judge.features(some.to(next(judge.parameters()).device)).cpu())
            if sum(map(len, first)) < PATCHED:
                first.append(some)
        self.features = torch.cat(features) if features else None
        self.images = torch.cat(first)

    def beside(self, photos: Looked) -> Quality:
        """How these images compare with photos."""
        count = min(len(self.images), len(photos.images))
        wasserstein = sliced_wasserstein(photos.images[:count], self.images[:count])
        if self.features is None or photos.features is None:
            return Quality(None, None, None, wasserstein)
        distance = frechet(photos.features, self.features)
        return Quality(distance, *precision_and_recall(photos.features, self.features), wasserstein)
