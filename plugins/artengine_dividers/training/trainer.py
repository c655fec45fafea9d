"""Telling a photo with dividers: what a scene may set."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from artengine import Learnt, Photo, Progress, Result, depends, expects
from artengine.training import CentreWeight
from artengine_dividers.search import Synthetic
from artengine_dividers.training.options import Colours, TrainingOptions, Way, expects_dividers, libraries

if TYPE_CHECKING:
    from artengine import Session

Rate = Annotated[float, Field(gt=0, le=100)]


@depends(libraries)
@expects(expects_dividers)
def dividers(
    session: Session,
    /,
    *,
    target: Photo | None = None,
    synthetic: Synthetic | None = None,
    way: Way = "search",
    colours: Colours = "network",
    cycles: Annotated[int, Field(ge=0, le=1_000_000)] | None = None,
    candidates: Annotated[int, Field(ge=1, le=100_000)] | None = None,
    epochs: Annotated[int, Field(ge=1, le=1_000_000)] | None = None,
    optimiser: Literal["adam", "adadelta"] | None = None,
    rate: Rate | None = None,
    rate_end: Rate | None = None,
    batch: Annotated[int, Field(ge=1, le=2**20)] | None = None,
    fit: Annotated[int, Field(ge=0, le=1_000_000)] | None = None,
    downscale: Annotated[int, Field(ge=1, le=64)] = 1,
    weigh_centre: CentreWeight | None = None,
    start: Learnt | None = None,
) -> Generator[Progress, None, Result]:
    """Find the lines and circles that tell a photo best, and the colours between them.

    target: the photo; synthetic: a drawn picture with a known answer instead. way: search puts one divider after the
    other where it helps most, then takes each out and seeks its place anew; gradient lets all of them slide, as in
    scalefree_image. colours: of the network's layers, which know every region of the plane, or the mean of each region
    of the photo. cycles: through all dividers, 4 unless said and more for fewer than fifty, or of so many epochs, 100;
    0 goes on until Ctrl-C, which ends well. candidates: families of dividers tried for each. epochs: through all
    pixels, in a cycle. optimiser: adam, or scalefree_image's adadelta. rate, rate_end: of learning, at both ends.
    batch: pixels to a step. fit: iterations on the colours alone, in the end. downscale: average so many pixels a side
    into one before learning. weigh_centre: how many times as much as the edges the centre counts, or where, within
    which radius and how many times. start: weights of an earlier training, whose dividers are there to begin with, and
    its colours where all numbers of units are the same.
    Raises `ValueError` where options do not go together.
    """
    from artengine_dividers.training.learning import learn

    options = TrainingOptions(
        way=way,
        colours=colours,
        cycles=cycles,
        candidates=candidates,
        epochs=epochs,
        optimiser=optimiser,
        rate=rate,
        rate_end=rate_end,
        batch=batch,
        fit=fit,
    )
    return (yield from learn(session, target, synthetic, downscale, weigh_centre, start, options))
