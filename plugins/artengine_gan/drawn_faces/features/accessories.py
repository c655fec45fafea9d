"""Glasses and earrings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from artengine_gan.drawn_faces import palette, shapes
from artengine_gan.drawn_faces.canvas import Canvas
from artengine_gan.drawn_faces.features.labels import EARRINGS, GLASSES
from artengine_gan.drawn_faces.layout import Look
from artengine_gan.drawn_faces.windows import gradient

_SUN = 3
_REACHES = np.array([0.0, 0.200, 0.205, 0.215])
_CORNERS = np.array([0.0, 1.0, 0.050, 0.115])
_FRAMES = np.array([[0.0, 0.0, 0.0], [0.38, 0.20, 0.12], [0.13, 0.13, 0.17], [0.10, 0.09, 0.12]])


def _across(look: Look, side: int) -> npt.NDArray[np.float64]:
    """Half the width of a lens; two leave room for a bridge."""
    reach = _REACHES[look.glasses] * look.eyes_narrow[:, side]
    return np.minimum(reach, 0.5 * (look.eyes_x[:, 1] - look.eyes_x[:, 0]) - 0.025)


def draw_temples(canvas: Canvas, look: Look) -> None:
    """What holds glasses on the ears; hair may lie over it."""
    canvas.among(look, look.glasses > 0, _draw_bars)


def _draw_bars(canvas: Canvas, look: Look) -> None:
    for side in (0, 1):
        out = 2 * side - 1
        hinge = look.eyes_x[:, side] * out + _across(look, side)
        half = np.maximum(0.5 * (look.half_width * 0.98 - hinge), 0.01)
        x, y = out * (hinge + half), look.EYES - 0.03
        with canvas.window(x, y, half + 0.03, 0.03) as w:
            bar = shapes.stroke(w.u, w.v, x, y, half, 0.018)
            w.fill(np.maximum(bar, canvas.head() - np.float32(0.02)), _FRAMES[look.glasses], GLASSES)


def draw_glasses(canvas: Canvas, look: Look) -> None:
    """Frames around the eyes, held by a bridge."""
    canvas.among(look, look.glasses > 0, _draw_frames)


def _draw_frames(canvas: Canvas, look: Look) -> None:
    frame = _FRAMES[look.glasses]
    dark = (look.glasses == _SUN).astype(np.float64)
    height = np.array([0.0, 0.200, 0.155, 0.160])[look.glasses]
    y = look.EYES + 0.015
    for side in (0, 1):
        x = look.eyes_x[:, side]
        across = _across(look, side)
        with canvas.window(x, y, across + 0.03, height + 0.05) as w:
            corner = np.minimum(_CORNERS[look.glasses], np.minimum(across, height) - 0.001)
            lens = shapes.box(w.u, w.v, x, y, across, height, corner)
            tint = gradient(
                np.array([0.20, 0.17, 0.26]),
                np.array([0.52, 0.38, 0.42]),
                (w.v - shapes.per_pixel(y)) * 3 + np.float32(0.4),
            )
            w.fill(lens, tint, opacity=0.10 + 0.86 * dark)
            w.mark(
                lens + shapes.per_pixel(np.where(dark > 0, 0.0, shapes.FAR)), GLASSES
            )  # eyes show through the others
            slant = (w.u - shapes.per_pixel(x)) * np.float32(0.86) + (w.v - shapes.per_pixel(y)) * np.float32(0.5)
            glint = shapes.zigzag(slant + np.float32(0.03), 0.035) - np.float32(0.018)
            w.fill(np.maximum(glint, lens + np.float32(0.03)), np.ones(3), opacity=0.16 + 0.10 * dark)
            w.fill(np.abs(lens) - np.float32(0.021), frame, GLASSES)
    middle = 0.5 * (look.eyes_x[:, 0] + look.eyes_x[:, 1])
    with canvas.window(middle, y - 0.03, 0.06, 0.06) as w:
        w.fill(shapes.stroke(w.u, w.v, middle, y - 0.045, 0.035, 0.017, 0.02), frame, GLASSES)


def draw_earrings(canvas: Canvas, look: Look) -> None:
    """A golden hoop on each ear."""
    canvas.among(look, look.earrings > 0, _draw_hoops)


def _draw_hoops(canvas: Canvas, look: Look) -> None:
    gold = palette.colour(palette.GOLD)
    for side in (0, 1):
        x, y = look.ears_x[:, side] + 0.01 * (2 * side - 1), look.EARS + look.ear_down + 0.085
        with canvas.window(x, y, 0.13, 0.13) as w:
            shade = gradient(
                gold * 1.12, gold * np.array([0.78, 0.66, 0.5]), (w.v - shapes.per_pixel(y)) * 5 + np.float32(0.4)
            )
            w.fill(np.abs(shapes.circle(w.u, w.v, x, y, 0.078)) - np.float32(0.026), shade, EARRINGS)
