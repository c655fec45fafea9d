"""How a network is going to be painted: worked out once, then followed for every slice of points."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from artengine.capabilities import Lookup, lookup_of
from artengine.errors import is_out_of_memory
from artengine.painting.compiled import NotCompilableError
from artengine.painting.networks import cast, copied, weights_of
from artengine.painting.operations import NotTraceableError, Trace, same_numbers, simplify, trace_network
from artengine.painting.stepwise import lower, matmul
from artengine.scene import Precision

if TYPE_CHECKING:
    from artengine.painting.compiled import CompiledNetwork

Result = TypeVar("Result")
Painter = Callable[[Tensor], Tensor]
#: A canvas's precision; or deep: compiled float64, for views whose pixels float32 could not tell apart.
PlanPrecision = Precision | Literal["deep"]

MAX_LAYER_NUMBERS = 1 << 19  # of a layer for a slice, of two of which the CPU's cache holds what they come to
MIN_SLICE, MAX_SLICE = 256, 8192  # points of a slice on the CPU
GPU_SLICE = 1 << 17  # points of a slice on a graphics card, which does more at once
PROBES = 256  # points that a network is traced with

_log = logging.getLogger("artengine")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Plan:
    """A network made ready for painting: colours (N, channels) of points (N, inputs).

    network: in the precision that it is painted in. weights: as they were when the plan was made. dtype, device: of
    points and colours. points: how many a slice has, always; the bits of a colour may depend on it. library,
    instructions: what computes the products, and with which of the CPU's instructions. shared: the function that all
    threads paint with; None where each needs a copy of the network. not_compiled: why it is not painted by machine
    code of its own; "" where it is.
    """

    network: nn.Module
    weights: list[Tensor]
    dtype: torch.dtype
    device: torch.device
    points: int
    library: str = "torch"
    instructions: str
    shared: Painter | None = None
    not_compiled: str = ""

    def stale(self, network: nn.Module) -> bool:
        """Whether the network's weights have changed since."""
        now = weights_of(network)
        return len(now) != len(self.weights) or not all(map(same_numbers, self.weights, now))

    @property
    def backend(self) -> dict[str, str]:
        """What decides the last bits of a colour besides the scene, in words."""
        return {"products": self.library, "slice": str(self.points), "instructions": self.instructions}

    def painter(self) -> Painter:
        """A function from points to colours, for one thread: the network as it stands may keep state."""
        return self.shared or copied(self.network)


def paint_alike(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two backends give the same bits of every colour.

    Machine code of our own does the same operations in the same order for every point, whatever instructions do them
    for how many points at once; only bfloat16 is another number.
    """
    names = [name for name in one.keys() | other.keys() if one.get(name) != other.get(name)]
    products = one.get("products", "")
    return not names or (names == ["instructions"] and products.startswith("LLVM") and "bfloat16" not in products)


def make_plan(network: nn.Module, inputs: int, precision: PlanPrecision, device: torch.device) -> Plan:
    """The fastest way to paint a network: compiled, else step by step, else by calling the network as it stands.

    inputs: of a point. precision: of the numbers, and how they are computed. On a graphics card the network is called
    as it stands.
    """
    dtype = torch.float64 if precision in ("float64", "deep") else torch.float32
    painted = cast(network, dtype)
    if dtype == torch.float64 and not _takes(painted, inputs, dtype, device):
        dtype = torch.float32  # it has numbers of its own in that
        painted = cast(network, dtype)
    on_cpu = device.type == "cpu"
    plan = Plan(
        network=painted,
        weights=[weight.detach().clone() for weight in weights_of(network)],
        dtype=dtype,
        device=device,
        points=MAX_SLICE if on_cpu else GPU_SLICE,
        instructions=torch.backends.cpu.get_cpu_capability() if on_cpu else device.type,
        not_compiled="" if on_cpu else "machine code is for the CPU alone",
    )
    plan = _optimised(plan, inputs, precision) if on_cpu else plan
    if plan.not_compiled:
        _log.debug("the network is not compiled: %s", plan.not_compiled)
    return plan


def _optimised(plan: Plan, inputs: int, precision: PlanPrecision) -> Plan:
    """The same, compiled or step by step where the network allows that."""
    lookup, reason = _attempt(lambda: _lookup_of(plan, inputs))
    if reason:
        return replace(plan, not_compiled=reason)
    keys = lookup[0] if lookup else plan.network
    trace, reason = _attempt(lambda: _traced(keys, plan.dtype, PROBES, inputs))
    if trace is None:
        return replace(plan, not_compiled=reason)
    plan = replace(plan, points=_slice_of(trace))
    exact = precision == "float64" and plan.dtype == torch.float64
    compiled, reason = None, "a canvas of float64 goes step by step: published pictures depend on its last bits"
    if not exact:
        compiled, reason = _attempt(lambda: _compiled(trace, inputs, plan.dtype, draft=precision == "draft"))
    if compiled is not None:
        painter = _one_after_the_other(compiled, lookup[1]) if lookup else compiled
        return replace(plan, shared=painter, library=compiled.library, instructions=compiled.instructions)
    if lookup:
        return replace(plan, not_compiled=reason)
    slice_trace, reason_now = _attempt(lambda: _traced(plan.network, plan.dtype, plan.points, inputs))
    if slice_trace is None:
        return replace(plan, not_compiled=reason_now)
    steps, fault = _attempt(lambda: lower(slice_trace, plan.points))
    if steps is None:
        return replace(plan, not_compiled=fault)
    packed = plan.dtype == torch.float32 and matmul.available()
    return replace(plan, shared=steps, library="oneDNN" if packed else "torch", not_compiled=reason)


def _attempt(work: Callable[[], Result]) -> tuple[Result | None, str]:
    """The result of some work, or None and the reason why there is none.

    That a network is not fit for it is an ordinary reason. Any other exception is a fault of the engine, which would
    otherwise show as slowness alone: it is a warning, with its traceback, once for each.
    """
    try:
        return work(), ""
    except (NotTraceableError, NotCompilableError) as error:
        return None, str(error)
    except Exception as error:  # a picture that is painted slowly is better than none
        if is_out_of_memory(error):
            return None, "there is not enough memory to prepare it"
        reason = f"{type(error).__name__}: {error}"
        _warn_of_fault(reason)
        return None, reason


@functools.cache
def _warn_of_fault(reason: str) -> None:
    _log.warning("a network is painted slowly, by a fault of artengine: %s", reason, exc_info=True)


def _lookup_of(plan: Plan, inputs: int) -> Lookup | None:
    """The two functions of a network that looks its colours up now; None of any other.

    Raises `NotCompilableError` where they do not do what the network does: they are a third party's, perhaps.
    """
    points = _spread(PROBES, inputs, plan.dtype)
    try:
        lookup = lookup_of(plan.network)
        if lookup is None:
            return None
        keys, look_up = lookup
        with torch.no_grad():
            same = same_numbers(look_up(keys(points)), plan.network(points))
    except Exception as error:  # a third party's network may raise anything
        raise NotCompilableError(f"its lookup fails: {type(error).__name__}: {error}") from error
    if not same:
        raise NotCompilableError("it looks up other colours than it gives")
    return keys, look_up


def _traced(network: Painter, dtype: torch.dtype, count: int, inputs: int) -> Trace:
    """The trace of a network, or of a part of it, with so many points."""
    points = _spread(count, inputs, dtype)
    return trace_network(network, points, points.flip(0))


def _one_after_the_other(first: Painter, second: Painter) -> Painter:
    return lambda points: second(first(points))


def _slice_of(trace: Trace) -> int:
    """How many points a slice has, so that layers fit into the cache."""
    widest = max((example.numel() for call in trace.calls for example in call.examples), default=1) / PROBES
    points = MAX_SLICE
    while points > MIN_SLICE and points * widest > MAX_LAYER_NUMBERS:
        points //= 2
    return points


def _compiled(trace: Trace, inputs: int, dtype: torch.dtype, *, draft: bool) -> CompiledNetwork:
    """The trace as machine code. Raises `NotCompilableError` where there is none, or no llvmlite."""
    try:
        from artengine.painting.compiled import compile_trace
    except ImportError as error:  # there is no llvmlite for every platform
        if (error.name or "").partition(".")[0] != "llvmlite":
            raise
        raise NotCompilableError("there is no llvmlite here") from error
    return compile_trace(simplify(trace), inputs, dtype, draft=draft)


def _spread(count: int, inputs: int, dtype: torch.dtype) -> Tensor:
    """Points all over [-1, 1], the same ones every time: (count, inputs)."""
    numbers = np.random.RandomState(0).uniform(-1, 1, (count, inputs))
    return torch.from_numpy(numbers).to(dtype)


def _takes(network: nn.Module, inputs: int, dtype: torch.dtype, device: torch.device) -> bool:
    """Whether the network takes points of a precision; other errors are for later, when it is painted."""
    try:
        with torch.no_grad():
            network(_spread(1, inputs, dtype).to(device))
    except RuntimeError as error:
        return "dtype" not in str(error)
    except Exception:  # noqa: BLE001, RUF100 - a third party's network may raise anything
        return True
    return True
