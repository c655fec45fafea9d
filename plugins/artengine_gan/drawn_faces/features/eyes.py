"""The eyes: lids and lashes, white, iris with a darker rim, pupil, one highlight."""

from __future__ import annotations

import numpy as np

from artengine_gan.drawn_faces import palette, shapes
from artengine_gan.drawn_faces.canvas import Canvas
from artengine_gan.drawn_faces.features.labels import EYES
from artengine_gan.drawn_faces.layout import Look
from artengine_gan.drawn_faces.palette import mixed
from artengine_gan.drawn_faces.windows import gradient


def draw_eyes(canvas: Canvas, look: Look) -> None:
    """Both eyes; lids come down with `lid`, lower lids rise in a smile."""
    ink = mixed(palette.colour(palette.INK), look.skin_dark * 0.4, 0.3)
    for side in (0, 1):
        out = 2 * side - 1
        size = look.eye_size
        across = 0.155 * size * look.eyes_narrow[:, side]
        x, y = look.eyes_x[:, side], look.EYES
        up = 0.125 * size * (1 - 1.58 * look.lid)
        down = 0.088 * size * (1 - 0.5 * np.maximum(look.smile, 0))
        with canvas.window(x, y - 0.02, across + 0.07, 0.17 * size + 0.03) as w:
            socket = shapes.glow(w.u, w.v, x, y - 0.03, across + 0.06, 0.17 * size)
            w.mix(socket * np.float32(0.55), look.skin_dark)
            lid = shapes.lens(w.u, w.v, x, y, across + 0.015, 0.160 * size, down + 0.02)
            w.fill(lid, mixed(look.skin, look.skin_dark, 0.55))
            shine = shapes.lens(w.u, w.v, x, y - 0.012, across * 0.8, 0.135 * size, 0.0)
            w.mix(shapes.fall(shine, 0.03) * np.float32(0.5), look.skin)
            w.fill(shapes.lens(w.u, w.v, x, y, across + 0.02, up + 0.036, down * 0.92), ink)
            wing = shapes.stroke(w.u, w.v, x + out * (across + 0.005), y - 0.018, 0.035, 0.019, 0.0, -0.55 * out, 0.5)
            w.fill(wing, ink)
            opening = shapes.lens(w.u, w.v, x, y, across, up, down)
            w.fill(opening, gradient(_white(look), np.array([0.80, 0.80, 0.85]), _below(w.v, y - up, 0.07)), EYES)
            iris_x, iris_y = look.pupils_x[:, side], look.pupils_y
            radius = 0.114 * size
            ring = shapes.circle(w.u, w.v, iris_x, iris_y, radius)
            w.fill(np.maximum(ring, opening), look.iris * 0.45, EYES)
            lit = (w.v - shapes.per_pixel(iris_y)) * np.float32(6) + np.float32(0.35)
            colours = gradient(look.iris * 0.9, mixed(look.iris, np.ones(3), 0.22), lit)
            w.fill(np.maximum(ring + shapes.per_pixel(0.020 * size), opening), colours)
            w.fill(np.maximum(ring + shapes.per_pixel(0.068 * size), opening), palette.colour(palette.INK) * 0.6)
            glint = shapes.circle(w.u, w.v, iris_x + 0.034 * look.light * size, iris_y - 0.036 * size, 0.029 * size)
            w.fill(np.maximum(glint, opening), np.ones(3))


def _white(look: Look) -> palette.Colours:
    """The white of the eyes, a little of the skin in it."""
    return mixed(np.broadcast_to(palette.colour(palette.EYEBALL), look.skin.shape), look.skin, 0.06)


def _below(v: shapes.Plane, top: shapes.PerFace, reach: float) -> shapes.Plane:
    """1 at a lid's height, 0 from `reach` below: the lid's shadow."""
    return 1 - (v - shapes.per_pixel(top)) * np.float32(1 / reach)
