"""Calls that a matrix can take over: what is done to its rows and columns once need not be done to every point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from artengine.painting.operations.tracing import Call, Ref, Trace

_aten = torch.ops.aten


def matrix_of(call: Call) -> tuple[Tensor, Tensor | None] | None:
    """The matrix (K, N) and the bias (N,), if there is one, where a call is a product of points with a matrix."""
    match call.args:
        case (Ref(), Tensor() as matrix) if call.op is _aten.mm.default:
            return matrix, None
        case (Tensor() as bias, Ref(), Tensor() as matrix) if call.op is _aten.addmm.default and not call.kwargs:
            return (matrix, bias) if bias.shape == matrix.shape[1:] else None
    return None


def simplify(trace: Trace) -> Trace:
    """The same with fewer calls, where it is in float32: in float64 sums keep the order that the network has.

    A constant concatenated to the points, or added to a product, becomes a bias; a flip of a product's columns becomes
    a flip of its matrix.
    """
    makers = {result: call for call in trace.calls for result in call.results}
    uses = [source for call in trace.calls for source in call.sources()]
    replaced: dict[int, Call | None] = {}  # by the first result
    for call in trace.calls:
        if call.examples[0].dtype != torch.float32:
            continue
        maker = next((makers.get(source) for source in call.sources()), None)
        if (
            maker is None
            or len(maker.results) > 1
            or uses.count(maker.results[0]) > 1
            or not _is_float32(maker, makers)
        ):
            continue
        maker = replaced.get(maker.results[0], maker) or maker
        new = _concatenated(maker, call) or _added(maker, call) or _flipped(maker, call)
        if new is not None:
            replaced[maker.results[0]] = None
            replaced[call.results[0]] = new
    calls = (replaced.get(call.results[0], call) for call in trace.calls)
    return Trace(tuple(call for call in calls if call is not None), trace.output)


def _is_float32(call: Call, makers: dict[int, Call]) -> bool:
    """Whether all that a call takes is in float32."""
    inputs = ((source, makers[source]) for source in call.sources() if source in makers)
    return all(maker.examples[maker.results.index(source)].dtype == torch.float32 for source, maker in inputs)


def _concatenated(cat: Call, product: Call) -> Call | None:
    """Of points concatenated with the same numbers at every one of them, and a product: a product with a bias."""
    factors = matrix_of(product)
    if factors is None or cat.op is not _aten.cat.default or cat.args[1:] not in ((-1,), (1,)):
        return None
    parts = cat.args[0]
    constants = [part for part in parts if isinstance(part, Tensor)]
    if len(parts) != len(constants) + 1 or any(constant.ndim != 2 for constant in constants):
        return None
    matrix, bias = factors
    bias = torch.zeros_like(matrix[0]) if bias is None else bias
    variable = None
    start = 0
    for part, width in zip(parts, _widths(parts, len(matrix)), strict=True):
        rows = matrix[start : start + width]
        start += width
        if isinstance(part, Tensor):
            if not torch.equal(part, part[:1].expand_as(part)):
                return None
            bias = bias + part[0].to(matrix.dtype) @ rows
        else:
            variable = part, rows
    assert variable is not None  # noqa: S101 - one part is no constant
    return replace(product, op=_aten.addmm.default, args=(bias, *variable))


def _widths(parts: Sequence[Ref | Tensor], total: int) -> list[int]:
    """How many numbers each part adds, where one is not a constant."""
    known = [part.shape[1] if isinstance(part, Tensor) else None for part in parts]
    rest = total - sum(width or 0 for width in known)
    return [rest if width is None else width for width in known]


def _added(product: Call, add: Call) -> Call | None:
    """Of a product and a row added to it: a product with a bias."""
    factors = matrix_of(product)
    if factors is None or factors[1] is not None or add.op is not _aten.add.Tensor or add.kwargs:
        return None
    row = next((part for part in add.args if isinstance(part, Tensor)), None)
    if row is None or row.dtype != torch.float32 or tuple(row.shape) != (factors[0].shape[1],):
        return None
    return replace(add, op=_aten.addmm.default, args=(row, product.args[0], factors[0]))


def _flipped(product: Call, flip: Call) -> Call | None:
    """Of a product and its columns flipped: the product with a flipped matrix."""
    factors = matrix_of(product)
    if factors is None or flip.op is not _aten.flip.default or flip.args[1] not in ([-1], [1]):
        return None
    matrix, bias = factors
    args = (product.args[-2], matrix.flip(-1))
    return replace(flip, op=product.op, args=args if bias is None else (bias.flip(-1), *args), kwargs={})
