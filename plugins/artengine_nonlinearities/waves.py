"""Four smooth or regular ones that neither pool has, from the tradition of picture-making networks (CPPNs)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

if TYPE_CHECKING:
    from torch import Tensor

Period = Annotated[float, Field(ge=0.01, le=100)]


def gaussian(x: Tensor, /) -> Tensor:
    """A bell: e^(-x^2). From 0 to 1."""
    return x.square().neg().exp()


def triangle(x: Tensor, /) -> Tensor:
    """A sine drawn with a ruler: straight lines between 0, 1, 0, -1 at the quarters of 2 pi. From -1 to 1."""
    return ((x / math.tau - 0.25).remainder(1) - 0.5).abs() * 4 - 1


def sinc(x: Tensor, /) -> Tensor:
    """Rings that fade: sin x / x, 1 at 0. From -0.217 to 1."""
    return (x / math.pi).sinc()


def mod(x: Tensor, /, *, period: Period = 1.0) -> Tensor:
    """A saw: what is left of x beyond whole periods. From 0 to the period."""
    return x.remainder(period)
