"""Antialiasing: several samples of the pixels at edges, whose light is averaged and not their code values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from artengine.colour import linear_to_srgb, srgb_to_linear

MIN_CONTRAST = 6 / 255  # between a pixel and its neighbours, from which on the eye sees stairs
_GOLDEN = (5**0.5 - 1) / 2


def sample_positions(count: int) -> list[tuple[float, float]]:
    """The positions of the samples in a pixel, (across, down) in [0, 1): no two of them in one row or one column.

    Rows follow the golden ratio, so that no slope of an edge is smoothed much worse than another.
    """
    rows = np.argsort(np.argsort((np.arange(count) + 0.5) * _GOLDEN % 1))
    return [((index + 0.5) / count, (int(row) + 0.5) / count) for index, row in enumerate(rows)]


def find_edges(image: Tensor) -> Tensor:
    """Which pixels of an image (H, W, C) differ from one of their eight neighbours so that it shows: (H, W)."""
    planes = image.permute(2, 0, 1).contiguous()
    rows, columns = planes.shape[1:]
    mask = torch.zeros(rows, columns, dtype=torch.bool, device=image.device)
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):  # half of the neighbours: each pair is looked at once
        here = slice(0, rows - down), slice(max(0, -right), columns - max(0, right))
        there = slice(down, rows), slice(max(0, right), columns + min(0, right))
        differs = (planes[:, *here] - planes[:, *there]).abs_().amax(0) > MIN_CONTRAST
        mask[here] |= differs
        mask[there] |= differs
    return mask


def to_light(image: Tensor) -> Tensor:
    """From sRGB code values to light, both in [0, 1]."""
    return _by_numpy(srgb_to_linear, image)


def from_light(light: Tensor) -> Tensor:
    """From light to sRGB code values, both in [0, 1]."""
    return _by_numpy(linear_to_srgb, light)


def _by_numpy(function: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]], image: Tensor) -> Tensor:
    """Apply a function of numpy, whose powers, unlike torch's, do not depend on where in an array a number is."""
    return torch.from_numpy(function(image.cpu().numpy())).to(image.device)
