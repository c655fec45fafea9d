"""The innermost loops of the search, compiled for the processor."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np

Numbers = np.ndarray[Any, Any]

LINE, CIRCLE = 0, 1
MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: spreads codes over the places of a hash table


@numba.njit(cache=True, nogil=True, fastmath={"contract", "nsz", "arcp"})
def scan(
    kind: int,
    families: Numbers,
    x: Numbers,
    y: Numbers,
    low: Numbers,
    scale: Numbers,
    bins: int,
    region: Numbers,
    weight: Numbers,
    residual: Numbers,
    total: Numbers,
    least: float,
    gains: Numbers,
    places: Numbers,
    work: tuple[Numbers, ...],
) -> None:
    """The best of all parallel lines, or of all circles around a point, for each of several families.

    families: (F, 2), a normal's x and y, or a centre. low, scale: (F,), where the first bin begins, and bins per plane
    unit. region, weight, residual: of the pixels, (P,), (P,) and (P, 3), the residual from the region's mean times the
    weight. total: the weight of each region. least: of a pixel's weight. gains: by how much the squared error falls.
    places: offsets or radii.

    The pixels go over to the other side one by one, in their order; a region of weight n, m of it on this side with
    residuals that add up to a, is told better by |a|^2 n / (m (n - m)) once it is divided there.
    """
    bin_of, order, moved, sums, gain, start = work
    for family in range(len(families)):
        a, b = families[family]
        first, per_unit = low[family], scale[family]
        start[: bins + 1] = 0
        for p in range(len(x)):
            if kind == LINE:
                at = a * x[p] + b * y[p]
            else:
                across, down = x[p] - a, y[p] - b
                at = math.sqrt(across * across + down * down)
            index = min(max(int((at - first) * per_unit), 0), bins - 1)
            bin_of[p] = index
            start[index + 1] += 1
        for index in range(bins):
            start[index + 1] += start[index]
        for p in range(len(x)):
            index = bin_of[p]
            order[start[index]] = p
            start[index] += 1  # in the end, where the next bin begins
        moved[: len(total)] = 0
        sums[: len(total)] = 0
        gain[: len(total)] = 0
        whole, best, where = 0.0, 0.0, -1
        i = 0
        for index in range(bins):
            while i < start[index]:
                p = order[i]
                i += 1
                r = region[p]
                red, green, blue = sums[r, 0] + residual[p, 0], sums[r, 1] + residual[p, 1], sums[r, 2] + residual[p, 2]
                sums[r, 0], sums[r, 1], sums[r, 2] = red, green, blue
                m = moved[r] + weight[p]
                moved[r] = m
                rest = total[r] - m
                now = np.float32(0)
                if rest > least:
                    now = (red * red + green * green + blue * blue) * total[r] / (m * rest)
                whole += now - gain[r]
                gain[r] = now
            if whole > best:
                best, where = whole, index
        gains[family] = best
        places[family] = first + (where + 1) / per_unit


@numba.njit(cache=True, nogil=True)
def label(
    codes: Numbers, keys: Numbers, taken: Numbers, colours: Numbers, weight: Numbers, out: tuple[Numbers, ...]
) -> tuple[int, float]:
    """Number the regions of pixels by their codes, (P,) uint64; gives how many there are, and the squared error.

    keys, taken: room for a hash table, a power of two of each. out: for region, residual, total and mean.
    """
    region, residual, total, mean = out
    last = len(keys) - 1
    taken[:] = -1
    count = 0
    for p in range(len(codes)):
        code = codes[p]
        at = np.int64((code * MIXER) >> np.uint64(32)) & last
        while taken[at] >= 0 and keys[at] != code:
            at = (at + 1) & last
        if taken[at] < 0:
            keys[at], taken[at] = code, count
            total[count] = 0
            mean[count] = 0
            count += 1
        r = taken[at]
        region[p] = r
        total[r] += weight[p]
        for k in range(3):
            mean[r, k] += weight[p] * colours[p, k]
    for r in range(count):
        for k in range(3):
            mean[r, k] /= total[r]
    error = 0.0
    for p in range(len(codes)):
        for k in range(3):
            apart = colours[p, k] - mean[region[p], k]
            residual[p, k] = weight[p] * apart
            error += weight[p] * apart * apart
    return count, error
