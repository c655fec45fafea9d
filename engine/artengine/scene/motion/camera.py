"""Where a picture looks, and how a camera gets from one place to another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

Zoom = Annotated[float, Field(gt=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Where we look: zoom in times, centre in plane units, angle in degrees (the camera turns clockwise)."""

    zoom: Zoom = 1.0
    centre: tuple[float, float] = (0.0, 0.0)
    angle: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraKey:
    """Where the camera is at a moment; what is not said is as it was before.

    turns: whole turns more, clockwise, on the way to the next key.
    """

    zoom: Zoom | None = None
    centre: tuple[float, float] | None = None
    angle: float | None = None
    turns: Annotated[int, Field(ge=-1000, le=1000)] = 0

    def after(self, before: Camera) -> Camera:
        """The camera here, where it was another one before."""
        return Camera(
            zoom=before.zoom if self.zoom is None else self.zoom,
            centre=before.centre if self.centre is None else self.centre,
            angle=before.angle if self.angle is None else self.angle,
        )


def interpolate_camera(first: Camera, second: Camera, e: float, turns: int = 0) -> Camera:
    """The camera that has gone the part e of the way from one place to another.

    The zoom goes evenly in its logarithm, and the centre with it, so that one point of the plane, the one zoomed into,
    keeps its place on the screen: with the width w of what is seen, c = c1 + (c2 - c1) (w1 - w) / (w1 - w2).
    """
    deeper = math.log(second.zoom) - math.log(first.zoom)
    zoom = math.exp(math.log(first.zoom) + e * deeper)
    if abs(deeper) < 1e-9:
        near, far, left = second, first, 1 - e
    elif deeper > 0:  # counted from the deeper end, where digits are dear
        near, far, left = second, first, _remaining_way(deeper, e)
    else:
        near, far, left = first, second, _remaining_way(-deeper, 1 - e)
    x, y = (n + (f - n) * left for n, f in zip(near.centre, far.centre, strict=True))
    angle = first.angle + e * (second.angle - first.angle + 360 * turns)
    return Camera(zoom=first.zoom if e == 0 else second.zoom if e == 1 else zoom, centre=(x, y), angle=angle)


def _remaining_way(deeper: float, e: float) -> float:
    """How much of the way of the centre is left when e of a zoom by exp(deeper) is done."""
    return -math.expm1(-(1 - e) * deeper) * math.exp(-e * deeper) / -math.expm1(-deeper)
