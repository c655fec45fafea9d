"""What a network does to a slice of points, written down as the tensor operations it comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

#: Operations whose result has the shape and kind of a tensor, and nothing of its values.
_OF_SHAPE = {"new_ones", "new_zeros", "new_full", "ones_like", "zeros_like", "full_like"}
_UNTRACEABLE = (
    torch.Tag.data_dependent_output,  # a number read out of a tensor, perhaps to decide by
    torch.Tag.dynamic_output_shape,  # as many results as there are values of some sort
)


#: Ways out of torch for the numbers of a tensor.
_OUTSIDE = {
    "numpy",
    "__array__",
    "__array_wrap__",
    "tolist",
    "data_ptr",
    "__dlpack__",
    "untyped_storage",
    "storage",
    "__reduce_ex__",
    "__deepcopy__",
}


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
            with (watch := _Watch()), recorder:
                colours = network(points)
            output = recorder.number(colours)
            if output is None or not recorder.sound or not watch.sound:
                return None
            found = Trace(_needed(recorder.calls, output), output)
            expected = network(others.clone())
            same = torch.equal(found.replay(others).nan_to_num(), expected.nan_to_num())
    except Exception:  # noqa: BLE001, RUF100 - a stranger's network may raise anything
        return None  # whatever is the matter, the network as it stands will say it better
    return found if same else None


class _Watch(TorchFunctionMode):
    """Sees whether numbers leave torch, for numpy or plain Python, where nobody knows what is done to them."""

    sound = True

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in _OUTSIDE or func is torch.Tensor.data.__get__:  # type: ignore[attr-defined]
            self.sound = False
        return func(*args, **(kwargs or {}))


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own
    """Keeps every call while it is entered; sound: as long as they can be repeated for other points."""

    def __init__(self, points: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[Call] = []
        self.sound = True
        self._kept: list[Tensor] = [points]  # as long as a tensor lives, no other has its id
        self._made: set[int] = set()
        self._numbers: dict[int, int] = {id(points): 0}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # for what nobody compiles here, torch would import its compiler first: most of a second

    def number(self, value: object) -> int | None:
        """The number of a tensor that depends on the points."""
        return self._numbers.get(id(value))

    def __torch_dispatch__(self, op: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if any(id(part) not in self._made for part in _written(op, args)):
            self.sound = False  # it keeps something from one call to the next
        if torch.Tag.nondeterministic_seeded in op.tags:
            self.sound = False  # chance
        given = op(*args, **kwargs)
        self._made |= {id(part) for part in _leaves(given)}
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
        given_args, given_kwargs = _mapped((args, kwargs), self._referred)
        memory = results[0].untyped_storage().data_ptr()
        shared = (self.number(tensor) for tensor in tensors if tensor.untyped_storage().data_ptr() == memory)
        alias = next((number for number in shared if number is not None), None)
        self.calls.append(Call(op, given_args, given_kwargs, numbers, results, alias))
        return given

    def _referred(self, part: object) -> object:
        """An argument as a `Call` keeps it."""
        if not isinstance(part, Tensor):
            return part
        number = self.number(part)
        return part.detach() if number is None else Ref(number)


def _written(op: Any, args: tuple[Any, ...]) -> Iterator[Tensor]:
    """The tensors that an operation changes."""
    for part, told in zip(args, op._schema.arguments, strict=False):
        if isinstance(part, Tensor) and told.alias_info is not None and told.alias_info.is_write:
            yield part


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
