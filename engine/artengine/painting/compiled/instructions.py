"""Vectors of floats as LLVM instructions: what CPUs have instructions for, and little more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir

from artengine.painting.compiled.floats import DOUBLE, SINGLE, Float

INT = ir.IntType(32)
Value = Any  # of llvmlite's builder, which has no types

#: Added to a whole number in float64, it leaves that in the last bits of the sum.
INTEGER_SHIFT = 1.5 * 2**52
INTEGER_SHIFT_BITS = 0x4338000000000000


class _BFloat(ir.Type):  # type: ignore[misc]  # llvmlite has no types
    """LLVM's type of the 16 upper bits of a float32, which llvmlite has no name for."""

    def _to_string(self) -> str:
        return "bfloat"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _BFloat)

    def __hash__(self) -> int:
        return hash(_BFloat)


class Instructions:
    """Emits instructions for vectors of so many lanes, of one format of float, where the builder stands."""

    def __init__(self, builder: ir.IRBuilder, lanes: int, real: Float) -> None:
        self.builder = builder
        self.lanes = lanes
        self.real = real
        self.type = ir.VectorType(real.type, lanes)
        self.ints = ir.VectorType(real.ints, lanes)

    def constant(self, value: float, kind: ir.Type | None = None) -> Value:
        """The same number in every lane, a float of this format unless another type is given."""
        return ir.Constant(ir.VectorType(kind or self.real.type, self.lanes), [value] * self.lanes)

    def double(self, value: float) -> Value:
        """The same number in every lane, a float64."""
        return self.constant(value, DOUBLE.type)

    def integer(self, value: int) -> Value:
        """The same number in every lane, an integer as wide as a float of this format."""
        return self.constant(value, self.real.ints)

    def call(self, name: str, *operands: Value) -> Value:
        """Call one of LLVM's intrinsics for vectors of this type."""
        kind = operands[0].type
        suffix = "f32" if kind.element == SINGLE.type else "f64"
        full = f"llvm.{name}.v{kind.count}{suffix}"
        module = self.builder.module
        function = module.globals.get(full) or ir.Function(module, ir.FunctionType(kind, [kind] * len(operands)), full)
        return self.builder.call(function, operands)

    def fma(self, x: Value, y: Value, z: Value) -> Value:
        """The sum x y + z, rounded once."""
        return self.call("fma", x, y, z)

    def dot(self, x: Value, y: Value, z: Value) -> Value:
        """The sum of z and of the products of two bfloat16 numbers each in x and y, which lie there as float32."""
        b, pairs = self.builder, ir.VectorType(_BFloat(), 2 * self.lanes)
        full = "llvm.x86.avx512bf16.dpbf16ps.512"
        kind = ir.FunctionType(self.type, [self.type, pairs, pairs])
        function = b.module.globals.get(full) or ir.Function(b.module, kind, full)
        return b.call(function, [z, b.bitcast(x, pairs), b.bitcast(y, pairs)])

    def spread(self, scalar: Value) -> Value:
        """A scalar in every lane."""
        nothing = ir.Constant(self.type, ir.Undefined)
        one = self.builder.insert_element(nothing, scalar, INT(0))
        return self.builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(INT, self.lanes), [0] * self.lanes))

    def greater(self, x: Value, y: Value) -> Value:
        """Whether x > y; false where one of them is NaN."""
        return self.builder.fcmp_ordered(">", x, y)

    def minimum(self, x: Value, limit: Value) -> Value:
        """The smaller; x where one of them is NaN."""
        return self.builder.select(self.greater(x, limit), limit, x)

    def maximum(self, x: Value, limit: Value) -> Value:
        """The greater; x where one of them is NaN."""
        return self.builder.select(self.greater(limit, x), limit, x)

    def polynomial(self, x: Value, coefficients: Sequence[float]) -> Value:
        """By Horner's rule, the highest power first."""
        kind = x.type.element
        total = self.constant(coefficients[0], kind)
        for coefficient in coefficients[1:]:
            total = self.fma(total, x, self.constant(coefficient, kind))
        return total

    def with_rare_case(self, usual: Value, value: Value, other: Callable[[], Value]) -> Value:
        """The value in usual lanes, in the others another one, which is computed only if there is such a lane."""
        b = self.builder
        mask = b.bitcast(usual, ir.IntType(self.lanes))
        before = b.block
        with b.if_then(b.icmp_unsigned("!=", mask, ir.Constant(mask.type, -1)), likely=False):
            rare = b.select(usual, value, other())
            inside = b.block
        result = b.phi(self.type)
        result.add_incoming(value, before)
        result.add_incoming(rare, inside)
        return result

    def to_integer(self, whole: Value) -> Value:
        """A whole number as an integer; of float64, which not all CPUs convert, only the lower bits are right."""
        b = self.builder
        if self.real is SINGLE:
            return b.fptosi(whole, self.ints)
        return b.bitcast(b.fadd(whole, self.constant(INTEGER_SHIFT)), self.ints)

    def to_float(self, whole: Value) -> Value:
        """An integer that is not large as a float."""
        b = self.builder
        if self.real is SINGLE:
            return b.sitofp(whole, self.type)
        shifted = b.bitcast(b.add(whole, self.integer(INTEGER_SHIFT_BITS)), self.type)
        return b.fsub(shifted, self.constant(INTEGER_SHIFT))
