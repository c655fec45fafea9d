"""Image regression: what a scene may set."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from artengine import Loss, Photo, Progress, Result, brings, ends, named
from artengine.training import CentreWeight
from artengine_regression.training import presets
from artengine_regression.training.mask import Mask
from artengine_regression.training.schedule import Until

if TYPE_CHECKING:
    from artengine import Session


def _ends(options: Mapping[str, Any]) -> Collection[str]:
    """The rounds of a training without a bound are the same wherever it ends; else the rate falls towards its end."""
    until = options["until"]
    return () if until == Until() or until.bounded else ("until",)


def _passed(options: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
    """Whether a training would have had a closer look at its end by now, if that had been as it is in the options."""
    from artengine_regression.training.learning import AHEAD

    until, stage = options["until"], state["stage"]
    near = until.psnr is not None and stage["best"]["psnr"] + AHEAD >= until.psnr
    idle = until.patience is not None and stage["step"] - stage["best"]["step"] >= until.patience
    return near or idle


@ends(_ends, _passed)
@brings(presets.network)
def regression(
    session: Session,
    /,
    *,
    target: Annotated[list[Photo], Field(min_length=1, max_length=64)],
    preset: presets.Word | None = None,
    losses: Annotated[list[Loss], Field(min_length=1)] = named("mse"),
    until: Until = Until(),
    optimiser: presets.Optimiser | None = None,
    rate: Annotated[float, Field(gt=0, le=10)] | None = None,
    batch: Annotated[int, Field(ge=1, le=2**22)] | None = None,
    downscale: Annotated[int, Field(ge=1, le=64)] = 1,
    mask: Mask | None = None,
    weigh: Photo | None = None,
    weigh_centre: CentreWeight = 1.0,
    bits: Literal[8, 16] | None = None,
) -> Generator[Progress, None, Result]:
    """Learn the colours of a photo at the coordinates of its pixels.

    target: the photo, or several, with a code each by the source `time`. preset: a network, where the scene names none,
    and what suits it of the options below. losses: added up, each with its weight. until: when it is done. rate: the
    learning rate at its height; it falls evenly to zero. batch: random pixels to a step. downscale: average so
    many pixels a side into one before learning. mask: what is not to be learnt. weigh: a picture; the brighter it is,
    the more often a pixel is looked at, and never where it is black. weigh_centre: how many times as often as the edges
    the centre is, or where, within which radius and how many times. bits: of each weight in the file that is kept.
    """
    from artengine_regression.training.learning import Plan, learn
    from artengine_regression.training.targets import target_images

    chosen = presets.PRESETS[preset] if preset else presets.PLAIN
    optimiser = optimiser or chosen.optimiser
    plan = Plan(
        optimiser=optimiser,
        rate=rate or chosen.rate_of(optimiser),
        batch=batch or chosen.batch,
        until=until if until != Until() else chosen.until,
        bits=bits,
    )
    learnt = target_images(session, target, downscale, mask, weigh, weigh_centre)
    return (yield from learn(session, learnt, losses, plan))
