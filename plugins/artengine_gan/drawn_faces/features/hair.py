"""Hair: every style is an outline around the skull and an opening for the face, both rows of one table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artengine_gan.drawn_faces import shapes
from artengine_gan.drawn_faces.canvas import Canvas
from artengine_gan.drawn_faces.factors import HAIR_STYLES
from artengine_gan.drawn_faces.features.labels import HAIR
from artengine_gan.drawn_faces.layout import Look
from artengine_gan.drawn_faces.palette import mixed
from artengine_gan.drawn_faces.windows import Window, gradient


@dataclass(frozen=True)
class _Style:
    """How a style differs from a close crop; all lengths in the units of the picture."""

    lift: float = 0.05  # over the skull, at the top
    puff: float = 0.02  # at the sides
    hairline: float = -0.42  # height in the middle of the forehead
    opening: float = 0.86  # of the half width of the head that the face is open
    part: float = 0.0  # where the hair is parted
    slope: float = 0.0  # of the hairline, to the right
    kink: float = 0.0  # how it falls from the part to both sides
    bow: float = 0.0  # the same, in a curve
    wave: float = 0.0  # curls along it
    sides: float = 0.0  # down to where hair lies in front of ears and cheeks
    mass: float = 0.0  # half width of what hangs behind, 0 where nothing does
    length: float = 0.0  # down to where it hangs
    thick: float = 1.0  # how far it covers the skin
    quiff: float = 0.0  # half width of what rises over the skull, 0 where nothing does
    strands: float = 0.5  # how far strands and sheen are seen


_STYLES = {
    "bald": _Style(thick=0.0),
    "buzz": _Style(
        lift=0.008, puff=0.006, hairline=-0.44, opening=0.90, bow=0.25, sides=-0.06, thick=0.78, strands=0.0
    ),
    "short": _Style(
        lift=0.10,
        puff=0.035,
        hairline=-0.39,
        opening=0.90,
        part=0.1,
        slope=-0.10,
        bow=0.35,
        wave=0.022,
        sides=-0.02,
        quiff=0.32,
    ),
    "side part": _Style(
        lift=0.12, puff=0.05, hairline=-0.47, opening=0.90, part=-0.24, slope=0.22, kink=0.20, sides=0.0, quiff=0.33
    ),
    "bob": _Style(
        lift=0.12, puff=0.10, hairline=-0.50, opening=0.82, part=0.16, kink=0.55, sides=0.60, mass=0.66, length=0.55
    ),
    "long": _Style(lift=0.10, puff=0.06, hairline=-0.52, opening=0.84, kink=0.50, sides=1.4, mass=0.66, length=1.3),
    "curly": _Style(lift=0.2, puff=0.12, hairline=-0.40, opening=0.88, bow=0.4, wave=0.05, sides=0.10, strands=0.0),
    "bun": _Style(lift=0.05, puff=0.015, hairline=-0.47, opening=0.91, bow=0.5, sides=-0.05),
    "pony tail": _Style(lift=0.06, puff=0.02, hairline=-0.46, opening=0.90, part=0.2, slope=-0.1, bow=0.5, sides=0.0),
    "fringe": _Style(lift=0.12, puff=0.08, hairline=-0.20, opening=0.84, bow=0.16, sides=0.42, mass=0.62, length=0.36),
}
_TABLE = {
    name: np.array([getattr(_STYLES[style], name) for style in HAIR_STYLES]) for name in _Style.__dataclass_fields__
}
_CURLY, _BUN, _PONY = (HAIR_STYLES.index(style) for style in ("curly", "bun", "pony tail"))
_CURLS = tuple(  # around the skull from ear to ear, by the tangents of half angles: exact on every machine
    (0.60 * 2 * t / (1 + t * t), -0.16 - 0.56 * (1 - t * t) / (1 + t * t), 0.19)
    for t in (-1.55, -1.10, -0.78, -0.50, -0.24, 0.0, 0.24, 0.50, 0.78, 1.10, 1.55)
)


def _of(look: Look, quantity: str) -> npt.NDArray[np.float64]:
    """A column of the table, for these faces."""
    values: npt.NDArray[np.float64] = _TABLE[quantity][look.hair_style]
    return values


def _outline(w: Window, look: Look) -> shapes.Plane:
    """The hair as a whole, as if there was no face, pressed by a hat."""
    lift, puff = _of(look, "lift"), _of(look, "puff")
    outline = shapes.ellipse(w.u, w.v, 0.0, -0.11 - 0.5 * lift, look.half_width + puff, 0.57 + 0.5 * lift)
    quiff = _of(look, "quiff")
    if np.any(quiff > 0):
        raised = shapes.ellipse(
            w.u, w.v, 0.25 * look.turn - 0.3 * _of(look, "part"), -0.60, np.maximum(quiff, 0.2), 0.21
        )
        raised += shapes.per_pixel(np.where(quiff > 0, 0.0, shapes.FAR))
        outline = shapes.union(outline, raised, 0.16)
    mass, length = _of(look, "mass"), _of(look, "length")
    if np.any(mass > 0):
        half = np.maximum(mass + look.half_width - 0.56, 0.2)
        low = np.where(mass > 0, length, 0.2)
        hanging = shapes.box(w.u, w.v, 0.0, 0.5 * (low - 0.35), half, 0.5 * (low + 0.35), 0.2)
        hanging += shapes.per_pixel(np.where(mass > 0, 0.0, shapes.FAR))
        outline = shapes.union(outline, hanging, 0.10)
    if np.any(look.hair_style == _CURLY):
        curls = np.full_like(w.u, shapes.FAR)
        for x, y, radius in _CURLS:
            np.minimum(curls, shapes.circle(w.u, w.v, x, y, radius), out=curls)
        curls += shapes.per_pixel(np.where(look.hair_style == _CURLY, 0.0, shapes.FAR))
        np.minimum(outline, curls, out=outline)
    return shapes.both(outline, shapes.per_pixel(look.hat_line) - w.v, 0.2)


def _shaded(w: Window, look: Look) -> npt.NDArray[np.float32]:
    """The hair's colour, darker below and away from the light."""
    away = np.float32(0.40) + np.float32(0.45) * w.v - shapes.per_pixel(0.45 * look.light) * w.u
    return gradient(mixed(look.hair, np.ones(3), 0.07), look.hair * 0.70, away)


def draw_back_hair(canvas: Canvas, look: Look) -> None:
    """What is seen behind the head: hair that hangs, a pony tail, a bun, curls."""
    canvas.among(look, (_of(look, "mass") > 0) | (look.hair_style == _CURLY), _draw_mass)
    canvas.among(look, (look.hair_style == _BUN) & (look.hat == 0), _draw_bun)
    canvas.among(look, look.hair_style == _PONY, _draw_tail)


def _draw_mass(canvas: Canvas, look: Look) -> None:
    with canvas.window(0.0, 0.1, 0.85, 1.2) as w:
        away = np.float32(0.5) + np.float32(0.3) * w.v
        w.fill(_outline(w, look), gradient(look.hair * 0.78, look.hair * 0.55, away), HAIR)


def _draw_bun(canvas: Canvas, look: Look) -> None:
    x = -0.5 * look.turn
    with canvas.window(x, -0.80, 0.24, 0.22) as w:
        bun = shapes.ellipse(w.u, w.v, x, -0.79, 0.22, 0.19)
        w.fill(bun, _shaded(w, look), HAIR)
        twist = shapes.zigzag(shapes.ellipse(w.u, w.v, x - 0.03, -0.76, 0.11, 0.09) - np.float32(0.02), 0.03)
        w.fill(np.maximum(twist - np.float32(0.006), bun + np.float32(0.01)), look.hair * 0.6, opacity=0.5)


def _draw_tail(canvas: Canvas, look: Look) -> None:
    """The tail falls on the side that the face turns away from."""
    side = np.where(look.turn > 0, -1.0, 1.0)
    x = side * (look.half_width + 0.10)
    with canvas.window(x, 0.10, 0.34, 0.70) as w:
        tail = shapes.stroke(w.v, w.u, 0.12, x + 0.08 * side, 0.46, 0.15, -0.16 * side, 0.0, 0.55)
        tie = shapes.circle(w.u, w.v, side * (look.half_width + 0.02), -0.33, 0.08)
        w.fill(tail, _shaded(w, look), HAIR)
        along = w.v - np.float32(0.12)
        curve = w.u - shapes.per_pixel(x + 0.08 * side) + shapes.per_pixel(0.16 / 0.46**2 * side) * along * along
        strands = shapes.zigzag(curve, 0.05) - np.float32(0.006)
        w.fill(np.maximum(strands, tail + np.float32(0.02)), look.hair * 0.6, opacity=0.5)
        w.fill(tie, look.shirt, HAIR)


def draw_front_hair(canvas: Canvas, look: Look) -> None:
    """The hair on and around the face, its shadow on the skin, strands and a sheen."""
    low = _of(look, "sides") > 0.2
    canvas.among(look, (_of(look, "thick") > 0) & ~low, _draw_front)  # apart, as their windows differ so much
    canvas.among(look, low, _draw_front)


def _curls_below(w: Window, look: Look) -> shapes.Plane:
    """How much lower than a line the hair ends, in curls along it."""
    curls = shapes.zigzag(w.u, 0.32, 0.16, 0.08)
    curls *= np.float32(1 / 0.08)
    return shapes.per_pixel(_of(look, "wave")) * (1 - curls * curls)


def _opening(w: Window, look: Look) -> shapes.Plane:
    """Where the face is free of hair: between the sides, below the hairline; age draws it back."""
    half = _of(look, "opening") * look.half_width
    x = 0.75 * look.turn
    above = shapes.clipped(w.v - np.float32(0.10), -shapes.FAR, 0)
    sides = shapes.ellipse(w.u, above, x, 0.0, half, 0.62)
    across = w.u - shapes.per_pixel(x + _of(look, "part"))
    line = shapes.per_pixel(_of(look, "slope")) * across
    line += shapes.per_pixel(_of(look, "kink")) * np.abs(across)
    line += shapes.per_pixel(_of(look, "bow")) * across * across
    line += shapes.per_pixel(_of(look, "hairline") - 0.10 * look.age)
    line += _curls_below(w, look)
    return shapes.both(sides, line - w.v, 0.08)


def _draw_front(canvas: Canvas, look: Look) -> None:
    low = np.minimum(_of(look, "sides"), 0.95) + 0.15  # with curls and shadow
    with canvas.window(0.0, 0.5 * (low - 0.98), 0.82, 0.5 * (low + 0.98)) as w:
        outline, opening = _outline(w, look), _opening(w, look)
        thick = _of(look, "thick")
        hair = np.maximum(outline, -opening)
        hair = shapes.both(hair, w.v - shapes.per_pixel(_of(look, "sides")) - _curls_below(w, look), 0.10)
        shadow = canvas.on_head(shapes.fall(hair, 0.09))
        w.shade(shadow * shapes.per_pixel(0.42 * thick))
        w.fill(hair, _shaded(w, look), HAIR, thick)
        if np.any(_of(look, "strands") > 0):
            _comb(w, look, hair)


def _comb(w: Window, look: Look, hair: shapes.Plane) -> None:
    """Strands around the part, and a soft band of light across them."""
    strength = _of(look, "strands")
    x = 0.75 * look.turn + _of(look, "part")
    p = (w.u - shapes.per_pixel(x)) * np.float32(1.25)
    q = w.v - np.float32(0.10)
    reach = np.sqrt(p * p + q * q)
    inside = shapes.fall(hair + np.float32(0.02), 0.02)
    band = shapes.clipped(1 - np.abs(reach - np.float32(0.70)) * np.float32(1 / 0.09))
    lit = shapes.clipped(1 - np.abs(w.u - shapes.per_pixel(0.30 * look.light)) * np.float32(1 / 0.5))
    w.mix(inside * band * lit * shapes.per_pixel(strength), mixed(look.hair, np.ones(3), 0.55))
    strands = shapes.zigzag((w.u - shapes.per_pixel(x)) / (np.float32(0.85) + np.float32(0.45) * w.v), 0.40, 0.20, 0.10)
    width = 0.03 + 1.5 * w.pixel  # never finer than pixels, and paler instead
    strands = shapes.clipped(1 - strands * np.float32(1 / width))
    w.mix(inside * strands * shapes.per_pixel(strength * (0.018 / width)), look.hair * 0.62)
