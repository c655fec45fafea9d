"""The smallest JPEG that is near enough to a photo."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artengine_regression.training.jpeg import jpeg_bytes


@pytest.fixture
def photo() -> np.ndarray[Any, Any]:
    """Waves and noise in colours that change quickly, (40, 56, 3)."""
    y, x = np.mgrid[0:40, 0:56] / 20
    waves = np.stack((np.sin(9 * x * y), np.cos(31 * x - y), np.sin(5 * y + 23 * x * x)), axis=-1)
    noisy = waves / 2.5 + np.random.RandomState(0).randn(40, 56, 3) / 40
    return (noisy + 0.5).clip(0, 1).astype(np.float32)


def every_jpeg(photo: np.ndarray[Any, Any], *samplings: int) -> list[tuple[int, float]]:
    """Size and PSNR of all that may be chosen: 0 keeps every colour, 2 one for four pixels."""
    found = []
    for quality in range(1, 96):
        for subsampling in samplings:
            file = io.BytesIO()
            pixels = Image.fromarray(np.uint8(np.rint(photo * 255)))
            pixels.save(file, "JPEG", quality=quality, subsampling=subsampling, optimize=True)
            back = np.asarray(Image.open(file)).astype(np.float64) / 255
            found.append((len(file.getvalue()), -10 * math.log10(((back - photo) ** 2).mean())))
    return found


def test_no_other_that_is_near_enough_is_smaller(photo: np.ndarray[Any, Any]) -> None:
    every = every_jpeg(photo, 0, 2)
    best = max(psnr for _, psnr in every)
    coarse = max(psnr for _, psnr in every_jpeg(photo, 2))  # just reached without every colour, and dearly
    for decibels in (5.0, coarse - 2, coarse, 30.0, best):
        near = [one for one in every if one[1] >= decibels - 1e-9]
        found = jpeg_bytes(photo, decibels - 1e-9)
        assert found is not None
        assert found[0] == min(size for size, _ in near)
        assert found == min(near, key=lambda one: (one[0], abs(one[1] - found[1])))
    assert jpeg_bytes(photo, best + 0.01) is None


def test_fine_colours_are_kept_only_where_they_are_worth_it(photo: np.ndarray[Any, Any]) -> None:
    grey = np.repeat(photo[:, :, :1], 3, axis=2)
    coloured, plain = jpeg_bytes(photo, 30), jpeg_bytes(grey, 30)
    assert coloured is not None
    assert plain is not None
    assert plain[0] < coloured[0]


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 1), (0, 4, 3), (1, 70_000, 3)])
def test_what_no_jpeg_can_hold_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"found a photo of shape .*, expected \(H, W, 3\)"):
        jpeg_bytes(np.zeros(shape), 30)


def test_a_photo_of_one_pixel_and_one_of_one_colour_do() -> None:
    for photo in (np.full((1, 1, 3), 0.5), np.zeros((9, 70, 3)), np.ones((8, 8, 3), dtype=np.float32)):
        found = jpeg_bytes(photo, 40)
        assert found is not None
        assert found[0] < 1000
