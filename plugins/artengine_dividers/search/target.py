"""What is to be told with dividers: a photo, or a picture whose answer is known; and what of it counts how much."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from pydantic import Field

from artengine import Photo, View
from artengine_dividers.network import Numbers, Partition

MOST_PIXELS = 1 << 22  # of a photo, so that the sides of all pixels are told in seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """What counts more than the rest: so many times as much within a radius, evenly less out to another one.

    most: times. inner, outer: radii in plane units. x, y: where, plane units.
    """

    most: Annotated[float, Field(ge=1, le=1000)] = 4.0
    inner: Annotated[float, Field(ge=0, le=10)] = 0.3
    outer: Annotated[float, Field(ge=0, le=10)] = 1.0
    x: Annotated[float, Field(ge=-10, le=10)] = 0.0
    y: Annotated[float, Field(ge=-10, le=10)] = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthetic:
    """A picture with a known answer: lines and circles drawn with the scene's seed, a colour to every region.

    size: pixels a side.
    """

    lines: Annotated[int, Field(ge=0, le=64)] = 3
    circles: Annotated[int, Field(ge=0, le=64)] = 0
    size: Annotated[int, Field(ge=2, le=2048)] = 128


@dataclass(frozen=True, slots=True)
class Lesson:
    """A picture to be told, and what its pixels count.

    image: (H, W, 3) float32 in [0, 1]. weight: (H, W) float32, above zero, 1 on average. across, down: (W,) and (H,)
    float32, x of the columns and y of the rows.
    """

    image: Numbers
    weight: Numbers
    across: Numbers
    down: Numbers

    @property
    def points(self) -> tuple[Numbers, Numbers]:
        """X and y of its pixels, two (P,) float32 arrays."""
        x, y = np.meshgrid(self.across, self.down)
        return x.reshape(-1), y.reshape(-1)

    @property
    def reach(self) -> tuple[float, float]:
        """How far its pixels are from the centre, along x and y, at most."""
        return float(np.abs(self.across).max()), float(np.abs(self.down).max())

    def reduced(self, factor: int) -> Lesson:
        """The same with so many pixels a side averaged into one, by their weights."""
        if factor == 1:
            return self
        height, width = (max(1, side // factor) for side in self.weight.shape)
        high, wide = (min(factor, side) for side in self.weight.shape)
        weight = self.weight[: height * high, : width * wide].reshape(height, high, width, wide)
        image = self.image[: height * high, : width * wide].reshape(height, high, width, wide, 3)
        sums = weight.sum(axis=(1, 3))
        return Lesson(
            (image * weight[..., None]).sum(axis=(1, 3)) / sums[..., None],
            sums / (high * wide),
            self.across[: width * wide].reshape(width, wide).mean(axis=1),
            self.down[: height * high].reshape(height, high).mean(axis=1),
        )


def lesson(
    target: Photo | None, synthetic: Synthetic | None, downscale: int, centre: Centre | None, seed: int
) -> Lesson:
    """The lesson that a training's options describe.

    Raises `ValueError` where they name no picture, or two.
    """
    if (target is None) == (synthetic is None):
        found = "neither target nor synthetic" if target is None else "both target and synthetic"
        raise ValueError(f"found {found}, expected one of them: target: photos/me.png, or synthetic: {{lines: 3}}")
    if target is not None:
        height, width = (max(1, side // downscale) for side in target.pixels.shape[:2])
        again = math.ceil(math.sqrt(height * width / MOST_PIXELS) - 1e-9)
        image = target.image(downscale * max(1, again))
    else:
        assert synthetic is not None  # noqa: S101 - looked at above
        image = whole(painted(synthetic, seed)[0]).reduced(downscale).image
    even = whole(image)
    if centre is not None:
        if centre.inner > centre.outer:
            raise ValueError(f"weigh_centre: found inner {centre.inner:g}, which is beyond outer {centre.outer:g}")
        x, y = even.points
        away = np.hypot(x - centre.x, y - centre.y).reshape(even.weight.shape)
        share = np.clip((centre.outer - away) / max(centre.outer - centre.inner, 1e-9), 0, 1)
        weight = 1 + (centre.most - 1) * share
        return replace(even, weight=(weight / weight.mean()).astype(np.float32))
    return even


def whole(image: Numbers, weight: Numbers | None = None) -> Lesson:
    """The lesson of a picture, (H, W, 3), whose pixels all count the same if nothing else is said."""
    height, width = image.shape[:2]
    view = View(width=width, height=height)
    across, down = view.tile(0, 0, width, 1).plane()[0], view.tile(0, 0, 1, height).plane()[1]
    weight = np.ones((height, width), np.float32) if weight is None else weight
    return Lesson(image, weight, across.numpy()[0].astype(np.float32), down.numpy()[:, 0].astype(np.float32))


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
    codes, first = np.unique(partition.sides(*whole(blank).points), axis=0, return_inverse=True)
    colours = random.uniform(0, 1, (len(codes), 3)).astype(np.float32)
    return colours[first.reshape(synthetic.size, synthetic.size)], partition
