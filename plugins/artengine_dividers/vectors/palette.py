"""A few colours for many, close to them as the eye sees it."""

from __future__ import annotations

from typing import Any

import numpy as np

Numbers = np.ndarray[Any, Any]

ROUNDS = 100  # after which nothing moves by more than can be seen
# Björn Ottosson, A perceptual color space for image processing (2020): linear sRGB to cones, cones to Oklab
CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(colours: Numbers) -> Numbers:
    """Colours as displayed, (N, 3) in [0, 1], in Oklab: lightness in [0, 1], and two axes of hue."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    lab: Numbers = np.cbrt(linear @ CONES.T) @ LAB.T
    return lab


def displayed(lab: Numbers) -> Numbers:
    """Colours in Oklab, (N, 3), as displayed, in [0, 1]."""
    linear = np.clip((lab @ np.linalg.inv(LAB).T) ** 3 @ np.linalg.inv(CONES).T, 0, 1)
    shown: Numbers = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return shown


def reduced(colours: Numbers, area: Numbers, count: int) -> Numbers:
    """Colours, (N, 3) in [0, 1], each replaced by the nearest of at most so many.

    k-means in Oklab, where each counts as much as its area, (N,). It begins with the colour that has most of it, and
    goes on with the one that is worst off, so that the same colours always give the same ones.
    """
    lab = oklab(colours)
    centres = lab[[np.argmax(area)]]
    nearest = _squares(lab, centres)[:, 0]
    while len(centres) < count and nearest.max() > 0:
        farthest = lab[[np.argmax(nearest * area)]]
        centres = np.concatenate([centres, farthest])
        nearest = np.minimum(nearest, _squares(lab, farthest)[:, 0])
    which = np.full(len(lab), -1)
    for _ in range(ROUNDS):
        before, which = which, _squares(lab, centres).argmin(axis=1)
        if np.array_equal(before, which):
            break
        weight = np.bincount(which, weights=area, minlength=len(centres))
        sums = [np.bincount(which, weights=area * lab[:, axis], minlength=len(centres)) for axis in range(3)]
        taken = weight > 0
        centres[taken] = (np.stack(sums, axis=1) / np.maximum(weight, np.finfo(float).tiny)[:, None])[taken]
    shown: Numbers = displayed(centres)[which]
    return shown


def _squares(colours: Numbers, centres: Numbers) -> Numbers:
    """Squared distances, (N, C)."""
    squares: Numbers = np.square(colours[:, None] - centres).sum(axis=2)
    return squares
