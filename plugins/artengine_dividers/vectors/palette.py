"""Few colours for many: k-means in OKLab."""

from __future__ import annotations

import numpy as np

from artengine.colour import linear_to_oklab, linear_to_srgb, oklab_to_linear, srgb_to_linear
from artengine_dividers.network import Numbers

MAX_ROUNDS = 100  # then nothing moves by more than can be seen


def reduce_colours(colours: Numbers, area: Numbers, count: int) -> Numbers:
    """Colours, (N, 3) in [0, 1], each replaced by the nearest of at most so many.

    k-means in OKLab, weighted by area, (N,). The first centre is the colour with most area, each other one the colour
    that contributes most to the error then: no chance is in it.
    """
    lab = linear_to_oklab(srgb_to_linear(colours))
    centres = lab[[np.argmax(area)]]
    nearest = _squares(lab, centres)[:, 0]
    while len(centres) < count and nearest.max() > 0:
        farthest = lab[[np.argmax(nearest * area)]]
        centres = np.concatenate([centres, farthest])
        nearest = np.minimum(nearest, _squares(lab, farthest)[:, 0])
    which = np.full(len(lab), -1)
    for _ in range(MAX_ROUNDS):
        before, which = which, _squares(lab, centres).argmin(axis=1)
        if np.array_equal(before, which):
            break
        weight = np.bincount(which, weights=area, minlength=len(centres))
        sums = [np.bincount(which, weights=area * lab[:, axis], minlength=len(centres)) for axis in range(3)]
        taken = weight > 0
        centres[taken] = (np.stack(sums, axis=1) / np.maximum(weight, np.finfo(float).tiny)[:, None])[taken]
    shown: Numbers = linear_to_srgb(oklab_to_linear(centres))[which]
    return shown


def _squares(colours: Numbers, centres: Numbers) -> Numbers:
    """Squared distances, (N, C)."""
    squares: Numbers = np.square(colours[:, None] - centres).sum(axis=2)
    return squares
