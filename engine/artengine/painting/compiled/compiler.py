"""A traced network as one function of machine code: blocks of points that never leave the CPU's first cache.

Points lie side by side in the lanes of vectors, so that no lane is idle whatever the width of a layer; what follows a
product finds its results where they were made.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from llvmlite import binding as llvm
from torch import Tensor

from artengine.painting.compiled.codegen import Program, generate
from artengine.painting.compiled.errors import NotCompilableError
from artengine.painting.compiled.floats import DOUBLE, SINGLE, Float
from artengine.painting.compiled.fusion import partition
from artengine.painting.compiled.ir_builder import Tile
from artengine.painting.compiled.shape import NetworkShape, constants_of, shape_of
from artengine.painting.operations import Trace

Array = np.ndarray[Any, Any]

SMALL_BLOCK = 32  # points of float32 whose layers stay in the first cache
LARGE_BLOCK = 128  # points of float32 for broad layers, so that their matrices are fetched less often
BROAD_LAYER = 192  # units of a layer from which on matrices do not fit the second cache

_INSTRUCTIONS = {64: "AVX512", 32: "AVX2", 16: "NEON"}  # by bytes of a vector


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CompiledNetwork:
    """A function of machine code: colours (N, channels) of points (N, inputs), for N a multiple of the block.

    dtype: of both, and of all between them: float32 or float64. block: points that are computed together. constants:
    the matrices as the code reads them. scratch: floats that it works in. library, instructions: what computes, in
    words.
    """

    dtype: torch.dtype
    inputs: int
    channels: int
    block: int
    constants: Array
    scratch: int
    code: Callable[..., None]
    library: str
    instructions: str

    def __call__(self, points: Tensor) -> Tensor:
        """Compute the colours of points."""
        blocks = len(points) // self.block
        # at an address from which vectors may be loaded
        x = torch.empty(blocks, self.inputs, self.block, dtype=self.dtype)
        x.copy_(points.reshape(blocks, self.block, self.inputs).transpose(1, 2))
        colours = torch.empty(blocks, self.channels, self.block, dtype=self.dtype)
        scratch = _aligned(self.scratch, self.dtype)
        self.code(x.data_ptr(), colours.data_ptr(), self.constants.ctypes.data, scratch.ctypes.data, blocks)
        return colours.transpose(1, 2).reshape(len(points), self.channels)


def compile_trace(trace: Trace, inputs: int, dtype: torch.dtype, *, draft: bool) -> CompiledNetwork:
    """Compile a trace for points of so many inputs.

    dtype: float32 or float64, of all its numbers. draft: round the factors of products to bfloat16, where numbers are
    float32 and the CPU multiplies bfloat16.
    Raises `NotCompilableError` where the trace holds what has no machine code, or this CPU lacks the instructions.
    """
    real = DOUBLE if dtype == torch.float64 else SINGLE
    groups = partition(trace, inputs, dtype)
    tile = choose_tile(real, broad=any(group.units > BROAD_LAYER for group in groups))
    draft = draft and real is SINGLE and multiplies_bfloat16()
    shape = shape_of(groups, trace.output, inputs, tile, draft=draft)
    program, code = _machine_code(shape)
    version = ".".join(map(str, llvm.llvm_version_info[:2]))
    return CompiledNetwork(
        dtype=dtype,
        inputs=inputs,
        channels=program.channels,
        block=tile.block,
        constants=_concatenated([*constants_of(groups, shape)], dtype),
        scratch=program.scratch,
        code=code,
        library=f"LLVM {version}" + " bfloat16" * draft + " float64" * (real is DOUBLE),
        instructions=_INSTRUCTIONS[tile.lanes * real.bytes],
    )


def multiplies_bfloat16() -> bool:
    """Whether this CPU has instructions that multiply bfloat16."""
    return bool(llvm.get_host_cpu_features().get("avx512bf16"))


def choose_tile(real: Float, *, broad: bool) -> Tile:
    """The tile for this CPU and format of float; broad: whether there is a layer of many units.

    Raises `NotCompilableError` where the CPU lacks the instructions that make machine code worth while.
    """
    block = (LARGE_BLOCK if broad else SMALL_BLOCK) * 4 // real.bytes
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return Tile(real, 64 // real.bytes, 2, 10, block)
    if features.get("avx2") and features.get("fma"):
        return Tile(real, 32 // real.bytes, 2, 6, block)
    if features.get("neon"):
        return Tile(real, 16 // real.bytes, 2, 10, block)
    raise NotCompilableError("this CPU has none of AVX-512, AVX2 with FMA, and NEON")


def _concatenated(parts: list[Array], dtype: torch.dtype) -> Array:
    """Arrays one after the other, at an address from which vectors may be loaded."""
    filled = [part for part in parts if len(part)]
    constants = _aligned(sum(map(len, filled)), dtype)
    if filled:
        np.concatenate(filled, out=constants)
    return constants


def _aligned(count: int, dtype: torch.dtype) -> Array:
    """So many floats, not initialised, at an address from which vectors may be loaded."""
    size = dtype.itemsize
    room = np.empty(count + 64 // size, f"f{size}")
    start = -room.ctypes.data // size % (64 // size)
    return room[start : start + count]


@functools.lru_cache(maxsize=128)
def _machine_code(shape: NetworkShape) -> tuple[Program, Callable[..., None]]:
    """The function of all networks of a shape, and its machine code, which they share whatever their weights."""
    program = generate(shape)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(program.text)
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
    return program, function
