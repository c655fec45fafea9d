"""Weights rounded for the file that is kept: what that costs, and what a JPEG as good would take."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from artengine import Session
from artengine.training import TargetImage, packed, round_weights
from artengine_regression.training.jpeg import jpeg_bytes
from artengine_regression.training.measuring import measured


def rounded(
    session: Session, target_images: Sequence[TargetImage], bits: int, before: float
) -> tuple[float, float | None, str]:
    """Round a network's weights in place; gives the PSNR then, that on hidden pixels, and words for all of it.

    before: the PSNR until now.
    """
    round_weights(session.network, bits)
    psnr, hidden = measured(session, target_images)
    kept = sum(one.nbytes for one in packed(session.network.state_dict(), bits).values())
    words = f"{kept:,} bytes of weights, {bits} bits each: {psnr:.2f} dB, {before:.2f} dB before they were rounded"
    sizes = [jpeg_bytes(_image(target_image), psnr) for target_image in target_images]
    reached = [size[0] for size in sizes if size]
    if len(reached) == len(sizes):
        words += f"; as a JPEG of as many decibels, {sum(reached):,} bytes"
    return psnr, hidden, words


def _image(target_image: TargetImage) -> np.ndarray:
    height, width = target_image.pixels.shape[:2]
    return target_image.colours(slice(None), 3).numpy().reshape(height, width, 3)
