"""What a network does to a slice of points, written down as the tensor operations it comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

#: Operations whose result has the shape and dtype of a tensor, and nothing of its values.
_SHAPE_ONLY = {"new_ones", "new_zeros", "new_full", "ones_like", "zeros_like", "full_like"}
#: Tags of operations that cannot be repeated for other points, with the reason.
_UNTRACEABLE = {
    torch.Tag.data_dependent_output: "reads a number out of a tensor, perhaps to decide by it",
    torch.Tag.dynamic_output_shape: "gives a shape that depends on values",
}
#: Methods of a tensor that hand its numbers out of torch.
_EXPORTS = {
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


class NotTraceableError(Exception):
    """A network's operations are not the same list for all points; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Ref:
    """The value with this number, in the arguments of a call."""

    index: int


@dataclass(frozen=True, slots=True)
class Call:
    """An operation of torch, applied.

    args, kwargs: as it was called, with a `Ref` for every tensor that depends on the points, and the tensor itself
    where it does not. results: the numbers of the values that it returns, in their order. examples: those values, as
    they were when the call was recorded. alias: the value whose memory the first result is a view of.
    """

    op: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: tuple[int, ...]
    examples: tuple[Tensor, ...]
    alias: int | None

    @property
    def name(self) -> str:
        """The name of the operation, such as ``aten.sin``."""
        return name_of(self.op)

    def sources(self) -> Iterator[int]:
        """The numbers of the values it is applied to."""
        return (part.index for part in _leaves((self.args, self.kwargs)) if isinstance(part, Ref))

    def apply(self, values: dict[int, Tensor]) -> None:
        """Apply it to other values, and add its results to them."""
        args, kwargs = map_leaves(
            (self.args, self.kwargs), lambda part: values[part.index] if isinstance(part, Ref) else part
        )
        results = self.op(*args, **kwargs)
        values.update(zip(self.results, results if isinstance(results, tuple) else (results,), strict=False))


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


def trace_network(network: Callable[[Tensor], Tensor], points: Tensor, others: Tensor) -> Trace:
    """The operations that a network, or a function that is a part of it, applies to points, (N, inputs).

    others: more points of the same shape, on which the trace is checked: it has to give, to the bit, what the network
    gives. Chance, decisions, and numbers that leave torch show there if they show nowhere else.
    Raises `NotTraceableError` where the operations are not the same for all points, or the network raises something.
    """
    recorder, watch = _Recorder(points), _ExportWatch()
    with torch.no_grad():
        try:
            with watch, recorder:
                colours = network(points)
        except Exception as error:
            if reason := recorder.obstacle or watch.obstacle:
                raise NotTraceableError(reason) from error
            _call(network, points.clone())  # where it raises without a recorder too, that is the reason
            raise
        output = recorder.number_of(colours)
        if reason := recorder.obstacle or watch.obstacle:
            raise NotTraceableError(reason)
        if output is None:
            raise NotTraceableError("it returns something else than a tensor that depends on the points")
        trace = Trace(_needed(recorder.calls, output), output)
        expected = _call(network, others.clone())
        if (
            not isinstance(expected, Tensor)
            or expected.is_complex()
            or not same_numbers(trace.replay(others), expected)
        ):
            raise NotTraceableError("its operations give other colours for other points than the network itself")
    return trace


def name_of(op: Any) -> str:
    """The name of an operation of torch, such as ``aten.sin``."""
    return str(op).removesuffix(".default")


def _call(network: Callable[[Tensor], Tensor], points: Tensor) -> object:
    """What the network returns. Raises `NotTraceableError` where it raises: when it is painted, it says so again."""
    try:
        return network(points)
    except Exception as error:  # a third party's network may raise anything
        raise NotTraceableError(f"it raises {type(error).__name__}: {error}") from error


def same_numbers(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors hold the same numbers in the same precision and shape, NaN equal to NaN."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    if torch.equal(one, other):
        return True
    numbers = one == one  # some are perhaps none, and differ from themselves
    return torch.equal(one[numbers], other[numbers]) and bool((other[~numbers] != other[~numbers]).all())


class _ExportWatch(TorchFunctionMode):
    """Sees whether numbers leave torch, for numpy or plain Python, where nobody knows what is done to them."""

    obstacle = ""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        if name in _EXPORTS:
            self.obstacle = self.obstacle or f"Tensor.{name} hands its numbers out of torch"
        return func(*args, **(kwargs or {}))


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own
    """Records every call while it is entered. obstacle: why the calls cannot be repeated for other points, or ""."""

    def __init__(self, points: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.calls: list[Call] = []
        self.obstacle = ""
        self._alive: list[Tensor] = [points]  # as long as a tensor lives, no other has its id
        self._created: set[int] = set()
        self._numbers: dict[int, int] = {id(points): 0}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # for what nobody compiles here, torch would import its compiler first: most of a second

    def number_of(self, value: object) -> int | None:
        """The number of a tensor that depends on the points."""
        return self._numbers.get(id(value))

    def __torch_dispatch__(self, op: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if any(id(part) not in self._created for part in _written(op, args)):
            self._refuse(op, "changes a tensor that outlives the call")
        if torch.Tag.nondeterministic_seeded in op.tags:
            self._refuse(op, "draws random numbers")
        returned = op(*args, **kwargs)
        self._created |= {id(part) for part in _leaves(returned)}
        tensors = [part for part in _leaves((args, kwargs)) if isinstance(part, Tensor)]
        if not any(id(tensor) in self._numbers for tensor in tensors):
            self._alive += [part for part in _leaves(returned) if isinstance(part, Tensor)]
            return returned
        if op._schema.is_mutable:
            self._refuse(op, "changes in place what depends on the points")
        for tag in op.tags:
            if tag in _UNTRACEABLE:
                self._refuse(op, _UNTRACEABLE[tag])
        results = returned if isinstance(returned, tuple) else (returned,)
        if not all(isinstance(result, Tensor) and result.layout == torch.strided for result in results):
            self._refuse(op, "gives something else than dense tensors")
        if self.obstacle:
            return returned
        self._alive += results
        if op._schema.name.removeprefix("aten::") not in _SHAPE_ONLY:
            self._record(op, args, kwargs, results, tensors)
        return returned

    def _record(self, op: Any, args: Any, kwargs: Any, results: tuple[Tensor, ...], tensors: list[Tensor]) -> None:
        """Add a call of an operation on these tensors."""
        first = len(self._alive) - len(results)
        numbers = tuple(range(first, first + len(results)))
        self._numbers.update(zip(map(id, results), numbers, strict=True))
        arguments, options = map_leaves((args, kwargs), self._referred)
        memory = results[0].untyped_storage().data_ptr()
        shared = (self.number_of(tensor) for tensor in tensors if tensor.untyped_storage().data_ptr() == memory)
        alias = next((number for number in shared if number is not None), None)
        self.calls.append(Call(op, arguments, options, numbers, results, alias))

    def _refuse(self, op: Any, reason: str) -> None:
        """Note the first reason why the calls cannot be repeated."""
        self.obstacle = self.obstacle or f"{name_of(op)} {reason}"

    def _referred(self, part: object) -> object:
        """An argument as a `Call` holds it."""
        if not isinstance(part, Tensor):
            return part
        number = self.number_of(part)
        return part.detach() if number is None else Ref(number)


def _written(op: Any, args: tuple[Any, ...]) -> Iterator[Tensor]:
    """The tensors that an operation changes."""
    for part, argument in zip(args, op._schema.arguments, strict=False):
        if isinstance(part, Tensor) and argument.alias_info is not None and argument.alias_info.is_write:
            yield part


def _needed(calls: list[Call], output: int) -> tuple[Call, ...]:
    """The calls without those whose results nobody asks for."""
    live = {output}
    needed = []
    for call in reversed(calls):
        if live.intersection(call.results):
            live.update(call.sources())
            needed.append(call)
    return tuple(reversed(needed))


def _leaves(value: Any) -> Iterator[Any]:
    """What lists, tuples and dicts hold, however deep."""
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _leaves(part)
    elif isinstance(value, dict):
        yield from _leaves(list(value.values()))
    else:
        yield value


def map_leaves(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same lists, tuples and dicts, with every leaf changed."""
    if isinstance(value, (list, tuple)):
        return type(value)(map_leaves(part, change) for part in value)
    if isinstance(value, dict):
        return {key: map_leaves(part, change) for key, part in value.items()}
    return change(value)
