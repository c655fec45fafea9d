"""Parts of pictures that are being drawn on: what is laid over what is there, in colours or as labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from artengine_gan.drawn_faces.shapes import PerFace, Plane, clipped, per_pixel

Colour = npt.NDArray[np.float64] | npt.NDArray[np.float32]  # (3,), one per face (k, 3), or one per pixel (k, 3, h, w)
Sheet = npt.NDArray[np.float32] | npt.NDArray[np.uint8]  # colours (k, 3, h, w) in [0, 1], or labels (k, 1, h, w)

_SHADOW = (0.8, 1.0, 1.0)  # how much of it takes red, green and blue away: skin and hair go dark warmly


def _in_planes(colour: Colour) -> npt.NDArray[np.float32]:
    """A colour as (3, 1, 1), (k, 3, 1, 1) or (k, 3, h, w)."""
    plain = np.asarray(colour, np.float32)
    return plain if plain.ndim == 4 else plain[..., None, None]


def gradient(one: Colour, other: Colour, amount: Plane) -> npt.NDArray[np.float32]:
    """Per pixel, on the way from one colour (at 0) to the other (at 1); the amounts are clipped in place."""
    start = _in_planes(one)
    mixed = (_in_planes(other) - start) * clipped(amount)[:, None]
    mixed += start
    return mixed


class Window:
    """Pixels at (u, v), each `pixel` wide, and what is there so far in `sheet`; this one takes colours."""

    def __init__(self, u: Plane, v: Plane, pixel: float, sheet: Sheet):
        self.u, self.v, self.pixel, self.sheet = u, v, pixel, sheet

    def flood(self, colour: Colour, part: int) -> None:
        """Put a colour everywhere."""
        self.sheet[:] = _in_planes(colour)

    def fill(self, distance: Plane, colour: Colour, part: int | None = None, opacity: PerFace = 1.0) -> None:
        """Lay a shape over what is there, its edge one pixel soft; `part` is its label, if it has one."""
        cover = distance * np.float32(-1 / self.pixel)
        cover += np.float32(0.5)
        clipped(cover)
        if not isinstance(opacity, float) or opacity != 1.0:
            cover *= per_pixel(opacity)
        self.mix(cover, colour)

    def mark(self, distance: Plane, part: int) -> None:
        """Say which part a shape is, without drawing it."""

    def mix(self, amount: Plane, colour: Colour) -> None:
        """Go towards a colour, by an amount per pixel in [0, 1]."""
        step = _in_planes(colour) - self.sheet
        step *= amount[:, None]
        self.sheet += step

    def shade(self, amount: Plane) -> None:
        """Darken, by an amount per pixel in [0, 1]."""
        for channel, strength in enumerate(_SHADOW):
            self.sheet[:, channel] *= 1 - np.float32(strength) * amount


class LabelWindow(Window):
    """A window that takes the labels of the parts instead of colours."""

    def flood(self, colour: Colour, part: int) -> None:
        """Put a label everywhere."""
        self.sheet[:] = part

    def fill(self, distance: Plane, colour: Colour, part: int | None = None, opacity: PerFace = 1.0) -> None:
        """Label the pixels whose middles lie in a shape."""
        if part is not None:
            self.mark(distance, part)

    def mark(self, distance: Plane, part: int) -> None:
        """Label the pixels whose middles lie in a shape."""
        self.sheet[:, 0][distance < 0] = part

    def mix(self, amount: Plane, colour: Colour) -> None:
        """Light and shadow have no labels."""

    def shade(self, amount: Plane) -> None:
        """Light and shadow have no labels."""
