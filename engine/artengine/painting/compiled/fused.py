"""A traced network as one function of machine code: blocks of points that never leave the processor's first cache.

Points lie side by side in the lanes of vectors, so that no lane is idle whatever the width of a layer; what follows a
product finds its results where they were made.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from llvmlite import binding as llvm
from torch import Tensor

from artengine.painting.compiled.codegen import Program
from artengine.painting.compiled.floats import DOUBLE, SINGLE, Float
from artengine.painting.compiled.fusion import cut
from artengine.painting.compiled.ir_builder import Tile
from artengine.painting.operations import Trace

Array = np.ndarray[Any, Any]

#: Points of a block of float32: so that layers stay in the first cache, or matrices are fetched less often.
SMALL, LARGE = 32, 128
BROAD = 192  # units of a layer from which on matrices do not fit the second


def rounds() -> bool:
    """Whether this processor multiplies bfloat16."""
    return bool(llvm.get_host_cpu_features().get("avx512bf16"))


def tile(real: Float, *, broad: bool) -> Tile | None:
    """The one for this processor and sort of number; None where it lacks the instructions that make it worth while."""
    block = (LARGE if broad else SMALL) * 4 // real.bytes
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return Tile(real, 64 // real.bytes, 2, 10, block)
    if features.get("avx2") and features.get("fma"):
        return Tile(real, 32 // real.bytes, 2, 6, block)
    return Tile(real, 16 // real.bytes, 2, 10, block) if features.get("neon") else None


_INSTRUCTIONS = {64: "AVX512", 32: "AVX2", 16: "NEON"}  # by bytes of a vector


class Fused:
    """The function: colours (N, channels) of points (N, inputs), for N a multiple of the block.

    dtype: of both, and of all between them: float32 or float64. draft: round products to bfloat16, where numbers are
    float32 and the processor can. library, instructions: what works them out, in words.
    Raises `ValueError` where the trace holds something else than it can do, or this processor is not meant for it.
    """

    def __init__(self, found: Trace, inputs: int, dtype: torch.dtype, *, draft: bool) -> None:
        real = DOUBLE if dtype == torch.float64 else SINGLE
        regions = cut(found, inputs, dtype)
        broad = any(region.rows > BROAD for region in regions or ())
        size = tile(real, broad=broad)
        if regions is None or size is None:
            raise ValueError("found what cannot be fused")
        draft = draft and real is SINGLE and rounds()
        program = Program(regions, found.output, inputs, size, draft=draft)
        self._dtype = dtype
        self._inputs, self._channels = inputs, program.channels
        self._block, self._scratch = size.block, program.scratch
        numbers = [part for part in program.numbers if len(part)]
        self._numbers = _aligned(sum(map(len, numbers)), dtype)
        if numbers:
            np.concatenate(numbers, out=self._numbers)
        self._call = _compiled(str(program.module))
        version = ".".join(map(str, llvm.llvm_version_info[:2]))
        self.library = f"LLVM {version}" + " bfloat16" * draft + " float64" * (real is DOUBLE)
        self.instructions = _INSTRUCTIONS[size.lanes * real.bytes]

    def __call__(self, points: Tensor) -> Tensor:
        """Work out the colours of points."""
        blocks = len(points) // self._block
        # from an address on that vectors may be loaded from
        x = torch.empty(blocks, self._inputs, self._block, dtype=self._dtype)
        x.copy_(points.reshape(blocks, self._block, self._inputs).transpose(1, 2))
        colours = torch.empty(blocks, self._channels, self._block, dtype=self._dtype)
        scratch = _aligned(self._scratch, self._dtype)
        self._call(x.data_ptr(), colours.data_ptr(), self._numbers.ctypes.data, scratch.ctypes.data, blocks)
        return colours.transpose(1, 2).reshape(len(points), self._channels)


def _aligned(count: int, dtype: torch.dtype) -> Array:
    """So many floats, from an address on that vectors may be loaded from."""
    size = dtype.itemsize
    room = np.empty(count + 64 // size, f"f{size}")
    start = -room.ctypes.data // size % (64 // size)
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
