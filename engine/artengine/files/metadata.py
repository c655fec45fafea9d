"""Where a picture's file keeps a text about itself, such as the recipe that it was made from."""

from __future__ import annotations

#: The keyword of a PNG's text chunk, and the first key of a recipe's JSON.
RECIPE_KEYWORD = "artengine"
IMAGE_DESCRIPTION = 0x010E  # ImageDescription, the tag that EXIF and TIFF share


def exif(text: str | None) -> bytes:
    """A recipe as the EXIF block that JPEG and WebP take; nothing for none."""
    from PIL import Image

    if text is None:
        return b""
    block = Image.Exif()
    block[IMAGE_DESCRIPTION] = text
    return block.tobytes()
