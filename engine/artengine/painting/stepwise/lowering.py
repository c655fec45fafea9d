"""From the operations of a network to the steps that paint with it: packed matrices, nothing copied without need."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from artengine.painting.operations import Call, Ref, Trace, matrix_of, simplified
from artengine.painting.stepwise import kernels, matmul

#: A function, the number of the value it gives, those of the values it takes, and those that nobody needs after it.
Steps = list[tuple[Callable[..., Any], int, tuple[int, ...], tuple[int, ...]]]


def lowered(found: Trace, points: int) -> Callable[[Tensor], Tensor]:
    """The function of a trace, for slices of so many points."""
    found = simplified(found)
    steps = _Lowering(found, points).steps()

    def follow(points: Tensor) -> Tensor:
        values: dict[int, Any] = {0: points}
        for step, target, sources, spent in steps:
            values[target] = step(*[values[source] for source in sources])
            for index in spent:
                del values[index]
        colours: Tensor = values[found.output]
        return colours

    return follow


class _Lowering:
    def __init__(self, found: Trace, points: int) -> None:
        self._calls = found.calls
        self._points = points
        self._packed = matmul.available()
        self._users: dict[int, list[int]] = {found.output: [len(found.calls)]}  # places in the calls, in their order
        self._memory: dict[int, int] = {}  # the value whose memory a value is in
        for place, call in enumerate(found.calls):
            for source in dict.fromkeys(call.sources()):
                self._users.setdefault(source, []).append(place)
            for result in call.results:
                owner = result if call.alias is None else call.alias
                self._memory[result] = self._memory.get(owner, owner)
        self._busy: dict[int, int] = {}  # the last place where a memory is used, through any value
        for value, users in self._users.items():
            owner = self._memory.get(value, value)
            self._busy[owner] = max(self._busy.get(owner, 0), users[-1])

    def steps(self) -> Steps:
        """All of them."""
        steps: Steps = []
        for place, call in enumerate(self._calls):
            sources = tuple(call.sources())
            target = call.results[0]
            spent = tuple(source for source in dict.fromkeys(sources) if source and self._users[source][-1] == place)
            asked = [result for result in call.results if result in self._users]
            function = self._product(call) or kernels.step(
                call, spent=self._may_overwrite(call, place), first_only=asked == [target]
            )
            if asked == [target]:
                steps.append((function, target, sources, spent))
                continue
            whole = -1 - place  # all results together, under a number that no value has
            steps.append((function, whole, sources, spent))
            for index, result in enumerate(call.results):
                if result in asked:
                    steps.append(
                        (operator.itemgetter(index), result, (whole,), (whole,) if result == asked[-1] else ())
                    )
        return steps

    def _may_overwrite(self, call: Call, place: int) -> bool:
        """Whether a call may put its result where its first operand is, which nobody needs any more."""
        first = call.args[0] if call.args else None
        if not isinstance(first, Ref) or first.index == 0 or self._memory[first.index] != first.index:
            return False
        made = next(other for other in self._calls if first.index in other.results)
        like = made.like[made.results.index(first.index)]
        others = (source for source in call.sources() if source != first.index)
        if any(self._memory.get(other) == first.index for other in others):  # it reads the same memory otherwise
            return False
        same = like.shape == call.like[0].shape and like.dtype == call.like[0].dtype and like.is_contiguous()
        return same and self._busy[first.index] == place

    def _product(self, call: Call) -> matmul.Product | None:
        """A product with a matrix that stays the same."""
        if (found := matrix_of(call)) is None:
            return None
        matrix, bias = found
        if self._packed and matrix.dtype == torch.float32 and matrix.numel():
            return matmul.product(matrix, bias, self._points)
        return matmul.plain(matrix, bias)
