"""Beards, which follow the jaw and leave the lips free, and moustaches."""

from __future__ import annotations

import numpy as np

from artengine_gan.drawn_faces import shapes
from artengine_gan.drawn_faces.canvas import Canvas
from artengine_gan.drawn_faces.features.labels import BEARD
from artengine_gan.drawn_faces.layout import Look
from artengine_gan.drawn_faces.palette import mixed
from artengine_gan.drawn_faces.windows import gradient

_STUBBLE, _MOUSTACHE, _FULL = 1, 2, 3


def draw_beard(canvas: Canvas, look: Look) -> None:
    """Stubble, or a full beard: along the jaw, up to the ears, the lips left free."""
    canvas.among(look, (look.beard == _STUBBLE) | (look.beard == _FULL), _draw_on_jaw)


def _draw_on_jaw(canvas: Canvas, look: Look) -> None:
    full = look.beard == _FULL
    x, bend = look.mouth_x, look.mouth_bend
    with canvas.window(0.0, 0.40, look.half_width + 0.10, 0.50) as w:
        across = w.u - shapes.per_pixel(x)
        square: shapes.Plane = across * across
        line: shapes.Plane = (
            np.float32(look.MOUTH - 0.095) - np.float32(0.35) * square - np.float32(4) * square * square
        )
        slope: shapes.Plane = across * (np.float32(0.7) + 16 * square)
        cheek = (line - w.v) / np.sqrt(1 + slope * slope)
        np.maximum(cheek, -0.02 - w.v, out=cheek)  # no higher than the ears
        grown = shapes.per_pixel(np.where(full, 0.055, 0.0)) * shapes.clipped(w.v * 3)
        beard = shapes.both(canvas.head() - grown, cheek, 0.04)
        bare = shapes.lens(
            w.u, w.v, x, look.mouth_y, look.mouth_half + 0.01, 0.03, 0.075 + 0.14 * look.mouth_open, bend
        )
        beard = np.maximum(beard, -bare)
        away = np.float32(0.3) + (w.v - np.float32(0.4)) - shapes.per_pixel(0.6 * look.light) * w.u
        dark = look.hair * 0.62
        colour = mixed(mixed(look.hair, look.skin_dark, 0.35) * 0.8, look.hair * 0.92, full.astype(np.float64))
        w.fill(beard, gradient(colour, mixed(colour, dark, 0.7), away), BEARD, np.where(full, 1.0, 0.58))


def draw_moustache(canvas: Canvas, look: Look) -> None:
    """Two wings over the upper lip, of moustaches and of full beards."""
    canvas.among(look, look.beard >= _MOUSTACHE, _draw_wings)


def _draw_wings(canvas: Canvas, look: Look) -> None:
    bend = look.mouth_bend
    x, y = look.mouth_x, look.mouth_y - 0.055 - 0.03 * look.mouth_open
    with canvas.window(x, y + 0.02, 0.30, 0.17) as w:
        wings = np.full_like(w.u, 9)
        for out in (-1, 1):
            wing = shapes.stroke(
                w.u, w.v, x + out * 0.115, y + 0.4 * bend + 0.012, 0.122, 0.050, 0.02, out * (0.22 + 0.9 * bend), 0.45
            )
            wings = shapes.union(wings, wing, 0.03)
        w.fill(wings, look.hair * 0.74, BEARD)
