"""How a latent follows its gradient."""

from __future__ import annotations

import math
from typing import Any, Protocol

import torch
from torch import Tensor

ADAM_BETAS = (0.9, 0.999)
WARM_UP = 10  # steps in which the rate rises
NESTEROV_RATE, MOMENTUM = 5e-4, 0.75


class LatentOptimiser(Protocol):
    """Moves a latent along its gradient, in place."""

    def step(self, part: float, number: int) -> None:
        """Take a step; part: how much of the search is done, 0 to 1; number: of steps done."""
        ...

    def state(self) -> dict[str, Any]:
        """What it needs to go on."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        ...


class Adam:
    """Adam with a rate that rises over a few steps and falls along a cosine.

    Source: Karras et al. 2020, "Analyzing and improving the image quality of StyleGAN", appendix D.
    """

    def __init__(self, moved: list[Tensor], rate: float) -> None:
        self._rate = rate
        self._optimiser = torch.optim.Adam(moved, betas=ADAM_BETAS, fused=True)

    def step(self, part: float, number: int) -> None:
        """Take a step."""
        height = min(1.0, (number + 1) / WARM_UP) * (1 + math.cos(math.pi * part)) / 2
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate * height
        self._optimiser.step()

    def state(self) -> dict[str, Any]:
        """What it needs to go on."""
        return self._optimiser.state_dict()

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._optimiser.load_state_dict(state)


class Nesterov:
    """Nesterov's momentum, and the latent kept in a cube: as in the face maths of 2016.

    bound: half the side of the cube.
    """

    def __init__(self, moved: list[Tensor], bound: float) -> None:
        self._moved = moved
        self._bound = bound
        self._speeds = [torch.zeros_like(one) for one in moved]

    def step(self, part: float, number: int) -> None:
        """Take a step, at a rate that never changes."""
        with torch.no_grad():
            for moved, speed in zip(self._moved, self._speeds, strict=True):
                assert moved.grad is not None  # noqa: S101 - the loss depends on every latent
                before = speed.clone()
                speed.mul_(MOMENTUM).sub_(NESTEROV_RATE * moved.grad)
                moved.add_((1 + MOMENTUM) * speed - MOMENTUM * before).clamp_(-self._bound, self._bound)

    def state(self) -> dict[str, Any]:
        """What it needs to go on."""
        return {"speeds": self._speeds}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self._speeds = [one.to(mine) for one, mine in zip(state["speeds"], self._speeds, strict=True)]
