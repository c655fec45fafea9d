"""Where a picture's file keeps a text about itself, such as the recipe that it was made from."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

from artengine.files import containers

#: The keyword of a PNG's text chunk, and the first key of a recipe's JSON.
RECIPE_KEYWORD = "artengine"
RECIPE_START = f'{{"{RECIPE_KEYWORD}"'
#: The formats of pictures that are opened, ours and others'.
PHOTO_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP")
#: What follows the length in every weights file of ours.
WEIGHTS_HEADER = b'{"__metadata__":{"artengine":"'
IMAGE_DESCRIPTION = 0x010E  # ImageDescription, the tag that EXIF and TIFF share


def exif(text: str | None) -> bytes:
    """A recipe as the EXIF block that JPEG and WebP take; nothing for none."""
    from PIL import Image

    if text is None:
        return b""
    block = Image.Exif()
    block[IMAGE_DESCRIPTION] = text
    return block.tobytes()


def read_embedded(path: Path) -> str:
    """The text in the field of a file where a recipe would be, whatever it says; empty where there is none.

    Raises what the readers of its format raise for a damaged file.
    """
    description = containers.read_description(path)
    if description is not None:
        return description
    from PIL import Image

    with warnings.catch_warnings(), lift_size_limit(), Image.open(path, formats=PHOTO_FORMATS) as image:
        warnings.simplefilter("ignore")  # only the description is read, no pixel and no other metadata
        text = image.info.get(RECIPE_KEYWORD) or image.getexif().get(IMAGE_DESCRIPTION)
    return text.decode("latin-1") if isinstance(text, bytes) else str(text or "")


def is_weights(start: bytes) -> bool:
    """Whether a file that begins like this, with twelve bytes or more, is one of our weights files."""
    return len(start) >= 12 and WEIGHTS_HEADER.startswith(start[8 : 8 + len(WEIGHTS_HEADER)])


@contextlib.contextmanager
def lift_size_limit() -> Iterator[None]:
    """While a picture is opened, lift Pillow's own limit of size, since ours is what a user can raise."""
    from PIL import Image

    with _opening:
        usual, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = usual


_opening = threading.Lock()
