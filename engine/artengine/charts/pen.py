"""A pen for charts: smooth lines and letters, drawn large and reduced in the end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from artengine.charts.labels import shorten

if TYPE_CHECKING:
    from PIL.Image import Image

PAPER, CARD, EDGE = "#f6f3ec", "#fffdf8", "#e4ded1"
_MAX_CANVAS_PIXELS = 50_000_000  # drawn at up to four times the width of the picture

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, in pixels of the picture."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top


class Pen:
    """Draws on a picture of width x height pixels. Places are in its pixels; letters and strokes in its units.

    unit: pixels; one that grows with the picture makes it look the same at any size.
    """

    def __init__(self, width: int, height: int, unit: float) -> None:
        from PIL import Image, ImageDraw

        self.unit = unit
        self._scale = max(1, min(4, math.isqrt(_MAX_CANVAS_PIXELS // (width * height))))
        self._image = Image.new("RGB", (width * self._scale, height * self._scale), PAPER)
        self._fonts: dict[float, Any] = {}
        self._draw = ImageDraw.Draw(self._image, "RGBA")  # what is half transparent lets through what is below it

    def image(self) -> Image:
        """The picture."""
        return self._image.reduce(self._scale)

    def card(self, box: Box) -> None:
        """A rounded field to draw on."""
        scale = self._scale
        corners = (box.left * scale, box.top * scale, box.right * scale, box.bottom * scale)
        self._draw.rounded_rectangle(corners, 7 * self.unit * scale, CARD, EDGE, max(1, round(self.unit * scale)))

    def line(self, points: Sequence[Point], colour: str, width: float) -> None:
        """A line with round joints and ends; one point is a dot."""
        large = [(x * self._scale, y * self._scale) for x, y in points]
        wide = max(1, round(width * self.unit * self._scale))
        self._draw.line(large, colour, wide)
        if wide > 3:
            for x, y in large:
                self._draw.circle((x, y), (wide - 1) / 2, colour)

    def dot(self, centre: Point, colour: str, radius: float) -> None:
        """A filled disc with a fine edge that keeps it apart from the lines around it."""
        at = centre[0] * self._scale, centre[1] * self._scale
        self._draw.circle(at, (radius + 1.2) * self.unit * self._scale, CARD)
        self._draw.circle(at, radius * self.unit * self._scale, colour)

    def area(self, points: Sequence[Point], colour: str, opacity: int) -> None:
        """A field between points, in a colour of so much opacity, 0 to 255."""
        self._draw.polygon([(x * self._scale, y * self._scale) for x, y in points], f"{colour}{opacity:02x}")

    def text(
        self, x: float, y: float, words: str, colour: str, size: float, anchor: str, room: float | None = None
    ) -> None:
        """Words in one line, of a size in units; room: pixels, for untrusted words, which may be too long."""
        words = words if room is None else self.shorten(words, size, room)
        self._draw.text((x * self._scale, y * self._scale), words, colour, self._font(size), anchor)

    def shorten(self, words: str, size: float, room: float) -> str:
        """Untrusted words as `text` can write them, with an ellipsis where they would take more pixels than `room`."""
        return shorten(words, self._font(size), int(max(room, 0) * self._scale))

    def length(self, words: str, size: float) -> float:
        """How long words are in one line, in pixels."""
        return float(self._font(size).getlength(words)) / self._scale

    def _font(self, size: float) -> Any:
        """The typeface that comes with Pillow; reading it takes as long as drawing a line of it."""
        from PIL import ImageFont

        if size not in self._fonts:
            self._fonts[size] = ImageFont.load_default(size * self.unit * self._scale)
        return self._fonts[size]
