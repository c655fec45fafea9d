"""Image regression: what a scene may set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from artengine import Loss, Photo, Progress, named

if TYPE_CHECKING:
    from artengine import Picture


def regression(
    picture: Picture,
    /,
    *,
    target: Photo,
    losses: Annotated[list[Loss], Field(min_length=1)] = named("mse"),
    steps: Annotated[int, Field(ge=1, le=10_000_000)] = 2000,
    batch: Annotated[int, Field(ge=1, le=2**22)] = 4096,
    rate: Annotated[float, Field(gt=0, le=1)] = 3e-3,
    downscale: Annotated[int, Field(ge=1, le=64)] = 1,
) -> Iterator[Progress]:
    """Learn the colours of a photo at the coordinates of its pixels.

    target: the photo. losses: added up, each with its weight. steps: of the optimiser (Adam), each on a batch of random
    pixels. rate: the learning rate at the start; it falls to zero along a cosine. downscale: average so many pixels a
    side into one before learning.
    """
    from artengine_regression.learning import learn

    yield from learn(picture, target.image(downscale), losses, steps=steps, batch=batch, rate=rate)
