"""Untrusted photos: opened with care, or refused with a reason.

Only raster formats that a scene may name are tried, size is checked before anything is decoded, a half photo is an
error. What comes out is upright, in the colours of sRGB, with transparency laid over white.
"""

from __future__ import annotations

import hashlib
import io
import logging
import warnings
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artengine.files import PHOTO_FORMATS, lift_size_limit
from artengine.media.base import Media, read_untrusted
from artengine.media.blocks import reduce_blocks
from artengine.media.png_colours import HdrError, png_profile, without_broken_colours

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

MAX_MEGAPIXELS = 64.0
GREY = ("1", "L", "LA", "I")  # modes of Pillow
PNG = b"\x89PNG\r\n\x1a\n"  # first bytes
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class _RefusedError(ValueError):
    """A picture that is whole, and yet not one we take."""


@dataclass(frozen=True)
class Photo(Media):
    """A picture file that a scene names, read when the scene was loaded.

    pixels: (H, W, 3) unsigned integers, 8 or 16 bit, as displayed.
    """

    pixels: np.ndarray[Any, Any] = field(repr=False, compare=False)

    def image(self, downscale: int = 1) -> np.ndarray[Any, Any]:
        """(H, W, 3) float32 in [0, 1]; downscale averages that many pixels a side into one.

        What is left at the right and at the bottom is averaged too; `View.reduced` tells where each of them is.
        """
        import numpy as np

        top = np.iinfo(self.pixels.dtype).max

        def average(blocks: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            image = np.empty((blocks.shape[0], blocks.shape[2], 3), np.float32)
            for row, cut in enumerate(blocks):  # one by one: all pixels as floats take four times what they take here
                image[row] = (cut.astype(np.float32) / top).mean(axis=(0, 2), dtype=np.float32)
            return image

        return reduce_blocks(self.pixels, downscale, average)


def open_photo(path: Path, name: str, max_megapixels: float = MAX_MEGAPIXELS) -> Photo:
    """The photo at path, decoded.

    Raises `ValueError` saying what was found and what to do.
    """
    data = read_untrusted(path, "picture")
    return Photo(path, hashlib.sha256(data).hexdigest(), name, _decode(data, max_megapixels))


def _decode(data: bytes, max_megapixels: float) -> np.ndarray[Any, Any]:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata is no reason to stop
            if data.startswith(TIFF) and (deep := _decode_deep_tiff(data, max_megapixels)) is not None:
                return deep
            if data.startswith(PNG):
                data = without_broken_colours(data)
            with lift_size_limit():
                image = Image.open(io.BytesIO(data), formats=PHOTO_FORMATS)  # none of its pixels read
            _refuse_too_large(image.width, image.height, max_megapixels)
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            profile = image.info.get("icc_profile")
            if image.format == "PNG":
                profile = png_profile(data, profile, grey=image.mode in GREY or image.mode.startswith("I;16"))
            return _to_pixels(image, profile)
    except _RefusedError:
        raise
    except HdrError as error:
        found = f"found a PNG in the light of {error} (HDR), expected colours that a screen of sRGB shows"
        raise ValueError(f"{found}; export it as SDR, in sRGB or Display P3") from None
    except UnidentifiedImageError:
        rare = " that is read, but a TIFF of a rare kind" if data.startswith(TIFF) else ""
        raise ValueError(f"found no picture{rare}, expected one of {', '.join(PHOTO_FORMATS)}") from None
    except Exception as error:  # on damaged files, parsers let through whatever they stumble over
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"found a damaged picture ({reason}), expected a whole one; open and save it anew") from None


def _refuse_too_large(width: int, height: int, max_megapixels: float) -> None:
    megapixels = width * height / 1e6
    if megapixels > max_megapixels:
        message = (
            f"found a photo of {width} x {height}, {megapixels:.0f} megapixels, expected at most {max_megapixels:g}"
        )
        raise _RefusedError(
            f"{message}; make it smaller, or raise the limit with --max-megapixels {megapixels + 1:.0f}"
        )


def _to_pixels(image: Image, profile: bytes | None) -> np.ndarray[Any, Any]:
    """(H, W, 3) uint8 or uint16 pixels from whatever mode the file had."""
    import numpy as np
    from PIL import Image

    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        grey = _levels(np.asarray(image))
        if isinstance(clear := image.info.get("transparency"), int):
            grey[grey == clear] = 0xFFFF
        return _to_rgb(grey, profile)
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    image = (profile and _to_srgb(image, profile)) or (image if image.mode == "RGB" else image.convert("RGB"))
    if alpha:
        image.putalpha(alpha)
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return np.asarray(image)


def _levels(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Numbers as 16-bit levels: integers as they are, floats as parts of 1, or of 255 where one is beyond 1."""
    import numpy as np

    if values.dtype.kind in "iu":
        return values.clip(0, 0xFFFF).astype(np.uint16, copy=False)
    if not np.isfinite(values).all():
        raise _RefusedError("found a picture with values that are not numbers, expected finite ones")
    top = 1.0 if values.max(initial=0) <= 1 else 255.0
    return np.asarray(np.rint((values / top).clip(0, 1) * 0xFFFF), dtype=np.uint16)


def _to_rgb(levels: np.ndarray[Any, Any], profile: bytes | None) -> np.ndarray[Any, Any]:
    """(H, W, 3) pixels from (H, W) or (H, W, 3) of 16 bits; of 8 where a profile asks for other colours."""
    import numpy as np
    from PIL import Image

    if profile and (
        converted := _to_srgb(Image.fromarray((levels // 257 + (levels % 257 > 128)).astype(np.uint8)), profile)
    ):
        return np.asarray(converted)
    return levels if levels.ndim == 3 else np.repeat(levels[:, :, None], 3, axis=2)


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


def _decode_deep_tiff(data: bytes, max_megapixels: float) -> np.ndarray[Any, Any] | None:
    """The pixels of a TIFF of 16 bits or floats, which Pillow cuts to 8 bits or refuses; None for any other one."""
    import tifffile

    for reader in ("tifffile", "PIL.TiffImagePlugin"):
        logging.getLogger(reader).setLevel(logging.CRITICAL + 1)  # what is wrong with a photo is said once, by us
    try:
        page: Any = tifffile.TiffFile(io.BytesIO(data)).pages.first
        orientation, profile = (page.tags.valueof(code) for code in (274, 34675))
    except Exception:  # whatever is wrong with it, Pillow tells
        return None
    channels = {0: 1, 1: 1, 2: 3}.get(page.photometric)
    form = (page.samplesperpixel, page.fillorder, orientation or 1, page.axes in ("YX", "YXS", "SYX"))
    kind = (str(page.dtype), page.bitspersample, page.predictor)
    kinds = (("uint16", 16, 1), ("uint16", 16, 2), ("float32", 32, 1), ("float64", 64, 1))
    if form != (channels, 1, 1, True) or kind not in kinds or page.compression not in (1, 8, 32946):
        return None
    _refuse_too_large(page.imagewidth, page.imagelength, max_megapixels)
    room = 2 * page.nbytes + 2**24  # tiles may lie over the edges
    for start, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        part = data[start : start + count]
        room -= len(part if page.compression == 1 else zlib.decompressobj().decompress(part, room + 1))
        if not part or room < 0:  # tifffile would take it for black, or fill the memory
            raise ValueError("a strip or tile is not of its size")
    values = page.asarray(maxworkers=1)
    levels = _levels(values.transpose(1, 2, 0) if page.axes == "SYX" else values)
    return _to_rgb(0xFFFF - levels if page.photometric == 0 else levels, profile)
