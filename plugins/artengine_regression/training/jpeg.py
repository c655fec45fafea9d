"""What a photo costs as a JPEG, for comparison with a network that has learnt it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from artengine.curve import psnr

QUALITIES = range(1, 96)  # beyond 95, Pillow's manual says, files grow and hardly anything improves
COLOURS = ("4:2:0", "4:4:4")  # how finely a JPEG keeps colours, beside the grey


def jpeg_bytes(photo: np.ndarray[Any, Any], decibels: float) -> tuple[int, float] | None:
    """The size in bytes and the PSNR in decibels of the smallest JPEG that is so near to a photo; None where none is.

    photo: (H, W, 3) floats in [0, 1]. All of Pillow's qualities up to 95 are tried, for a better one is not always
    larger, nor always nearer. The PSNR is that of the photo as it is given, not of its 8 bits.
    Raises `ValueError` for other shapes, and for photos that no JPEG can hold.
    """
    from PIL import Image

    if photo.ndim != 3 or photo.shape[2] != 3 or not 0 < min(photo.shape) <= max(photo.shape) <= 65_500:
        raise ValueError(f"found a photo of shape {photo.shape}, expected (H, W, 3) with sides of 1 to 65,500")
    image = Image.fromarray(np.rint(photo.clip(0, 1) * 255).astype(np.uint8))
    best: tuple[int, float] | None = None
    for colours in COLOURS:
        for quality in QUALITIES:
            file = io.BytesIO()
            image.save(file, "JPEG", quality=quality, optimize=True, subsampling=colours)
            size = file.tell()
            if best and size >= best[0]:
                continue
            with Image.open(file) as back:
                difference = np.asarray(back, dtype=np.float64) / 255 - photo
            reached = psnr(float(np.square(difference).mean()))
            if reached >= decibels:
                best = size, reached
    return best
