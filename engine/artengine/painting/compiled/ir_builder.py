"""Loops over the units and points of a block, and the matrix product, as LLVM instructions.

A block is a matrix of floats of one format, (units, points): a row for each unit, the points side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from llvmlite import ir

from artengine.painting.compiled.floats import Float
from artengine.painting.compiled.instructions import INT, Value
from artengine.painting.compiled.simd import Vectors

I64 = ir.IntType(64)


@dataclass(frozen=True, slots=True)
class Tile:
    """How large the part of a product is that is held in registers.

    real: the format of the numbers. lanes: of a vector. vectors: of points, and units: whose sums are held together.
    block: points of a block.
    """

    real: Float
    lanes: int
    vectors: int
    units: int
    block: int


class Code:
    """A function that is being generated: its arguments are so many pointers to floats, and perhaps a count."""

    def __init__(self, module: ir.Module, name: str, pointers: int, *, counted: bool, tile: Tile) -> None:
        kind = ir.FunctionType(ir.VoidType(), [tile.real.type.as_pointer()] * pointers + [I64] * counted)
        self.function = ir.Function(module, kind, name)
        for argument in self.function.args[:pointers]:
            argument.add_attribute("noalias")
        self.builder = ir.IRBuilder(self.function.append_basic_block())
        self.vectors = Vectors(self.builder, tile.lanes, tile.real)
        self.tile = tile

    @contextmanager
    def loop(self, count: Value) -> Iterator[Value]:
        """Repeat what is emitted inside for every number below count, which is above 0."""
        with self.carrying(count) as (number, _):
            yield number

    def fold(self, count: int, start: Value, step: Callable[[Value, Value], Value]) -> Value:
        """Fold `step(number, value)` over the numbers below count, which is above 0: the last value."""
        with self.carrying(I64(count), (start,)) as (number, values):
            values[0] = step(number, values[0])
        return values[0]

    @contextmanager
    def each(self, rows: int) -> Iterator[tuple[Value, Value]]:
        """For every row and every vector of it."""
        with self.loop(I64(rows)) as row, self.columns() as vector:
            yield row, vector

    @contextmanager
    def columns(self) -> Iterator[Value]:
        """For every vector of a row."""
        with self.loop(I64(self.tile.block // self.tile.lanes)) as vector:
            yield vector

    def offset(self, base: Value, by: Value) -> Value:
        """The address so many floats after another."""
        return self.builder.gep(base, [by], inbounds=True)

    def load(self, base: Value, row: Value, vector: Value) -> Value:
        """Load a vector of a row."""
        value = self.builder.load(self._address(base, row, vector))
        value.align = self.tile.real.bytes * self.tile.lanes
        return value

    def store(self, value: Value, base: Value, row: Value, vector: Value) -> None:
        """Store a vector in a row."""
        self.builder.store(value, self._address(base, row, vector)).align = self.tile.real.bytes * self.tile.lanes

    def _address(self, base: Value, row: Value, vector: Value) -> Value:
        b = self.builder
        distance = b.add(b.mul(row, I64(self.tile.block)), b.mul(vector, I64(self.tile.lanes)))
        return b.bitcast(self.offset(base, distance), self.vectors.type.as_pointer())

    @contextmanager
    def carrying(self, count: Value, start: tuple[Value, ...] = ()) -> Iterator[tuple[Value, list[Value]]]:
        """A loop that carries values; what the list holds at its end is what it begins with next time."""
        b = self.builder
        before, head = b.block, b.append_basic_block()
        b.branch(head)
        b.position_at_end(head)
        number = b.phi(I64)
        number.add_incoming(I64(0), before)
        carried = [b.phi(value.type) for value in start]
        for phi, value in zip(carried, start, strict=True):
            phi.add_incoming(value, before)
        values: list[Value] = list(carried)
        yield number, values
        following = b.add(number, I64(1))
        number.add_incoming(following, b.block)
        for phi, value in zip(carried, values, strict=True):
            phi.add_incoming(value, b.block)
        after = b.append_basic_block()
        b.cbranch(b.icmp_unsigned("<", following, count), head, after)
        b.position_at_end(after)


def define_product(
    module: ir.Module, inputs: int, units: int, tile: Tile, *, biased: bool, rounded: bool
) -> ir.Function:
    """Define a function from a block of inputs to a block of units, given the addresses of both and of the matrix.

    The matrix lies there in strips of `tile.units` columns, row by row, each after its part of the bias. rounded: both
    are bfloat16, two rows together in one of floats (see `round_rows`).
    """
    name = f"product_{inputs}_{units}{'_biased' * biased}{'_rounded' * rounded}"
    code = Code(module, name, 3, counted=False, tile=tile)
    code.function.linkage = "internal"
    code.function.attributes.add("noinline")
    source, target, matrix = code.function.args
    b = code.builder
    rows = -(-inputs // 2) if rounded else inputs

    def strip(start: Value, first: Value, width: int) -> None:
        _strip(code, source, target, start, first, width, rows, biased=biased, rounded=rounded)

    whole, left = divmod(units, tile.units)
    length = tile.units * (rows + biased)
    if whole:
        with code.loop(I64(whole)) as index:
            strip(code.offset(matrix, b.mul(index, I64(length))), b.mul(index, I64(tile.units)), tile.units)
    if left:
        strip(code.offset(matrix, I64(whole * length)), I64(whole * tile.units), left)
    b.ret_void()
    return code.function


def round_rows(code: Code, source: Value, target: Value, rows: int) -> None:
    """Emit the rounding of a block to bfloat16, two rows in one: the even ones in the lower half of every float."""
    b, v = code.builder, code.vectors

    def bits(row: Value, vector: Value) -> Value:
        number = b.bitcast(code.load(source, row, vector), v.ints)
        return b.add(number, v.constant(0x8000, INT))  # so that what is cut off rounds

    def lower(even: Value, vector: Value) -> Value:
        return b.lshr(bits(even, vector), v.constant(16, INT))

    def put(number: Value, row: Value, vector: Value) -> None:
        code.store(b.bitcast(number, v.type), target, row, vector)

    if rows > 1:
        with code.each(rows // 2) as (row, vector):
            even = b.mul(row, I64(2))
            upper = b.and_(bits(b.add(even, I64(1)), vector), v.constant(0xFFFF0000, INT))
            put(b.or_(lower(even, vector), upper), row, vector)
    if rows % 2:
        with code.columns() as vector:
            put(lower(I64(rows - 1), vector), I64(rows // 2), vector)


def _strip(
    code: Code,
    source: Value,
    target: Value,
    matrix: Value,
    first: Value,
    units: int,
    rows: int,
    *,
    biased: bool,
    rounded: bool,
) -> None:
    """Emit a strip of columns, with all points of the block, as many at a time as there are registers for."""
    b, v, across = code.builder, code.vectors, code.tile.vectors
    multiply = v.dot if rounded else v.fma

    def factor(base: Value, unit: int) -> Value:
        return v.spread(b.load(code.offset(base, I64(unit))))

    with code.loop(I64(code.tile.block // (across * code.tile.lanes))) as group:
        begin = b.mul(group, I64(across))
        columns = [b.add(begin, I64(index)) for index in range(across)]
        start = [factor(matrix, unit) if biased else v.constant(0) for unit in range(units) for _ in columns]
        weights = code.offset(matrix, I64(units * biased))
        with code.carrying(I64(rows), tuple(start)) as (row, sums):
            points = [code.load(source, row, column) for column in columns]
            here = code.offset(weights, b.mul(row, I64(units)))
            for unit in range(units):
                weight = factor(here, unit)
                for index, point in enumerate(points):
                    place = unit * across + index
                    sums[place] = multiply(weight, point, sums[place])
        for unit in range(units):
            for index, column in enumerate(columns):
                code.store(sums[unit * across + index], target, b.add(first, I64(unit)), column)
