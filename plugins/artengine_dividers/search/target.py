"""What dividers learn: a photo, or a picture whose answer is known, in the middle of the plane."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from artengine import Photo, View
from artengine.training import CentreWeight, TargetImage, centre_weights
from artengine_dividers.network import Numbers, Partition

MAX_PIXELS = 1 << 22  # of a photo, so that the sides of all pixels are computed in seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthetic:
    """A picture with a known answer: lines and circles drawn with the scene's seed, a colour to every region.

    size: pixels a side.
    """

    lines: Annotated[int, Field(ge=0, le=64)] = 3
    circles: Annotated[int, Field(ge=0, le=64)] = 0
    size: Annotated[int, Field(ge=2, le=2048)] = 128


def make_target_image(
    target: Photo | None, synthetic: Synthetic | None, downscale: int, centre: CentreWeight | None, seed: int
) -> TargetImage:
    """What is learnt, as a training's options describe it; its weights are 1 on average.

    Raises `ValueError` where they name no picture, or two.
    """
    check_named_picture(target, synthetic)
    if target is not None:
        height, width = target.pixels.shape[:2]
        rows, columns = View(width=width, height=height).reduced(downscale).shape
        factor = downscale * max(1, math.ceil(math.sqrt(rows * columns / MAX_PIXELS) - 1e-9))
        image = target.image(factor)
    else:
        assert synthetic is not None  # noqa: S101 - looked at above
        height, width, factor = synthetic.size, synthetic.size, downscale
        image = centred(painted(synthetic, seed)[0]).downscaled(factor).image
    view = View(width=width, height=height).reduced(factor)
    weights = centre_weights(centre, view)
    weight = None if weights is None else (weights / weights.mean()).astype(np.float32)
    return TargetImage(image, view, weight=weight, factor=factor)


def check_named_picture(target: Photo | None, synthetic: Synthetic | None) -> None:
    """Raise `ValueError` where a training's options name no picture, or two."""
    if (target is None) == (synthetic is None):
        found = "neither target nor synthetic" if target is None else "both target and synthetic"
        raise ValueError(f"found {found}, expected one of them: target: photos/me.png, or synthetic: {{lines: 3}}")


def centred(image: Numbers, weight: Numbers | None = None) -> TargetImage:
    """A picture, (H, W, 3), in the middle of the plane; all its pixels count the same where there is no weight."""
    height, width = image.shape[:2]
    return TargetImage(image, View(width=width, height=height), weight=weight)


def painted(synthetic: Synthetic, seed: int) -> tuple[Numbers, Partition]:
    """A picture with a known answer, (size, size, 3) float32, and the answer."""
    random = np.random.default_rng(seed)
    count = synthetic.lines
    angle = (np.arange(count) + random.uniform(0.2, 0.8, count)) * math.pi / max(count, 1)
    lines = np.stack([angle, random.uniform(-0.5, 0.5, count)], axis=1)
    circles = np.concatenate(
        [random.uniform(-0.6, 0.6, (synthetic.circles, 2)), random.uniform(0.25, 0.6, (synthetic.circles, 1))], axis=1
    )
    partition = Partition(lines, circles)
    blank = np.zeros((synthetic.size, synthetic.size, 3), np.float32)
    codes, first = np.unique(partition.sides(*centred(blank).points), axis=0, return_inverse=True)
    colours = random.uniform(0, 1, (len(codes), 3)).astype(np.float32)
    return colours[first.reshape(synthetic.size, synthetic.size)], partition
