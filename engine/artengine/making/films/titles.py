"""Titles and captions over a picture: light letters with a soft shadow, readable on anything."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from artengine.media import Font, font_at_size

Layer = np.ndarray[Any, Any]

TITLE, SUBTITLE, CAPTION = 0.11, 0.045, 0.042  # of the picture's height
MARGIN = 0.08  # of the picture's height, below a caption
WIDEST = 0.88  # of the picture's width, for a line
TALLEST_TITLE, TALLEST = 0.42, 0.12  # of the picture's height, for all lines of a title, and of anything else
SMALLEST = 6  # pixels of a font: below, letters are dust
INK = (246, 244, 238)
SHADE = 0.62  # of the shadow's darkness


@dataclass(frozen=True, slots=True)
class TitleLayer:
    """Words for a picture of some size: their ink and their shadow, (H, W, 1) floats in [0, 1]."""

    ink: Layer
    shadow: Layer

    def over(self, image: Layer, opacity: float = 1.0) -> Layer:
        """The words laid over an image, (H, W, 3) or (H, W, 1) floats in [0, 1]."""
        colour = np.array(INK, dtype=image.dtype) / 255 if image.shape[2] == 3 else np.array([0.96], dtype=image.dtype)
        dimmed = image * (1 - SHADE * opacity * self.shadow)
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
    blocks = [(title, TITLE, TALLEST_TITLE), (subtitle, SUBTITLE, TALLEST)]
    middle = [
        _set(draw, text, font, round(share * size), (width, round(most * height)))
        for text, share, most in blocks
        if text
    ]
    gap = round(0.035 * size)
    top = (height - sum(block.tall for block in middle) - gap * max(len(middle) - 1, 0)) / 2
    for block in middle:
        block.draw(draw, width / 2, top)
        top += block.tall + gap
    if caption:
        block = _set(draw, caption, font, round(CAPTION * size), (width, round(TALLEST * height)))
        block.draw(draw, width / 2, height - MARGIN * size - block.tall)
    letters = np.asarray(ink, np.float32)[:, :, None] / 255
    blurred = ink.filter(ImageFilter.GaussianBlur(0.018 * size))
    shadow = np.minimum(np.asarray(blurred, np.float32)[:, :, None] / 255 * 3.2, 1.0)
    return TitleLayer(letters, shadow)


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines in a font; above: pixels between where they are put and the top of their ink. tall: pixels of that."""

    text: str
    font: Any
    above: float
    tall: float

    def draw(self, draw: ImageDraw.ImageDraw, middle: float, top: float) -> None:
        draw.multiline_text((middle, top - self.above), self.text, 255, self.font, anchor="ma", align="center")


def _set(draw: ImageDraw.ImageDraw, text: str, chosen: Font | None, size: int, room: tuple[int, int]) -> _Block:
    """A text in lines that fit into a room, (width, height) in pixels; words are cut where nothing else helps."""
    widest, tallest = WIDEST * room[0], room[1]
    wanted = size
    while True:
        font = font_at_size(chosen, max(size, SMALLEST))
        cut = size <= max(wanted / 2, SMALLEST)
        lines = [_broken(draw, line, font, widest, cut=cut) for line in text.splitlines()]
        broken = "\n".join(lines).strip("\n")
        left, above, right, below = draw.multiline_textbbox((0, 0), broken, font, anchor="ma", align="center")
        if (right - left <= widest and below - above <= tallest) or size <= SMALLEST:
            return _Block(broken, font, above, below - above)
        size = min(size - 1, round(size * 0.9))


def _broken(draw: ImageDraw.ImageDraw, line: str, font: Any, width: float, *, cut: bool) -> str:
    """A line broken between words wherever it would be too long; cut: and within them."""
    lines = [""]
    for word in line.split():
        for piece in _pieces(draw, word, font, width) if cut else [word]:
            longer = f"{lines[-1]} {piece}".strip()
            if lines[-1] and draw.textlength(longer, font) > width:
                lines.append(piece)
            else:
                lines[-1] = longer
    return "\n".join(lines)


def _pieces(draw: ImageDraw.ImageDraw, word: str, font: Any, width: float) -> list[str]:
    """A word in pieces that fit into a line."""
    pieces = [""]
    for letter in word:
        if pieces[-1] and draw.textlength(pieces[-1] + letter, font) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces
