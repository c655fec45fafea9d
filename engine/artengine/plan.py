"""How a network is going to be painted: worked out once, then followed for every slice of points."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from artengine import products
from artengine.canvas import Precision
from artengine.lowering import Steps, lowered
from artengine.simplify import simplified
from artengine.trace import Trace, trace

Painter = Callable[[Tensor], Tensor]

NUMBERS = 1 << 19  # of a layer, at a time: what the processor's cache holds of two layers
FEWEST, MOST = 256, 8192  # points of a slice


class Plan:
    """A network made ready for painting: colours (N, channels) of points (N, inputs).

    points: how many a slice has, always; the bits of a colour may depend on it. dtype: of points and colours. traced:
    whether the operations were written down, else the network is called as it stands.
    """

    def __init__(self, network: nn.Module, inputs: int, precision: Precision, device: torch.device) -> None:
        self.dtype = torch.float64 if precision == "float64" else torch.float32
        self._network = _cast(network, self.dtype)
        self._weights = [weight.detach().clone() for weight in network.state_dict().values()]
        self.points = MOST
        self._steps: Steps = []
        found = self._traced(inputs) if device.type == "cpu" else None
        self.traced = found is not None
        self._fused: Painter | None = None
        if found:
            self._output = found.output
            if self.dtype == torch.float32:
                self._fused = _fused(found, inputs, draft=precision == "draft")
            if self._fused is None:
                self._steps = lowered(found, self.points)

    def stale(self, network: nn.Module) -> bool:
        """Whether the network's weights have changed since."""
        now = network.state_dict().values()
        return not all(torch.equal(before, weight) for before, weight in zip(self._weights, now, strict=True))

    @property
    def means(self) -> dict[str, str]:
        """What decides the last bits of a colour besides the scene, in words."""
        means = {"slice": str(self.points), **products.means()}
        return means | {"products": "LLVM"} if self._fused else means

    def painter(self) -> Painter:
        """A function from points to colours, for one thread: the network as it stands may keep things to itself."""
        if self._fused:
            return self._fused
        return self._follow if self.traced else copy.deepcopy(self._network)

    def _traced(self, inputs: int) -> Trace | None:
        """The network's operations on a slice, whose size follows from the widest of them."""
        few = _spread(FEWEST, inputs, self.dtype)
        small = trace(self._network, few, few.flip(0))
        if small is None:
            return None
        widest = max((like.numel() for call in small.calls for like in call.like), default=1) / FEWEST
        while self.points > FEWEST and self.points * widest > NUMBERS:
            self.points //= 2
        slice_ = _spread(self.points, inputs, self.dtype)
        return trace(self._network, slice_, slice_.flip(0))

    def _follow(self, points: Tensor) -> Tensor:
        values: dict[int, Any] = {0: points}
        for step, target, sources, spent in self._steps:
            values[target] = step(*[values[source] for source in sources])
            for index in spent:
                del values[index]
        colours: Tensor = values[self._output]
        return colours


def _fused(found: Trace, inputs: int, *, draft: bool) -> Painter | None:
    """The trace as machine code, where it and this machine are made for that."""
    try:
        from artengine.fused import Fused
    except ImportError:  # there is no llvmlite for every platform
        return None
    try:
        return Fused(simplified(found), inputs, draft=draft)
    except ValueError:
        return None


def _spread(count: int, inputs: int, dtype: torch.dtype) -> Tensor:
    """Points all over [-1, 1], the same ones every time: (count, inputs)."""
    numbers = np.random.RandomState(0).uniform(-1, 1, (count, inputs))
    return torch.from_numpy(numbers).to(dtype)


def _cast(network: nn.Module, dtype: torch.dtype) -> nn.Module:
    """The network in a precision: itself, or a copy where it has another."""
    floats = [tensor for tensor in network.state_dict().values() if tensor.is_floating_point()]
    return network if all(tensor.dtype == dtype for tensor in floats) else copy.deepcopy(network).to(dtype)
