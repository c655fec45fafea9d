"""Photos from strangers: opened with care, or refused with a reason.

Only raster formats that a scene may name are tried, size is checked before anything is decoded, a half photo is an
error. What comes out is upright, in colour, with transparency laid over white.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artengine.media import Media, read

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP")
MAX_MEGAPIXELS = 64.0

_opening = threading.Lock()


class _RefusedError(ValueError):
    """A picture that is whole, and yet not one we take."""


@dataclass(frozen=True)
class Photo(Media):
    """A picture file that a scene names, read when the scene was loaded.

    pixels: (H, W, 3) unsigned integers, 8 or 16 bit, as displayed.
    """

    pixels: np.ndarray[Any, Any] = field(repr=False, compare=False)

    def image(self, downscale: int = 1) -> np.ndarray[Any, Any]:
        """(H, W, 3) float32 in [0, 1]; downscale averages that many pixels a side into one."""
        import numpy as np

        image = self.pixels.astype(np.float32) / np.iinfo(self.pixels.dtype).max
        if downscale == 1:
            return image
        rows, columns = (max(1, side // downscale) for side in image.shape[:2])
        high, wide = (min(downscale, side) for side in image.shape[:2])
        cut = image[: rows * high, : columns * wide]
        return np.ascontiguousarray(cut.reshape(rows, high, columns, wide, 3).mean(axis=(1, 3), dtype=np.float32))


def open_photo(path: Path, name: str, max_megapixels: float = MAX_MEGAPIXELS) -> Photo:
    """The photo at path, decoded.

    Raises `ValueError` saying what was found and what to do.
    """
    data = read(path, "picture")
    return Photo(path, hashlib.sha256(data).hexdigest(), name, _decode(data, max_megapixels))


def _decode(data: bytes, max_megapixels: float) -> np.ndarray[Any, Any]:
    from PIL import ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata is no reason to stop
            with _opened(data) as image:
                megapixels = image.width * image.height / 1e6
                if megapixels > max_megapixels:
                    size = f"{image.width} x {image.height}, {megapixels:.0f} megapixels"
                    hint = f"make it smaller, or raise the limit with --max-megapixels {megapixels + 1:.0f}"
                    raise _RefusedError(f"found a photo of {size}, expected at most {max_megapixels:g}; {hint}")
                image.load()
                return _upright(ImageOps.exif_transpose(image))
    except _RefusedError:
        raise
    except UnidentifiedImageError:
        raise ValueError(f"found no picture, expected one of {', '.join(FORMATS)}") from None
    except Exception as error:  # on damaged files, Pillow's parsers let through whatever they stumble over
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"found a damaged picture ({reason}), expected a whole one; open and save it anew") from None


def _opened(data: bytes) -> Image:
    """The picture, none of its pixels read."""
    import io

    from PIL import Image

    with any_size():
        return Image.open(io.BytesIO(data), formats=FORMATS)


@contextlib.contextmanager
def any_size() -> Iterator[None]:
    """While a picture is opened, lift Pillow's own limit of size, since ours is what a user can raise."""
    from PIL import Image

    with _opening:
        usual, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = usual


def _upright(image: Image) -> np.ndarray[Any, Any]:
    """(H, W, 3) uint8 or uint16 pixels from whatever mode the file had."""
    import numpy as np
    from PIL import Image

    if image.mode.startswith("I;16") or image.mode == "I":
        grey = np.asarray(image).astype(np.int64).clip(0, 0xFFFF).astype(np.uint16)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.mode == "F":
        values = np.asarray(image)
        if not np.isfinite(values).all():
            raise _RefusedError("found a picture with values that are not numbers, expected finite ones")
        top = 1.0 if values.max(initial=0) <= 1 else 255.0
        grey = (values / top).clip(0, 1) * 0xFFFF
        return np.repeat(np.rint(grey).astype(np.uint16)[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        colour = image.convert("RGBA")
        white = Image.new("RGBA", colour.size, "white")
        image = Image.alpha_composite(white, colour)
    return np.asarray(image.convert("RGB"))
