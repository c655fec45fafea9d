"""The brows, which say the most of all."""

from __future__ import annotations

import numpy as np

from artengine_gan.drawn_faces import shapes
from artengine_gan.drawn_faces.canvas import Canvas
from artengine_gan.drawn_faces.features.labels import BROWS
from artengine_gan.drawn_faces.layout import Look
from artengine_gan.drawn_faces.palette import mixed


def draw_brows(canvas: Canvas, look: Look) -> None:
    """Two arched strokes: their inner ends go down where cross, up where worried."""
    colour = mixed(look.hair * 0.66, look.skin_dark * 0.6, 0.25)
    for side in (0, 1):
        out = 2 * side - 1
        narrow = look.eyes_narrow[:, side]
        x = look.eyes_x[:, side] + 0.012 * out
        y = look.EYES - 0.160 * look.eye_size - 0.085 - 0.02 * np.abs(look.brow_angle)
        half = 0.135 * narrow
        with canvas.window(x, y + 0.02, half + 0.06, 0.17) as w:
            slope = 0.58 * look.brow_angle * out
            brow = shapes.stroke(w.u, w.v, x, y, half, look.brow_thickness, 0.045, slope, 0.35)
            w.fill(brow, colour, BROWS)
