"""The ten nonlinearities of rupeshs' npainter, the neural painter in a browser.

Its strokes have a strength in two of them, the ones that take ``strength`` here; the other formulas have none. Where
npainter divides by zero, at x = 0, the factor x |1/x| is the sign of x, and so 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

if TYPE_CHECKING:
    from torch import Tensor

#: npainter offers 1e-1 to 1e-10; the smaller, the finer and deeper the strokes.
Strength = Annotated[float, Field(ge=1e-10, le=1)]


def npainter_log10_abs(x: Tensor, /, *, strength: Strength = 1e-3) -> Tensor:
    """A crack at zero as deep as its strength is small: log10(|x| + strength). From log10(strength) up."""
    return (x.abs() + strength).log10()


def npainter_x_log10_square(x: Tensor, /, *, strength: Strength = 1e-3) -> Tensor:
    """An S with two humps: x log10(x^2 + strength). Any range."""
    return x * (x.square() + strength).log10()


def npainter_tanh_abs(x: Tensor, /) -> Tensor:
    """A valley between two plains: tanh |x|, the same as abs_tanh. From 0 to 1."""
    return x.abs().tanh()


def npainter_log_abs(x: Tensor, /) -> Tensor:
    """A soft crack at zero: ln(|x| + 0.1). From -2.3 up."""
    return (x.abs() + 0.1).log()


def npainter_log_abs_p1(x: Tensor, /) -> Tensor:
    """A sharp valley: ln(|x| + 1), the same as log_abs_p1. From 0 up."""
    return (x.abs() + 1).log()


def npainter_square(x: Tensor, /) -> Tensor:
    """A parabola: |x x|, the same as square. From 0 up."""
    return (x * x).abs()


def npainter_sign(x: Tensor, /) -> Tensor:
    """A cliff at zero: x |1/x|, the same as sgn. One of -1, 0, 1."""
    return x.sign()


def npainter_sign_log(x: Tensor, /) -> Tensor:
    """A small jump at zero between two logarithms: x |1/x| ln(|x| + 0.9), 0 at 0. Any range."""
    return x.sign() * (x.abs() + 0.9).log()


def npainter_sign_log10(x: Tensor, /) -> Tensor:
    """A jump down at zero between two logarithms: x |1/x| log10(|x| + 0.1), 0 at 0. Any range."""
    return x.sign() * (x.abs() + 0.1).log10()


def npainter_coth_log10(x: Tensor, /) -> Tensor:
    """A slope with a nick at zero: x |1/tanh x| log10(|x| + 0.85), 0 at 0. Any range."""
    zero = x == 0
    there = x.masked_fill(zero, 1)  # so that neither 0 / 0 nor its gradient comes about
    return (there / there.tanh().abs() * (there.abs() + 0.85).log10()).masked_fill(zero, 0)
