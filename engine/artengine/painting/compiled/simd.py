"""Arithmetic on vectors of floats as LLVM instructions: what nonlinearities are made of.

Every lane is worked out by itself. Numbers that are not numbers stay so, infinities go where they go in the limit, and
results agree with the true ones to a few units in the last place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from artengine.painting.compiled.floats import DOUBLE, SINGLE, Float

INT = ir.IntType(32)
Value = Any  # what llvmlite's builder gives and takes

#: Of tanh(x) as x p(x^2) / q(x^2) on [-9, 9] (Eigen, after Hart et al. 1968).
TANH_ABOVE = (
    -2.76076847742355e-16,
    2.00018790482477e-13,
    -8.60467152213735e-11,
    5.12229709037114e-08,
    1.48572235717979e-05,
    6.37261928875436e-04,
    4.89352455891786e-03,
)
TANH_BELOW = (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)
TANH_FLAT = 7.90531110763549805
TANH_ONE = 20.0  # from where on it is 1 in float64 too
#: Added to a whole number in float64, it leaves that in the last bits of the sum.
WHOLE = 1.5 * 2**52
WHOLE_BITS = 0x4338000000000000


class _BFloat(ir.Type):  # type: ignore[misc]  # llvmlite has no types
    """LLVM's type of the 16 upper bits of a float32, which llvmlite has no name for."""

    def _to_string(self) -> str:
        return "bfloat"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _BFloat)

    def __hash__(self) -> int:
        return hash(_BFloat)


class Vectors:
    """Writes instructions for vectors of so many lanes, of one sort of float, where the builder stands."""

    def __init__(self, builder: ir.IRBuilder, lanes: int, real: Float) -> None:
        self.builder = builder
        self.lanes = lanes
        self.real = real
        self.type = ir.VectorType(real.type, lanes)
        self.ints = ir.VectorType(real.ints, lanes)

    # what the processor has

    def number(self, value: float, kind: ir.Type | None = None) -> Value:
        """The same number in every lane, a float of this sort if nothing else is said."""
        return ir.Constant(ir.VectorType(kind or self.real.type, self.lanes), [value] * self.lanes)

    def call(self, name: str, *operands: Value) -> Value:
        """One of LLVM's intrinsics for this kind of vector."""
        kind = operands[0].type
        letter = "f32" if kind.element == SINGLE.type else "f64"
        full = f"llvm.{name}.v{kind.count}{letter}"
        module = self.builder.module
        known = module.globals.get(full) or ir.Function(module, ir.FunctionType(kind, [kind] * len(operands)), full)
        return self.builder.call(known, operands)

    def fma(self, x: Value, y: Value, z: Value) -> Value:
        """The sum x y + z, rounded once."""
        return self.call("fma", x, y, z)

    def dot(self, x: Value, y: Value, z: Value) -> Value:
        """The sum of z and of the products of two bfloat16 numbers each in x and y, which lie there as float32."""
        b, pairs = self.builder, ir.VectorType(_BFloat(), 2 * self.lanes)
        full = "llvm.x86.avx512bf16.dpbf16ps.512"
        kind = ir.FunctionType(self.type, [self.type, pairs, pairs])
        known = b.module.globals.get(full) or ir.Function(b.module, kind, full)
        return b.call(known, [z, b.bitcast(x, pairs), b.bitcast(y, pairs)])

    def spread(self, scalar: Value) -> Value:
        """A scalar in every lane."""
        nothing = ir.Constant(self.type, ir.Undefined)
        one = self.builder.insert_element(nothing, scalar, INT(0))
        return self.builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(INT, self.lanes), [0] * self.lanes))

    def above(self, x: Value, y: Value) -> Value:
        """Whether x > y; not where one of them is not a number."""
        return self.builder.fcmp_ordered(">", x, y)

    def least(self, x: Value, limit: Value) -> Value:
        """The smaller; x where one of them is not a number."""
        return self.builder.select(self.above(x, limit), limit, x)

    def most(self, x: Value, limit: Value) -> Value:
        """The greater; x where one of them is not a number."""
        return self.builder.select(self.above(limit, x), limit, x)

    def polynomial(self, x: Value, coefficients: Sequence[float]) -> Value:
        """By Horner's rule, the highest power first."""
        kind = x.type.element
        total = self.number(coefficients[0], kind)
        for coefficient in coefficients[1:]:
            total = self.fma(total, x, self.number(coefficient, kind))
        return total

    # what it has not

    def sign(self, x: Value) -> Value:
        """One of -1, 0 and 1."""
        b, zero, one = self.builder, self.number(0), self.number(1)
        negative = b.select(self.above(zero, x), self.number(-1), zero)
        return b.select(self.above(x, zero), one, negative)

    def tanh(self, x: Value) -> Value:
        """The hyperbolic tangent."""
        if self.real is DOUBLE:
            return self._tanh_by_exp(x)
        b = self.builder
        x = self.most(self.least(x, self.number(TANH_FLAT)), self.number(-TANH_FLAT))
        square = b.fmul(x, x)
        return b.fdiv(b.fmul(x, self.polynomial(square, TANH_ABOVE)), self.polynomial(square, TANH_BELOW))

    def _tanh_by_exp(self, x: Value) -> Value:
        """The same as m / (m + 2), where m = e^2x - 1 comes from what e^2x is made of, exact for small numbers."""
        b = self.builder
        size = self.least(self.call("fabs", x), self.number(TANH_ONE))
        twos, less = self._reduced(b.fmul(size, self.number(2)))
        power = self._power_of_two(twos)
        less = self.fma(power, less, b.fsub(power, self.number(1)))
        return self.call("copysign", b.fdiv(less, b.fadd(less, self.number(2))), x)

    def mostly(self, usual: Value, value: Value, other: Callable[[], Value]) -> Value:
        """The value where it is the usual case, else another, which is worked out only if there is such a lane."""
        b = self.builder
        mask = b.bitcast(usual, ir.IntType(self.lanes))
        before = b.block
        with b.if_then(b.icmp_unsigned("!=", mask, ir.Constant(mask.type, -1)), likely=False):
            rare = b.select(usual, value, other())
            inside = b.block
        given = b.phi(self.type)
        given.add_incoming(value, before)
        given.add_incoming(rare, inside)
        return given

    def exp(self, x: Value) -> Value:
        """The exponential; 0 where it would be smaller than any normal number."""
        b = self.builder

        def elsewhere() -> Value:
            ends = b.select(self.above(x, self.number(0)), self._exp(x, self.number(self.real.bias)), self.number(0))
            ends = b.select(self.above(x, self.number(self.real.most)), self.number(math.inf), ends)
            return b.select(b.fcmp_unordered("uno", x, x), x, ends)

        usual = self.above(self.number(self.real.usual), self.call("fabs", x))
        return self.mostly(usual, self._exp(x, None), elsewhere)

    def _exp(self, x: Value, most: Value | None) -> Value:
        """The exponential of what is inside the range; the power of two in two steps where it may exceed `most`."""
        b = self.builder
        twos, less = self._reduced(x)
        power = b.fadd(less, self.number(1))
        first = twos if most is None else self.least(twos, most)
        power = b.fmul(power, self._power_of_two(first))
        return power if most is None else b.fmul(power, self._power_of_two(b.fsub(twos, first)))

    def _reduced(self, x: Value) -> tuple[Value, Value]:
        """A whole number n and e^r - 1, where x = n log 2 + r and n is the nearest."""
        b = self.builder
        twos = self.call("rint", b.fmul(x, self.number(1 / math.log(2))))
        rest = x
        for part in self.real.ln2:
            rest = self.fma(twos, self.number(-part), rest)
        less = self.polynomial(rest, self.real.exp)
        return twos, self.fma(less, b.fmul(rest, rest), rest)

    def _power_of_two(self, exponent: Value) -> Value:
        b, bias = self.builder, self.real.bias
        inside = self.most(self.least(exponent, self.number(bias)), self.number(-bias))
        bits = b.add(self._last_bits(inside), self._int(bias))
        return b.bitcast(b.shl(bits, self._int(self.real.digits)), self.type)

    def log(self, x: Value) -> Value:
        """The natural logarithm."""
        b, zero, digits = self.builder, self.number(0), self.real.digits
        bits = b.bitcast(x, self.ints)

        def elsewhere() -> Value:
            scaled = b.bitcast(b.fmul(x, self.number(2.0**digits)), self.ints)
            given = b.fsub(self._log(scaled), self.number(digits * math.log(2)))
            given = b.select(self.above(x, zero), given, self.number(math.nan))
            given = b.select(b.fcmp_ordered("==", x, zero), self.number(-math.inf), given)
            return b.select(b.fcmp_ordered("==", x, self.number(math.inf)), x, given)

        least, count = 1 << digits, 2 * self.real.bias << digits  # of the bits of normal numbers above 0
        usual = b.icmp_unsigned("<", b.sub(bits, self._int(least)), self._int(count))
        return self.mostly(usual, self._log(bits), elsewhere)

    def _log(self, bits: Value) -> Value:
        """The logarithm of a normal number above zero, by its bits."""
        b, digits, (ln2, ln2_rest) = self.builder, self._int(self.real.digits), self.real.ln2
        exponent = b.ashr(b.sub(bits, self._int(self.real.half_root)), digits)  # of 2 to, so that the rest is near 1
        rest = b.fsub(b.bitcast(b.sub(bits, b.shl(exponent, digits)), self.type), self.number(1))
        twos = self._float_of(exponent)
        square = b.fmul(rest, rest)
        total = b.fmul(b.fmul(rest, square), self.polynomial(rest, self.real.log))
        total = self.fma(twos, self.number(ln2_rest), total)
        total = self.fma(square, self.number(-0.5), total)
        return self.fma(twos, self.number(ln2), b.fadd(rest, total))

    def log1p(self, x: Value) -> Value:
        """The logarithm of 1 + x, exact for small x too (Kahan)."""
        b = self.builder
        more = b.fadd(x, self.number(1))
        rounded = b.fsub(more, self.number(1))
        same = b.fcmp_ordered("==", rounded, self.number(0))
        alone = b.fcmp_ordered(">=", more, self.number(self.real.alone))
        logarithm = self.log(more)
        ratio = b.fdiv(b.fmul(logarithm, x), b.select(same, self.number(1), rounded))
        return b.select(same, x, b.select(alone, logarithm, ratio))

    def log1p_unit(self, x: Value) -> Value:
        """The logarithm of 1 + x for x in [0, 1]."""
        return self.builder.fmul(x, self.polynomial(x, self.real.log1p))

    def sin(self, x: Value) -> Value:
        """The sine; from 2^52 on, some number in [-1, 1]."""
        return self._wave(x, 0.0)

    def cos(self, x: Value) -> Value:
        """The cosine, which is the sine a quarter of a turn on."""
        return self._wave(x, 0.5)

    def _wave(self, x: Value, ahead: float) -> Value:
        """The sine of x and so many half turns."""
        b = self.builder
        size = self.call("fabs", x)
        small = self.above(self.number(self.real.turning), size)
        halves = self.call("rint", self.fma(x, self.number(1 / math.pi), self.number(ahead)))
        halves = b.select(small, halves, self.number(0))
        near = x
        for part in self.real.half_turns:
            near = self.fma(b.fsub(halves, self.number(ahead)), self.number(-part), near)
        sine = self._sine(near, self._last_bits(halves))
        return self.mostly(small, sine, lambda: self._far(x, ahead))

    def _far(self, x: Value, ahead: float) -> Value:
        """The same for large numbers, reduced in float64."""
        b = self.builder
        single = self.real is SINGLE
        long = b.fpext(x, ir.VectorType(DOUBLE.type, self.lanes)) if single else x
        halves = self.call("rint", self.fma(long, self._double(1 / math.pi), self._double(ahead)))
        near = self._less(long, halves, ahead)
        if not single:  # where the nearest half turn has been missed by one
            halves = b.fadd(halves, self.call("rint", b.fmul(near, self._double(1 / math.pi))))
            near = self._less(long, halves, ahead)
        pairs = self.call("floor", b.fmul(halves, self._double(0.5)))
        odd = b.fsub(halves, b.fadd(pairs, pairs))
        near = b.fptrunc(near, self.type) if single else near
        near = self.most(self.least(near, self.number(math.pi / 2)), self.number(-math.pi / 2))
        odd = b.fptrunc(odd, self.type) if single else odd
        sine = self._sine(near, self._int(0))
        return b.select(self.above(odd, self.number(0.5)), b.fneg(sine), sine)

    def _less(self, x: Value, halves: Value, ahead: float) -> Value:
        """What so many half turns leave of a number in float64, ahead of them taken off again."""
        turns = self.builder.fsub(halves, self._double(ahead))
        for part in DOUBLE.half_turns:
            x = self.fma(turns, self._double(-part), x)
        return x

    def _sine(self, near: Value, odd: Value) -> Value:
        """The sine of a number in [-pi/2, pi/2], negative where the last bit of `odd` is set."""
        b = self.builder
        square = b.fmul(near, near)
        sine = self.fma(b.fmul(square, self.polynomial(square, self.real.sine)), near, near)
        sign = b.shl(odd, self._int(8 * self.real.bytes - 1))
        return b.bitcast(b.xor(b.bitcast(sine, self.ints), sign), self.type)

    def _last_bits(self, whole: Value) -> Value:
        """A whole number as an integer; of float64, which not all processors convert, only the lower bits are right."""
        b = self.builder
        if self.real is SINGLE:
            return b.fptosi(whole, self.ints)
        return b.bitcast(b.fadd(whole, self.number(WHOLE)), self.ints)

    def _float_of(self, whole: Value) -> Value:
        """An integer that is not large as a float."""
        b = self.builder
        if self.real is SINGLE:
            return b.sitofp(whole, self.type)
        return b.fsub(b.bitcast(b.add(whole, self._int(WHOLE_BITS)), self.type), self.number(WHOLE))

    def _double(self, value: float) -> Value:
        return self.number(value, DOUBLE.type)

    def _int(self, value: int) -> Value:
        return self.number(value, self.real.ints)
