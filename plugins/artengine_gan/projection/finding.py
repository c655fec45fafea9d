"""The search for latents: in one space after the other, and in the generator's own weights at last."""

from __future__ import annotations

import functools
from collections.abc import Generator, Sequence

import numpy as np
import torch

from artengine import Photo, Progress, Result, Session
from artengine.curve import Curve, psnr
from artengine.errors import PicturedError
from artengine.training import PlannedStage, computing, round_weights, run_stages
from artengine_gan.networks import Dcgan, LatentImages
from artengine_gan.projection.aligning import Aligner, Cutter, Placement
from artengine_gan.projection.search_stage import SearchStage
from artengine_gan.projection.source import Projected
from artengine_gan.projection.task import Search, Task, task_of, without_detail

BITS = 16  # of each number that is kept


def find(session: Session, photos: Sequence[Photo], search: Search) -> Generator[Progress, None, Result]:
    """Move the scene's latents to those whose images come nearest to photos.

    Goes on from `session.state` if there is something in it, to the same latents as if it had never stopped.
    Raises `ValueError` for a network that it does not know, or where all of a photo is hidden.
    """
    network = session.network
    if not isinstance(network, LatentImages | Dcgan):
        raise ValueError(f"found the network {session.network_name}, expected generator or dcgan")
    source = next((one for one in session.sources if isinstance(one, Projected)), None)
    length = network.shape.length(detail=search.detail or search.mask is not None)
    if source is None or len(source.names) != len(photos) or len(source.latents[0]) != length:
        raise ValueError("found other coordinates than a latent for each photo; leave coordinates out")
    network.eval()
    network.requires_grad_(False)
    if "stage" in session.state:
        places = [Placement(*place) if place else None for place in session.state["stage"]["places"]]
    else:
        places = yield from _placed(network, photos, search)
    size = network.shape.size
    pairs = zip(photos, places, strict=True)
    squares = [Cutter(photo.in_8_bits(), size).square(at) if at else photo.square(size) for photo, at in pairs]
    task = task_of(network, source, np.stack(squares), search, session.seed, places)
    planned = [
        PlannedStage(make=functools.partial(SearchStage, task, space, steps), steps=steps)
        for space, steps in search.spaces
    ]
    return (yield from run_stages(session, planned, functools.partial(_result, task), torch.get_num_threads()))


def _placed(
    network: LatentImages | Dcgan, photos: Sequence[Photo], search: Search
) -> Generator[Progress, None, list[Placement | None]]:
    """Where in each photo the square is that the network draws best; None for the middle, where that will do.

    Raises `PicturedError` for a photo in which there is none.
    """
    if isinstance(network, Dcgan) or search.mask is not None or not search.align:
        return [None] * len(photos)
    aligner = Aligner(network)
    places: list[Placement | None] = []
    for photo in photos:
        with computing(torch.get_num_threads()):
            place = _place(aligner, photo, network.shape.size)
        places.append(place)
        if place:  # it took some seconds
            note = f"{photo.name}: taken from {place.describe(*photo.pixels.shape[1::-1])}"
            yield Progress(step=0, total=search.steps + search.tune, loss=0.0, note=note)
    return places


def _place(aligner: Aligner, photo: Photo, size: int) -> Placement | None:
    if aligner.is_well_placed(photo.square(size)):
        return None
    place, decibels = aligner.best(photo.in_8_bits())
    if decibels < aligner.least:
        found = (
            f"{photo.name}: found nothing like what the network has learnt, the best square drawn to {decibels:.1f} dB"
        )
        expected = f"expected {aligner.least:.1f} dB or more; take another photo, or set align: false"
        raise PicturedError(f"{found}, {expected}", aligner.picture(photo.in_8_bits(), place))
    return place


@torch.no_grad()
def _result(task: Task, step: int, curve: Curve) -> Result:
    """How near the images are to the photos, as they are painted: where these are known, and where they are not."""
    round_weights(task.source.weights, BITS)
    if task.search.tune:
        round_weights(task.network, BITS)
    decibels, hidden = [], []
    for latent, photo in zip(task.source.latents, task.true, strict=True):
        image = task.network.images(without_detail(task, latent.detach()[None]))[0].clamp(-1, 1)
        squares = ((image - photo) / 2).square()
        decibels.append(psnr(float(squares[:, task.known].mean())))
        if task.keeps_detail and not bool(task.known.all()):
            joined = task.network.images(latent.detach()[None])[0].clamp(-1, 1)
            hidden.append(psnr(float(((joined - photo) / 2).square()[:, ~task.known].mean())))
    note = ", ".join(f"{name} {found:.1f} dB" for name, found in zip(task.source.names, decibels, strict=True))
    loss = curve.points[-1].loss if curve.points else 0.0
    mean = sum(hidden) / len(hidden) if hidden else None
    return Result(
        step=step,
        loss=loss,
        psnr=sum(decibels) / len(decibels),
        holdout_psnr=mean,
        bits=BITS,
        note=note,
        curve=curve.points,
    )
