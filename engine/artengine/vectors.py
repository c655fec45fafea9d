"""Arithmetic on vectors of float32 as LLVM instructions: what nonlinearities are made of.

Every lane is worked out by itself. Numbers that are not numbers stay so, infinities go where they go in the limit, and
results agree with the true ones to a few units in the last place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

FLOAT, DOUBLE, INT, BIT = ir.FloatType(), ir.DoubleType(), ir.IntType(32), ir.IntType(1)
Value = Any  # what llvmlite's builder gives and takes

LARGE = 39_000.0  # up to which pi is taken out of a number in float32
HALF_TURNS = (3.140625, 0.0009670257568359375, 6.2771141529083252e-07, 1.2154201256553420e-10)  # they add up to pi
LONG_HALF_TURNS = (math.pi, 1.2246467991473532e-16)  # the same in float64
#: Minimax coefficients of sin(r) / r - 1 in r^2 on [-pi/2, pi/2], from the highest power down (SLEEF, Shibata 2020).
SINE = (
    2.6083159809786593541503e-06,
    -0.0001981069071916863322258,
    0.00833307858556509017944336,
    -0.166666597127914428710938,
)
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
#: Of the logarithm of 1 + x between sqrt(1/2) and sqrt(2), and of e^x, from Cephes (Moshier 1989).
LOG = (
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)
EXP = (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
#: Of log(1 + x) / x on [0, 1], through the Chebyshev nodes.
LOG1P = (
    -0.00317605701,
    0.0195425283,
    -0.0563736148,
    0.105436236,
    -0.152696669,
    0.196632743,
    -0.249516159,
    0.333297104,
    -0.499998927,
    1.0,
)
LN2 = (0.693359375, -2.12194440e-4)  # they add up to it, the first so short that its products are exact


class _BFloat(ir.Type):  # type: ignore[misc]  # llvmlite has no types
    """LLVM's type of the 16 upper bits of a float32, which llvmlite has no name for."""

    def _to_string(self) -> str:
        return "bfloat"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _BFloat)

    def __hash__(self) -> int:
        return hash(_BFloat)


class Vectors:
    """Writes instructions for vectors of so many lanes where the builder stands."""

    def __init__(self, builder: ir.IRBuilder, lanes: int) -> None:
        self.builder = builder
        self.lanes = lanes
        self.type = ir.VectorType(FLOAT, lanes)
        self.ints = ir.VectorType(INT, lanes)

    # what the processor has

    def number(self, value: float, kind: ir.Type = FLOAT) -> Value:
        """The same number in every lane."""
        return ir.Constant(ir.VectorType(kind, self.lanes), [value] * self.lanes)

    def call(self, name: str, *operands: Value) -> Value:
        """One of LLVM's intrinsics for this kind of vector."""
        kind = operands[0].type
        letter = "f32" if kind.element == FLOAT else "f64"
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
        return self.builder.shuffle_vector(one, nothing, ir.Constant(self.ints, [0] * self.lanes))

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
        b = self.builder
        x = self.most(self.least(x, self.number(TANH_FLAT)), self.number(-TANH_FLAT))
        square = b.fmul(x, x)
        return b.fdiv(b.fmul(x, self.polynomial(square, TANH_ABOVE)), self.polynomial(square, TANH_BELOW))

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
            ends = b.select(self.above(x, self.number(0)), self._exp(x, self.number(127)), self.number(0))
            ends = b.select(self.above(x, self.number(88.72283)), self.number(math.inf), ends)
            return b.select(b.fcmp_unordered("uno", x, x), x, ends)

        usual = self.above(self.number(87), self.call("fabs", x))
        return self.mostly(usual, self._exp(x, None), elsewhere)

    def _exp(self, x: Value, most: Value | None) -> Value:
        """The exponential of what is inside the range; the power of two in two steps where it may exceed `most`."""
        b = self.builder
        twos = self.call("rint", b.fmul(x, self.number(1 / math.log(2))))
        rest = self.fma(twos, self.number(-LN2[0]), x)
        rest = self.fma(twos, self.number(-LN2[1]), rest)
        power = self.polynomial(rest, EXP)
        power = b.fadd(self.fma(power, b.fmul(rest, rest), rest), self.number(1))
        first = twos if most is None else self.least(twos, most)
        power = b.fmul(power, self._power_of_two(first))
        return power if most is None else b.fmul(power, self._power_of_two(b.fsub(twos, first)))

    def _power_of_two(self, exponent: Value) -> Value:
        b = self.builder
        inside = self.most(self.least(exponent, self.number(127)), self.number(-127))
        bits = b.add(b.fptosi(inside, self.ints), self._int(127))
        return b.bitcast(b.shl(bits, self._int(23)), self.type)

    def log(self, x: Value) -> Value:
        """The natural logarithm."""
        b, zero = self.builder, self.number(0)
        bits = b.bitcast(x, self.ints)

        def elsewhere() -> Value:
            scaled = b.bitcast(b.fmul(x, self.number(2.0**23)), self.ints)
            given = b.fsub(self._log(scaled), self.number(23 * math.log(2)))
            given = b.select(self.above(x, zero), given, self.number(math.nan))
            given = b.select(b.fcmp_ordered("==", x, zero), self.number(-math.inf), given)
            return b.select(b.fcmp_ordered("==", x, self.number(math.inf)), x, given)

        usual = b.icmp_unsigned("<", b.sub(bits, self._int(0x00800000)), self._int(0x7F000000))  # normal and above 0
        return self.mostly(usual, self._log(bits), elsewhere)

    def _log(self, bits: Value) -> Value:
        """The logarithm of a normal number above zero, by its bits."""
        b = self.builder
        exponent = b.ashr(b.sub(bits, self._int(0x3F3504F3)), self._int(23))  # of 2 to, so that the rest is near 1
        rest = b.fsub(b.bitcast(b.sub(bits, b.shl(exponent, self._int(23))), self.type), self.number(1))
        twos = b.sitofp(exponent, self.type)
        square = b.fmul(rest, rest)
        total = b.fmul(b.fmul(rest, square), self.polynomial(rest, LOG))
        total = self.fma(twos, self.number(LN2[1]), total)
        total = self.fma(square, self.number(-0.5), total)
        return self.fma(twos, self.number(LN2[0]), b.fadd(rest, total))

    def log1p(self, x: Value) -> Value:
        """The logarithm of 1 + x, exact for small x too (Kahan)."""
        b = self.builder
        more = b.fadd(x, self.number(1))
        rounded = b.fsub(more, self.number(1))
        same = b.fcmp_ordered("==", rounded, self.number(0))
        plain = b.fcmp_ordered("==", more, self.number(math.inf))
        ratio = b.fdiv(b.fmul(self.log(more), x), b.select(same, self.number(1), rounded))
        return b.select(same, x, b.select(plain, more, ratio))

    def log1p_unit(self, x: Value) -> Value:
        """The logarithm of 1 + x for x in [0, 1]."""
        return self.builder.fmul(x, self.polynomial(x, LOG1P))

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
        small = self.above(self.number(LARGE), size)
        halves = self.call("rint", self.fma(x, self.number(1 / math.pi), self.number(ahead)))
        halves = b.select(small, halves, self.number(0))
        near = x
        for part in HALF_TURNS:
            near = self.fma(b.fsub(halves, self.number(ahead)), self.number(-part), near)
        sine = self._sine(near, b.fptosi(halves, self.ints))
        return self.mostly(small, sine, lambda: self._far(x, ahead))

    def _far(self, x: Value, ahead: float) -> Value:
        """The same for large numbers, reduced in float64."""
        b = self.builder
        wide = ir.VectorType(DOUBLE, self.lanes)
        halves = self.call("rint", self.fma(b.fpext(x, wide), self._double(1 / math.pi), self._double(ahead)))
        turns, near = b.fsub(halves, self._double(ahead)), b.fpext(x, wide)
        for part in LONG_HALF_TURNS:
            near = self.fma(turns, self._double(-part), near)
        pairs = self.call("floor", b.fmul(halves, self._double(0.5)))
        odd = b.fsub(halves, b.fadd(pairs, pairs))
        near = self.most(self.least(b.fptrunc(near, self.type), self.number(math.pi / 2)), self.number(-math.pi / 2))
        odd = b.fptrunc(odd, self.type)
        sine = self._sine(near, self.number(0, INT))
        return b.select(self.above(odd, self.number(0.5)), b.fneg(sine), sine)

    def _sine(self, near: Value, odd: Value) -> Value:
        """The sine of a number in [-pi/2, pi/2], negative where `odd` is."""
        b = self.builder
        square = b.fmul(near, near)
        sine = self.fma(b.fmul(square, self.polynomial(square, SINE)), near, near)
        return b.bitcast(b.xor(b.bitcast(sine, self.ints), b.shl(odd, self._int(31))), self.type)

    def _double(self, value: float) -> Value:
        return self.number(value, DOUBLE)

    def _int(self, value: int) -> Value:
        return self.number(value, INT)
