"""Pointwise operations of torch, as instructions for vectors."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from artengine.painting.compiled.instructions import Value
from artengine.painting.compiled.simd import Vectors

_aten = torch.ops.aten
Emit = Callable[..., Value]


def _power(v: Vectors, x: Value, exponent: Any) -> Value:
    power = x
    for _ in range(int(exponent) - 1):
        power = v.builder.fmul(power, x)
    return power


def _clamp(v: Vectors, x: Value, low: Value | None = None, high: Value | None = None) -> Value:
    x = x if low is None else v.maximum(x, low)
    return x if high is None else v.minimum(x, high)


def _sinc(v: Vectors, x: Value) -> Value:
    b = v.builder
    scaled = b.fmul(x, v.constant(math.pi))
    zero = b.fcmp_ordered("==", x, v.constant(0))
    return b.select(zero, v.constant(1), b.fdiv(v.sin(scaled), b.select(zero, v.constant(1), scaled)))


def _remainder(v: Vectors, x: Value, divisor: Value) -> Value:
    """The remainder, exact for a power of two."""
    b = v.builder
    return b.fsub(x, b.fmul(v.call("floor", b.fdiv(x, divisor)), divisor))


def _sigmoid(v: Vectors, x: Value) -> Value:
    b, one = v.builder, v.constant(1)
    return b.fdiv(one, b.fadd(one, v.exp(b.fneg(x))))


def _logaddexp(v: Vectors, x: Value, y: Value) -> Value:
    b = v.builder
    distance = v.call("fabs", b.fsub(x, y))
    greater = v.maximum(x, y)
    same = b.fcmp_ordered("==", x, y)  # infinities too
    return b.fadd(greater, v.log1p_unit(v.exp(b.select(same, v.constant(0), b.fneg(distance)))))


def _expm1(v: Vectors, x: Value) -> Value:
    """By tanh, which is exact for small numbers: e^x - 1 = tanh(x/2) (e^x + 1)."""
    b = v.builder
    power = v.exp(x)
    small = b.fmul(v.tanh(b.fmul(x, v.constant(0.5))), b.fadd(power, v.constant(1)))
    return b.select(v.greater(v.constant(1), v.call("fabs", x)), small, b.fsub(power, v.constant(1)))


def _or_nan(v: Vectors, y: Value, result: Value) -> Value:
    """The result, but NaN where y is."""
    return v.builder.select(v.builder.fcmp_unordered("uno", y, y), y, result)


def _scaled_log(base: float) -> Emit:
    return lambda v, x: v.builder.fmul(v.log(x), v.constant(1 / math.log(base)))


#: What emits the instructions of an operation, given its operands as vectors.
EMIT: dict[Any, Emit] = {
    _aten.abs.default: lambda v, x: v.call("fabs", x),
    _aten.neg.default: lambda v, x: v.builder.fneg(x),
    _aten.relu.default: lambda v, x: v.maximum(x, v.constant(0)),
    _aten.sign.default: Vectors.sign,
    _aten.sqrt.default: lambda v, x: v.call("sqrt", x),
    _aten.floor.default: lambda v, x: v.call("floor", x),
    _aten.reciprocal.default: lambda v, x: v.builder.fdiv(v.constant(1), x),
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
    _aten.maximum.default: lambda v, x, y: _or_nan(v, y, v.maximum(x, y)),
    _aten.minimum.default: lambda v, x, y: _or_nan(v, y, v.minimum(x, y)),
    _aten.logaddexp.default: _logaddexp,
    _aten.remainder.Scalar: _remainder,
    _aten.pow.Tensor_Scalar: _power,
}

#: Operations whose arguments after the first are Python numbers, not vectors.
SCALAR_ARGUMENTS = {_aten.pow.Tensor_Scalar}


def supports(op: Any, rest: tuple[Any, ...]) -> bool:
    """Whether there are instructions for an operation with these arguments after its first."""
    if op is _aten.pow.Tensor_Scalar:
        return rest[0] in (1, 2, 3, 4)
    if op is _aten.remainder.Scalar:
        return isinstance(rest[0], (int, float)) and math.frexp(rest[0])[0] == 0.5  # a power of two
    if op is _aten.clamp.default:
        return len(rest) <= 2 and not any(isinstance(part, float) and math.isnan(part) for part in rest)
    return op in EMIT and len(rest) <= 1
