"""The function that paints networks of one shape, as LLVM instructions, generated group by group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, assert_never

from llvmlite import ir

from artengine.painting.compiled import ir_builder, pointwise
from artengine.painting.compiled.instructions import Value
from artengine.painting.compiled.ir_builder import I64, Code
from artengine.painting.compiled.shape import GroupShape, NetworkShape, ProductShape, Row
from artengine.painting.compiled.sorting import sort_units
from artengine.painting.operations import Ref


@dataclass(frozen=True, slots=True)
class Program:
    """A generated function.

    text: LLVM assembly; its function `paint` takes the addresses of points, colours, constants (see `constants_of`) and
    scratch space, and the number of blocks. scratch: floats that it works in. channels: of the colours.
    """

    text: str
    scratch: int
    channels: int


def generate(shape: NetworkShape) -> Program:
    """Generate the function of all networks of a shape."""
    return _Generator(shape).program()


class _Generator:
    """Emits the instructions of fusion groups."""

    def __init__(self, shape: NetworkShape) -> None:
        self._groups = shape.groups
        self._output = shape.output
        self._draft = shape.draft
        self._module = ir.Module("network")
        self._code = Code(self._module, "paint", 4, counted=True, tile=shape.tile)
        self._units = {0: shape.inputs} | {value: group.units for group in shape.groups for value in group.outputs}
        self._constants = 0  # that are read so far
        self._scratch = 0
        self._products: dict[tuple[ProductShape, int], ir.Function] = {}
        self._at: dict[int, Value] = {}  # the addresses of values
        self._rounded: Value = None  # the address of the factors of a product that a draft has rounded

    def program(self) -> Program:
        """Emit the function: a loop over blocks, and in it all groups."""
        code, block = self._code, self._code.tile.block
        inputs, channels = self._units[0], self._units[self._output]
        points, colours, _, scratch, blocks = code.function.args
        slots = self._slots()
        with code.loop(blocks) as index:
            first = code.builder.mul(index, I64(block))
            self._at = {value: code.offset(scratch, I64(distance)) for value, distance in slots.items()}
            self._rounded = code.offset(scratch, I64(self._scratch))
            self._at[0] = code.offset(points, code.builder.mul(first, I64(inputs)))
            for group in self._groups:
                self._emit(group)
            target = code.offset(colours, code.builder.mul(first, I64(channels)))
            with code.each(channels) as (row, vector):
                code.store(code.load(self._at[self._output], row, vector), target, row, vector)
        if self._draft:
            self._scratch += max(self._units.values()) * block // 2 + block
        code.builder.ret_void()
        return Program(str(self._module), self._scratch, channels)

    def _emit(self, group: GroupShape) -> None:
        match group.kind:
            case "product":
                self._product(group)
            case "pointwise":
                self._pointwise(group)
            case "softmax" | "log_softmax":
                self._softmax(group, logarithm=group.kind == "log_softmax")
            case "mean":
                self._mean(group)
            case "flip":
                self._flip(group)
            case "concatenation":
                self._concatenation(group)
            case "sort":
                source, target = self._at[group.inputs[0]], self._at[group.outputs[0]]
                sort_units(self._code, source, target, group.units)
            case _:
                assert_never(group.kind)

    def _slots(self) -> dict[int, int]:
        """Where every value lies in the scratch space; a place is used again when nobody needs what is there."""
        last_use = {value: index for index, group in enumerate(self._groups) for value in group.inputs}
        last_use[self._output] = len(self._groups)
        free: list[tuple[int, int]] = []  # units and distance from the beginning
        held: dict[int, tuple[int, int]] = {}
        slots: dict[int, int] = {}
        for index, group in enumerate(self._groups):
            dead = [value for value in group.inputs if value in held and last_use[value] == index]
            # all but these read a place of a row before they write it
            aside = group.kind in ("product", "flip", "concatenation")
            early = [value for value in dead if not aside and self._units[value] == group.units]
            free += [held.pop(value) for value in early]
            for value in group.outputs:
                fitting = sorted(slot for slot in free if slot[0] >= group.units)
                if fitting:
                    held[value] = fitting[0]
                    free.remove(fitting[0])
                else:
                    held[value] = group.units, self._scratch
                    self._scratch += group.units * self._code.tile.block
                slots[value] = held[value][1]
            free += [held.pop(value) for value in dead if value not in early]
        return slots

    def _constant(self, count: int) -> Value:
        """The address at which the function finds the next numbers that it reads, so many of them."""
        distance = self._constants
        self._constants += count
        return self._code.offset(self._code.function.args[2], I64(distance))

    def _rows(self, parts: Iterable[Any]) -> dict[Row, Value]:
        """The addresses of the rows among arguments, which lie one after the other."""
        rows = {part for part in parts if isinstance(part, Row)}
        return {row: self._constant(row.units) for row in sorted(rows, key=lambda row: row.index)}

    def _product(self, group: GroupShape) -> None:
        product, units, tile = group.product, group.units, self._code.tile
        assert product is not None  # noqa: S101 - the kind says that it is there
        source, target = self._at[group.inputs[0]], self._at[group.outputs[0]]
        if product.rounded:
            ir_builder.round_rows(self._code, source, self._rounded, product.rows)
            source = self._rounded
        if (product, units) not in self._products:
            self._products[product, units] = ir_builder.define_product(
                self._module, product.rows, units, tile, biased=product.biased, rounded=product.rounded
            )
        rows = -(-product.rows // 2) if product.rounded else product.rows
        address = self._constant((rows + product.biased) * units)
        self._code.builder.call(self._products[product, units], [source, target, address])

    def _pointwise(self, group: GroupShape) -> None:
        code = self._code
        rows = self._rows(part for operation in group.operations for part in operation.args)
        with code.each(group.units) as (row, vector):
            values: dict[int, Value] = {}

            def operand(part: Any) -> Value:
                if isinstance(part, Ref):
                    if part.index not in values:
                        line = row if self._units[part.index] == group.units else I64(0)
                        values[part.index] = code.load(self._at[part.index], line, vector)
                    return values[part.index]
                if isinstance(part, Row):
                    return code.vectors.spread(code.builder.load(code.offset(rows[part], row)))
                return part if part is None else code.vectors.constant(float(part))

            for one in group.operations:
                scalars = one.op in pointwise.SCALAR_ARGUMENTS
                operands = [part if scalars and place else operand(part) for place, part in enumerate(one.args)]
                values[one.result] = pointwise.EMIT[one.op](code.vectors, *operands)
            for value in group.outputs:
                code.store(values[value], self._at[value], row, vector)

    def _softmax(self, group: GroupShape, *, logarithm: bool = False) -> None:
        code, b, v = self._code, self._code.builder, self._code.vectors
        source, target = self._at[group.inputs[0]], self._at[group.outputs[0]]
        with code.columns() as vector:
            first = code.load(source, I64(0), vector)
            largest = code.fold(group.units, first, lambda row, top: v.maximum(code.load(source, row, vector), top))

            def add_power(row: Value, total: Value) -> Value:
                apart = b.fsub(code.load(source, row, vector), largest)
                power = v.exp(apart)
                code.store(apart if logarithm else power, target, row, vector)
                return b.fadd(total, power)

            total = code.fold(group.units, v.constant(0), add_power)
            scale = v.log(total) if logarithm else total
            with code.loop(I64(group.units)) as row:
                here = code.load(target, row, vector)
                code.store(b.fsub(here, scale) if logarithm else b.fdiv(here, scale), target, row, vector)

    def _mean(self, group: GroupShape) -> None:
        code = self._code
        (value,) = group.inputs
        with code.columns() as vector:
            total = code.fold(
                self._units[value],
                code.vectors.constant(0),
                lambda row, total: code.builder.fadd(total, code.load(self._at[value], row, vector)),
            )
            mean = code.builder.fdiv(total, code.vectors.constant(self._units[value]))
            code.store(mean, self._at[group.outputs[0]], I64(0), vector)

    def _flip(self, group: GroupShape) -> None:
        code, source, target = self._code, self._at[group.inputs[0]], self._at[group.outputs[0]]
        with code.each(group.units) as (row, vector):
            mirrored = code.builder.sub(I64(group.units - 1), row)
            code.store(code.load(source, row, vector), target, mirrored, vector)

    def _concatenation(self, group: GroupShape) -> None:
        code, target, first = self._code, self._at[group.outputs[0]], 0
        (parts, *_) = group.operations[0].args
        rows = self._rows(parts)
        for part in parts:
            if isinstance(part, Ref):
                width, source = self._units[part.index], self._at[part.index]
                with code.each(width) as (row, vector):
                    code.store(code.load(source, row, vector), target, code.builder.add(row, I64(first)), vector)
            elif width := part.units:
                with code.each(width) as (row, vector):
                    number = code.vectors.spread(code.builder.load(code.offset(rows[part], row)))
                    code.store(number, target, code.builder.add(row, I64(first)), vector)
            first += width
