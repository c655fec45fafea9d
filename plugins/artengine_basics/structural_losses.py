"""Losses that compare neighbouring pixels together, on patches (N, H, W, C), as torch computes them.

Means, variances and covariances of two pictures x and y come from their sum s = x + y and their difference d = x - y:
2 (vx + vy) = vs + vd and 4 vxy = vs - vd, and so for the products of means. Then what the SSIM index lacks of 1 is
a quotient with only d in the numerator: exactly 0 where the pictures agree, and never beyond its bounds, whatever
rounding does to large numbers.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

WINDOW = 11  # pixels a side
DEVIATION = 1.5  # pixels, of the Gaussian in it
LUMINANCE = 0.01**2  # C1 of the paper, for colours from 0 to 1: dark places do not divide by 0
CONTRAST = 0.03**2  # C2: nor do flat ones
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # the finest first
FLOOR = 0.1  # the mean index below which its logarithm is a straight line
BLOCK = 64  # windows a side that one matrix product computes


def ssim(prediction: Tensor, target: Tensor) -> Tensor:
    """1 - the mean SSIM index of patches (N, H, W, C): a scalar from 0 to 2."""
    luminance, structure = _dissimilarities(_sum_and_difference(prediction, target))
    return _combine(luminance, structure).mean()


def ms_ssim(prediction: Tensor, target: Tensor) -> Tensor:
    """1 - the mean multi-scale SSIM index of patches (N, H, W, C): a scalar from 0 to 1."""
    pair = _sum_and_difference(prediction, target)
    room = min(pair.shape[-2:])
    count = next((scale for scale in range(1, len(SCALE_WEIGHTS)) if room >> scale < WINDOW), len(SCALE_WEIGHTS))
    exponents = [weight / sum(SCALE_WEIGHTS[:count]) for weight in SCALE_WEIGHTS[:count]]
    index = torch.zeros((), dtype=pair.dtype, device=pair.device)
    for exponent in exponents[:-1]:
        _, structure = _dissimilarities(pair)
        index = index + exponent * _logarithm(structure.mean(dim=(-2, -1)))
        pair = functional.avg_pool3d(pair, (1, 2, 2))
    index = index + exponents[-1] * _logarithm(_combine(*_dissimilarities(pair)).mean(dim=(-2, -1)))
    return -torch.expm1(index).mean()


def edges(prediction: Tensor, target: Tensor) -> Tensor:
    """The mean absolute difference of the steps between neighbours of patches (N, H, W, C): a scalar, 0 without any."""
    difference = prediction - target
    rows, columns = difference.diff(dim=1).abs(), difference.diff(dim=2).abs()
    # sums of nothing are 0 and part of the graph, means of nothing are NaN
    return (rows.sum() + columns.sum()) / max(1, rows.numel() + columns.numel())


def _sum_and_difference(prediction: Tensor, target: Tensor) -> Tensor:
    """Of (N, H, W, C) twice: (2, N, C, H, W)."""
    return torch.stack((prediction + target, prediction - target)).movedim(-1, 2)


def _dissimilarities(pair: Tensor) -> tuple[Tensor, Tensor]:
    """What luminance, and contrast with structure, lack of 1 in every window: from 0 to 2, (N, C, H', W') each.

    pair: sum and difference, (2, N, C, H, W). Source: Wang et al. 2004, equations 6, 9, 10 and 14 to 16.
    """
    # variances do not know where zero is; from the middle of the patch their squares lose less to rounding
    middle = pair.mean(dim=(-2, -1), keepdim=True).detach()
    centred = pair - middle
    means, squares = _windows(torch.stack((centred, centred.square())))
    variances = (squares - means.square()).clamp(min=0)  # rounding takes them below
    light = (means + middle).square()
    return light[1] / (light.mean(dim=0) + LUMINANCE), variances[1] / (variances.mean(dim=0) + CONTRAST)


def _combine(luminance: Tensor, structure: Tensor) -> Tensor:
    """What the product of two factors lacks of 1, from what each of them lacks; the first lacks at most 1 in a product.

    Below zero the first one stands alone: the product of two negative factors would call a picture and its minus alike,
    and networks whose colours begin on both sides of zero would learn that minus.
    """
    return luminance + structure - luminance.clamp(max=1) * structure


def _logarithm(lack: Tensor) -> Tensor:
    """The logarithm of 1 - lack; from `FLOOR` down its tangent, so that it is finite and falling for all numbers."""
    near = lack.clamp(max=1 - FLOOR)
    return torch.log1p(-near) - (lack - near) / FLOOR


def _windows(x: Tensor) -> Tensor:
    """Gaussian means over every window that lies within (..., H, W): (..., H - rows + 1, W - columns + 1).

    Along each axis the window is the largest odd one that fits, up to `WINDOW`. The products with bands of weights take
    half the time of torch's convolutions on patches; and on graphics cards torch lets those round to ten bits, too
    coarse for variances. What is larger is halved, so that the work grows with the pixels and not with their squares.
    """
    bands = []
    for axis in (-2, -1):
        pixels = x.shape[axis]
        window = min(WINDOW, pixels - 1 + pixels % 2)
        places = pixels - window + 1
        if places > BLOCK:
            half = places // 2
            near, far = x.narrow(axis, 0, half + window - 1), x.narrow(axis, half, pixels - half)
            return torch.cat((_windows(near), _windows(far)), dim=axis)
        bands.append(_band(window, places).to(x))
    rows, columns = bands
    return rows.T @ x @ columns


def _band(window: int, places: int) -> Tensor:
    """The matrix (places + window - 1, places) with a Gaussian of sum 1 in every column, each one pixel further."""
    weights = [math.exp(-(((place - window // 2) / DEVIATION) ** 2) / 2) for place in range(window)]
    column = torch.tensor([weight / sum(weights) for weight in weights] + [0.0] * places, dtype=torch.float64)
    return column.repeat(places)[: places * (places + window - 1)].reshape(places, -1).T
