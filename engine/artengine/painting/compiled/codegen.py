"""The function that paints a network, written in LLVM's instructions region by region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from llvmlite import ir
from torch import Tensor

from artengine.painting.compiled import ir_builder, pointwise
from artengine.painting.compiled.fusion import Region
from artengine.painting.compiled.ir_builder import I64, Code, Tile
from artengine.painting.compiled.simd import Value
from artengine.painting.operations import Ref, matrix_of

Array = np.ndarray[Any, Any]

WIDE = 16  # units on both sides from which on a draft rounds a product


class Program:
    """The function that is written, and what it reads.

    module: LLVM's; its function `paint` is told where points, colours, numbers and scratch are, and how many blocks.
    numbers: the matrices as it reads them, one after the other. scratch: how many floats it works in. channels: of the
    colours.
    """

    def __init__(self, regions: list[Region], output: int, inputs: int, size: Tile, *, draft: bool) -> None:
        self.module = ir.Module("network")
        self.numbers: list[Array] = []
        self.scratch = 0
        self._products: dict[tuple[int, int, bool, bool], ir.Function] = {}
        self._draft = draft
        self._rows = {0: inputs} | {value: region.rows for region in regions for value in region.gives}
        self.channels = self._rows[output]
        self._code = code = Code(self.module, "paint", 4, counted=True, tile=size)
        points, colours, self._constants, space, blocks = code.function.args
        slots = self._slots(regions, output)
        with code.loop(blocks) as index:
            first = code.builder.mul(index, I64(size.block))
            self._at = {value: code.step(space, I64(offset)) for value, offset in slots.items()}
            self._rounded = code.step(space, I64(self.scratch))
            self._at[0] = code.step(points, code.builder.mul(first, I64(inputs)))
            for region in regions:
                getattr(self, f"_{region.kind}")(region)
            target = code.step(colours, code.builder.mul(first, I64(self.channels)))
            with code.each(self.channels) as (row, vector):
                code.store(code.load(self._at[output], row, vector), target, row, vector)
        if draft:
            self.scratch += max(self._rows.values()) * size.block // 2 + size.block
        code.builder.ret_void()

    def _slots(self, regions: list[Region], output: int) -> dict[int, int]:
        """Where every value lies in the scratch space; a place is taken again when nobody needs what is there."""
        last = {value: index for index, region in enumerate(regions) for value in region.takes}
        last[output] = len(regions)
        free: list[tuple[int, int]] = []  # rows and offset
        held: dict[int, tuple[int, int]] = {}
        slots: dict[int, int] = {}
        for index, region in enumerate(regions):
            spent = [value for value in region.takes if value in held and last[value] == index]
            # all but these read a place of a row before they write it
            aside = region.kind in ("product", "flip", "join")
            early = [value for value in spent if not aside and self._rows[value] == region.rows]
            free += [held.pop(value) for value in early]
            for value in region.gives:
                fitting = sorted(slot for slot in free if slot[0] >= region.rows)
                if fitting:
                    held[value] = fitting[0]
                    free.remove(fitting[0])
                else:
                    held[value] = region.rows, self.scratch
                    self.scratch += region.rows * self._code.tile.block
                slots[value] = held[value][1]
            free += [held.pop(value) for value in spent if value not in early]
        return slots

    def _kept(self, *parts: Tensor) -> Value:
        """Where the function finds some numbers."""
        offset = sum(map(len, self.numbers))
        self.numbers += [part.detach().to(self._code.tile.real.dtype).reshape(-1).numpy() for part in parts]
        return self._code.step(self._constants, I64(offset))

    def _product(self, region: Region) -> None:
        found = matrix_of(region.calls[0])
        assert found is not None  # noqa: S101 - that is what makes it a product
        matrix, bias = found
        inputs, units = matrix.shape
        rounded = self._draft and min(inputs, units) >= WIDE
        source, target = self._at[region.takes[0]], self._at[region.gives[0]]
        if rounded:
            ir_builder.round_rows(self._code, source, self._rounded, inputs)
            source, matrix = self._rounded, _rounded(matrix)
        key = inputs, units, bias is not None, rounded
        if key not in self._products:
            self._products[key] = ir_builder.product(
                self.module, inputs, units, self._code.tile, biased=key[2], rounded=rounded
            )
        strips = [slice(first, first + self._code.tile.units) for first in range(0, units, self._code.tile.units)]
        parts = [[matrix[:, strip]] if bias is None else [bias[strip], matrix[:, strip]] for strip in strips]
        numbers = self._kept(*(part for strip in parts for part in strip))
        self._code.builder.call(self._products[key], [source, target, numbers])

    def _pointwise(self, region: Region) -> None:
        code = self._code
        lines = {
            id(part): self._kept(part)
            for call in region.calls
            for part in call.args
            if isinstance(part, Tensor) and part.numel() > 1
        }
        with code.each(region.rows) as (row, vector):
            values: dict[int, Value] = {}

            def operand(part: Any) -> Value:
                if isinstance(part, Ref):
                    if part.index not in values:
                        line = row if self._rows[part.index] == region.rows else I64(0)
                        values[part.index] = code.load(self._at[part.index], line, vector)
                    return values[part.index]
                if id(part) in lines:
                    return code.vectors.spread(code.builder.load(code.step(lines[id(part)], row)))
                return part if part is None else code.vectors.number(float(part))

            for call in region.calls:
                plain = call.op in pointwise.PLAIN
                operands = [part if plain and place else operand(part) for place, part in enumerate(call.args)]
                values[call.results[0]] = pointwise.WRITE[call.op](code.vectors, *operands)
            for value in region.gives:
                code.store(values[value], self._at[value], row, vector)

    def _softmax(self, region: Region, *, logarithm: bool = False) -> None:
        code, b, v = self._code, self._code.builder, self._code.vectors
        source, target = self._at[region.takes[0]], self._at[region.gives[0]]
        with code.columns() as vector:
            first = code.load(source, I64(0), vector)
            most = code.fold(region.rows, first, lambda row, most: v.most(code.load(source, row, vector), most))

            def power(row: Value, total: Value) -> Value:
                apart = b.fsub(code.load(source, row, vector), most)
                given = v.exp(apart)
                code.store(apart if logarithm else given, target, row, vector)
                return b.fadd(total, given)

            total = code.fold(region.rows, v.number(0), power)
            scale = v.log(total) if logarithm else total
            with code.loop(I64(region.rows)) as row:
                here = code.load(target, row, vector)
                code.store(b.fsub(here, scale) if logarithm else b.fdiv(here, scale), target, row, vector)

    def _log_softmax(self, region: Region) -> None:
        self._softmax(region, logarithm=True)

    def _mean(self, region: Region) -> None:
        code = self._code
        (value,) = region.takes
        with code.columns() as vector:
            total = code.fold(
                self._rows[value],
                code.vectors.number(0),
                lambda row, total: code.builder.fadd(total, code.load(self._at[value], row, vector)),
            )
            mean = code.builder.fdiv(total, code.vectors.number(self._rows[value]))
            code.store(mean, self._at[region.gives[0]], I64(0), vector)

    def _flip(self, region: Region) -> None:
        code, source, target = self._code, self._at[region.takes[0]], self._at[region.gives[0]]
        with code.each(region.rows) as (row, vector):
            mirrored = code.builder.sub(I64(region.rows - 1), row)
            code.store(code.load(source, row, vector), target, mirrored, vector)

    def _join(self, region: Region) -> None:
        code, target, first = self._code, self._at[region.gives[0]], 0
        for part in region.calls[0].args[0]:
            if isinstance(part, Ref):
                rows, source = self._rows[part.index], self._at[part.index]
                with code.each(rows) as (row, vector):
                    code.store(code.load(source, row, vector), target, code.builder.add(row, I64(first)), vector)
            elif rows := part.shape[1]:
                numbers = self._kept(part[0])
                with code.each(rows) as (row, vector):
                    number = code.vectors.spread(code.builder.load(code.step(numbers, row)))
                    code.store(number, target, code.builder.add(row, I64(first)), vector)
            first += rows

    def _sort(self, region: Region) -> None:
        """By Batcher's merge exchange: the same comparisons whatever the numbers, on all points at once."""
        code, b, v = self._code, self._code.builder, self._code.vectors
        source, target = self._at[region.takes[0]], self._at[region.gives[0]]
        with code.each(region.rows) as (row, vector):
            code.store(code.load(source, row, vector), target, row, vector)
        pairs = list(_exchanges(region.rows))
        if not pairs:
            return
        kind = ir.ArrayType(ir.ArrayType(I64, 2), len(pairs))
        table = ir.GlobalVariable(self.module, kind, self.module.get_unique_name("pairs"))
        table.global_constant, table.linkage = True, "internal"
        table.initializer = ir.Constant(kind, [[low, high] for low, high in pairs])
        with code.loop(I64(len(pairs))) as index:
            low, high = (b.load(b.gep(table, [I64(0), index, I64(side)])) for side in (0, 1))
            with code.columns() as vector:
                x, y = code.load(target, low, vector), code.load(target, high, vector)
                # numbers that are none come last, as everywhere
                lost = b.and_(b.fcmp_unordered("uno", x, x), b.fcmp_ordered("ord", y, y))
                wrong = b.or_(v.above(x, y), lost)
                code.store(b.select(wrong, y, x), target, low, vector)
                code.store(b.select(wrong, x, y), target, high, vector)


def _rounded(matrix: Tensor) -> Tensor:
    """A matrix (K, N) in bfloat16, two rows together in one of float32: (K / 2, N)."""
    even = torch.cat([matrix, matrix.new_zeros(len(matrix) % 2, matrix.shape[1])]).bfloat16()
    pairs = even.reshape(-1, 2, matrix.shape[1]).transpose(1, 2).contiguous()
    return pairs.view(torch.float32)[:, :, 0]


def _exchanges(count: int) -> Iterator[tuple[int, int]]:
    """The pairs to compare and exchange, in their order: Knuth, The Art of Computer Programming, 5.2.2, algorithm M."""
    top = 1 << (count - 1).bit_length() >> 1
    part = top
    while part:
        width, offset, distance = top, 0, part
        while True:
            yield from ((low, low + distance) for low in range(count - distance) if low & part == offset)
            if width == part:
                break
            distance, width, offset = width - part, width >> 1, part
        part >>= 1
