"""How much more the centre of a picture counts than its edges: one meaning for every trainer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from artengine.view import View

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreFalloff:
    """What counts more than the rest: so many times as much within a radius, evenly less out to another one.

    most: times. inner, outer: radii in plane units. x, y: where, plane units.
    Raises `ValueError` where the inner radius is beyond the outer one.
    """

    most: Annotated[float, Field(ge=1, le=1000)] = 4.0
    inner: Annotated[float, Field(ge=0, le=10)] = 0.3
    outer: Annotated[float, Field(ge=0, le=10)] = 1.0
    x: Annotated[float, Field(ge=-10, le=10)] = 0.0
    y: Annotated[float, Field(ge=-10, le=10)] = 0.0

    def __post_init__(self) -> None:
        if self.inner > self.outer:
            raise ValueError(f"found inner {self.inner:g}, which is beyond outer {self.outer:g}")


#: Type of an option: how many times as much as the edges the middle of a picture counts, or where and how much more.
CentreWeight = Annotated[float, Field(ge=1, le=1000)] | CentreFalloff


def centre_weights(centre: CentreWeight | None, view: View) -> np.ndarray[Any, Any] | None:
    """What each pixel of a picture counts, (height, width) float32, at least 1; None where all count the same.

    A number falls off to 1 at the edges as a parabola along each side: 1 + (number - 1) (1 - u^2) (1 - v^2), with u and
    v from -1 to 1.
    """
    if isinstance(centre, CentreFalloff):
        return None if centre.most == 1 else _round_weights(centre, view)
    return None if centre is None or centre == 1 else _parabolic_weights(centre, view)


def _round_weights(centre: CentreFalloff, view: View) -> np.ndarray[Any, Any]:
    import numpy as np

    from artengine.training.target_image import plane_axes

    x, y = plane_axes(view)
    away = np.hypot(x - centre.x, y[:, None] - centre.y)
    share = np.clip((centre.outer - away) / max(centre.outer - centre.inner, 1e-9), 0, 1)
    weights: np.ndarray[Any, Any] = 1 + (centre.most - 1) * share
    return weights


def _parabolic_weights(times: float, view: View) -> np.ndarray[Any, Any]:
    import numpy as np

    from artengine.training.target_image import pixel_middles

    across, down = (middles / side * 2 - 1 for middles, side in zip(pixel_middles(view), view.sides, strict=True))
    bell = (1 - across**2) * (1 - down[:, None] ** 2)  # 1 in the centre, 0 at the edges
    weights: np.ndarray[Any, Any] = (1 + (times - 1) * bell).astype(np.float32)
    return weights
