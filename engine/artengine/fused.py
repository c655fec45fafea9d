"""A traced network as one function of machine code: blocks of points that never leave the processor's first cache.

Points lie side by side in the lanes of vectors, so that no lane is idle whatever the width of a layer; what follows a
product finds its results where they were made.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from llvmlite import binding as llvm
from llvmlite import ir
from torch import Tensor

from artengine import assembly, pointwise
from artengine.assembly import I64, Code, Tile
from artengine.regions import Region, cut
from artengine.simplify import matrix_of
from artengine.trace import Ref, Trace
from artengine.vectors import Value

Array = np.ndarray[Any, Any]

SMALL, LARGE = 32, 128  # points of a block: so that layers stay in the first cache, or matrices are fetched less often
WIDE = 16  # units on both sides from which on a draft rounds a product
BROAD = 192  # units of a layer from which on matrices do not fit the second


def rounds() -> bool:
    """Whether this processor multiplies bfloat16."""
    return bool(llvm.get_host_cpu_features().get("avx512bf16"))


def tile(broad: bool) -> Tile | None:
    """The one for this processor; None where it lacks the instructions that make it worth while."""
    block = LARGE if broad else SMALL
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return Tile(16, 2, 10, block)
    if features.get("avx2") and features.get("fma"):
        return Tile(8, 2, 6, block)
    return Tile(4, 2, 10, block) if features.get("neon") else None


_INSTRUCTIONS = {16: "AVX512", 8: "AVX2", 4: "NEON"}  # by lanes


class Fused:
    """The function: colours (N, channels) of points (N, inputs), both float32, for N a multiple of the block.

    library, instructions: what works them out, in words.
    Raises `ValueError` where the trace holds something else than it can do, or this processor is not meant for it.
    """

    def __init__(self, found: Trace, inputs: int, *, draft: bool) -> None:
        regions = cut(found, inputs)
        broad = any(region.rows > BROAD for region in regions or ())
        size = tile(broad)
        if regions is None or size is None:
            raise ValueError("found what cannot be fused")
        writer = _Writer(regions, found.output, inputs, size, draft=draft and rounds())
        self._inputs, self._channels = inputs, writer.channels
        self._block, self._scratch = size.block, writer.scratch
        numbers = [part for part in writer.numbers if len(part)]
        self._numbers = _aligned(sum(map(len, numbers)))
        if numbers:
            np.concatenate(numbers, out=self._numbers)
        self._call = _compiled(str(writer.module))
        version = ".".join(map(str, llvm.llvm_version_info[:2]))
        self.library = f"LLVM {version}" + " bfloat16" * (draft and rounds())
        self.instructions = _INSTRUCTIONS[size.lanes]

    def __call__(self, points: Tensor) -> Tensor:
        """Work out the colours of points."""
        blocks = len(points) // self._block
        x = torch.empty(blocks, self._inputs, self._block)  # from an address on that vectors may be loaded from
        x.copy_(points.reshape(blocks, self._block, self._inputs).transpose(1, 2))
        colours = torch.empty(blocks, self._channels, self._block)
        scratch = _aligned(self._scratch)
        self._call(x.data_ptr(), colours.data_ptr(), self._numbers.ctypes.data, scratch.ctypes.data, blocks)
        return colours.transpose(1, 2).reshape(len(points), self._channels)


def _aligned(count: int) -> Array:
    """So many floats, from an address on that vectors may be loaded from."""
    room = np.empty(count + 16, np.float32)
    start = -room.ctypes.data // 4 % 16
    return room[start : start + count]


@functools.lru_cache(maxsize=64)
def _compiled(text: str) -> Callable[..., None]:
    """The machine code of a module's function; networks of one make share it, whatever their weights."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(text)
    module.verify()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2
    )
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
    builder.getModulePassManager().run(module, builder)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    function: Any = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4, ctypes.c_int64)(engine.get_function_address("paint"))
    function.engine = engine  # which owns the code
    return function  # type: ignore[no-any-return]


class _Writer:
    """Writes the function.

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
            # all but these two read a place of a row before they write it
            early = [
                value for value in spent if region.kind not in ("product", "flip") and self._rows[value] == region.rows
            ]
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
        self.numbers += [part.detach().to(torch.float32).reshape(-1).numpy() for part in parts]
        return self._code.step(self._constants, I64(offset))

    def _product(self, region: Region) -> None:
        found = matrix_of(region.calls[0])
        assert found is not None  # noqa: S101 - that is what makes it a product
        matrix, bias = found
        inputs, units = matrix.shape
        rounded = self._draft and min(inputs, units) >= WIDE
        source, target = self._at[region.takes[0]], self._at[region.gives[0]]
        if rounded:
            assembly.round_rows(self._code, source, self._rounded, inputs)
            source, matrix = self._rounded, _rounded(matrix)
        key = inputs, units, bias is not None, rounded
        if key not in self._products:
            self._products[key] = assembly.product(
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
