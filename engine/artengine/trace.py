"""What a network does to a slice of points, written down as the tensor operations it comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

#: Operations whose result has the shape and kind of a tensor, and nothing of its values.
_OF_SHAPE = {"new_ones", "new_zeros", "new_full", "ones_like", "zeros_like", "full_like"}
_UNTRACEABLE = (
    torch.Tag.nondeterministic_seeded,  # chance
    torch.Tag.data_dependent_output,  # a number read out of a tensor, perhaps to decide by
    torch.Tag.dynamic_output_shape,  # as many results as there are values of some sort
)


@dataclass(frozen=True, slots=True)
class Ref:
    """The value with this number, in the arguments of a call."""

    index: int


@dataclass(frozen=True, slots=True)
class Call:
    """An operation of torch, applied.

    args, kwargs: as it was called, with a `Ref` for every tensor that depends on the points, and the tensor itself
    where it does not. results: the numbers of the values it gives, in their order. like: a tensor such as each of them.
    alias: the value whose memory the first result is a view of.
    """

    op: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: tuple[int, ...]
    like: tuple[Tensor, ...]
    alias: int | None

    def sources(self) -> Iterator[int]:
        """The numbers of the values it is applied to."""
        return (part.index for part in _leaves((self.args, self.kwargs)) if isinstance(part, Ref))

    def apply(self, values: dict[int, Tensor]) -> None:
        """Do it to other values, and add what it gives."""
        args, kwargs = _mapped((self.args, self.kwargs), lambda part: values[part.index] if _is_ref(part) else part)
        given = self.op(*args, **kwargs)
        values.update(zip(self.results, given if isinstance(given, tuple) else (given,), strict=False))


@dataclass(frozen=True, slots=True)
class Trace:
    """Calls in their order, from value 0, the points (N, inputs), to the value numbered `output`, (N, channels)."""

    calls: tuple[Call, ...]
    output: int

    def replay(self, points: Tensor) -> Tensor:
        """The same operations, on other points."""
        values = {0: points}
        for call in self.calls:
            call.apply(values)
        return values[self.output]


def trace(network: nn.Module, points: Tensor, others: Tensor) -> Trace | None:
    """The operations that a network applies to points, (N, inputs), or None where they are not the same for all points.

    others: more points of the same shape. The operations have to give for them, to the bit, what the network gives: one
    that turns its numbers into something else than tensors, or chance, or a decision, would be found out.
    """
    recorder = _Recorder(points)
    try:
        with torch.no_grad():
            with recorder:
                colours = network(points)
            output = recorder.number(colours)
            if output is None or not recorder.sound:
                return None
            found = Trace(_needed(recorder.calls, output), output)
            expected = network(others)
            same = torch.equal(found.replay(others).nan_to_num(), expected.nan_to_num())
    except (RuntimeError, TypeError, NotImplementedError):
        return None  # whatever is the matter, the network as it stands will say it better
    return found if same else None


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own
    """Keeps every call while it is entered; sound: as long as they can be repeated for other points."""

    def __init__(self, points: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[Call] = []
        self.sound = True
        self._kept: list[Tensor] = [points]  # as long as a tensor lives, no other has its id
        self._numbers: dict[int, int] = {id(points): 0}

    def number(self, value: object) -> int | None:
        """The number of a tensor that depends on the points."""
        return self._numbers.get(id(value))

    def __torch_dispatch__(self, op: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        given = op(*args, **kwargs)
        tensors = [part for part in _leaves((args, kwargs)) if isinstance(part, Tensor)]
        if not any(id(tensor) in self._numbers for tensor in tensors):
            self._kept += [part for part in _leaves(given) if isinstance(part, Tensor)]
            return given
        if op._schema.is_mutable or any(tag in op.tags for tag in _UNTRACEABLE):
            self.sound = False
        results = given if isinstance(given, tuple) else (given,)
        if not self.sound or not all(isinstance(result, Tensor) for result in results):
            self.sound = False
            return given
        if op._schema.name.removeprefix("aten::") in _OF_SHAPE:
            self._kept += results
            return given
        first = len(self._kept)
        numbers = tuple(range(first, first + len(results)))
        self._kept += results
        self._numbers.update(zip(map(id, results), numbers, strict=True))
        given_args, given_kwargs = _mapped(
            (args, kwargs), lambda part: Ref(self._numbers[id(part)]) if self._depends(part) else part
        )
        memory = results[0].untyped_storage().data_ptr()
        shared = (self.number(tensor) for tensor in tensors if tensor.untyped_storage().data_ptr() == memory)
        alias = next((number for number in shared if number is not None), None)
        self.calls.append(Call(op, given_args, given_kwargs, numbers, results, alias))
        return given

    def _depends(self, part: object) -> bool:
        return isinstance(part, Tensor) and id(part) in self._numbers


def _needed(calls: list[Call], output: int) -> tuple[Call, ...]:
    """The calls without those whose results nobody asks for."""
    wanted = {output}
    kept = []
    for call in reversed(calls):
        if wanted.intersection(call.results):
            wanted.update(call.sources())
            kept.append(call)
    return tuple(reversed(kept))


def _is_ref(part: object) -> bool:
    return isinstance(part, Ref)


def _leaves(value: Any) -> Iterator[Any]:
    """What lists, tuples and dicts hold, however deep."""
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _leaves(part)
    elif isinstance(value, dict):
        yield from _leaves(list(value.values()))
    else:
        yield value


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same lists, tuples and dicts, with every leaf changed."""
    if isinstance(value, (list, tuple)):
        return type(value)(_mapped(part, change) for part in value)
    if isinstance(value, dict):
        return {key: _mapped(part, change) for key, part in value.items()}
    return change(value)
