"""What of a photo is not known, and how an image is joined to the rest of it."""

from __future__ import annotations

import numpy as np

from artengine_gan.projection.mask import Hole, Word

RANDOM_SHARE = 0.8  # of the pixels that are not known, as in Yeh et al. 2017
TOLERANCE = 1e-5  # of the residual, over that at the start, with which an equation is solved


def known_pixels(mask: Word | Hole | None, size: int, seed: int) -> np.ndarray:
    """Which pixels of a photo, (size, size), are known.

    Raises `ValueError` where none is, or a hole says nothing.
    """
    known = np.ones((size, size), bool)
    quarter = size // 4
    match mask:
        case "centre":
            known[quarter : size - quarter, quarter : size - quarter] = False
        case "left":
            known[:, : size // 2] = False
        case "random":
            known = np.random.RandomState(seed).random_sample((size, size)) >= RANDOM_SHARE
        case Hole(picture=None, rectangle=None):
            raise ValueError(
                "found a mask without picture and rectangle, expected one of them, or centre, left, random"
            )
        case Hole():
            if mask.picture is not None:
                known &= mask.picture.square(size).mean(axis=2) < 128
            if mask.rectangle is not None:
                left, top, width, height = (round(part * size) for part in mask.rectangle)
                known[top : top + height, left : left + width] = False
    if not known.any():
        raise ValueError("found a mask that hides all of the photo, expected some of it to be known")
    return known


def spread(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Values, (size, size, C), where they are known, and in between as smooth as can be.

    Laplace's equation with the known values around, solved by conjugate gradients; at the photo's own edge nothing
    flows. Added to an image, what it makes of the difference from a photo is Poisson's blending of both.
    Source: Perez et al. 2003, "Poisson image editing", section 2.
    """
    hidden = ~known[..., None]
    if not hidden.any():
        return values
    found = np.where(hidden, values[known].mean(axis=0), values).astype(np.float64)
    residual = hidden * -_laplacian(found)
    direction = residual.copy()
    size = (residual**2).sum()
    least = TOLERANCE**2 * size
    for _ in range(4 * len(known) ** 2):
        if size <= least:
            break
        turned = hidden * _laplacian(direction)
        step = size / (direction * turned).sum()
        found += step * direction
        residual -= step * turned
        before, size = size, (residual**2).sum()
        direction = residual + size / before * direction
    return found


def _laplacian(values: np.ndarray) -> np.ndarray:
    """The differences of every pixel from its neighbours, added up."""
    total = np.zeros_like(values)
    for axis in (0, 1):
        difference = np.diff(values, axis=axis)
        first, last = [slice(None)] * 3, [slice(None)] * 3
        first[axis], last[axis] = slice(0, -1), slice(1, None)
        total[tuple(first)] -= difference
        total[tuple(last)] += difference
    return total
