"""From photos, masks and weights to what is learnt, each photo with its view."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from artengine import Photo, Session, View
from artengine.media import reduce_blocks
from artengine.training import CentreWeight, TargetImage, centre_weights, pixel_middles

if TYPE_CHECKING:
    from artengine_regression.training.mask import Mask

Pixels = np.ndarray[Any, Any]


def target_images(
    session: Session,
    photos: Sequence[Photo],
    downscale: int,
    mask: Mask | None,
    weigh: Photo | None,
    weigh_centre: CentreWeight,
) -> list[TargetImage]:
    """What is learnt of the photos, the first one at the beginning of the time, the others evenly after it.

    Raises `ValueError` where a mask or weights leave nothing, or the coordinates do not tell the photos apart.
    """
    made = []
    for number, photo in enumerate(photos):
        pixels = photo.pixels if downscale == 1 else photo.image(downscale)
        height, width = photo.pixels.shape[:2]
        view = View(width=width, height=height, phase=number / len(photos)).reduced(downscale)
        weight = _weight(weigh, weigh_centre, view)
        hidden = np.zeros(view.shape, dtype=bool) if weight is None else weight == 0
        if mask:
            hidden |= _hidden(mask, photo, downscale, session.seed)
        if hidden.all():
            raise ValueError("the mask and the weights leave no pixel to learn; hide less")
        made.append(TargetImage(pixels, view, hidden if hidden.any() else None, weight, downscale))
    seen = [session.coordinates(View(width=8, height=8, phase=target_image.view.phase)) for target_image in made]
    for (first, one), (second, other) in itertools.combinations(enumerate(seen, start=1), 2):
        if torch.allclose(one, other, rtol=0, atol=1e-6):
            found = f"found photos {first} and {second} of {len(made)}, and nothing that tells them apart"
            raise ValueError(f"{found}; add time to coordinates, going around once")
    return made


def _hidden(mask: Mask, photo: Photo, downscale: int, seed: int) -> Pixels:
    """Where pixels are hidden, of those that are learnt: also where an average takes in one that is."""
    height, width = photo.pixels.shape[:2]
    hidden = np.zeros((height, width), dtype=bool)
    if mask.picture:
        hidden |= _fitted(mask.picture, View(width=width, height=height)) > 0.5
    if mask.rectangle:
        left, top, across, down = mask.rectangle
        rows = slice(round(top * height), round((top + down) * height))
        hidden[rows, round(left * width) : round((left + across) * width)] = True
    learnt = reduce_blocks(hidden, downscale, lambda blocks: np.asarray(blocks.any(axis=(1, 3))))  # as it is averaged
    if mask.random:
        count = round(mask.random * learnt.size)
        learnt.reshape(-1)[np.random.default_rng(seed).permutation(learnt.size)[:count]] = True
    return learnt


def _weight(weigh: Photo | None, centre: CentreWeight, view: View) -> Pixels | None:
    """How often each pixel is looked at, (H, W); None where all are alike."""
    bright = _fitted(weigh, view) if weigh else None
    central = centre_weights(centre, view)
    if bright is None or central is None:
        return central if bright is None else bright
    weight: Pixels = bright * central
    return weight


def _fitted(photo: Photo, view: View) -> Pixels:
    """How bright a picture is that lies over a view, (H, W) in [0, 1], each pixel that of the nearest one."""
    pixels = photo.pixels
    (across, down), (width, height) = pixel_middles(view), view.sides
    rows = (down * pixels.shape[0] / height).astype(int)
    columns = (across * pixels.shape[1] / width).astype(int)
    grey = pixels.mean(axis=2, dtype=np.float32) / np.iinfo(pixels.dtype).max
    return np.ascontiguousarray(grey[np.ix_(rows, columns)])
