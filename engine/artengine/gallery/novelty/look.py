"""What is remembered of a small picture, and whether that makes it a dull one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from PIL import Image

from artengine.gallery.novelty.features import (
    HUE_COUNT,
    SCALE_COUNT,
    SHADE_COUNT,
    THOUSAND,
    Array,
    autocorrelation,
    box_mean,
    gradient_share,
    ground_share,
    oklab_thousandths,
    palette,
    texture,
    to_whole_numbers,
    variance,
)
from artengine.scene import Plain

#: Pixels of the longer side to paint a picture at before it is looked at: with half as many, fine lines are noise.
PREVIEW_SIDE = 192
LOOK_SIDE = 96  # pixels of the longer side at which it is looked at then
CELL_COUNT = 12  # of the layout, across and down

FLAT, NOISE, GRADIENT = "nearly one colour", "noise", "only a gradient"

# Where pictures begin to be dull, as they agree best with the eye, on a thousand pictures painted at `PREVIEW_SIDE` or
# smaller; in the units of `Look`.
MIN_NOISE_DETAIL, MAX_NOISE_ORDER, MAX_NOISE_GRAIN = 35, 300, 100
MIN_FLAT_GROUND, MAX_FLAT_CONTRAST = 960, 80
MIN_SMOOTH_GRADIENT, MAX_SMOOTH_DETAIL = 950, 8

#: How many numbers the lists of a look have.
LENGTHS = {"layout": 3 * CELL_COUNT * CELL_COUNT, "palette": SHADE_COUNT + HUE_COUNT + 1, "texture": 5 * SCALE_COUNT}
_MAX_NUMBER = 2 * THOUSAND


@dataclass(frozen=True, slots=True)
class Look:
    """What is remembered of a small picture: whole numbers, so that a choice is the same on every machine.

    layout: the colours of 12 x 12 cells, row by row, in hundredths of OKLab. palette, texture, ground, gradient and
    order: see `features`. contrast: the deviation of the cells' colours, in thousandths of OKLab. detail: the
    deviation of the pixels from what is around them. grain: the order that is in that.
    """

    layout: tuple[int, ...]
    palette: tuple[int, ...]
    texture: tuple[int, ...]
    contrast: int
    detail: int
    ground: int
    gradient: int
    order: int
    grain: int


def look_at(image: Array) -> Look:
    """What there is to remember of an image, (H, W, 3) or (H, W, 1) floats in [0, 1], shrunk to `LOOK_SIDE` before.

    Raises `ValueError` for anything else, and for numbers that are not finite.
    """
    if image.ndim != 3 or image.shape[2] not in (1, 3) or image.size == 0 or image.dtype.kind != "f":
        expected = "(height, width, 3) or (height, width, 1) floats"
        raise ValueError(f"an image of shape {image.shape} and type {image.dtype}, expected {expected}")
    if not np.isfinite(image).all():
        raise ValueError("an image with numbers that are not finite")
    levels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    small = Image.fromarray(np.ascontiguousarray(np.broadcast_to(levels, (*levels.shape[:2], 3))))
    if max(small.size) > LOOK_SIDE:
        scale = LOOK_SIDE / max(small.size)
        width, height = (max(1, round(side * scale)) for side in small.size)
        small = small.resize((width, height), Image.Resampling.BOX)
    lab = oklab_thousandths(small)
    cells = oklab_thousandths(small.resize((CELL_COUNT, CELL_COUNT), Image.Resampling.BOX))
    local = lab - box_mean(lab, 3)
    return Look(
        layout=to_whole_numbers(cells / 10),
        palette=palette(lab),
        texture=texture(small),
        contrast=round(math.sqrt(variance(cells))),
        detail=round(math.sqrt(variance(local))),
        ground=ground_share(lab),
        gradient=gradient_share(cells, variance(lab)),
        order=autocorrelation(lab),
        grain=autocorrelation(local),
    )


def look_to_plain(look: Look) -> dict[str, Plain]:
    """A look as JSON can keep it, in less than 2 kB."""
    values = {field.name: getattr(look, field.name) for field in fields(look)}
    return {name: list(value) if name in LENGTHS else value for name, value in values.items()}


def look_from_plain(plain: object) -> Look:
    """The look that `look_to_plain` gave.

    Raises `ValueError` for anything else.
    """
    names = [field.name for field in fields(Look)]
    if not isinstance(plain, Mapping) or set(plain) != set(names):
        raise ValueError(f"not the look of a picture, expected {', '.join(names)}")
    values: dict[str, Any] = {}
    for name in names:
        numbers = plain[name] if name in LENGTHS else [plain[name]]
        if not isinstance(numbers, list) or len(numbers) != LENGTHS.get(name, 1):
            raise ValueError(f"{name}: not the look of a picture, expected {LENGTHS.get(name, 1)} whole numbers")
        if not all(type(one) is int and abs(one) <= _MAX_NUMBER for one in numbers):
            raise ValueError(f"{name}: not the look of a picture, expected whole numbers of at most {_MAX_NUMBER}")
        values[name] = tuple(numbers) if name in LENGTHS else numbers[0]
    return Look(**values)


def why_dull(look: Look) -> str:
    """Why nobody would hang this picture, in words for a user; "" where somebody might."""
    if look.detail > MIN_NOISE_DETAIL and (look.order < MAX_NOISE_ORDER or look.grain < MAX_NOISE_GRAIN):
        return NOISE
    if look.ground > MIN_FLAT_GROUND and look.contrast < MAX_FLAT_CONTRAST:
        return FLAT
    if look.gradient > MIN_SMOOTH_GRADIENT and look.detail < MAX_SMOOTH_DETAIL:
        return GRADIENT
    return ""
