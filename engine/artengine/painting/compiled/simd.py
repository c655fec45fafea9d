"""Elementary functions of vectors of floats as LLVM instructions: what nonlinearities are made of.

Every lane is computed by itself. NaN stays NaN, infinities go where they go in the limit, and results agree with the
true ones to a few units in the last place.
"""

from __future__ import annotations

import math

from llvmlite import ir

from artengine.painting.compiled.floats import (
    DOUBLE,
    MAX_TANH_ARGUMENT,
    MAX_TANH_ARGUMENT_DOUBLE,
    SINGLE,
    TANH_DENOMINATOR,
    TANH_NUMERATOR,
)
from artengine.painting.compiled.instructions import Instructions, Value


class Vectors(Instructions):
    """Emits elementary functions for vectors of so many lanes, of one format of float, where the builder stands."""

    def sign(self, x: Value) -> Value:
        """One of -1, 0 and 1."""
        b, zero, one = self.builder, self.constant(0), self.constant(1)
        negative = b.select(self.greater(zero, x), self.constant(-1), zero)
        return b.select(self.greater(x, zero), one, negative)

    def tanh(self, x: Value) -> Value:
        """The hyperbolic tangent."""
        if self.real is DOUBLE:
            return self._tanh_by_exp(x)
        b = self.builder
        x = self.maximum(self.minimum(x, self.constant(MAX_TANH_ARGUMENT)), self.constant(-MAX_TANH_ARGUMENT))
        square = b.fmul(x, x)
        return b.fdiv(b.fmul(x, self.polynomial(square, TANH_NUMERATOR)), self.polynomial(square, TANH_DENOMINATOR))

    def _tanh_by_exp(self, x: Value) -> Value:
        """The same as m / (m + 2), where m = e^2x - 1 comes from what e^2x is made of, exact for small numbers."""
        b = self.builder
        size = self.minimum(self.call("fabs", x), self.constant(MAX_TANH_ARGUMENT_DOUBLE))
        exponent, expm1 = self._reduced(b.fmul(size, self.constant(2)))
        power = self._power_of_two(exponent)
        expm1 = self.fma(power, expm1, b.fsub(power, self.constant(1)))
        return self.call("copysign", b.fdiv(expm1, b.fadd(expm1, self.constant(2))), x)

    def exp(self, x: Value) -> Value:
        """The exponential; 0 where it would be smaller than any normal number."""
        b = self.builder

        def at_limits() -> Value:
            ends = b.select(
                self.greater(x, self.constant(0)), self._exp(x, self.constant(self.real.bias)), self.constant(0)
            )
            ends = b.select(self.greater(x, self.constant(self.real.max_exp)), self.constant(math.inf), ends)
            return b.select(b.fcmp_unordered("uno", x, x), x, ends)

        usual = self.greater(self.constant(self.real.max_normal_exp), self.call("fabs", x))
        return self.with_rare_case(usual, self._exp(x, None), at_limits)

    def _exp(self, x: Value, max_power: Value | None) -> Value:
        """The exponential inside its range; the power of two in two steps where it may exceed `max_power`."""
        b = self.builder
        exponent, expm1 = self._reduced(x)
        power = b.fadd(expm1, self.constant(1))
        first = exponent if max_power is None else self.minimum(exponent, max_power)
        power = b.fmul(power, self._power_of_two(first))
        return power if max_power is None else b.fmul(power, self._power_of_two(b.fsub(exponent, first)))

    def _reduced(self, x: Value) -> tuple[Value, Value]:
        """A whole number n and e^r - 1, where x = n log 2 + r and n is the nearest."""
        b = self.builder
        exponent = self.call("rint", b.fmul(x, self.constant(1 / math.log(2))))
        rest = x
        for part in self.real.ln2:
            rest = self.fma(exponent, self.constant(-part), rest)
        expm1 = self.polynomial(rest, self.real.exp)
        return exponent, self.fma(expm1, b.fmul(rest, rest), rest)

    def _power_of_two(self, exponent: Value) -> Value:
        b, bias = self.builder, self.real.bias
        inside = self.maximum(self.minimum(exponent, self.constant(bias)), self.constant(-bias))
        bits = b.add(self.to_integer(inside), self.integer(bias))
        return b.bitcast(b.shl(bits, self.integer(self.real.mantissa_bits)), self.type)

    def log(self, x: Value) -> Value:
        """The natural logarithm."""
        b, zero, digits = self.builder, self.constant(0), self.real.mantissa_bits
        bits = b.bitcast(x, self.ints)

        def at_limits() -> Value:
            scaled = b.bitcast(b.fmul(x, self.constant(2.0**digits)), self.ints)
            result = b.fsub(self._log(scaled), self.constant(digits * math.log(2)))
            result = b.select(self.greater(x, zero), result, self.constant(math.nan))
            result = b.select(b.fcmp_ordered("==", x, zero), self.constant(-math.inf), result)
            return b.select(b.fcmp_ordered("==", x, self.constant(math.inf)), x, result)

        least, count = 1 << digits, 2 * self.real.bias << digits  # of the bits of normal numbers above 0
        usual = b.icmp_unsigned("<", b.sub(bits, self.integer(least)), self.integer(count))
        return self.with_rare_case(usual, self._log(bits), at_limits)

    def _log(self, bits: Value) -> Value:
        """The logarithm of a normal number above zero, by its bits."""
        b, digits, (ln2, ln2_rest) = self.builder, self.integer(self.real.mantissa_bits), self.real.ln2
        exponent = b.ashr(b.sub(bits, self.integer(self.real.half_root)), digits)  # of 2 to, so that the rest is near 1
        rest = b.fsub(b.bitcast(b.sub(bits, b.shl(exponent, digits)), self.type), self.constant(1))
        twos = self.to_float(exponent)
        square = b.fmul(rest, rest)
        total = b.fmul(b.fmul(rest, square), self.polynomial(rest, self.real.log))
        total = self.fma(twos, self.constant(ln2_rest), total)
        total = self.fma(square, self.constant(-0.5), total)
        return self.fma(twos, self.constant(ln2), b.fadd(rest, total))

    def log1p(self, x: Value) -> Value:
        """The logarithm of 1 + x, exact for small x too (Kahan)."""
        b = self.builder
        more = b.fadd(x, self.constant(1))
        rounded = b.fsub(more, self.constant(1))
        same = b.fcmp_ordered("==", rounded, self.constant(0))
        alone = b.fcmp_ordered(">=", more, self.constant(self.real.one_negligible))
        logarithm = self.log(more)
        ratio = b.fdiv(b.fmul(logarithm, x), b.select(same, self.constant(1), rounded))
        return b.select(same, x, b.select(alone, logarithm, ratio))

    def log1p_unit(self, x: Value) -> Value:
        """The logarithm of 1 + x for x in [0, 1]."""
        return self.builder.fmul(x, self.polynomial(x, self.real.log1p))

    def sin(self, x: Value) -> Value:
        """The sine; from 2^52 on, some number in [-1, 1]."""
        return self._wave(x, 0.0)

    def cos(self, x: Value) -> Value:
        """The cosine: the sine a quarter of a turn later."""
        return self._wave(x, 0.5)

    def _wave(self, x: Value, shift: float) -> Value:
        """The sine of x plus `shift` half turns."""
        b = self.builder
        size = self.call("fabs", x)
        small = self.greater(self.constant(self.real.max_reduced), size)
        halves = self.call("rint", self.fma(x, self.constant(1 / math.pi), self.constant(shift)))
        halves = b.select(small, halves, self.constant(0))
        angle = x
        for part in self.real.half_turns:
            angle = self.fma(b.fsub(halves, self.constant(shift)), self.constant(-part), angle)
        sine = self._sine(angle, self.to_integer(halves))
        return self.with_rare_case(small, sine, lambda: self._wave_of_large(x, shift))

    def _wave_of_large(self, x: Value, shift: float) -> Value:
        """The same for large numbers, reduced in float64."""
        b = self.builder
        single = self.real is SINGLE
        long = b.fpext(x, ir.VectorType(DOUBLE.type, self.lanes)) if single else x
        halves = self.call("rint", self.fma(long, self.double(1 / math.pi), self.double(shift)))
        angle = self._reduced_angle(long, halves, shift)
        if not single:  # where the nearest half turn has been missed by one
            halves = b.fadd(halves, self.call("rint", b.fmul(angle, self.double(1 / math.pi))))
            angle = self._reduced_angle(long, halves, shift)
        pairs = self.call("floor", b.fmul(halves, self.double(0.5)))
        odd = b.fsub(halves, b.fadd(pairs, pairs))
        angle = b.fptrunc(angle, self.type) if single else angle
        angle = self.maximum(self.minimum(angle, self.constant(math.pi / 2)), self.constant(-math.pi / 2))
        odd = b.fptrunc(odd, self.type) if single else odd
        sine = self._sine(angle, self.integer(0))
        return b.select(self.greater(odd, self.constant(0.5)), b.fneg(sine), sine)

    def _reduced_angle(self, x: Value, halves: Value, shift: float) -> Value:
        """A float64 number less so many half turns, of which `shift` are given back."""
        turns = self.builder.fsub(halves, self.double(shift))
        for part in DOUBLE.half_turns:
            x = self.fma(turns, self.double(-part), x)
        return x

    def _sine(self, angle: Value, odd: Value) -> Value:
        """The sine of a number in [-pi/2, pi/2], negative where the last bit of `odd` is set."""
        b = self.builder
        square = b.fmul(angle, angle)
        sine = self.fma(b.fmul(square, self.polynomial(square, self.real.sine)), angle, angle)
        sign = b.shl(odd, self.integer(8 * self.real.bytes - 1))
        return b.bitcast(b.xor(b.bitcast(sine, self.ints), sign), self.type)
