"""Where a picture's file keeps a text about itself, such as the recipe that it was made from."""

from __future__ import annotations

import contextlib
import json
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

from artengine.files import containers
from artengine.files.jpeg_segments import read_segments, write_segments

#: The keyword of a PNG's text chunk, and the first key of a recipe's JSON.
RECIPE_KEYWORD = "artengine"
RECIPE_START = f'{{"{RECIPE_KEYWORD}"'
#: The formats of pictures that are opened, ours and others'.
PHOTO_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP")
#: What follows the length in every weights file of ours.
WEIGHTS_HEADER = b'{"__metadata__":{"artengine":"'
#: The key of a recipe's JSON that holds weights, much the longest of them.
WEIGHTS_FIELD = "weights"
MAX_EXIF_TEXT = 60_000  # a JPEG keeps EXIF in one segment of 64 kB
IMAGE_DESCRIPTION = 0x010E  # ImageDescription, the tag that EXIF and TIFF share


def jpeg_fields(text: str | None) -> dict[str, bytes]:
    """A recipe as Pillow's writer of JPEG takes it: in EXIF; one that is too long for that in segments of its own.

    In EXIF, which other programs care for more than for our segments, there is then what fits of it: all but weights.
    """
    if text is None or len(text) <= MAX_EXIF_TEXT:
        return {"exif": exif(text)}
    short = _without_weights(text)
    return {"exif": exif(short if len(short) <= MAX_EXIF_TEXT else None), "extra": write_segments(text)}


def _without_weights(text: str) -> str:
    fields = json.loads(text)
    return json.dumps({name: fields[name] for name in fields if name != WEIGHTS_FIELD})


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
    with path.open("rb") as file:
        if description := read_segments(file):
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
