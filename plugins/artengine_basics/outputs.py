"""Still pictures: each frame a file, the recipe in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from artengine import Frame, Target
from artengine.recipe import KEYWORD, exif

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = np.ndarray[Any, Any]
Rounding = Literal["nearest", "cut"]
Quality = Annotated[int, Field(ge=1, le=100)]

BAND = 256  # rows that are quantised at a time: in float64 a whole picture would be four times its size
MAX_JPEG_RECIPE = 60_000  # a JPEG keeps it in one segment of 64 kB


def png(
    frames: Iterable[Frame], target: Target, /, *, bits: Literal[8, 16] = 8, rounding: Rounding = "nearest"
) -> Iterator[Path]:
    """PNG, without loss; 8 or 16 bits a channel.

    rounding: how a colour becomes one of the levels, to the nearest or, as the neural painter did, cut.
    """
    for suffix, frame in _suffixed(frames, ".png"):
        pixels = quantised(frame.image, bits, rounding)
        with target.create(suffix) as file:
            if bits == 16:
                import numpngw

                # None leaves out what numpngw would say of itself and of the time
                text = [(KEYWORD, target.recipe), ("Creation Time", None), ("Software", None)]
                numpngw.write_png(file, pixels, text_list=text, filter_type="auto")
            else:
                from PIL.PngImagePlugin import PngInfo

                info = PngInfo()
                if target.recipe:
                    info.add_text(KEYWORD, target.recipe)
                _pillow(pixels).save(file, "PNG", pnginfo=info)
        yield target.path(suffix)


def jpeg(frames: Iterable[Frame], target: Target, /, *, quality: Quality = 92) -> Iterator[Path]:
    """JPEG, small, with the colours at full resolution.

    Raises `ValueError` where the recipe is too long for it.
    """
    if target.recipe and len(target.recipe) > MAX_JPEG_RECIPE:
        found = f"found a recipe of {len(target.recipe):,} characters, a JPEG takes {MAX_JPEG_RECIPE:,}"
        raise ValueError(f"{found}; use png, or --no-metadata")
    for suffix, frame in _suffixed(frames, ".jpg"):
        _fits(frame, 65_500, "JPEG")
        image = _pillow(quantised(frame.image, 8))
        with target.create(suffix) as file:
            image.save(file, "JPEG", quality=quality, subsampling=0, exif=exif(target.recipe))
        yield target.path(suffix)


def webp(
    frames: Iterable[Frame], target: Target, /, *, quality: Quality = 90, lossless: bool = False
) -> Iterator[Path]:
    """WebP, smaller still; lossless on request. At most 16,383 pixels a side."""
    for suffix, frame in _suffixed(frames, ".webp"):
        _fits(frame, 16_383, "WebP")
        image = _pillow(quantised(frame.image, 8)).convert("RGB")
        with target.create(suffix) as file:
            image.save(file, "WEBP", quality=quality, lossless=lossless, method=4, exif=exif(target.recipe))
        yield target.path(suffix)


def tiff(frames: Iterable[Frame], target: Target, /, *, bits: Literal[8, 16] = 16) -> Iterator[Path]:
    """TIFF for print and further work, without loss; 16 bits a channel, or 8."""
    import tifffile

    for suffix, frame in _suffixed(frames, ".tif"):
        pixels = quantised(frame.image, bits)
        photometric = "rgb" if pixels.ndim == 3 else "minisblack"
        with target.create(suffix) as file:
            tifffile.imwrite(
                file,
                pixels,
                photometric=photometric,
                compression="zlib",
                description=target.recipe,
                metadata=None,
                software=KEYWORD if target.recipe else False,
            )
        yield target.path(suffix)


def quantised(image: Pixels, bits: int, rounding: Rounding = "nearest") -> Pixels:
    """(H, W, 3) or (H, W) unsigned integers of an image in [0, 1]."""
    pixels = np.empty(image.shape, np.uint8 if bits == 8 else np.uint16)
    for top in range(0, len(image), BAND):
        levels = image[top : top + BAND].astype(np.float64) * (2**bits - 1)
        pixels[top : top + BAND] = np.rint(levels) if rounding == "nearest" else levels
    return pixels[:, :, 0] if image.shape[2] == 1 else pixels


def _fits(frame: Frame, side: int, format_name: str) -> None:
    rows, columns, _ = frame.image.shape
    if max(rows, columns) > side:
        raise ValueError(f"found a picture of {columns} x {rows}, {format_name} takes at most {side:,} a side")


def _pillow(pixels: Pixels) -> Image:
    from PIL import Image

    return Image.fromarray(pixels)


def _suffixed(frames: Iterable[Frame], ending: str) -> Iterator[tuple[str, Frame]]:
    """Frames with the end of their file's name: a number from the second on."""
    for index, frame in enumerate(frames, start=1):
        yield (ending if index == 1 else f"-{index}{ending}"), frame
