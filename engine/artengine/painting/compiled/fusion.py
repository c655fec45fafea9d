"""A trace as fusion groups: products, operations along the units of a point, and runs of pointwise operations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from artengine.painting.compiled import pointwise
from artengine.painting.compiled.errors import NotCompilableError
from artengine.painting.operations import Call, Ref, Trace, matrix_of

_aten = torch.ops.aten

#: What the calls of a group do.
Kind = Literal["product", "pointwise", "sort", "softmax", "log_softmax", "mean", "flip", "concatenation"]

#: Operations that have machine code for some of their arguments.
_PARTLY = {
    *pointwise.EMIT,
    _aten.cat.default,
    _aten.sort.default,
    _aten._softmax.default,
    _aten._log_softmax.default,
    _aten.flip.default,
    _aten.mean.dim,
    _aten.mm.default,
    _aten.addmm.default,
}


@dataclass(slots=True)
class FusionGroup:
    """Calls that become one loop over the points of a block.

    units: of its results, per point. outputs: the values that others use. inputs: the values of others that it uses.
    """

    kind: Kind
    units: int
    calls: list[Call] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)


def partition(trace: Trace, inputs: int, dtype: torch.dtype) -> list[FusionGroup]:
    """The fusion groups of a trace in their order.

    inputs: of a point. dtype: float32 or float64, of everything in the trace.
    Raises `NotCompilableError` naming an operation that has no machine code.
    """
    groups: list[FusionGroup] = []
    units = {0: inputs}  # by the number of a value
    for call in trace.calls:
        kind = _compilable(call, units, dtype)
        width = call.examples[0].shape[1]
        units[call.results[0]] = width
        if kind != "pointwise" or not groups or (groups[-1].kind, groups[-1].units) != (kind, width):
            groups.append(FusionGroup(kind, width))
        groups[-1].calls.append(call)
    for group in groups:
        own = {call.results[0] for call in group.calls}
        sources = (source for call in group.calls for source in call.sources())
        group.inputs = [source for source in dict.fromkeys(sources) if source not in own]
    used = {trace.output, *(source for group in groups for source in group.inputs)}
    for group in groups:
        group.outputs = [call.results[0] for call in group.calls if call.results[0] in used]
    return groups


def _compilable(call: Call, units: dict[int, int], dtype: torch.dtype) -> Kind:
    """The kind of group that a call belongs to; units: of the values so far.

    Raises `NotCompilableError` where it has no machine code.
    """
    example = call.examples[0]
    if call.op not in _PARTLY:
        raise NotCompilableError(f"{call.name} has no machine code")
    if example.ndim != 2 or not example.numel():
        raise NotCompilableError(f"{call.name} gives {tuple(example.shape)}; machine code is for (points, units) alone")
    if example.dtype != dtype:
        raise NotCompilableError(f"{call.name} gives {example.dtype}, where machine code is {dtype} throughout")
    if any(source not in units for source in call.sources()):
        raise NotCompilableError(f"{call.name} takes another result of an operation than its first")
    kind = _kind(call, units)
    if kind is None:
        raise NotCompilableError(f"{call.name} has no machine code for these arguments")
    return kind


def _kind(call: Call, units: dict[int, int]) -> Kind | None:
    """The kind of group that a call belongs to by its operation and arguments; None where it has no machine code."""
    if matrix_of(call) is not None:
        return "product"
    if not call.args:
        return None
    rest = call.args[1:]
    if call.op is _aten.cat.default:
        return "concatenation" if _concatenates(call) else None
    if call.op in pointwise.EMIT:
        return "pointwise" if _is_pointwise(call, units) else None
    if rest and isinstance(rest[0], Tensor):
        return None
    along_units = not rest or rest[0] in (-1, 1)
    if call.op is _aten.sort.default and along_units and not any(rest[1:]) and not call.kwargs:
        return "sort"
    if call.op in (_aten._softmax.default, _aten._log_softmax.default) and along_units and not any(rest[1:]):
        return "softmax" if call.op is _aten._softmax.default else "log_softmax"
    if call.op is _aten.flip.default and rest[0] in ([-1], [1]):
        return "flip"
    if call.op is _aten.mean.dim and rest[0] in ([-1], [1]) and rest[1:] == (True,) and not call.kwargs:
        return "mean"
    return None


def _is_pointwise(call: Call, units: dict[int, int]) -> bool:
    """Whether the arguments of a pointwise operation are those that it has machine code for."""
    if call.kwargs or not pointwise.supports(call.op, call.args[1:]):
        return False
    fits = all(units.get(source) in (1, call.examples[0].shape[1]) for source in call.sources())
    return fits and all(_is_operand(part, call) for part in call.args)


def _concatenates(call: Call) -> bool:
    """Whether a call puts units beside units, or beside numbers that are the same at every point.

    In float32 matrices take over what is concatenated; the few networks where they cannot keep the bits that they have.
    """
    if call.examples[0].dtype != torch.float64 or call.args[1:] not in ((-1,), (1,)) or call.kwargs:
        return False
    constants = [part for part in call.args[0] if isinstance(part, Tensor)]
    return all(part.ndim == 2 and torch.equal(part, part[:1].expand_as(part)) for part in constants)


def _is_operand(part: Any, call: Call) -> bool:
    """Whether an argument of a pointwise operation is a value, a number, or a row of numbers, one for each unit."""
    if isinstance(part, Tensor):
        return part.dtype.is_floating_point and (part.numel() == 1 or tuple(part.shape) in _row_shapes(call))
    return part is None or isinstance(part, (Ref, int, float))


def _row_shapes(call: Call) -> Iterator[tuple[int, ...]]:
    width = call.examples[0].shape[1]
    yield (width,)
    yield (1, width)
