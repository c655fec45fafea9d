"""Pixels of any kind as sRGB: numbers as levels, profiles, inks, and transparency laid over white."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from artengine.media.base import RefusedError

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    Pixels = np.ndarray[Any, Any]

TOP = 0xFFFF  # the greatest of 16-bit levels
BAND = 1 << 20  # numbers that are worked on at a time: as floats, all of them would take many times what they take


def of_image(image: Image, profile: bytes | None) -> Pixels:
    """(H, W, 3) uint8 or uint16 pixels from whatever mode an image of Pillow has."""
    import numpy as np
    from PIL import Image

    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        grey = levels_of(np.array(image))
        if isinstance(clear := image.info.get("transparency"), int):
            grey[grey == clear] = TOP
        return of_levels(grey[:, :, None], profile)
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    image = (profile and _to_srgb(image, profile)) or (image if image.mode == "RGB" else image.convert("RGB"))
    if alpha:
        image.putalpha(alpha)
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return np.asarray(image)


def levels_of(values: Pixels) -> Pixels:
    """Numbers, (H, W, ...), as 16-bit levels: integers as they are, floats as parts of 1, or of 255 where one is more.

    Raises `RefusedError` where some are no numbers.
    """
    import numpy as np

    if values.dtype == np.uint16:
        return values
    levels = np.empty(values.shape, np.uint16)
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
    if profile:
        size, mode = (levels.shape[1], levels.shape[0]), {1: "L", 3: "RGB", 4: "CMYK"}[levels.shape[2]]
        image = Image.frombytes(mode, size, (levels // 257 + (levels % 257 > 128)).astype(np.uint8).tobytes())
        if converted := _to_srgb(image, profile):
            pixels = np.asarray(converted)
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
        share = np.maximum(alpha[rows], 1).astype(np.uint64)[:, :, None]
        divided[rows] = np.minimum((levels[rows] * np.uint64(TOP) + share // 2) // share, TOP)
    return divided


def _over_white(pixels: Pixels, alpha: Pixels) -> Pixels:
    import numpy as np

    top = np.uint64(np.iinfo(pixels.dtype).max)
    laid = np.empty_like(pixels)
    for rows in _bands(pixels):
        share = alpha[rows].astype(np.uint64)[:, :, None]
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


def _to_srgb(image: Image, profile: bytes) -> Image | None:
    """The picture in sRGB; None where a profile changes nothing, is broken or for colours of another kind."""
    import numpy as np
    from PIL import Image, ImageCms

    mode = {"1": "L", "L": "L", "LA": "L", "CMYK": "CMYK"}.get(image.mode, "RGB")
    try:
        own, way = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.Intent.RELATIVE_COLORIMETRIC
        how = ImageCms.Flags.BLACKPOINTCOMPENSATION | (mode == "L" and ImageCms.Flags.NOOPTIMIZE)  # exact near black
        transform = ImageCms.buildTransform(own, ImageCms.createProfile("sRGB"), mode, "RGB", way, how)
    except (ImageCms.PyCMSError, OSError, TypeError):
        return None
    probe = Image.fromarray(np.indices((52, 52, 52), np.uint8).T.reshape(52, -1, 3) * 5).convert(mode)
    change = np.asarray(transform.apply(probe)).astype(int) - np.asarray(probe.convert("RGB"))
    same = np.abs(change).max() <= 2  # sRGB itself has many profiles, which agree but for rounding
    return None if same else transform.apply(image.convert(mode))
