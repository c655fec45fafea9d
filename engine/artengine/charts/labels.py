"""Words that have to fit into so many pixels, in Pillow's own font."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from artengine.errors import printable

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

_MAX_LABEL_LENGTH = 400  # characters; of a longer one only these are looked at
_KNOWN_SIGNS = "©«°±·»‘’“”…‹›™"  # besides ASCII, in Pillow's own font


def shorten(text: str, font: FreeTypeFont | ImageFont, width: int) -> str:
    """The text on one line, with an ellipsis in its middle where it is wider than so many pixels.

    Pillow's own font knows few signs: letters lose their accents, what it lacks becomes a question mark.
    """
    text = " ".join("".join(map(_nearest_known, printable(text))).split())
    if len(text) <= _MAX_LABEL_LENGTH and font.getlength(text) <= width:
        return text
    low, high = 0, min(len(text), _MAX_LABEL_LENGTH)
    while low < high:
        length = (low + high + 1) // 2
        low, high = (length, high) if font.getlength(_fold(text, length)) <= width else (low, length - 1)
    return _fold(text, low)


def _nearest_known(sign: str) -> str:
    """A sign, or what is nearest to it, in Pillow's own font."""
    if sign in _KNOWN_SIGNS:
        return sign
    bare = unicodedata.normalize("NFKD", sign)[0]
    return bare if bare < "\x7f" or bare in _KNOWN_SIGNS else "?"


def _fold(text: str, length: int) -> str:
    tail = length // 2  # names of a series differ at their end
    return f"{text[: length - tail].rstrip()}…{text[len(text) - tail :].lstrip()}"
