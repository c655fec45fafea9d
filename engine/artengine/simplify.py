"""Calls that a matrix can take over: what is done to its rows and columns once need not be done to every point."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from artengine.trace import Call, Ref, Trace

_aten = torch.ops.aten


def matrix_of(call: Call) -> tuple[Tensor, Tensor | None] | None:
    """The matrix (K, N) and the bias (N,), if there is one, where a call is a product of points with a matrix."""
    match call.args:
        case (Ref(), Tensor() as matrix) if call.op is _aten.mm.default:
            return matrix, None
        case (Tensor() as bias, Ref(), Tensor() as matrix) if call.op is _aten.addmm.default and not call.kwargs:
            return (matrix, bias) if bias.ndim == 1 else None
    return None


def simplified(found: Trace) -> Trace:
    """The same with fewer calls, where it is in float32: float64 adds up in the order that the network has.

    A constant joined to the points becomes a bias, colours turned round become columns turned round.
    """
    makers = {result: call for call in found.calls for result in call.results}
    uses = [source for call in found.calls for source in call.sources()]
    replaced: dict[int, Call | None] = {}  # by the first result
    for call in found.calls:
        if call.like[0].dtype != torch.float32:
            continue
        maker = next((makers.get(source) for source in call.sources()), None)
        if maker is None or len(maker.results) > 1 or uses.count(maker.results[0]) > 1:
            continue
        maker = replaced.get(maker.results[0], maker) or maker
        new = _with_bias(maker, call) or _turned(maker, call)
        if new is not None:
            replaced[maker.results[0]] = None
            replaced[call.results[0]] = new
    calls = (replaced.get(call.results[0], call) for call in found.calls)
    return Trace(tuple(call for call in calls if call is not None), found.output)


def _with_bias(joined: Call, product: Call) -> Call | None:
    """Of points joined with the same numbers at every one of them, and a product: a product with a bias."""
    found = matrix_of(product)
    if found is None or joined.op is not _aten.cat.default or joined.args[1:] not in ((-1,), (1,)):
        return None
    matrix, bias = found
    bias = torch.zeros_like(matrix[0]) if bias is None else bias
    kept = None
    start = 0
    for part, width in zip(joined.args[0], _widths(joined, len(matrix)), strict=True):
        rows = matrix[start : start + width]
        start += width
        if isinstance(part, Tensor):
            if not torch.equal(part, part[:1].expand_as(part)):
                return None
            bias = bias + part[0] @ rows
        elif kept is not None:
            return None
        else:
            kept = part, rows
    if kept is None:
        return None
    return replace(product, op=_aten.addmm.default, args=(bias, *kept))


def _widths(joined: Call, total: int) -> list[int]:
    """How many numbers each part adds, where only one part is not known."""
    known = [part.shape[1] if isinstance(part, Tensor) else 0 for part in joined.args[0]]
    unknown = known.count(0)
    return [width or (total - sum(known)) if unknown == 1 else width for width in known]


def _turned(product: Call, flip: Call) -> Call | None:
    """Of a product and its columns turned round: the product with a matrix turned round."""
    found = matrix_of(product)
    if found is None or flip.op is not _aten.flip.default or flip.args[1] not in ([-1], [1]):
        return None
    matrix, bias = found
    args = (product.args[-2], matrix.flip(-1))
    return replace(flip, op=product.op, args=args if bias is None else (bias.flip(-1), *args), kwargs={})
