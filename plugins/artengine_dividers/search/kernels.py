"""The innermost loops of the search, compiled for the CPU by numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

Numbers = np.ndarray[Any, Any]
Loop = TypeVar("Loop", bound=Callable[..., Any])

LINE, CIRCLE = 0, 1
#: 2^64 over the golden ratio: spreads codes over the places of a hash table.
HASH_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def compiled(**options: Any) -> Callable[[Loop], Loop]:
    """Have numba compile a loop, and keep it for the next process where there is a folder for that."""

    def compile_lazily(loop: Loop) -> Loop:
        try:
            made: Loop = numba.njit(cache=True, nogil=True, **options)(loop)
        except RuntimeError:  # neither beside this file nor in the user's home: some seconds more, each time
            made = numba.njit(nogil=True, **options)(loop)
        return made

    return compile_lazily


@compiled(fastmath={"contract", "nsz", "arcp"})
def score_splits(
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
    min_weight: float,
    gains: Numbers,
    places: Numbers,
    workspace: tuple[Numbers, ...],
) -> None:
    """The best of all parallel lines, or of all circles around a point, for each of several families.

    kind: `LINE` or `CIRCLE`. families: (F, 2) float32, normals or centres. x, y: (P,) float32. low, scale: (F,), where
    the first bin begins, and bins per plane unit. region: (P,), of each pixel. pixel: (P, 4), what it differs by from
    its region's mean, times its weight; and the weight. total: (R,), the weight of each region. min_weight: less than
    any pixel's. gains, places: (F,), filled with what the squared error falls by, and with offsets or radii. workspace:
    room for P, P, P + 1 numbers, (P, 8) and bins + 1.

    The pixels go over to the near side one by one, in the order of their bins. Where m of a region's weight n has gone
    over, with residuals that add up to the vector a, the squared error of the region divided there is smaller by
    |a|^2 n / (m (n - m)): the means of the two parts differ from the region's by a / m and -a / (n - m).
    """
    bin_of, order, sorted_bin, moved, start = workspace
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
                distance = np.sqrt(across * across + down * down)
                bin_of[p] = min(max(np.int32((distance - first) * per_unit), 0), bins - 1)
        start[: bins + 1] = 0
        for p in range(count):
            start[bin_of[p] + 1] += 1
        for index in range(bins):
            start[index + 1] += start[index]
        for p in range(count):
            index = bin_of[p]
            k = start[index]
            order[k], sorted_bin[k], start[index] = p, index, k + 1
        sorted_bin[count] = -1  # unequal to any bin, so that the last one ends too
        for r in range(len(total)):
            moved[r, 0], moved[r, 1], moved[r, 2], moved[r, 3], moved[r, 4], moved[r, 5] = 0, 0, 0, 0, 0, total[r]
        gain, best, best_bin = 0.0, 0.0, -1
        for k in range(count):
            p = order[k]
            side, added = moved[region[p]], pixel[p]
            red, green, blue, m = side[0] + added[0], side[1] + added[1], side[2] + added[2], side[3] + added[3]
            side[0], side[1], side[2], side[3] = red, green, blue, m
            n = side[5]
            rest = n - m
            now = np.float32(0)
            if rest > min_weight:
                now = (red * red + green * green + blue * blue) * n / (m * rest)
            gain += now - side[4]
            side[4] = now
            if gain > best and sorted_bin[k] != sorted_bin[k + 1]:
                best, best_bin = gain, sorted_bin[k]
        gains[family] = best
        places[family] = first + (best_bin + 1) / per_unit


@compiled()
def label_regions(
    codes: Numbers, keys: Numbers, numbers: Numbers, colours: Numbers, weight: Numbers, out: tuple[Numbers, ...]
) -> tuple[int, float]:
    """Number the regions of pixels by their codes; gives how many there are, and the squared error of their means.

    codes: (P,) uint64, equal within a region. keys, numbers: room for a hash table from codes to regions, a power of
    two of each, more than P. colours: (P, 3). weight: (P,). out: filled with region, pixel and total as `score_splits`
    takes them, and with the means, (R, 3).
    """
    region, pixel, total, mean = out
    last = len(keys) - 1
    numbers[:] = -1
    count = 0
    for p in range(len(codes)):
        code = codes[p]
        at = np.int64((code * HASH_MULTIPLIER) >> np.uint64(32)) & last
        while numbers[at] >= 0 and keys[at] != code:
            at = (at + 1) & last
        if numbers[at] < 0:
            keys[at], numbers[at] = code, count
            total[count] = 0
            mean[count] = 0
            count += 1
        r = numbers[at]
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
            difference = colours[p, k] - mean[region[p], k]
            pixel[p, k] = weight[p] * difference
            error += weight[p] * difference * difference
        pixel[p, 3] = weight[p]
    return count, error
