"""The innermost loops of the search, compiled for the processor."""

from __future__ import annotations

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
    pixel: Numbers,
    total: Numbers,
    least: float,
    gains: Numbers,
    places: Numbers,
    work: tuple[Numbers, ...],
) -> None:
    """The best of all parallel lines, or of all circles around a point, for each of several families.

    families: (F, 2), a normal's x and y, or a centre. low, scale: (F,), where the first bin begins, and bins per plane
    unit. region, pixel: of the pixels, (P,) and (P, 4): what is left beside the region's mean, times the weight; and
    the weight. total: the weight of each region. least: of a pixel's weight. gains: by how much the squared error
    falls. places: offsets or radii.

    The pixels go over to the other side one by one, in their order; a region of weight n, m of it on this side with
    residuals that add up to a, is told better by |a|^2 n / (m (n - m)) once it is divided there.
    """
    bin_of, order, sorted_bin, moved, start = work
    count = len(x)
    for family in range(len(families)):
        a, b = families[family]
        first, per_unit = low[family], scale[family]
        if kind == LINE:
            for p in range(count):
                bin_of[p] = min(max(np.int32((a * x[p] + b * y[p] - first) * per_unit), 0), bins - 1)
        else:
            for p in range(count):
                across, down = x[p] - a, y[p] - b
                away = np.sqrt(across * across + down * down)
                bin_of[p] = min(max(np.int32((away - first) * per_unit), 0), bins - 1)
        start[: bins + 1] = 0
        for p in range(count):
            start[bin_of[p] + 1] += 1
        for index in range(bins):
            start[index + 1] += start[index]
        for p in range(count):
            index = bin_of[p]
            k = start[index]
            order[k], sorted_bin[k], start[index] = p, index, k + 1
        sorted_bin[count] = -1  # the last bin ends, too
        for r in range(len(total)):
            moved[r, 0], moved[r, 1], moved[r, 2], moved[r, 3], moved[r, 4], moved[r, 5] = 0, 0, 0, 0, 0, total[r]
        whole, best, where = 0.0, 0.0, -1
        for k in range(count):
            p = order[k]
            this, some = moved[region[p]], pixel[p]
            red, green, blue, m = this[0] + some[0], this[1] + some[1], this[2] + some[2], this[3] + some[3]
            this[0], this[1], this[2], this[3] = red, green, blue, m
            n = this[5]
            rest = n - m
            now = np.float32(0)
            if rest > least:
                now = (red * red + green * green + blue * blue) * n / (m * rest)
            whole += now - this[4]
            this[4] = now
            if whole > best and sorted_bin[k] != sorted_bin[k + 1]:
                best, where = whole, sorted_bin[k]
        gains[family] = best
        places[family] = first + (where + 1) / per_unit


@numba.njit(cache=True, nogil=True)
def label(
    codes: Numbers, keys: Numbers, taken: Numbers, colours: Numbers, weight: Numbers, out: tuple[Numbers, ...]
) -> tuple[int, float]:
    """Number the regions of pixels by their codes, (P,) uint64; gives how many there are, and the squared error.

    keys, taken: room for a hash table, a power of two of each. out: for region, pixel and total as `scan` takes them,
    and for the means.
    """
    region, pixel, total, mean = out
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
            pixel[p, k] = weight[p] * apart
            error += weight[p] * apart * apart
        pixel[p, 3] = weight[p]
    return count, error
