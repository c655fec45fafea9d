"""Titles and captions over a picture: light letters with a soft shadow, readable on anything."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from artengine.media import Font, font_at_size

Layer = np.ndarray[Any, Any]

TITLE_SIZE, SUBTITLE_SIZE, CAPTION_SIZE = 0.11, 0.045, 0.042  # of the picture's height
CAPTION_MARGIN = 0.08  # of the picture's height, below a caption
MAX_LINE_WIDTH = 0.88  # of the picture's width, for a line
MAX_TITLE_HEIGHT, MAX_TEXT_HEIGHT = 0.42, 0.12  # of the picture's height: all lines of it
MIN_FONT_SIZE = 6  # pixels of a font: below, letters are dust
INK_COLOUR, INK_GREY = (246, 244, 238), 0.96
SHADOW_STRENGTH = 0.62  # of the shadow's darkness


@dataclass(frozen=True, slots=True)
class TitleLayer:
    """Words for a picture of some size: their ink and their shadow, (H, W, 1) floats in [0, 1]."""

    ink: Layer
    shadow: Layer

    def lay_over(self, image: Layer, opacity: float = 1.0) -> Layer:
        """The words laid over an image, (H, W, 3) or (H, W, 1) floats in [0, 1]."""
        coloured = image.shape[2] == 3
        colour = np.array(INK_COLOUR, image.dtype) / 255 if coloured else np.array([INK_GREY], image.dtype)
        dimmed = image * (1 - SHADOW_STRENGTH * opacity * self.shadow)
        mixed: Layer = dimmed + (colour - dimmed) * (opacity * self.ink)
        return mixed.astype(image.dtype)


@functools.lru_cache(maxsize=4)  # of a shot and the one that it fades into
def render_titles(
    width: int, height: int, title: str | None, subtitle: str | None, caption: str | None, font: Font | None = None
) -> TitleLayer | None:
    """The words of a shot; None where there are none. Lines that are too long are broken, then smaller.

    font: the one that Pillow brings where there is none.
    """
    if not (title or subtitle or caption):
        return None
    ink = Image.new("L", (width, height))
    draw = ImageDraw.Draw(ink)
    size = min(height, width * 9 / 16)  # so that a tall picture does not get letters that are too large for it
    blocks = [(title, TITLE_SIZE, MAX_TITLE_HEIGHT), (subtitle, SUBTITLE_SIZE, MAX_TEXT_HEIGHT)]
    middle = [
        _fit_text(draw, text, font, round(share * size), (width, round(most * height)))
        for text, share, most in blocks
        if text
    ]
    gap = round(0.035 * size)
    top = (height - sum(block.height for block in middle) - gap * max(len(middle) - 1, 0)) / 2
    for block in middle:
        block.draw(draw, width / 2, top)
        top += block.height + gap
    if caption:
        block = _fit_text(draw, caption, font, round(CAPTION_SIZE * size), (width, round(MAX_TEXT_HEIGHT * height)))
        block.draw(draw, width / 2, height - CAPTION_MARGIN * size - block.height)
    letters = np.asarray(ink, np.float32)[:, :, None] / 255
    blurred = ink.filter(ImageFilter.GaussianBlur(0.018 * size))
    shadow = np.minimum(np.asarray(blurred, np.float32)[:, :, None] / 255 * 3.2, 1.0)
    return TitleLayer(letters, shadow)


@dataclass(frozen=True, slots=True)
class _TextBlock:
    """Lines in a font; above: pixels from where they are put to the top of their ink. height: of the ink, in pixels."""

    text: str
    font: Any
    above: float
    height: float

    def draw(self, draw: ImageDraw.ImageDraw, middle: float, top: float) -> None:
        draw.multiline_text((middle, top - self.above), self.text, 255, self.font, anchor="ma", align="center")


def _fit_text(
    draw: ImageDraw.ImageDraw, text: str, chosen: Font | None, size: int, room: tuple[int, int]
) -> _TextBlock:
    """A text in lines that fit into a room, (width, height) in pixels; words are cut where nothing else helps."""
    widest, tallest = MAX_LINE_WIDTH * room[0], room[1]
    whole_words = size / 2  # down to this size no word is cut
    while True:
        font = font_at_size(chosen, max(size, MIN_FONT_SIZE))
        cut = size <= max(whole_words, MIN_FONT_SIZE)
        lines = [_break_line(draw, line, font, widest, cut=cut) for line in text.splitlines()]
        broken = "\n".join(lines).strip("\n")
        left, above, right, below = draw.multiline_textbbox((0, 0), broken, font, anchor="ma", align="center")
        if (right - left <= widest and below - above <= tallest) or size <= MIN_FONT_SIZE:
            return _TextBlock(broken, font, above, below - above)
        size = min(size - 1, round(size * 0.9))


def _break_line(draw: ImageDraw.ImageDraw, line: str, font: Any, width: float, *, cut: bool) -> str:
    """A line broken between words wherever it would be too long; cut: and within them."""
    lines = [""]
    for word in line.split():
        for piece in _split_word(draw, word, font, width) if cut else [word]:
            longer = f"{lines[-1]} {piece}".strip()
            if lines[-1] and draw.textlength(longer, font) > width:
                lines.append(piece)
            else:
                lines[-1] = longer
    return "\n".join(lines)


def _split_word(draw: ImageDraw.ImageDraw, word: str, font: Any, width: float) -> list[str]:
    """A word in pieces that fit into a line."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and draw.textlength(pieces[-1] + letter, font) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces
