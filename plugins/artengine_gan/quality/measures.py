"""Figures that compare a set of images with a set of photos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

NEIGHBOURS = 3  # of which the farthest says how far a photo reaches
AT_ONCE = 1000  # distances to all others are worked out for so many
PATCH = 7  # pixels a side
PATCHES = 16  # of each image and level
DIRECTIONS = 256  # along which patches are compared
SMALLEST = 16  # pixels a side of the last level
SCALE = 1e3  # of the sliced Wasserstein distance, as it is usually told


@dataclass(frozen=True, slots=True)
class Quality:
    """How images compare with photos.

    frechet: how far apart both lie as the judge sees them, squared. precision: the part of the images that lie among
    the photos; recall: the part of the photos that lie among the images. wasserstein: how far apart their patches lie,
    at several scales. None where there is no judge.
    """

    frechet: float | None
    precision: float | None
    recall: float | None
    wasserstein: float


def frechet(one: Tensor, other: Tensor) -> float:
    """The Frechet distance of two sets of features, (N, F), as if both were normal.

    Source: Dowson and Landau 1982, "The Frechet distance between multivariate normal distributions"; with the features
    of another network, Heusel et al. 2017 call it FID, and these figures are none.
    """
    first, second = one.double().numpy(), other.double().numpy()
    spreads = np.atleast_2d(np.cov(first.T)), np.atleast_2d(np.cov(second.T))
    # the trace of the root of a product is the sum of the roots of its eigenvalues, which are real and not negative
    roots = np.sqrt(np.linalg.eigvals(spreads[0] @ spreads[1]).real.clip(min=0)).sum()
    means = np.square(first.mean(0) - second.mean(0)).sum()
    return float(means + np.trace(spreads[0]) + np.trace(spreads[1]) - 2 * roots)


def precision_and_recall(photos: Tensor, images: Tensor) -> tuple[float, float]:
    """The part of images within reach of a photo, and of photos within reach of an image, by features (N, F).

    Source: Kynkaanniemi et al. 2019, "Improved precision and recall metric for assessing generative models", section 2.
    """
    return _within(images, photos), _within(photos, images)


def _within(some: Tensor, others: Tensor) -> float:
    """The part of some that lie no farther from one of the others than its third nearest neighbour does."""
    parts = [torch.cdist(part, others) for part in torch.split(others, AT_ONCE)]
    reaches = torch.cat([part.kthvalue(NEIGHBOURS + 1, 1).values for part in parts])
    inside = [(torch.cdist(part, others) <= reaches).any(1) for part in torch.split(some, AT_ONCE)]
    return float(torch.cat(inside).double().mean())


def sliced_wasserstein(one: Tensor, other: Tensor) -> float:
    """How far apart patches of two sets of images, (N, C, h, w) each, lie: the mean over levels, times a thousand.

    Images are parted into levels of detail, each half as large; patches are compared along random directions.
    Source: Karras et al. 2018, "Progressive growing of GANs", section 5.
    """
    found = []
    for levels in zip(_levels(one), _levels(other), strict=True):
        patches = [_patches(level, torch.Generator().manual_seed(0)) for level in levels]  # at the same places
        directions = torch.randn(patches[0].shape[1], DIRECTIONS, generator=torch.Generator().manual_seed(1))
        directions /= directions.norm(dim=0)
        sorted_ = [(some @ directions).sort(dim=0).values for some in patches]
        found.append(float((sorted_[0] - sorted_[1]).abs().mean()))
    return SCALE * sum(found) / len(found)


def _levels(images: Tensor) -> list[Tensor]:
    """A Laplacian pyramid: what each size has that the next smaller one has not, and the smallest."""
    levels = []
    while images.shape[-1] > SMALLEST:
        smaller = functional.avg_pool2d(images, 2)
        levels.append(images - functional.interpolate(smaller, scale_factor=2, mode="bilinear", align_corners=False))
        images = smaller
    return [*levels, images]


def _patches(images: Tensor, random: torch.Generator) -> Tensor:
    """Patches of images at random places, (N PATCHES, C PATCH PATCH), each channel with mean 0 and deviation 1."""
    count, channels, side = images.shape[:3]
    top, left = torch.randint(0, side - PATCH + 1, (2, PATCHES), generator=random).tolist()
    cut = [images[:, :, y : y + PATCH, x : x + PATCH] for y, x in zip(top, left, strict=True)]
    patches = torch.stack(cut, dim=1).flatten(0, 1)
    mean, deviation = patches.mean((0, 2, 3), keepdim=True), patches.std((0, 2, 3), keepdim=True)
    return ((patches - mean) / deviation.clamp_min(1e-8)).reshape(count * PATCHES, channels * PATCH**2)
