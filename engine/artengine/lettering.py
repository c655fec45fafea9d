"""Titles and captions over a picture: light letters with a soft shadow, readable on anything."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Layer = np.ndarray[Any, Any]

TITLE, SUBTITLE, CAPTION = 0.11, 0.045, 0.042  # of the picture's height
MARGIN = 0.08  # of the picture's height, below a caption
WIDEST = 0.88  # of the picture's width, for a line
INK = (246, 244, 238)
SHADE = 0.62  # of the shadow's darkness


@dataclass(frozen=True, slots=True)
class Lettering:
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
def lettering(
    width: int, height: int, title: str | None, subtitle: str | None, caption: str | None
) -> Lettering | None:
    """The words of a shot; None where there are none. Lines that are too long are broken, then made smaller."""
    if not (title or subtitle or caption):
        return None
    ink = Image.new("L", (width, height))
    draw = ImageDraw.Draw(ink)
    size = min(height, width * 9 / 16)  # so that a tall picture does not get letters that are too large for it
    blocks = [(title, TITLE), (subtitle, SUBTITLE)]
    set_blocks = [_set(draw, text, round(share * size), width) for text, share in blocks if text]
    gap = round(0.035 * size)
    whole = sum(tall for _, _, tall in set_blocks) + gap * max(len(set_blocks) - 1, 0)
    top = (height - whole) / 2
    for text, font, tall in set_blocks:
        draw.multiline_text((width / 2, top), text, 255, font, anchor="ma", align="center")
        top += tall + gap
    if caption:
        text, font, tall = _set(draw, caption, round(CAPTION * size), width)
        draw.multiline_text((width / 2, height - MARGIN * size - tall), text, 255, font, anchor="ma", align="center")
    letters = np.asarray(ink, np.float32)[:, :, None] / 255
    blurred = ink.filter(ImageFilter.GaussianBlur(0.018 * size))
    shadow = np.minimum(np.asarray(blurred, np.float32)[:, :, None] / 255 * 3.2, 1.0)
    return Lettering(letters, shadow)


def _set(draw: ImageDraw.ImageDraw, text: str, size: int, width: int) -> tuple[str, Any, int]:
    """A text in lines that fit, its font, and its height."""
    while True:
        font = ImageFont.load_default(max(size, 6))
        lines = "\n".join(_broken(draw, line, font, WIDEST * width) for line in text.splitlines() or [""])
        left, above, right, below = draw.multiline_textbbox((0, 0), lines, font, anchor="la", align="center")
        if (right - left <= WIDEST * width and below - above <= WIDEST * draw.im.size[1]) or size <= 6:
            return lines, font, int(below - above)
        size = round(size * 0.9)


def _broken(draw: ImageDraw.ImageDraw, line: str, font: Any, width: float) -> str:
    """A line broken between words wherever it would be too long."""
    lines = [""]
    for word in line.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and draw.textlength(longer, font) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)
