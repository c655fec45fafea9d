"""Optimisers: how weights follow their gradients; what each holds can be taken out and put back, to the bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from artengine_regression.training.presets import Optimiser

SMALLEST = 8  # rows and columns from which on a matrix is orthogonalised
ITERATIONS = 5  # of lbfgs to one step


class Stepping(Protocol):
    """Takes a step along the gradients that a closure leaves behind.

    full_batch: whether the closure has to be of everything that is learnt, and not of a batch.
    """

    full_batch: bool

    def step(self, closure: Callable[[], Tensor], rate: float) -> Tensor:
        """Take a step at a rate; gives the loss that the closure gave first."""
        ...

    def state(self) -> dict[str, Any]:
        """What it needs to go on: plain values and tensors."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        ...


def optimiser(name: Optimiser, network: nn.Module) -> Stepping:
    """The optimiser of a name, for all weights of a network."""
    weights = [one for one in network.parameters() if one.requires_grad]
    if name == "lbfgs":
        return Lbfgs(weights)
    if name == "sgd":
        return Plain(torch.optim.SGD(weights, momentum=0.9, nesterov=True, fused=True))
    if name == "adam":
        return Plain(_adam(weights))
    return Muon(network)


def _adam(weights: Sequence[Tensor]) -> torch.optim.Optimizer:
    return torch.optim.Adam(weights, betas=(0.9, 0.99), eps=1e-12, fused=True)


class Plain:
    """An optimiser of torch that takes the gradients of a batch."""

    full_batch = False

    def __init__(self, optimiser: torch.optim.Optimizer) -> None:
        self._optimiser = optimiser

    def step(self, closure: Callable[[], Tensor], rate: float) -> Tensor:
        """Take a step at a rate; gives the loss."""
        self._optimiser.zero_grad(set_to_none=True)
        loss = closure()
        self.follow(rate)
        return loss

    def follow(self, rate: float) -> None:
        """Take a step along gradients that are there."""
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        self._optimiser.step()

    def state(self) -> dict[str, Any]:
        """What it needs to go on."""
        return self._optimiser.state_dict()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._optimiser.load_state_dict(state)


class Muon:
    """Steps for hidden matrices that turn all their directions alike; Adam for everything else.

    Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks". Matrices of one shape go
    through its iteration together: torch.optim.Muon, one by one and in bfloat16, takes several times as long on a
    processor for networks as small as ours.
    """

    full_batch = False

    def __init__(self, network: nn.Module) -> None:
        hidden = list(hidden_matrices(network))
        taken = {id(one) for one in hidden}
        self._weights = [one for one in network.parameters() if one.requires_grad]
        rest = [one for one in self._weights if id(one) not in taken]
        self._rest = Plain(_adam(rest)) if rest else None
        shapes = dict.fromkeys(tuple(one.shape) for one in hidden)
        self._groups: list[list[Tensor]] = [[one for one in hidden if tuple(one.shape) == shape] for shape in shapes]
        self._momenta = [torch.zeros(len(group), *group[0].shape, device=group[0].device) for group in self._groups]

    def step(self, closure: Callable[[], Tensor], rate: float) -> Tensor:
        """Take a step at a rate; gives the loss."""
        for weight in self._weights:
            weight.grad = None
        loss = closure()
        if self._rest:
            self._rest.follow(rate)
        with torch.no_grad():
            for group, momentum in zip(self._groups, self._momenta, strict=True):
                gradient = torch.stack([torch.zeros_like(one) if one.grad is None else one.grad for one in group])
                momentum.lerp_(gradient, 1 - MOMENTUM)
                turned = orthogonal(gradient.lerp_(momentum, MOMENTUM))  # Nesterov's
                pace = rate * PACE * max(group[0].shape) ** 0.5
                torch._foreach_add_(group, list(turned.unbind()), alpha=-pace)
        return loss

    def state(self) -> dict[str, Any]:
        """What it needs to go on."""
        return {"momenta": self._momenta, "rest": self._rest.state() if self._rest else None}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._momenta = [one.to(mine) for one, mine in zip(state["momenta"], self._momenta, strict=True)]
        if self._rest:
            self._rest.restore(state["rest"])


MOMENTUM = 0.95
#: A turned matrix has entries of some 1 / sqrt(its longer side); times this and the square root of that side, they are
#: about as large as Adam's steps at the same rate are. Found on portraits with layers of 20 to 128.
PACE = 0.45


def hidden_matrices(network: nn.Module) -> Iterator[Tensor]:
    """The weights of linear layers between the first and the last one that are large enough to have directions."""
    layers = [one for one in network.modules() if isinstance(one, nn.Linear) and one.weight.requires_grad]
    seen = {id(one.weight) for one in (layers[:1] + layers[-1:])}  # tied weights come twice
    for one in layers:
        if id(one.weight) not in seen and min(one.weight.shape) >= SMALLEST:
            seen.add(id(one.weight))
            yield one.weight


def orthogonal(matrices: Tensor) -> Tensor:
    """Matrices (K, M, N) with all their singular values brought near 1, between about 0.7 and 1.2.

    Five steps of the Newton-Schulz iteration a X + b (X X^T) X + c (X X^T)^2 X with the coefficients of the source of
    `Muon`, from matrices scaled to a Frobenius norm of 1.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = matrices.shape[-2] > matrices.shape[-1]
    turned = matrices.mT if tall else matrices
    turned = turned / (turned.norm(dim=(-2, -1), keepdim=True) + 1e-12)
    for _ in range(5):
        square = turned @ turned.mT
        turned = torch.baddbmm(turned, torch.baddbmm(square, square, square, beta=b, alpha=c), turned, beta=a)
    return turned.mT if tall else turned


class Lbfgs:
    """Steps that know how the gradient has changed; for small networks, on everything at once.

    Source: Liu and Nocedal 1989, "On the limited memory BFGS method for large scale optimization".
    """

    full_batch = True

    def __init__(self, weights: Sequence[Tensor]) -> None:
        self._optimiser = torch.optim.LBFGS(
            weights,
            max_iter=ITERATIONS,
            max_eval=4 * ITERATIONS,
            history_size=50,
            tolerance_grad=0,
            tolerance_change=0,
            line_search_fn="strong_wolfe",
        )

    def step(self, closure: Callable[[], Tensor], rate: float) -> Tensor:
        """Take a step at a rate; gives the loss."""

        def gradient() -> Tensor:
            self._optimiser.zero_grad(set_to_none=True)
            return closure()

        loss: Tensor = self._optimiser.step(gradient)  # type: ignore[no-untyped-call]  # torch's own
        return loss

    def state(self) -> dict[str, Any]:
        """What it needs to go on."""
        return self._optimiser.state_dict()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        self._optimiser.load_state_dict(state)
