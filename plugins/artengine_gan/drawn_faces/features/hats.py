"""Hats: a crown that is the skull a little thicker, and what is in front of it."""

from __future__ import annotations

import numpy as np

from artengine_gan.drawn_faces import shapes
from artengine_gan.drawn_faces.canvas import Canvas
from artengine_gan.drawn_faces.features.labels import HAT
from artengine_gan.drawn_faces.layout import Look
from artengine_gan.drawn_faces.palette import mixed
from artengine_gan.drawn_faces.windows import gradient

_CAP, _BEANIE, _BRIM = 1, 2, 3
_ROUND = np.float32(0.016)  # the radius of the tips of visors and brims


def draw_hat(canvas: Canvas, look: Look) -> None:
    """A cap, a beanie or a hat with a brim, sitting on the forehead, its shadow below."""
    canvas.among(look, look.hat > 0, _draw_crown)
    canvas.among(look, look.hat == _CAP, _draw_visor)
    canvas.among(look, look.hat == _BEANIE, _draw_fold)
    canvas.among(look, look.hat == _BRIM, _draw_brim)


def _draw_crown(canvas: Canvas, look: Look) -> None:
    wide = look.half_width + np.array([0.0, 0.035, 0.060, 0.015])[look.hat]
    lift = np.array([0.0, 0.06, 0.06, 0.14])[look.hat]
    line = look.hat_line
    with canvas.window(0.0, -0.40, wide + 0.06, 0.62) as w:
        brow = w.u - shapes.per_pixel(look.turn)
        edge = w.v - shapes.per_pixel(line) - np.float32(0.10) * brow * brow
        w.shade(canvas.on_head(shapes.fall(edge, 0.10)) * np.float32(0.45))
        dome = shapes.ellipse(w.u, w.v, 0.0, -0.14 - 0.4 * lift, wide, 0.57 + 0.6 * lift)
        crown = shapes.both(dome, edge, 0.03)
        away = np.float32(0.30) - shapes.per_pixel(0.75 * look.light) * w.u + np.float32(0.35) * (w.v + np.float32(0.6))
        w.fill(crown, gradient(mixed(look.hat_colour, np.ones(3), 0.10), look.hat_colour * 0.68, away), HAT)


def _draw_visor(canvas: Canvas, look: Look) -> None:
    """The visor points where the face does."""
    x, y = look.turn * 1.25, look.hat_line + 0.015
    with canvas.window(0.0, -0.78, 0.07, 0.05) as w:
        w.fill(shapes.ellipse(w.u, w.v, 0.0, -0.775, 0.06, 0.03), look.hat_colour * 0.62, HAT)
    with canvas.window(x, y - 0.16, 0.58, 0.36) as w:
        seam = shapes.stroke(w.v, w.u, y - 0.26, look.turn * 0.8, 0.20, 0.008, 0.03 * look.turn)
        w.fill(seam, look.hat_colour * 0.62, opacity=0.6)
        badge = shapes.circle(w.u, w.v, look.turn * 1.1, y - 0.20, 0.075)
        w.fill(badge, mixed(look.hat_colour, np.array([1.0, 0.97, 0.90]), 0.85), HAT)
        under = shapes.lens(w.u, w.v, x, y + 0.035, 0.46, 0.095, 0.045, 0.05) - _ROUND
        w.shade(canvas.on_head(shapes.fall(under - np.float32(0.02), 0.06)) * np.float32(0.5))
        w.fill(under, look.hat_colour * 0.48, HAT)
        w.fill(
            shapes.lens(w.u, w.v, x, y, 0.46, 0.11, 0.035, 0.05) - _ROUND,
            gradient(look.hat_colour, look.hat_colour * 0.74, (w.v - shapes.per_pixel(y)) * 7 + np.float32(0.6)),
            HAT,
        )


def _draw_fold(canvas: Canvas, look: Look) -> None:
    """The turned-up edge of a beanie, ribbed, and a bobble."""
    y = look.hat_line - 0.02
    wide = look.half_width + 0.065
    with canvas.window(0.0, -0.83, 0.13, 0.13) as w:
        w.fill(
            shapes.circle(w.u, w.v, 0.0, -0.82, 0.105),
            gradient(mixed(look.hat_colour, np.ones(3), 0.6), look.hat_colour, (w.v + np.float32(0.87)) * 5),
            HAT,
        )
    with canvas.window(0.0, y, wide + 0.03, 0.16) as w:
        bow = w.u - shapes.per_pixel(look.turn)
        band = shapes.box(w.u, w.v - np.float32(0.10) * bow * bow, 0.0, y, wide, 0.095, 0.06)
        colour = mixed(look.hat_colour, np.ones(3), 0.16)
        away = np.float32(0.35) - shapes.per_pixel(0.7 * look.light) * w.u
        w.fill(band, gradient(colour, look.hat_colour * 0.74, away), HAT)
        ribs = shapes.zigzag(w.u, 0.40, 0.20, 0.10, 0.05)
        w.fill(np.maximum(ribs - np.float32(0.012), band + np.float32(0.012)), look.hat_colour * 0.6, opacity=0.45)


def _draw_brim(canvas: Canvas, look: Look) -> None:
    """A ribbon, and a brim wider than the head."""
    y = look.hat_line + 0.005
    with canvas.window(0.0, y, 0.96, 0.25) as w:
        bow = w.u - shapes.per_pixel(look.turn)
        arch = np.float32(0.10) * bow * bow
        ribbon = shapes.box(w.u, w.v - arch, 0.0, y - 0.10, look.half_width - 0.005, 0.07, 0.01)
        w.fill(ribbon, look.hat_colour * 0.40, HAT)
        brim = shapes.lens(w.u, w.v, look.turn * 0.3, y - 0.02, 0.84, 0.05, 0.065, 0.08) - _ROUND
        w.shade(canvas.on_head(shapes.fall(brim - np.float32(0.02), 0.08)) * np.float32(0.5))
        away = np.float32(0.35) - shapes.per_pixel(0.6 * look.light) * w.u + (w.v - shapes.per_pixel(y)) * 3
        w.fill(brim, gradient(mixed(look.hat_colour, np.ones(3), 0.08), look.hat_colour * 0.66, away), HAT)
