"""A trace cut into regions: products, operations along the units of a pixel, and all that is pointwise in between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from artengine.painting.compiled import pointwise
from artengine.painting.operations import Call, Ref, Trace, matrix_of

_aten = torch.ops.aten


@dataclass(slots=True)
class Region:
    """Calls that are done together.

    kind: product, pointwise, sort, softmax, log_softmax, mean, flip or join. rows: units of what it gives. gives: the
    values that others ask for. takes: the values that it asks others for.
    """

    kind: str
    rows: int
    calls: list[Call] = field(default_factory=list)
    gives: list[int] = field(default_factory=list)
    takes: list[int] = field(default_factory=list)


def cut(found: Trace, inputs: int, dtype: torch.dtype) -> list[Region] | None:
    """The regions of a trace in their order, or None where it holds an operation that none of them knows.

    dtype: float32 or float64, of everything in it.
    """
    regions: list[Region] = []
    rows = {0: inputs}
    for call in found.calls:
        kind = _kind(call, rows)
        fits = call.like[0].ndim == 2 and call.like[0].dtype == dtype and call.like[0].numel() > 0
        if kind is None or not fits or any(source not in rows for source in call.sources()):
            return None
        width = call.like[0].shape[1]
        rows[call.results[0]] = width
        if kind != "pointwise" or not regions or (regions[-1].kind, regions[-1].rows) != (kind, width):
            regions.append(Region(kind, width))
        regions[-1].calls.append(call)
    for region in regions:
        own = {call.results[0] for call in region.calls}
        taken = (source for call in region.calls for source in call.sources())
        region.takes = [source for source in dict.fromkeys(taken) if source not in own]
    asked = {found.output, *(source for region in regions for source in region.takes)}
    for region in regions:
        region.gives = [call.results[0] for call in region.calls if call.results[0] in asked]
    return regions


def _kind(call: Call, rows: dict[int, int]) -> str | None:
    """What sort of region a call belongs to."""
    if matrix_of(call) is not None:
        return "product"
    if not call.args:
        return None
    rest = call.args[1:]
    if call.op is _aten.cat.default:
        return "join" if _joins(call) else None
    if call.op in pointwise.WRITE:
        fits = not call.kwargs and pointwise.allowed(call.op, rest) and all(_operand(part, call) for part in call.args)
        return (
            "pointwise"
            if fits and all(rows.get(source) in (1, call.like[0].shape[1]) for source in call.sources())
            else None
        )
    if rest and isinstance(rest[0], Tensor):
        return None
    last = not rest or rest[0] in (-1, 1)
    if call.op is _aten.sort.default and last and not any(rest[1:]) and not call.kwargs:
        return "sort"
    if call.op in (_aten._softmax.default, _aten._log_softmax.default) and last and not any(rest[1:]):
        return "softmax" if call.op is _aten._softmax.default else "log_softmax"
    if call.op is _aten.flip.default and rest[0] in ([-1], [1]):
        return "flip"
    if call.op is _aten.mean.dim and rest[0] in ([-1], [1]) and rest[1:] == (True,) and not call.kwargs:
        return "mean"
    return None


def _joins(call: Call) -> bool:
    """Whether a call puts units beside units, or beside numbers that are the same at every point.

    In float32 matrices take over what is joined; the few networks where they cannot keep the bits that they have.
    """
    if call.like[0].dtype != torch.float64 or call.args[1:] not in ((-1,), (1,)) or call.kwargs:
        return False
    constants = [part for part in call.args[0] if isinstance(part, Tensor)]
    return all(part.ndim == 2 and torch.equal(part, part[:1].expand_as(part)) for part in constants)


def _operand(part: Any, call: Call) -> bool:
    """Whether an argument of a pointwise operation is a value, a number, or a row of numbers, one for each unit."""
    if isinstance(part, Tensor):
        return part.dtype.is_floating_point and (part.numel() == 1 or tuple(part.shape) in _row_shapes(call))
    return part is None or isinstance(part, (Ref, int, float))


def _row_shapes(call: Call) -> Iterator[tuple[int, ...]]:
    width = call.like[0].shape[1]
    yield (width,)
    yield (1, width)
