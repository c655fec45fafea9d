"""The mouth: lips around an opening with teeth and a tongue."""

from __future__ import annotations

import numpy as np

from artengine_gan.drawn_faces import palette, shapes
from artengine_gan.drawn_faces.canvas import Canvas
from artengine_gan.drawn_faces.features.labels import MOUTH
from artengine_gan.drawn_faces.layout import Look
from artengine_gan.drawn_faces.palette import mixed


def draw_mouth(canvas: Canvas, look: Look) -> None:
    """Corners up in a smile, down in a frown; the lower lip goes down as it opens."""
    x, y, half, bend = look.mouth_x, look.mouth_y, look.mouth_half, look.mouth_bend
    gap_up, gap_down = 0.030 * look.mouth_open, 0.138 * look.mouth_open
    thin = 1 - 0.45 * look.age
    painted = 1 + 0.40 * look.lipstick
    with canvas.window(x, look.MOUTH + 0.06, half + 0.06, 0.28) as w:
        below = shapes.ellipse(w.u, w.v, x, y + gap_down + 0.095, half * 0.5, 0.022)
        w.mix(canvas.on_head(shapes.fall(below, 0.03)) * np.float32(0.35), look.skin_dark)
        top = (0.042 * thin * painted) + gap_up
        bottom = (0.062 * thin * painted) + gap_down
        lips = shapes.lens(w.u, w.v, x, y, half, top, bottom, bend)
        bow = shapes.circle(w.u, w.v, x, y - 1.05 * top - 0.045, 0.060)
        np.maximum(lips, -bow, out=lips)
        w.fill(lips, look.lip, MOUTH)
        upper = shapes.lens(w.u, w.v, x, y - gap_up, half, top - gap_up, 0.0, bend)
        w.fill(np.maximum(upper, lips), look.lip * 0.86)
        w.mix(
            shapes.glow(w.u, w.v, x + 0.04 * look.light, y + gap_down + 0.034, half * 0.5, 0.022) * np.float32(0.4),
            mixed(look.lip, np.ones(3), 0.5),
        )
        line = shapes.stroke(w.u, w.v, x, y, half + 0.012, 0.0115, bend, 0.0, 0.35)
        w.fill(line, mixed(look.lip * 0.42, palette.colour(palette.MOUTH), 0.4), MOUTH)
        opening = shapes.lens(w.u, w.v, x, y, half * 0.93, gap_up, gap_down, bend)
        w.fill(opening, palette.colour(palette.MOUTH), MOUTH)
        teeth = shapes.lens(w.u, w.v, x, y - gap_up, half * 0.80, 0.05, 0.045, bend)
        w.fill(np.maximum(teeth, opening + np.float32(0.006)), palette.colour(palette.TOOTH))
        tongue = shapes.ellipse(w.u, w.v, x, y + gap_down * 1.02, half * 0.55, 0.055)
        w.fill(np.maximum(tongue, opening + np.float32(0.006)), palette.colour(palette.TONGUE))
