"""Smooth or regular ones that neither pool has.

Four are from the tradition of picture-making networks (CPPNs); with the last two, networks learn photos.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

if TYPE_CHECKING:
    from torch import Tensor

Period = Annotated[float, Field(ge=0.01, le=100)]
Omega = Annotated[float, Field(ge=0, le=1000)]
Scale = Annotated[float, Field(ge=0.01, le=1000)]


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


def gabor(x: Tensor, /, *, omega: Omega = 2.0, scale: Scale = 1.0) -> Tensor:
    """A ripple under a bell: cos(omega x) e^(-(scale x)^2). From -1 to 1.

    The real form of Saragadam et al. 2023, "WIRE: Wavelet implicit neural representations". omega: radians of the
    ripple for each unit of x; at 0 it is gaussian. scale: how narrow the bell is. A scale of 1 goes with the weights
    that mlp draws; narrower bells miss most of what comes to them.
    """
    return (x * omega).cos() * (x * scale).square().neg().exp()


def finer(x: Tensor, /) -> Tensor:
    """Waves that grow shorter away from zero: sin((|x| + 1) x). From -1 to 1.

    Liu et al. 2024, "FINER: Flexible spectral-bias tuning in implicit neural representation by variable-periodic
    activation functions"; the factor omega is in the weights.
    """
    return ((x.abs() + 1) * x).sin()
