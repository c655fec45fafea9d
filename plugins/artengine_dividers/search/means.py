"""The regions that a partition makes of a picture's pixels, and the means of what is in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from artengine.training import TargetImage
from artengine_dividers.network import Numbers, Partition, is_beyond


@dataclass(frozen=True, slots=True)
class RegionMeans:
    """Regions that have pixels.

    sides: (R, D) bools, beyond each divider or not. weight: (R,), of the pixels. colours: (R, 3), their means. error:
    the squared error of these means, averaged over pixels, by their weights, and channels.
    """

    sides: Numbers
    weight: Numbers
    colours: Numbers
    error: float


def region_means(target_image: TargetImage, partition: Partition) -> RegionMeans:
    """The regions of a photo's pixels: sides, weights and mean colours."""
    x, y = target_image.points
    dividers = partition.dividers
    keys = np.random.default_rng(len(dividers)).integers(1, 2**63, len(dividers), dtype=np.uint64)
    codes = np.zeros(len(x), np.uint64)  # two regions share one in one of 2^40 pictures
    for divider, key in zip(dividers, keys, strict=True):
        codes[is_beyond(divider, x, y)] ^= key
    _, first, region = np.unique(codes, return_index=True, return_inverse=True)
    weight = np.bincount(region, target_image.weights.reshape(-1))
    colours = target_image.image.reshape(-1, 3)
    weighted = target_image.weights.reshape(-1, 1) * colours
    mean = np.stack([np.bincount(region, weighted[:, channel]) for channel in range(3)], axis=1) / weight[:, None]
    difference = colours - mean[region]
    error = float(
        (target_image.weights.reshape(-1, 1) * difference * difference).sum(dtype=np.float64) / (3 * weight.sum())
    )
    return RegionMeans(partition.sides(x[first], y[first]), weight, mean, error)
