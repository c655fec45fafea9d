"""What is done to photos and to images alike before a critic sees them, where there are few photos."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

SHIFT = 1 / 8  # of the side, at most, along each axis
HOLE = 1 / 2  # of the side


def augmented(images: Tensor, random: torch.Generator) -> Tensor:
    """Images, (N, C, h, w), each with other colours, mirrored or not, shifted, and with a hole: drawn at random.

    Gradients go through it, so that a generator is told what the critic saw.
    Source: Zhao et al. 2020, "Differentiable augmentation for data-efficient GAN training", section 4.
    """
    for change in (_coloured, _mirrored, _shifted, _pierced):
        images = change(images, random)
    return images


def _uniform(images: Tensor, random: torch.Generator) -> Tensor:
    """A number in [0, 1) for each image: (N, 1, 1, 1)."""
    return torch.rand(len(images), 1, 1, 1, generator=random).to(images.device)


def _coloured(images: Tensor, random: torch.Generator) -> Tensor:
    images = images + (_uniform(images, random) - 0.5)
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * (2 * _uniform(images, random))
    middle = images.mean((1, 2, 3), keepdim=True)
    return middle + (images - middle) * (_uniform(images, random) + 0.5)


def _mirrored(images: Tensor, random: torch.Generator) -> Tensor:
    return torch.where(_uniform(images, random) < 0.5, images, images.flip(3))


def _shifted(images: Tensor, random: torch.Generator) -> Tensor:
    """Each image shifted by whole pixels, with black where there was nothing."""
    count, _, height, width = images.shape
    most_down, most_across = round(height * SHIFT), round(width * SHIFT)
    padded = functional.pad(images, (most_across, most_across, most_down, most_down))
    down = torch.randint(0, 2 * most_down + 1, (count,), generator=random).tolist()
    across = torch.randint(0, 2 * most_across + 1, (count,), generator=random).tolist()
    parts = [
        one[:, top : top + height, left : left + width] for one, top, left in zip(padded, down, across, strict=True)
    ]
    return torch.stack(parts)


def _pierced(images: Tensor, random: torch.Generator) -> Tensor:
    """Each image with a black rectangle of half its sides, in part beyond its edges perhaps."""
    _, _, height, width = images.shape
    top, left = (_uniform(images, random) * (1 + HOLE) - HOLE for _ in range(2))
    y = (torch.arange(height, device=images.device).view(1, 1, -1, 1) + 0.5) / height
    x = (torch.arange(width, device=images.device).view(1, 1, 1, -1) + 0.5) / width
    inside = (y > top) & (y < top + HOLE) & (x > left) & (x < left + HOLE)
    return images.masked_fill(inside, 0.0)
