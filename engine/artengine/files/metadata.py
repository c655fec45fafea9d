"""Where a picture's file keeps a text about itself, such as the recipe that it was made from."""

from __future__ import annotations

#: The keyword of a PNG's text chunk, and the first key of a recipe's JSON.
RECIPE_KEYWORD = "artengine"
RECIPE_START = f'{{"{RECIPE_KEYWORD}"'
#: What follows the length in every weights file of ours.
WEIGHTS_HEADER = b'{"__metadata__":{"artengine":"'
#: The key of a recipe's JSON that holds weights, much the longest of them.
WEIGHTS_FIELD = "weights"
_IMAGE_DESCRIPTION = 0x010E  # ImageDescription, the tag that EXIF and TIFF share


def exif(text: str | None) -> bytes:
    """A recipe as the EXIF block that JPEG and WebP take; nothing for none."""
    from PIL import Image

    if text is None:
        return b""
    block = Image.Exif()
    block[_IMAGE_DESCRIPTION] = text
    return block.tobytes()


def is_weights(start: bytes) -> bool:
    """Whether a file that begins like this, with twelve bytes or more, is one of our weights files."""
    return len(start) >= 12 and WEIGHTS_HEADER.startswith(start[8 : 8 + len(WEIGHTS_HEADER)])
