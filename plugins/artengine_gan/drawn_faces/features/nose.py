"""The nose: a lit tip, a bridge with a shadow side, nostrils."""

from __future__ import annotations

import numpy as np

from artengine_gan.drawn_faces import shapes
from artengine_gan.drawn_faces.canvas import Canvas
from artengine_gan.drawn_faces.features.labels import NOSE
from artengine_gan.drawn_faces.layout import Look
from artengine_gan.drawn_faces.palette import mixed


def draw_nose(canvas: Canvas, look: Look) -> None:
    """The shadow falls to where no light comes from, and lies below the tip."""
    x, y, width = look.nose_x, look.nose_y, look.nose_width
    away = -np.clip(3 * look.light, -1.0, 1.0)  # the shadow side
    side = 0.15 * away - 0.85 * look.light
    with canvas.window(x, 0.5 * (y + 0.03), width + 0.17, 0.5 * (y + 0.37)) as w:
        root_x = look.turn * 0.9
        lean = (x - root_x) / 0.28
        # the bridge: from between the brows to the tip, as a stroke that runs down the picture
        middle_y = 0.5 * (y - 0.08)
        half = 0.5 * (y + 0.10)
        bridge_x = x - lean * (y - middle_y)
        flank = shapes.stroke(w.v, w.u, middle_y, bridge_x + side * 0.045, half, 0.030, 0.0, lean, 0.55)
        w.mix(
            shapes.fall(flank, 0.035) * shapes.per_pixel(0.35 + 0.35 * np.abs(side)),
            mixed(look.skin, look.skin_dark, 0.9),
        )
        ball = shapes.ellipse(w.u, w.v, x, y, width * 0.72, 0.066)
        wings = shapes.ellipse(w.u, w.v, x, y + 0.022, width, 0.045)
        nose = shapes.union(ball, wings, 0.05)
        w.mix(
            shapes.fall(shapes.ellipse(w.u, w.v, x + side * 0.02, y + 0.045, width, 0.055), 0.05) * np.float32(0.75),
            look.skin_dark,
        )
        w.fill(nose, look.skin_dark, NOSE, opacity=0.34)
        w.mix(
            shapes.glow(w.u, w.v, x - away * width * 0.25, y - 0.02, width * 0.7, 0.07),
            mixed(look.skin_light, np.ones(3), 0.12),
        )
        for out in (-1, 1):
            hole = shapes.ellipse(w.u, w.v, x + out * width * 0.48, y + 0.045, width * 0.24, 0.015)
            w.fill(hole, look.skin_dark * 0.70)
