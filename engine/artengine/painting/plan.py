"""How a network is going to be painted: worked out once, then followed for every slice of points."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from artengine.painting.operations import Trace, simplified, trace
from artengine.painting.stepwise import lowered, matmul
from artengine.scene import Precision

if TYPE_CHECKING:
    from artengine.painting.compiled import Fused

Painter = Callable[[Tensor], Tensor]
#: A canvas's precision; or deep: float64 by the fastest way, for views whose pixels float32 could not tell apart.
Way = Precision | Literal["deep"]

NUMBERS = 1 << 19  # of a layer, at a time: what the processor's cache holds of two layers
FEWEST, MOST = 256, 8192  # points of a slice
DEVICE = 1 << 17  # on a graphics card, which has more to do at once


class Plan:
    """A network made ready for painting: colours (N, channels) of points (N, inputs).

    way: how precisely, and how. points: how many a slice has, always; the bits of a colour may depend on it. dtype,
    device: of points and colours.
    """

    def __init__(self, network: nn.Module, inputs: int, way: Way, device: torch.device) -> None:
        self.dtype = torch.float64 if way in ("float64", "deep") else torch.float32
        self._network = _cast(network, self.dtype)
        if self.dtype == torch.float64 and not _takes(self._network, inputs, self.dtype, device):
            self.dtype = torch.float32  # it has numbers of its own in that
            self._network = _cast(network, self.dtype)
        self._weights = [weight.detach().clone() for weight in _weights(network)]
        self.device = device
        self.points = MOST if device.type == "cpu" else DEVICE
        self._painter: Painter | None = None
        self._library = "torch"
        self._instructions = torch.backends.cpu.get_cpu_capability() if device.type == "cpu" else device.type
        if device.type == "cpu":
            self._prepare(inputs, way)

    def stale(self, network: nn.Module) -> bool:
        """Whether the network's weights have changed since."""
        now = _weights(network)
        return len(now) != len(self._weights) or not all(map(_same, self._weights, now))

    @property
    def means(self) -> dict[str, str]:
        """What decides the last bits of a colour besides the scene, in words."""
        return {"products": self._library, "slice": str(self.points), "instructions": self._instructions}

    def painter(self) -> Painter:
        """A function from points to colours, for one thread: the network as it stands may keep things to itself."""
        return self._painter or _copied(self._network)

    def _prepare(self, inputs: int, way: Way) -> None:
        """Find the fastest means: machine code, else step by step, else the network as it stands."""
        few = _spread(FEWEST, inputs, self.dtype)
        found = trace(self._network, few, few.flip(0))
        if found is None:
            return
        widest = max((like.numel() for call in found.calls for like in call.like), default=1) / FEWEST
        while self.points > FEWEST and self.points * widest > NUMBERS:
            self.points //= 2
        exact = way == "float64" and self.dtype == torch.float64  # published pictures hang on the last bits of those
        if not exact and (function := _fused(found, inputs, self.dtype, draft=way == "draft")):
            self._painter, self._library, self._instructions = function, function.library, function.instructions
            return
        slice_ = _spread(self.points, inputs, self.dtype)
        if found := trace(self._network, slice_, slice_.flip(0)):
            self._painter = lowered(found, self.points)
            self._library = "oneDNN" if self.dtype == torch.float32 and matmul.available() else "torch"


def _fused(found: Trace, inputs: int, dtype: torch.dtype, *, draft: bool) -> Fused | None:
    """The trace as machine code, where it and this machine are made for that."""
    try:
        from artengine.painting.compiled import Fused
    except ImportError:  # there is no llvmlite for every platform
        return None
    try:
        return Fused(simplified(found), inputs, dtype, draft=draft)
    except (ValueError, TypeError):
        return None


def _spread(count: int, inputs: int, dtype: torch.dtype) -> Tensor:
    """Points all over [-1, 1], the same ones every time: (count, inputs)."""
    numbers = np.random.RandomState(0).uniform(-1, 1, (count, inputs))
    return torch.from_numpy(numbers).to(dtype)


def _cast(network: nn.Module, dtype: torch.dtype) -> nn.Module:
    """The network in a precision: itself, or a copy where it has another."""
    floats = [tensor for tensor in _weights(network) if tensor.is_floating_point()]
    if all(tensor.dtype == dtype for tensor in floats):
        return network

    def to(tensor: Tensor) -> Tensor:
        if tensor.is_complex():
            return tensor.to(dtype.to_complex())
        return tensor.to(dtype) if tensor.is_floating_point() else tensor

    copied: nn.Module = _copied(network)._apply(to)  # type: ignore[no-untyped-call]  # torch's own
    return copied


def _weights(network: nn.Module) -> list[Tensor]:
    """All that the network's colours depend on, what is not saved included."""
    return [*network.parameters(), *network.buffers()]


def _same(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors hold the same; what is not a number is like what is not a number."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    numbers = one == one
    return torch.equal(one[numbers], other[numbers]) and bool((other[~numbers] != other[~numbers]).all())


def _copied(network: nn.Module) -> nn.Module:
    """A copy; tensors that a training left in it come without their history, which cannot be copied."""
    memo: dict[int, Any] = {}
    for module in network.modules():
        for kept in vars(module).values():
            if isinstance(kept, Tensor) and not kept.is_leaf:
                memo[id(kept)] = kept.detach()
    try:
        return copy.deepcopy(network, memo)
    except Exception as error:  # a stranger's network may hold anything
        raise ValueError(f"cannot be copied, as every thread needs it: {error}") from error


def _takes(network: nn.Module, inputs: int, dtype: torch.dtype, device: torch.device) -> bool:
    """Whether the network takes points of a precision; other errors are for later, when it is painted."""
    try:
        with torch.no_grad():
            network(_spread(1, inputs, dtype).to(device))
    except RuntimeError as error:
        return "dtype" not in str(error)
    except Exception:  # noqa: BLE001, RUF100 - a stranger's network may raise anything
        return True
    return True
