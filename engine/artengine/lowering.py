"""From the operations of a network to the steps that paint with it: packed matrices, nothing copied without need."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from artengine import kernels, products
from artengine.simplify import matrix_of, simplified
from artengine.trace import Call, Ref, Trace

#: A function, the number of the value it gives, those of the values it takes, and those that nobody needs after it.
Steps = list[tuple[Callable[..., Any], int, tuple[int, ...], tuple[int, ...]]]

WIDE = 16  # units on both sides from which on a draft rounds a product
_aten = torch.ops.aten
#: What oneDNN does to a product on its way out, by the operation it stands for.
_FUSED = {_aten.relu.default: "relu", _aten.sigmoid.default: "sigmoid", _aten.tanh.default: "tanh"}


def lowered(found: Trace, points: int, *, draft: bool) -> Steps:
    """The steps of a trace, for slices of so many points.

    draft: products between wide layers are rounded to bfloat16, where the processor has such products.
    """
    return _Lowering(simplified(found), points, draft=draft and products.available(torch.bfloat16)).steps()


class _Lowering:
    def __init__(self, found: Trace, points: int, *, draft: bool) -> None:
        self._calls = found.calls
        self._points = points
        self._draft = draft
        self._packed = products.available(torch.float32)
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
        done: set[int] = set()
        rough: set[int] = set()  # values that stay in bfloat16
        for place, call in enumerate(self._calls):
            if place in done:
                continue
            sources = tuple(call.sources())
            target = call.results[0]
            spent = tuple(source for source in dict.fromkeys(sources) if source and self._users[source][-1] == place)
            if self._draft and self._is_wide(call):
                function, target, user = self._rounded(call, rounded=sources[0] in rough)
                done |= {user} if user is not None else set()
                if all(other < len(self._calls) and self._is_wide(self._calls[other]) for other in self._users[target]):
                    rough.add(target)
                else:
                    function = _then(function, Tensor.float)
                steps.append((function, target, sources, spent))
                continue
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
        same = like.shape == call.like[0].shape and like.dtype == call.like[0].dtype and like.is_contiguous()
        return same and self._busy[first.index] == place

    def _product(self, call: Call) -> products.Product | None:
        """A product with a matrix that stays the same."""
        if (found := matrix_of(call)) is None:
            return None
        matrix, bias = found
        if self._packed and matrix.dtype == torch.float32:
            return products.product(matrix, bias, self._points)
        return products.plain(matrix, bias)

    def _is_wide(self, call: Call) -> bool:
        found = matrix_of(call)
        return found is not None and found[0].dtype == torch.float32 and min(found[0].shape) >= WIDE

    def _rounded(self, call: Call, *, rounded: bool) -> tuple[Callable[..., Any], int, int | None]:
        """A product in bfloat16, with what follows it where that can be done at once; what it gives, the place of that.

        rounded: what it takes is in bfloat16 already.
        """
        found = matrix_of(call)
        assert found is not None  # noqa: S101 - asked by `_is_wide`
        matrix, bias = found
        user = next(self._only_user(call.results[0]), None)
        follows = self._calls[user] if user is not None else None
        activation = _FUSED.get(follows.op, "none") if follows and len(follows.args) == 1 else "none"
        function: Callable[..., Any] = products.product(
            matrix.bfloat16(), None if bias is None else bias.bfloat16(), self._points, activation
        )
        if not rounded:
            function = _then(Tensor.bfloat16, function)
        if follows is not None and follows.op is _aten.abs.default:
            return _then(function, Tensor.abs_), follows.results[0], user
        if follows is not None and activation != "none":
            return function, follows.results[0], user
        return function, call.results[0], None

    def _only_user(self, value: int) -> Iterator[int]:
        users = self._users[value]
        if len(users) == 1 and users[0] < len(self._calls):
            yield users[0]


def _then(first: Callable[..., Any], second: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: second(first(x))
