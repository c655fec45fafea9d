"""Sorting the units of a layer, as machine code: a sorting network, the same comparisons whatever the numbers."""

from __future__ import annotations

from collections.abc import Iterator

from llvmlite import ir

from artengine.painting.compiled.instructions import Value
from artengine.painting.compiled.ir_builder import I64, Code


def sort_units(code: Code, source: Value, target: Value, units: int) -> None:
    """Emit Batcher's merge exchange of so many rows, on all points at once; NaN comes last, as in torch and numpy."""
    builder, vectors = code.builder, code.vectors
    with code.each(units) as (row, vector):
        code.store(code.load(source, row, vector), target, row, vector)
    pairs = list(_exchanges(units))
    if not pairs:
        return
    kind = ir.ArrayType(ir.ArrayType(I64, 2), len(pairs))
    module = code.function.module
    table = ir.GlobalVariable(module, kind, module.get_unique_name("pairs"))
    table.global_constant, table.linkage = True, "internal"
    table.initializer = ir.Constant(kind, [[low, high] for low, high in pairs])
    with code.loop(I64(len(pairs))) as index:
        low, high = (builder.load(builder.gep(table, [I64(0), index, I64(side)])) for side in (0, 1))
        with code.columns() as vector:
            x, y = code.load(target, low, vector), code.load(target, high, vector)
            is_nan = builder.and_(builder.fcmp_unordered("uno", x, x), builder.fcmp_ordered("ord", y, y))
            swap = builder.or_(vectors.greater(x, y), is_nan)
            code.store(builder.select(swap, y, x), target, low, vector)
            code.store(builder.select(swap, x, y), target, high, vector)


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
