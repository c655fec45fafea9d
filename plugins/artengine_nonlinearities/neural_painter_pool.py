"""The pool of zxytim's neural-painter: the 24 nonlinearities its published pictures are made of.

Logarithms are taken of numbers above zero only: ``EPS`` is added first, which is also what keeps them finite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

#: What the pool adds before a logarithm. It shows: it is the depth of the cracks that the logarithms draw.
EPS = 1e-8


def _xlogx(v: Tensor) -> Tensor:
    """The product v ln v, for v above zero."""
    return v * v.log()


def identity(x: Tensor, /) -> Tensor:
    """Nothing at all: x. Any range."""
    return x


def absolute(x: Tensor, /) -> Tensor:
    """A fold at zero: |x|. From 0 up."""
    return x.abs()


def relu(x: Tensor, /) -> Tensor:
    """A ramp that begins at zero: max(x, 0). From 0 up."""
    return x.relu()


def square(x: Tensor, /) -> Tensor:
    """A parabola: x^2. From 0 up."""
    return x.square()


def sgn(x: Tensor, /) -> Tensor:
    """A cliff at zero: the sign of x, 0 at 0. One of -1, 0, 1."""
    return x.sign()


def sin(x: Tensor, /) -> Tensor:
    """Waves: sin x. From -1 to 1."""
    return x.sin()


def cos(x: Tensor, /) -> Tensor:
    """Waves with a crest at zero: cos x. From -1 to 1."""
    return x.cos()


def tanh(x: Tensor, /) -> Tensor:
    """A gentle step: tanh x. From -1 to 1."""
    return x.tanh()


def abs_tanh(x: Tensor, /) -> Tensor:
    """A gentle step, folded to a valley: |tanh x|. From 0 to 1."""
    return x.tanh().abs()


def sigmoid(x: Tensor, /) -> Tensor:
    """A gentle step: 1 / (1 + e^-x). From 0 to 1."""
    return x.sigmoid()


def hard_sigmoid(x: Tensor, /) -> Tensor:
    """A step of three straight pieces: 0.2 x + 0.5, clipped. From 0 to 1."""
    return (x * 0.2 + 0.5).clamp(0, 1)


def softplus(x: Tensor, /) -> Tensor:
    """A ramp with a soft bend: ln(1 + e^x). Above 0."""
    return x.logaddexp(x.new_zeros(()))


def log_abs(x: Tensor, /) -> Tensor:
    """A deep crack at zero: ln(|x| + 1e-8). From -18.4 up."""
    return (x.abs() + EPS).log()


def log_abs_p1(x: Tensor, /) -> Tensor:
    """A sharp valley: ln(|x| + 1). From 0 up."""
    return (x.abs() + 1).log()


def log_relu(x: Tensor, /) -> Tensor:
    """A plain on the left, far below the right: ln(max(x, 0) + 1e-8). From -18.4 up."""
    return (x.relu() + EPS).log()


def log_square(x: Tensor, /) -> Tensor:
    """A deep crack at zero, twice as steep: ln(x^2 + 1e-8). From -18.4 up."""
    return (x.square() + EPS).log()


def xlogx_abs(x: Tensor, /) -> Tensor:
    """Two bowls side by side: v ln v of v = |x| + 1e-8. From -0.368 up."""
    return _xlogx(x.abs() + EPS)


def xlogx_abs_p1(x: Tensor, /) -> Tensor:
    """A valley growing steeper: v ln v of v = |x| + 1. From 0 up."""
    return _xlogx(x.abs() + 1)


def xlogx_relu(x: Tensor, /) -> Tensor:
    """A plain, then a bowl: v ln v of v = max(x, 0) + 1e-8. From -0.368 up."""
    return _xlogx(x.relu() + EPS)


def xlogx_relu_p1(x: Tensor, /) -> Tensor:
    """A plain, then a growing slope: v ln v of v = max(x, 0) + 1. From 0 up."""
    return _xlogx(x.relu() + 1)


def xlogx_square(x: Tensor, /) -> Tensor:
    """Two bowls with steep outer walls: v ln v of v = x^2 + 1e-8. From -0.368 up."""
    return _xlogx(x.square() + EPS)


def sort(x: Tensor, /) -> Tensor:
    """The units of a pixel in rising order: creases wherever two of them are equal. The range of x."""
    return x.sort(dim=-1).values


def softmax(x: Tensor, /) -> Tensor:
    """A contest between the units of a pixel: e^x over its sum. From 0 to 1, sum 1."""
    return x.softmax(dim=-1)


def logsoftmax(x: Tensor, /) -> Tensor:
    """How far each unit of a pixel is behind: x - ln of the sum of e^x. Up to 0."""
    return x.log_softmax(dim=-1)
