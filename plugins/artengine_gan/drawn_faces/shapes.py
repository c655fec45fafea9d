"""Signed distances of shapes, per pixel: negative inside, in the units of the plane, exact or good near the edge.

`u`, `v` are (k, h, w); every other number is one for all faces or one per face (k,). Only operations are used whose
results IEEE 754 fixes to the bit. The distances follow Inigo Quilez, "2D distance functions" and "distance to
implicits".
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]  # (k, h, w)
PerFace = float | npt.NDArray[np.float64]  # one number, or (k,)

TINY = np.float32(1e-6)  # keeps the middle of a shape from being divided by zero


FAR = 99.0  # outside of everything


def clipped(plane: Plane, low: float = 0.0, high: float = 1.0) -> Plane:
    """The plane itself, its values kept between two: numpy clips quicker than it takes a maximum with a number."""
    return np.clip(plane, np.float32(low), np.float32(high), out=plane)


def per_pixel(value: PerFace) -> npt.NDArray[np.float32]:
    """Numbers per face as (k, 1, 1), which go with planes."""
    numbers = np.asarray(value, np.float32)
    return numbers[:, None, None] if numbers.ndim else numbers


def ellipse(u: Plane, v: Plane, x: PerFace, y: PerFace, across: PerFace, down: PerFace) -> Plane:
    """The ellipse around (x, y) with two half axes: its implicit function over the length of its gradient."""
    p = (u - per_pixel(x)) * per_pixel(1 / np.asarray(across))
    q = (v - per_pixel(y)) * per_pixel(1 / np.asarray(down))
    inside = p * p
    inside += q * q
    inside -= 1
    p *= per_pixel(2 / np.asarray(across))
    q *= per_pixel(2 / np.asarray(down))
    p *= p
    q *= q
    p += q
    np.sqrt(p, out=p)
    p += TINY
    inside /= p
    return inside


def circle(u: Plane, v: Plane, x: PerFace, y: PerFace, radius: PerFace) -> Plane:
    """The circle around (x, y)."""
    p = u - per_pixel(x)
    q = v - per_pixel(y)
    p *= p
    q *= q
    p += q
    np.sqrt(p, out=p)
    p -= per_pixel(radius)
    return p


def box(u: Plane, v: Plane, x: PerFace, y: PerFace, across: PerFace, down: PerFace, corner: PerFace) -> Plane:
    """The rectangle around (x, y) with half sides and round corners."""
    p: Plane = np.abs(u - per_pixel(x)) - per_pixel(np.asarray(across) - corner)
    q: Plane = np.abs(v - per_pixel(y)) - per_pixel(np.asarray(down) - corner)
    within = clipped(np.maximum(p, q), -FAR, 0)
    clipped(p, 0, FAR)
    clipped(q, 0, FAR)
    p *= p
    q *= q
    p += q
    np.sqrt(p, out=p)
    p += within
    p -= per_pixel(corner)
    return p


def stroke(
    u: Plane,
    v: Plane,
    x: PerFace,
    y: PerFace,
    half: PerFace,
    width: PerFace,
    bend: PerFace = 0.0,
    slope: PerFace = 0.0,
    taper: PerFace = 0.0,
) -> Plane:
    """A stroke through (x, y), `half` long and `width` wide to both sides.

    `bend` lowers both ends, `slope` lowers the right end; `taper` (0 to 1) thins the ends.
    """
    p = u - per_pixel(x)
    q = v - per_pixel(y)
    q -= per_pixel(slope) * p
    along = p * per_pixel(1 / np.asarray(half))
    along *= along
    q -= per_pixel(bend) * along
    np.abs(p, out=p)
    p -= per_pixel(half)
    clipped(p, 0, FAR)
    p *= p
    q *= q
    p += q
    np.sqrt(p, out=p)
    clipped(along)
    along *= per_pixel(np.asarray(width) * taper)
    p += along
    p -= per_pixel(width)
    return p


def lens(
    u: Plane, v: Plane, x: PerFace, y: PerFace, half: PerFace, up: PerFace, down: PerFace, bend: PerFace = 0.0
) -> Plane:
    """Between two arches over the same chord, `up` above and `down` below its middle; the corners lie `bend` lower."""
    p = (u - per_pixel(x)) * per_pixel(1 / np.asarray(half))
    beyond: Plane = np.abs(p) * per_pixel(half) - per_pixel(half)
    square = p * p
    arch = (1 - square) * (1 + np.float32(0.5) * square)
    y_mid = square
    y_mid *= per_pixel(bend)
    y_mid += per_pixel(y)
    above = y_mid - v
    below = -above
    above -= per_pixel(up) * arch
    below -= per_pixel(down) * arch
    np.maximum(above, below, out=above)
    # the steeper arch's slope, about: distances along v become distances to the curve
    steep = np.maximum(np.abs(np.asarray(up)), np.abs(np.asarray(down))) / np.asarray(half)
    p *= per_pixel(1.8 * steep)
    p *= p
    p += 1
    np.sqrt(p, out=p)
    above /= p
    np.maximum(above, beyond, out=beyond)
    return beyond


def union(one: Plane, other: Plane, round_off: float) -> Plane:
    """Both shapes, the notch between them filled with a fillet of this size (polynomial smooth minimum)."""
    h: Plane = np.abs(one - other)
    np.subtract(np.float32(round_off), h, out=h)
    clipped(h, 0, FAR)
    h *= h
    h *= np.float32(0.25 / round_off)
    np.subtract(np.minimum(one, other), h, out=h)
    return h


def both(one: Plane, other: Plane, round_off: float) -> Plane:
    """What lies in both shapes, the corner rounded off by this size."""
    return -union(-one, -other, round_off)


def zigzag(across: Plane, *steps: float) -> Plane:
    """|across|, folded at each step: steps that halve make twice as many even lines of zeros each."""
    folded: Plane = np.abs(across)
    for step in steps:
        folded -= np.float32(step)
        np.abs(folded, out=folded)
    return folded


def glow(u: Plane, v: Plane, x: PerFace, y: PerFace, across: PerFace, down: PerFace) -> Plane:
    """1 in the middle of an ellipse, falling softly to exactly 0 at its edge."""
    p = (u - per_pixel(x)) * per_pixel(1 / np.asarray(across))
    q = (v - per_pixel(y)) * per_pixel(1 / np.asarray(down))
    p *= p
    q *= q
    p += q
    np.subtract(np.float32(1), p, out=p)
    clipped(p)
    p *= p
    return p


def fall(distance: Plane, reach: PerFace) -> Plane:
    """1 inside a shape, falling softly to exactly 0 at `reach` outside."""
    p = distance * per_pixel(-1 / np.asarray(reach))
    p += 1
    clipped(p)
    p *= p
    return p
