"""Words that have to fit into so many pixels, in Pillow's own font."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from artengine.errors import printable

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

_FOLDED = 400  # characters of a label that are looked at at all
_SIGNS = "©«°±·»‘’“”…‹›™"  # besides ASCII, in Pillow's own font


def shortened(text: str, font: FreeTypeFont | ImageFont, width: int) -> str:
    """The text on one line, with an ellipsis in its middle where it is wider than so many pixels.

    Pillow's own font knows few signs: letters lose their accents, what it lacks becomes a question mark.
    """
    text = " ".join("".join(map(_known, printable(text))).split())
    if len(text) <= _FOLDED and font.getlength(text) <= width:
        return text
    low, high = 0, min(len(text), _FOLDED)
    while low < high:
        kept = (low + high + 1) // 2
        low, high = (kept, high) if font.getlength(_folded(text, kept)) <= width else (low, kept - 1)
    return _folded(text, low)


def _known(sign: str) -> str:
    """A sign, or what is nearest to it, in Pillow's own font."""
    if sign in _SIGNS:
        return sign
    bare = unicodedata.normalize("NFKD", sign)[0]
    return bare if bare < "\x7f" or bare in _SIGNS else "?"


def _folded(text: str, kept: int) -> str:
    tail = kept // 2  # names of a series differ at their end
    return f"{text[: kept - tail].rstrip()}…{text[len(text) - tail :].lstrip()}"
