"""More than one sample where one is not enough: smooth edges, counted in light and not in code values."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

CONTRAST = 6 / 255  # between a pixel and its neighbours, from which on the eye sees stairs
_GOLDEN = (5**0.5 - 1) / 2


def places(count: int) -> list[tuple[float, float]]:
    """Where the samples of a pixel are, (across, down) in [0, 1): no two of them in one row or one column.

    Rows follow the golden ratio, so that no slope of an edge is smoothed much worse than another.
    """
    rows = np.argsort(np.argsort((np.arange(count) + 0.5) * _GOLDEN % 1))
    return [((index + 0.5) / count, (int(row) + 0.5) / count) for index, row in enumerate(rows)]


def edges(image: Tensor) -> Tensor:
    """Which pixels of an image (H, W, C) differ from one of their eight neighbours so that it shows: (H, W)."""
    planes = image.permute(2, 0, 1).unsqueeze(0)
    highest, lowest = max_pool2d(planes, 3, 1, 1), -max_pool2d(-planes, 3, 1, 1)
    return (torch.maximum(highest - planes, planes - lowest) > CONTRAST).any(dim=1)[0]


def to_light(image: Tensor) -> Tensor:
    """From sRGB code values in [0, 1] to light: IEC 61966-2-1."""
    return torch.where(image <= 0.04045, image / 12.92, _power((image + 0.055) / 1.055, 2.4))


def from_light(light: Tensor) -> Tensor:
    """From light to sRGB code values, both in [0, 1]."""
    return torch.where(light <= 0.0031308, light * 12.92, 1.055 * _power(light, 1 / 2.4) - 0.055)


def _power(x: Tensor, exponent: float) -> Tensor:
    """By numpy, whose bits do not depend on where in an array a number is."""
    numbers = x.cpu().numpy()
    return torch.from_numpy(np.asarray(np.power(numbers, numbers.dtype.type(exponent)))).to(x.device)
