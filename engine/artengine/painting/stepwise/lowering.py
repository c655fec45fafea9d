"""From the operations of a network to the steps that paint with it: packed matrices, nothing copied without need."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from artengine.painting.operations import Call, Ref, Trace, matrix_of, simplify
from artengine.painting.stepwise import kernels, matmul


class Step(NamedTuple):
    """A function, with the numbers of its result, of its operands, and of the values that nobody needs after it."""

    function: Callable[..., Any]
    result: int
    sources: tuple[int, ...]
    dead: tuple[int, ...]


def lower(trace: Trace, points: int) -> Callable[[Tensor], Tensor]:
    """A function that applies a trace step by step, to slices of so many points: colours (points, channels)."""
    trace = simplify(trace)
    steps = _Lowering(trace, points).steps()

    def run(points: Tensor) -> Tensor:
        values: dict[int, Any] = {0: points}
        for function, result, sources, dead in steps:
            values[result] = function(*[values[source] for source in sources])
            for index in dead:
                del values[index]
        colours: Tensor = values[trace.output]
        return colours

    return run


class _Lowering:
    """The steps of a trace, with who uses which value and which values share their memory."""

    def __init__(self, trace: Trace, points: int) -> None:
        self._calls = trace.calls
        self._points = points
        self._packs = matmul.available()
        self._users: dict[int, list[int]] = {trace.output: [len(trace.calls)]}  # places in the calls, in their order
        self._memory: dict[int, int] = {}  # the value whose memory a value is in
        for place, call in enumerate(trace.calls):
            for source in dict.fromkeys(call.sources()):
                self._users.setdefault(source, []).append(place)
            for result in call.results:
                owner = result if call.alias is None else call.alias
                self._memory[result] = self._memory.get(owner, owner)
        self._last_use: dict[int, int] = {}  # the last place where a memory is used, through any value
        for value, users in self._users.items():
            owner = self._memory.get(value, value)
            self._last_use[owner] = max(self._last_use.get(owner, 0), users[-1])

    def steps(self) -> list[Step]:
        """All steps in their order."""
        steps: list[Step] = []
        for place, call in enumerate(self._calls):
            sources = tuple(call.sources())
            dead = tuple(source for source in dict.fromkeys(sources) if source and self._users[source][-1] == place)
            needed = [result for result in call.results if result in self._users]
            first_only = needed == [call.results[0]]
            function = self._product(call) or kernels.step(
                call, in_place=self._may_overwrite(call, place), first_only=first_only
            )
            if first_only:
                steps.append(Step(function, call.results[0], sources, dead))
                continue
            whole = -1 - place  # all results together, under a number that no value has
            steps.append(Step(function, whole, sources, dead))
            for index, result in enumerate(call.results):
                if result in needed:
                    last = (whole,) if result == needed[-1] else ()
                    steps.append(Step(operator.itemgetter(index), result, (whole,), last))
        return steps

    def _may_overwrite(self, call: Call, place: int) -> bool:
        """Whether a call may put its result where its first operand is, which nobody needs any more."""
        first = call.args[0] if call.args else None
        if not isinstance(first, Ref) or first.index == 0 or self._memory[first.index] != first.index:
            return False
        maker = next(other for other in self._calls if first.index in other.results)
        operand, result = maker.examples[maker.results.index(first.index)], call.examples[0]
        others = (source for source in call.sources() if source != first.index)
        if any(
            self._memory.get(other) == first.index for other in others
        ):  # it reads that memory through another value
            return False
        same = operand.shape == result.shape and operand.dtype == result.dtype and operand.is_contiguous()
        return same and self._last_use[first.index] == place

    def _product(self, call: Call) -> matmul.Product | None:
        """A product with a matrix that stays the same."""
        if (factors := matrix_of(call)) is None:
            return None
        matrix, bias = factors
        if self._packs and matrix.dtype == torch.float32 and matrix.numel():
            return matmul.product(matrix, bias, self._points)
        return matmul.plain(matrix, bias)
