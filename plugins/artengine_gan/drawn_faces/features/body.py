"""What is behind and below a head: the backdrop with its disc, the shirt, the neck."""

from __future__ import annotations

import numpy as np

from artengine_gan.drawn_faces import shapes
from artengine_gan.drawn_faces.canvas import Canvas
from artengine_gan.drawn_faces.features.labels import BACKGROUND, NECK, SHIRT
from artengine_gan.drawn_faces.layout import Look
from artengine_gan.drawn_faces.windows import gradient


def draw_backdrop(canvas: Canvas, look: Look) -> None:
    """A pale colour, and a disc of another one behind the head."""
    with canvas.window(0.0, 0.0, 1.0, 1.0, upright=True) as w:
        w.flood(look.background, BACKGROUND)
        w.fill(shapes.circle(w.u, w.v, 0.0, -0.03, 0.85), look.disc)


def draw_shirt(canvas: Canvas, look: Look) -> None:
    """Shoulders, lit from the side, with a collar of a darker shade."""
    with canvas.window(0.0, 0.84, 1.0, 0.19, upright=True) as w:
        shoulders = shapes.ellipse(w.u, w.v, 0.0, 1.36, 1.15, 0.63)
        away = 0.35 - shapes.per_pixel(0.45 * look.light) * w.u
        w.fill(shoulders, gradient(look.shirt, look.shirt * 0.72, away), SHIRT)
        collar = np.maximum(shapes.stroke(w.u, w.v, 0.0, 0.835, 0.26, 0.055, -0.13), shoulders - 0.03)
        w.fill(collar, look.shirt * 0.66 + 0.06, SHIRT)


def draw_neck(canvas: Canvas, look: Look) -> None:
    """A short neck in the shadow of the chin, down to the collar."""
    with canvas.window(0.0, 0.60, 0.24, 0.24, upright=True) as w:
        neck = shapes.box(w.u, w.v, 0.0, 0.60, 0.225, 0.225, 0.2)
        away = 0.45 - shapes.per_pixel(0.9 * look.light) * w.u
        w.fill(neck, gradient(look.skin, look.skin_dark, away), NECK)
        shadow = shapes.ellipse(w.u, w.v, look.turn * 0.4 - 0.05 * look.light, 0.36, look.jaw + 0.02, 0.46)
        w.fill(np.maximum(shadow, neck), look.skin_dark * 0.86, opacity=0.8)
