"""Untrusted photos: opened with care, or refused with a reason.

Only raster formats that a scene may name are tried, size is checked before anything is decoded, a half photo is an
error. What comes out is upright, in the colours of sRGB, with transparency laid over white.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artengine.media.base import Media, RefusedError, lift_size_limit, read_untrusted
from artengine.media.blocks import reduce_blocks
from artengine.media.formats import (
    code_points_profile,
    colours,
    find_transparency,
    png_profile,
    tiff,
    without_broken_colours,
)

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

PHOTO_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP")
MAX_MEGAPIXELS = 64.0
MAX_SIDE = 1 << 17  # pixels: rows cost memory of their own, however short they are
MAX_RLE_MEGAPIXELS = 4.0  # of a packed BMP, a second or more each
MAX_BYTES = 8  # of each pixel, unpacked: four channels of 16 bits
GREY = ("1", "L", "LA", "I")  # modes of Pillow
HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
AVIF_BRANDS = {b"avif", b"avis"}
SVG = re.compile(
    rb"(\xef\xbb\xbf)?\s*(<\?xml.*?\?>\s*)?(<!--.*?-->\s*)*(<!DOCTYPE svg.*?>\s*)?<([\w-]+:)?svg[\s>]", re.DOTALL
)
PNG = b"\x89PNG\r\n\x1a\n"  # first bytes

_EXPECTED = f"expected one of {', '.join(PHOTO_FORMATS)}"


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

    def in_8_bits(self) -> np.ndarray[Any, Any]:
        """(H, W, 3) in 8 bits."""
        import numpy as np

        if self.pixels.dtype == np.uint8:
            return self.pixels
        return ((self.pixels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)

    def square(self, size: int, *, whole: bool = False) -> np.ndarray[Any, Any]:
        """(size, size, 3) in 8 bits: the largest square in the middle, or the whole photo squeezed into one.

        Made smaller or larger with Lanczos' filter, in the values that are displayed.
        """
        import numpy as np
        from PIL import Image

        pixels = self.in_8_bits()
        height, width = pixels.shape[:2]
        if not whole:
            side = min(height, width)
            top, left = (height - side) // 2, (width - side) // 2
            pixels = pixels[top : top + side, left : left + side]
        image = Image.fromarray(np.ascontiguousarray(pixels))
        return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS))


def is_photo(start: bytes) -> bool:
    """Whether a file that begins like this is a picture of a format that is read, or named where it is not."""
    usual = start.startswith((PNG, *tiff.STARTS, b"\xff\xd8\xff", b"GIF8", b"BM")) or start[8:12] == b"WEBP"
    return usual or bool(_brands(start) & (HEIC_BRANDS | AVIF_BRANDS)) or SVG.match(start[:4096]) is not None


def open_photo(path: Path, name: str, max_megapixels: float = MAX_MEGAPIXELS) -> Photo:
    """The photo at path, decoded.

    Raises `ValueError` saying what was found and what to do.
    """
    return decode_photo(path, name, read_untrusted(path, "picture"), max_megapixels)


def decode_photo(path: Path, name: str, data: bytes, max_megapixels: float = MAX_MEGAPIXELS) -> Photo:
    """The photo of these bytes, which are those of the file at path; raises as `open_photo` does."""
    return Photo(path, hashlib.sha256(data).hexdigest(), name, _decode(data, max_megapixels))


def _decode(data: bytes, max_megapixels: float) -> np.ndarray[Any, Any]:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata is no reason to stop
            if data.startswith(tiff.STARTS):
                tiff.hush()
                if page := tiff.first_page(data):
                    data = tiff.with_plain_tags(data, page)
                    if own := tiff.open_tiff(data, page):
                        _refuse_too_large(own.width, own.height, max_megapixels)
                        _refuse_too_heavy(own.nbytes, max_megapixels)
                        return own.pixels()
            formats = _formats(data)
            if data.startswith(PNG):
                data = without_broken_colours(data)
            with lift_size_limit():
                image = Image.open(io.BytesIO(data), formats=formats)  # none of its pixels read
            _refuse_too_large(image.width, image.height, max_megapixels)
            if any(tile.codec_name == "bmp_rle" for tile in getattr(image, "tile", ())):
                _refuse_slow(image.width, image.height)
            image.load()
            find_transparency(image, data)
            ImageOps.exif_transpose(image, in_place=True)
            return colours.of_image(image, _profile(image, data))
    except RefusedError:
        raise
    except UnidentifiedImageError:
        rare = " that is read, but a TIFF of a rare kind" if data.startswith(tiff.STARTS) else ""
        raise ValueError(f"found no picture{rare}, {_EXPECTED}") from None
    except Exception as error:  # on damaged files, parsers let through whatever they stumble over
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"found a damaged picture ({reason}), expected a whole one; open and save it anew") from None


def _brands(start: bytes) -> set[bytes]:
    """What kinds of picture a file of boxes says that it is. Source: ISO/IEC 14496-12, section 4.3."""
    end = min(int.from_bytes(start[:4], "big"), 128) if start[4:8] == b"ftyp" else 0
    return {start[at : at + 4] for at in range(8, end, 4)}


def _formats(data: bytes) -> tuple[str, ...]:
    """The formats that are tried; raises `RefusedError` for one that is well known and not read."""
    brands = _brands(data)
    if brands & AVIF_BRANDS:
        raise RefusedError(f"found an AVIF picture, {_EXPECTED}; save it as PNG")
    if brands & HEIC_BRANDS:
        try:
            import pillow_heif
        except ImportError:
            found = f"found a HEIC photo, {_EXPECTED}"
            raise RefusedError(f"{found}; save it as JPEG, or install what reads it: pip install pillow-heif") from None
        pillow_heif.register_heif_opener()
        return ("HEIF",)
    if SVG.match(data[:4096]):
        raise RefusedError(f"found an SVG drawing, {_EXPECTED}; export it as PNG, as large as you like it")
    return PHOTO_FORMATS


def _profile(image: Image, data: bytes) -> bytes | None:
    """The ICC profile that a picture brings or means; None for sRGB."""
    profile: bytes | None = image.info.get("icc_profile")
    grey = image.mode in GREY or image.mode.startswith("I;16")
    if image.format == "PNG":
        return png_profile(data, profile, grey=grey)
    if "nclx_profile" in image.info:  # of HEIC
        points = image.info["nclx_profile"]
        numbers = points["color_primaries"], points["transfer_characteristics"]
        return code_points_profile(*numbers, profile, grey=grey)
    return profile


def _refuse_slow(width: int, height: int) -> None:
    if width * height / 1e6 > MAX_RLE_MEGAPIXELS:
        found = f"found a packed BMP of {width * height / 1e6:.0f} megapixels, expected at most {MAX_RLE_MEGAPIXELS:g}"
        raise RefusedError(f"{found}; save it as PNG")


def _refuse_too_heavy(size: int, max_megapixels: float) -> None:
    megabytes, most = size / 1e6, MAX_BYTES * max_megapixels
    if megabytes > most:
        found = f"found a TIFF of {megabytes:.0f} MB when it is unpacked, expected at most {most:.0f} MB"
        more = f"--max-megapixels {megabytes / MAX_BYTES + 1:.0f}"
        raise RefusedError(f"{found}; save it in 16 bits, make it smaller, or raise the limit with {more}")


def _refuse_too_large(width: int, height: int, max_megapixels: float) -> None:
    if max(width, height) > MAX_SIDE:
        found = f"found a photo of {width} x {height}, expected at most {MAX_SIDE} pixels a side"
        raise RefusedError(f"{found}; cut it, or make it smaller")
    megapixels = width * height / 1e6
    if megapixels > max_megapixels:
        message = (
            f"found a photo of {width} x {height}, {megapixels:.0f} megapixels, expected at most {max_megapixels:g}"
        )
        raise RefusedError(f"{message}; make it smaller, or raise the limit with --max-megapixels {megapixels + 1:.0f}")
