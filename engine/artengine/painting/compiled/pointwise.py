"""Operations of torch on single numbers, as instructions for vectors of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from artengine.painting.compiled.simd import Value, Vectors

_aten = torch.ops.aten
Write = Callable[..., Value]


def _power(v: Vectors, x: Value, exponent: Any) -> Value:
    power = x
    for _ in range(int(exponent) - 1):
        power = v.builder.fmul(power, x)
    return power


def _clamp(v: Vectors, x: Value, low: Value | None = None, high: Value | None = None) -> Value:
    x = x if low is None else v.most(x, low)
    return x if high is None else v.least(x, high)


def _sinc(v: Vectors, x: Value) -> Value:
    b = v.builder
    scaled = b.fmul(x, v.number(math.pi))
    zero = b.fcmp_ordered("==", x, v.number(0))
    return b.select(zero, v.number(1), b.fdiv(v.sin(scaled), b.select(zero, v.number(1), scaled)))


def _remainder(v: Vectors, x: Value, divisor: Value) -> Value:
    """What is left beyond whole divisors, exact for a power of two."""
    b = v.builder
    return b.fsub(x, b.fmul(v.call("floor", b.fdiv(x, divisor)), divisor))


def _sigmoid(v: Vectors, x: Value) -> Value:
    b, one = v.builder, v.number(1)
    return b.fdiv(one, b.fadd(one, v.exp(b.fneg(x))))


def _logaddexp(v: Vectors, x: Value, y: Value) -> Value:
    b = v.builder
    apart = v.call("fabs", b.fsub(x, y))
    more = v.most(x, y)
    same = b.fcmp_ordered("==", x, y)  # infinities too
    return b.fadd(more, v.log1p_unit(v.exp(b.select(same, v.number(0), b.fneg(apart)))))


def _expm1(v: Vectors, x: Value) -> Value:
    """By tanh, which is exact for small numbers: e^x - 1 = tanh(x/2) (e^x + 1)."""
    b = v.builder
    power = v.exp(x)
    small = b.fmul(v.tanh(b.fmul(x, v.number(0.5))), b.fadd(power, v.number(1)))
    return b.select(v.above(v.number(1), v.call("fabs", x)), small, b.fsub(power, v.number(1)))


def _lost(v: Vectors, y: Value, given: Value) -> Value:
    """What was given, but y where that is not a number."""
    return v.builder.select(v.builder.fcmp_unordered("uno", y, y), y, given)


def _scaled_log(base: float) -> Write:
    return lambda v, x: v.builder.fmul(v.log(x), v.number(1 / math.log(base)))


#: By operation; operands are vectors.
WRITE: dict[Any, Write] = {
    _aten.abs.default: lambda v, x: v.call("fabs", x),
    _aten.neg.default: lambda v, x: v.builder.fneg(x),
    _aten.relu.default: lambda v, x: v.most(x, v.number(0)),
    _aten.sign.default: Vectors.sign,
    _aten.sqrt.default: lambda v, x: v.call("sqrt", x),
    _aten.floor.default: lambda v, x: v.call("floor", x),
    _aten.reciprocal.default: lambda v, x: v.builder.fdiv(v.number(1), x),
    _aten.tanh.default: Vectors.tanh,
    _aten.sigmoid.default: _sigmoid,
    _aten.silu.default: lambda v, x: v.builder.fmul(x, _sigmoid(v, x)),
    _aten.exp.default: Vectors.exp,
    _aten.expm1.default: _expm1,
    _aten.log.default: Vectors.log,
    _aten.log2.default: _scaled_log(2),
    _aten.log10.default: _scaled_log(10),
    _aten.log1p.default: Vectors.log1p,
    _aten.sin.default: Vectors.sin,
    _aten.cos.default: Vectors.cos,
    _aten.sinc.default: _sinc,
    _aten.clamp.default: _clamp,
    _aten.add.Tensor: lambda v, x, y: v.builder.fadd(x, y),
    _aten.sub.Tensor: lambda v, x, y: v.builder.fsub(x, y),
    _aten.rsub.Scalar: lambda v, x, y: v.builder.fsub(y, x),
    _aten.mul.Tensor: lambda v, x, y: v.builder.fmul(x, y),
    _aten.div.Tensor: lambda v, x, y: v.builder.fdiv(x, y),
    _aten.maximum.default: lambda v, x, y: _lost(v, y, v.most(x, y)),
    _aten.minimum.default: lambda v, x, y: _lost(v, y, v.least(x, y)),
    _aten.logaddexp.default: _logaddexp,
    _aten.remainder.Scalar: _remainder,
    _aten.pow.Tensor_Scalar: _power,
}

#: Whose further arguments are wanted as they are, not as vectors.
PLAIN = {_aten.pow.Tensor_Scalar}


def allowed(op: Any, rest: tuple[Any, ...]) -> bool:
    """Whether the operation with these further arguments is one of them."""
    if op is _aten.pow.Tensor_Scalar:
        return rest[0] in (1, 2, 3, 4)
    if op is _aten.remainder.Scalar:
        return math.frexp(rest[0])[0] == 0.5
    return op in WRITE and len(rest) <= (2 if op is _aten.clamp.default else 1)
