"""What is transparent in a picture and Pillow does not tell, or tells in numbers of the file that its own are not."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

from artengine.media.base import lift_size_limit

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

_BITFIELDS, _ALPHA_BIT = 3, 1 << 15  # of a BMP


def find_transparency(image: Image, data: bytes) -> None:
    """Give an image, whose pixels have been read from the data of a file, what is transparent there."""
    if image.format == "PNG":
        _find_in_png(image, data)
    elif image.format == "BMP":
        _find_in_bmp(image, data)
    elif image.format == "GIF":
        _find_in_gif(image)


def _find_in_png(image: Image, data: bytes) -> None:
    """The chunk tRNS names a colour in as many bits as the file has. Source: PNG (third edition), section 11.3.1.1."""
    import numpy as np

    clear, bits = image.info.get("transparency"), data[24]
    if isinstance(clear, int) and bits in (2, 4):
        most = (1 << bits) - 1
        image.info["transparency"] = (clear & most) * (255 // most)
    elif isinstance(clear, tuple) and bits == 16:
        highs, lows = np.asarray(image), np.asarray(_of_low_bytes(data))
        there = np.zeros(highs.shape[:2], bool)
        for channel, level in enumerate(clear):
            there |= highs[..., channel] != level >> 8
            there |= lows[..., channel] != level & 0xFF
        _set_alpha(image, there)


def _of_low_bytes(data: bytes) -> Image:
    """A PNG of 16 bits, red, green and blue, with the less significant bytes of its levels: Pillow reads the others."""
    from PIL import Image

    with lift_size_limit():
        image = Image.open(io.BytesIO(data), formats=("PNG",))
    image.tile = [tile._replace(args="RGB;16L") for tile in image.tile]
    image.load()
    return image


def _find_in_bmp(image: Image, data: bytes) -> None:
    """Of 16 bits, one may be alpha, from the third header on. Pillow reads no other masks than of 15 and 16 bits."""
    import numpy as np

    head = data[:70].ljust(70, b"\0")
    start, header, width, height, bits, packing, mask = struct.unpack("<10xIIii2xHI32xI", head)
    if header < 56 or bits != 16 or packing != _BITFIELDS or mask != _ALPHA_BIT:
        return
    stride = -(-2 * width // 4) * 2
    rows = np.frombuffer(data, "<u2", stride * abs(height), start).reshape(abs(height), stride)[:, :width]
    _set_alpha(image, (rows if height < 0 else rows[::-1]) & _ALPHA_BIT != 0)


def _find_in_gif(image: Image) -> None:
    """Nothing is where the first frame does not reach, as browsers have it; Pillow puts the first of its colours."""
    import numpy as np

    box: tuple[int, int, int, int] = image.dispose_extent  # type: ignore[attr-defined]
    if box == (0, 0, *image.size):
        return
    left, top, right, bottom = box
    there = np.zeros((image.height, image.width), bool)
    there[top:bottom, left:right] = np.asarray(image.crop(box).convert("RGBA"))[:, :, 3] > 0
    _set_alpha(image, there)


def _set_alpha(image: Image, there: np.ndarray[Any, Any]) -> None:
    """Make an image transparent but where there is something: (H, W) bools."""
    from PIL import Image

    image.info.pop("transparency", None)
    image.putalpha(Image.fromarray(there).convert("L"))
