"""The head itself: ears, skin in a soft light, cheeks, freckles, the folds of age."""

from __future__ import annotations

import numpy as np

from artengine_gan.drawn_faces import shapes
from artengine_gan.drawn_faces.canvas import Canvas
from artengine_gan.drawn_faces.features.labels import EARS, SKIN
from artengine_gan.drawn_faces.layout import Look
from artengine_gan.drawn_faces.palette import mixed
from artengine_gan.drawn_faces.windows import gradient

_FRECKLES = (  # places around the middle of the face, and radii
    (-0.33, 0.15, 0.020), (-0.26, 0.20, 0.024), (-0.38, 0.21, 0.022), (-0.19, 0.15, 0.022), (-0.31, 0.26, 0.022),
    (-0.22, 0.26, 0.018), (-0.13, 0.22, 0.018), (0.32, 0.15, 0.022), (0.25, 0.20, 0.022), (0.38, 0.21, 0.020),
    (0.19, 0.15, 0.022), (0.30, 0.26, 0.024), (0.22, 0.26, 0.020), (0.13, 0.22, 0.018), (-0.05, 0.09, 0.018),
    (0.05, 0.11, 0.020), (-0.41, 0.28, 0.018), (0.41, 0.28, 0.018),
)  # fmt: skip


def draw_ears(canvas: Canvas, look: Look) -> None:
    """Two ears at the height of eyes and nose; as the head turns, one comes forward and one goes."""
    for side in (0, 1):
        x, across, down = look.ears_x[:, side], look.ears_across[:, side], look.ear_down
        with canvas.window(x, look.EARS, across + 0.01, down + 0.01) as w:
            outward = (2 * side - 1) * (w.u - shapes.per_pixel(x))
            away = 0.45 - shapes.per_pixel(0.5 * look.light * (2 * side - 1)) + outward
            w.fill(
                shapes.ellipse(w.u, w.v, x, look.EARS, across, down), gradient(look.skin, look.skin_dark, away), EARS
            )
            w.fill(
                shapes.ellipse(w.u, w.v, x + 0.01 * (2 * side - 1), 0.05, across * 0.5, down * 0.58),
                mixed(look.skin_dark, look.skin, 0.25),
            )


def draw_head(canvas: Canvas, look: Look) -> None:
    """Skull and jaw in one, and what the skin shows; the distance is kept for all that lies on it."""
    with canvas.window(0.0, 0.0, look.half_width + 0.15, 0.84) as w:
        skull = shapes.ellipse(w.u, w.v, 0.0, -0.11, look.half_width, 0.57)
        jaw = shapes.ellipse(w.u, w.v, 0.55 * look.turn, look.chin - 0.40, look.jaw, 0.40)
        head = shapes.union(skull, jaw, 0.22)
        canvas.keep_heads(head)
        side = shapes.per_pixel(-0.75 * look.light) * (w.u - shapes.per_pixel(look.turn))
        round_off = w.u * w.u * np.float32(2.2) + w.v * w.v * np.float32(0.8)
        away = (
            np.float32(0.12)
            + side
            + np.float32(0.12) * w.v
            + shapes.clipped(round_off - np.float32(0.35)) * np.float32(0.45)
        )
        w.fill(head, gradient(look.skin_light, look.skin_dark, away), SKIN)
        shine = shapes.glow(w.u, w.v, look.turn + 0.22 * look.light, -0.40, 0.30, 0.20)
        w.mix(canvas.on_head(shine) * np.float32(0.45), mixed(look.skin_light, np.ones(3), 0.2))
    _draw_cheeks(canvas, look)
    canvas.among(look, look.freckles > 0, _draw_freckles)
    canvas.among(look, look.age > 0, _draw_folds)


def _draw_cheeks(canvas: Canvas, look: Look) -> None:
    """Cheeks blush, more so in a smile, which lifts them."""
    happy = np.maximum(look.smile, 0)
    red = mixed(look.skin, np.array([0.93, 0.30, 0.32]), 0.55)
    for side in (-1, 1):
        x, y = look.mouth_x + side * 0.32, 0.27 - 0.03 * happy
        with canvas.window(x, y, 0.19, 0.15) as w:
            glow = shapes.glow(w.u, w.v, x, y, 0.19, 0.15) * shapes.per_pixel(0.22 + 0.62 * happy)
            w.mix(canvas.on_head(glow), red)


def _draw_freckles(canvas: Canvas, look: Look) -> None:
    """Dots over cheeks and nose."""
    with canvas.window(look.mouth_x, 0.19, 0.46, 0.14) as w:
        dots = np.full_like(w.u, 9)
        for x, y, radius in _FRECKLES:
            np.minimum(dots, shapes.circle(w.u, w.v, look.mouth_x + x, y, radius + 0.003), out=dots)
        w.fill(
            np.maximum(dots, canvas.head() + np.float32(0.02)),
            look.skin_dark * np.array([0.86, 0.66, 0.55]),
            opacity=0.75,
        )


def _draw_folds(canvas: Canvas, look: Look) -> None:
    """What age draws: folds from the nose to the mouth, bags below the eyes, lines on the forehead."""
    dark = look.skin_dark * 0.86
    strong = np.minimum(np.maximum(look.age * 1.25 - 0.25, 0), 0.68)
    for side in (0, 1):
        out = 2 * side - 1
        x = look.mouth_x + out * (0.20 + 0.02 * look.smile)
        with canvas.window(x, 0.37, 0.10, 0.17) as w:
            # upright: the stroke's u runs down the picture
            fold = shapes.stroke(w.v, w.u * out, 0.37, x * out, 0.13, 0.016, -0.045, 0.36, 0.7)
            w.fill(np.maximum(fold, canvas.head() + np.float32(0.03)), dark, opacity=strong)
        x, y = look.eyes_x[:, side], look.EYES + 0.135 * look.eye_size + 0.02
        with canvas.window(x, y, 0.16, 0.10) as w:
            w.mix(canvas.on_head(shapes.glow(w.u, w.v, x, y, 0.16, 0.085) * shapes.per_pixel(0.7 * look.age)), dark)
            w.fill(shapes.stroke(w.u, w.v, x, y + 0.045, 0.105, 0.012, -0.035, 0.0, 0.8), dark, opacity=strong)
    with canvas.window(look.turn, -0.36, 0.30, 0.09) as w:
        lines = shapes.stroke(w.u, w.v, look.turn, -0.40, 0.22, 0.011, 0.02, 0.0, 0.8)
        lines = np.minimum(lines, shapes.stroke(w.u, w.v, look.turn, -0.33, 0.26, 0.011, 0.02, 0.0, 0.8))
        w.fill(np.maximum(lines, canvas.head() + np.float32(0.05)), dark, opacity=strong * 0.8)
