"""Untrusted fonts: opened with care, or refused with a reason."""

from __future__ import annotations

import functools
import hashlib
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from artengine.media.base import Media, read_untrusted

FORMATS = ("TTF", "OTF")
_STARTS = (b"\x00\x01\x00\x00", b"OTTO", b"true")
_MISSING = "\U0010fffd"  # a letter that no font has: what is written in its place is written for all that are missing

#: The letters of the font that Pillow brings.
BUILT_IN = frozenset(map(chr, range(32, 127))) | set("\n\t©«°±´·»‘’“”…‹›⁄™")


@dataclass(frozen=True)
class Font(Media):
    """A font file that a scene names, read when the scene was loaded. data: the file, whole."""

    data: bytes = field(repr=False, compare=False)

    def at(self, size: int) -> Any:
        """The font at a size in pixels, as Pillow has it."""
        return _truetype(self.data, size)


def font_at_size(font: Font | None, size: int) -> Any:
    """A font at a size in pixels; where there is none, the one that Pillow brings."""
    from PIL import ImageFont

    return font.at(size) if font else ImageFont.load_default(size)


def missing_letters(font: Font | None, text: str) -> list[str]:
    """The letters of a text that a font has not."""
    letters = sorted(set(text))
    if font is None:
        return [letter for letter in letters if letter not in BUILT_IN]
    shown = font.at(24)
    box = _ink(shown, _MISSING)
    return [letter for letter in letters if not letter.isspace() and _ink(shown, letter) == box]


def is_font(start: bytes) -> bool:
    """Whether a file that begins like this is a font."""
    return start.startswith(_STARTS)


def open_font(path: Path, name: str) -> Font:
    """The font at path, which has been tried.

    Raises `ValueError` saying what was found and what to do.
    """
    data = read_untrusted(path, "font")
    if not is_font(data):
        raise ValueError(f"found no font, expected one of {', '.join(FORMATS)}")
    font = Font(path, hashlib.sha256(data).hexdigest(), name, data)
    try:
        _ink(font.at(24), "A")
    except (OSError, ValueError, MemoryError) as error:
        raise ValueError(f"found a damaged font ({error}), expected a whole one") from None
    return font


@functools.lru_cache(maxsize=64)
def _truetype(data: bytes, size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(io.BytesIO(data), size, layout_engine=ImageFont.Layout.BASIC)


def _ink(font: Any, letter: str) -> tuple[Any, bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)
