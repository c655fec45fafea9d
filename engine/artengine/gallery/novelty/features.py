"""What can be measured of a small picture: its colours, its texture, how plain it is and how much order is in it."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from PIL import Image

from artengine.colour import linear_to_oklab, srgb_to_linear

Array = np.ndarray[Any, Any]

SHADE_COUNT, HUE_COUNT, SCALE_COUNT = 8, 12, 4
THOUSAND = 1000  # lightness runs from 0 to 1 in OKLab; here it is counted in thousandths

_GREY_CHROMA = 0.12  # of OKLab's chroma: a colour with less than this counts in part as one without a hue
_MAX_SAME_COLOUR = 50  # in thousandths: colours no farther apart are one colour
_MIN_VISIBLE_STEP = 5  # in thousandths: a step from pixel to pixel that can just be seen
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0), (2, 2), (2, -2), (0, 3), (3, 0), (0, 4), (4, 0))


@functools.cache
def _linear_levels() -> Array:
    """(256,): the linear light of each sRGB level."""
    return srgb_to_linear(np.arange(256) / 255)


def oklab_thousandths(picture: Image.Image) -> Array:
    """(H, W, 3) whole numbers: OKLab in thousandths.

    No colour of 8 bits lies within 2e-8 of a rounding edge, so they are the same on every machine.
    """
    lab: Array = np.rint(linear_to_oklab(_linear_levels()[np.asarray(picture)]) * THOUSAND).astype(np.int64)
    return lab


def to_whole_numbers(numbers: Array) -> tuple[int, ...]:
    """All of them, row by row, as whole numbers."""
    return tuple(int(one) for one in np.rint(numbers).ravel())


def variance(lab: Array) -> float:
    """Of all three channels together, (H, W, 3)."""
    return float(lab.var((0, 1)).sum())


def box_mean(lab: Array, reach: int) -> Array:
    """The mean of the square around each pixel, (H, W, 3) whole numbers; beyond the border its pixels go on."""
    sums = np.pad(lab, ((reach, reach), (reach, reach), (0, 0)), mode="edge").cumsum(0).cumsum(1)
    sums = np.pad(sums, ((1, 0), (1, 0), (0, 0)))
    side = 2 * reach + 1
    square = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    mean: Array = np.rint(square / side**2).astype(np.int64)
    return mean


def palette(lab: Array) -> tuple[int, ...]:
    """Shares of `SHADE_COUNT` shades, of `HUE_COUNT` hues and of what has no hue, in thousandths.

    lab: (H, W, 3), as all below. A pixel between two shades, or two hues, counts for both.
    """
    light, green_red, blue_yellow = np.moveaxis(lab.reshape(-1, 3) / THOUSAND, 1, 0)
    colourful = np.minimum(np.hypot(green_red, blue_yellow) / _GREY_CHROMA, 1)
    shade = light * (SHADE_COUNT - 1)
    hue = np.arctan2(blue_yellow, green_red) / (2 * math.pi) % 1 * HUE_COUNT
    shares = np.zeros(SHADE_COUNT + HUE_COUNT + 1)
    for position, weight, first, count in (
        (shade, np.ones_like(shade), 0, SHADE_COUNT),
        (hue, colourful, SHADE_COUNT, HUE_COUNT),
    ):
        lower = np.floor(position).astype(np.int64)
        part = position - lower
        for place, amount in ((lower, 1 - part), (lower + 1, part)):
            shares += np.bincount(first + place % count, weight * amount, len(shares))
    shares[-1] = (1 - colourful).sum()
    return to_whole_numbers(shares * THOUSAND / len(light))


def texture(picture: Image.Image) -> tuple[int, ...]:
    """How large the steps from pixel to pixel are, at `SCALE_COUNT` scales, each half as fine as the one before.

    At each: the mean steps along four directions, in rising order, so that a picture turned has the same; and the root
    mean square of all. In hundredths of a doubling, from what can just be seen.
    """
    steps_by_scale: list[float] = []
    for _ in range(SCALE_COUNT):
        lab = oklab_thousandths(picture).astype(np.float64)
        steps = (
            lab[:, 1:] - lab[:, :-1],
            lab[1:] - lab[:-1],
            (lab[1:, 1:] - lab[:-1, :-1]) / math.sqrt(2),
            (lab[1:, :-1] - lab[:-1, 1:]) / math.sqrt(2),
        )
        squares = [(step * step).sum(2) for step in steps]
        steps_by_scale += sorted(float(np.sqrt(square).mean()) if square.size else 0.0 for square in squares)
        steps_by_scale.append(math.sqrt(sum(float(square.mean()) if square.size else 0.0 for square in squares) / 4))
        picture = picture.reduce(2)
    return to_whole_numbers(100 * np.log2(1 + np.array(steps_by_scale) / _MIN_VISIBLE_STEP))


def ground_share(lab: Array) -> int:
    """The share of the area that has the picture's median colour, in thousandths; faint specks on it belong to it."""
    far = box_mean(lab, 1) - np.median(lab, axis=(0, 1))
    return round(THOUSAND * float((np.sqrt((far * far).sum(2)) < _MAX_SAME_COLOUR).mean()))


def gradient_share(cells: Array, whole: float) -> int:
    """The share of the whole variance that a surface of second order explains, in thousandths.

    cells: (n, n, 3), the picture in coarse squares. whole: the `variance` of all its pixels.
    """
    count = len(cells)
    line = 2 * np.arange(count) - (count - 1)
    curve = 3 * line**2 - (count**2 - 1)  # orthogonal to the line and to what is constant
    flat = np.ones_like(line)
    explained = 0.0
    for down, across in ((flat, line), (line, flat), (flat, curve), (curve, flat), (line, line)):
        surface = np.outer(down, across)[:, :, None]
        explained += float(((cells * surface).sum((0, 1)) ** 2).sum() / (surface * surface).sum())
    return round(THOUSAND * min(explained / count**2 / whole, 1)) if whole else THOUSAND


def autocorrelation(lab: Array) -> int:
    """The largest correlation of the pixels with those up to four pixels away, in thousandths: near 0 in noise."""
    deviation = lab - np.rint(lab.mean((0, 1))).astype(np.int64)
    height, width = deviation.shape[:2]
    power = float((deviation * deviation).mean())
    best = 0.0
    for down, right in _NEIGHBOURS:
        if power and height > down and width > abs(right):
            here = deviation[down:, max(right, 0) : width + min(right, 0)]
            there = deviation[: height - down, max(-right, 0) : width - max(right, 0)]
            best = max(best, float((here * there).mean()) / power)
    return round(THOUSAND * min(best, 1)) if power else THOUSAND
