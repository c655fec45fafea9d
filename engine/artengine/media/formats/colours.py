"""Pixels of any kind as sRGB: numbers as levels, profiles, inks, and transparency laid over white."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from artengine.media.base import RefusedError, lift_size_limit

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    Pixels = np.ndarray[Any, Any]
    Convert = Callable[[Image], Image] | None

TOP = 0xFFFF  # the greatest of 16-bit levels
BAND = 1 << 20  # numbers that are worked on at a time: as floats, all of them would take many times what they take


def of_image(image: Image, profile: bytes | None) -> Pixels:
    """(H, W, 3) uint8 or uint16 pixels from whatever mode an image of Pillow has."""
    import numpy as np

    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        grey = levels_of(np.array(image))
        if isinstance(clear := image.info.get("transparency"), int):
            grey[grey == clear] = TOP
        return of_levels(grey[:, :, None], profile)
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    to_srgb = _to_srgb(image.mode, profile)
    for rows in _bands(pixels):
        with lift_size_limit():
            part = image.crop((0, rows.start, image.width, min(rows.stop, image.height)))
        pixels[rows] = np.asarray(_in_rgb(part, to_srgb))
    return pixels


def _in_rgb(image: Image, to_srgb: Convert) -> Image:
    """The same in RGB; what is transparent lies over white."""
    from PIL import Image

    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    image = to_srgb(image) if to_srgb else image.convert("RGB")
    if not alpha:
        return image
    image.putalpha(alpha)
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def levels_of(values: Pixels) -> Pixels:
    """Numbers, (H, W, ...), as 16-bit levels: integers as they are, floats as parts of 1, or of 255 where one is more.

    Those of 8 bits, and of 32 unsigned ones where one takes more than 16, are parts of the greatest that there can be.
    Raises `RefusedError` where some are no numbers.
    """
    import numpy as np

    if values.dtype == np.uint16:
        return values
    levels = np.empty(values.shape, np.uint16)
    if values.dtype == np.uint8 or (values.dtype == np.uint32 and values.max(initial=0) > TOP):
        scale = TOP / np.iinfo(values.dtype).max
        for rows in _bands(values):
            levels[rows] = np.rint(values[rows] * scale)
        return levels
    if values.dtype.kind in "iu":
        for rows in _bands(values):
            levels[rows] = values[rows].clip(0, TOP)
        return levels
    if not all(np.isfinite(values[rows]).all() for rows in _bands(values)):
        raise RefusedError("found a picture with values that are not numbers, expected finite ones")
    top = 1.0 if values.max(initial=0) <= 1 else 255.0
    for rows in _bands(values):
        part = values[rows].astype(np.float32) if values.dtype == np.float16 else values[rows]
        levels[rows] = np.rint((part / top).clip(0, 1) * TOP)
    return levels


def of_levels(levels: Pixels, profile: bytes | None, alpha: Pixels | None = None) -> Pixels:
    """(H, W, 3) pixels from levels, (H, W, C) of 16 bits: grey, red, green and blue, or four inks.

    They are of 8 bits where a profile asks for other colours. alpha: (H, W) levels, how much there is of each pixel.
    """
    import numpy as np
    from PIL import Image

    pixels = levels
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[levels.shape[2]]
    if to_srgb := _to_srgb(mode, profile):
        pixels = np.empty((*levels.shape[:2], 3), np.uint8)
        for rows in _bands(levels):
            some = levels[rows]
            eight = (some // 257 + (some % 257 > 128)).astype(np.uint8)
            pixels[rows] = to_srgb(Image.frombytes(mode, eight.shape[1::-1], eight.tobytes()))
    if pixels.shape[2] == 4:
        pixels = _of_inks(pixels)
    elif pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    return pixels if alpha is None else _over_white(pixels, alpha)


def divided(levels: Pixels, alpha: Pixels) -> Pixels:
    """Levels, (H, W, C), that have been multiplied by alpha, (H, W), as they were before."""
    import numpy as np

    divided = np.empty_like(levels)
    for rows in _bands(levels):
        share = np.maximum(alpha[rows], 1).astype(np.uint32)[:, :, None]
        divided[rows] = np.minimum((levels[rows] * np.uint32(TOP) + share // 2) // share, TOP)
    return divided


def _over_white(pixels: Pixels, alpha: Pixels) -> Pixels:
    import numpy as np

    top = np.uint32(np.iinfo(pixels.dtype).max)
    laid = np.empty_like(pixels)
    for rows in _bands(pixels):
        share = alpha[rows].astype(np.uint32)[:, :, None]
        laid[rows] = (pixels[rows] * share + top * (TOP - share) + TOP // 2) // TOP
    return laid


def _of_inks(levels: Pixels) -> Pixels:
    """Red, green and blue of cyan, magenta, yellow and black, each as much as it takes away, as Pillow has it."""
    import numpy as np

    colours = np.empty((*levels.shape[:2], 3), levels.dtype)
    for rows in _bands(levels):
        left = TOP - levels[rows].astype(np.uint32)
        colours[rows] = (left[:, :, :3] * left[:, :, 3:] + TOP // 2) // TOP
    return colours


def _bands(values: Pixels) -> list[slice]:
    """Rows, some at a time."""
    rows = max(1, BAND * len(values) // max(values.size, 1))
    return [slice(top, top + rows) for top in range(0, len(values), rows)]


def _to_srgb(mode: str, profile: bytes | None) -> Convert:
    """What turns an image of a mode into sRGB; None where a profile changes nothing, is broken or for other colours."""
    import numpy as np
    from PIL import Image, ImageCms

    if not profile:
        return None
    mode = {"1": "L", "L": "L", "LA": "L", "CMYK": "CMYK"}.get(mode, "RGB")
    try:
        own, way = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.Intent.RELATIVE_COLORIMETRIC
        how = ImageCms.Flags.BLACKPOINTCOMPENSATION | (mode == "L" and ImageCms.Flags.NOOPTIMIZE)  # exact near black
        transform = ImageCms.buildTransform(own, ImageCms.createProfile("sRGB"), mode, "RGB", way, how)
    except (ImageCms.PyCMSError, OSError, TypeError):
        return None
    probe = Image.fromarray(np.indices((52, 52, 52), np.uint8).T.reshape(52, -1, 3) * 5).convert(mode)
    change = np.asarray(transform.apply(probe)).astype(int) - np.asarray(probe.convert("RGB"))
    same = np.abs(change).max() <= 2  # sRGB itself has many profiles, which agree but for rounding
    return None if same else lambda image: transform.apply(image.convert(mode))
