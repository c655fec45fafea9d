"""Dividers and colours learnt together, from pixels, by a surrogate gradient: the way of scalefree_image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch

from artengine import Session
from artengine.training import TargetImage
from artengine_dividers.network import Dividers

Optimiser = Literal["adam", "adadelta"]

#: What goes well with each: the rate at the beginning, its part at the end, and pixels to a step.
RATES = {"adam": (1e-2, 0.02), "adadelta": (1.0, 1.0)}
BATCHES = {"adam": 1024, "adadelta": 32}
SLOW = 0.5  # how much slower dividers learn than colours, by Adam


class GradientPhase:
    """A step is one batch of pixels; every pixel is seen once in an epoch.

    cycles: of so many epochs; 0 for no end. sharpness: of the surrogate gradient, at the beginning and at the end.
    """

    def __init__(
        self,
        session: Session,
        target_image: TargetImage,
        *,
        optimiser: Optimiser,
        rate: float,
        rate_end: float,
        batch: int,
        cycles: int,
        epochs: int,
        sharpness: Sequence[float],
    ) -> None:
        network = session.network
        assert isinstance(network, Dividers)  # noqa: S101 - the trainer has looked
        self._network = network
        self._seed = session.seed
        self._points = torch.from_numpy(np.stack(target_image.points, axis=1)).to(session.device)
        self._colours = torch.from_numpy(target_image.image.reshape(-1, 3)).to(session.device)
        self._weight = torch.from_numpy(target_image.weights.reshape(-1, 1)).to(session.device)
        self._even = target_image.is_even
        self._batch = min(batch, len(self._points))
        self._epoch = -(-len(self._points) // self._batch)  # steps
        self._course = self._epoch * epochs * (cycles or 100)
        self.endless = cycles == 0
        self.steps = self._course
        self.done = 0
        self._rates = (rate, rate_end)
        self._sharpness = (sharpness[0], sharpness[-1])
        self._order = torch.empty(0)
        self._losses = torch.zeros(2, dtype=torch.float64)  # their sum since the epoch began, and how many
        moving = [*network.lines.parameters(), *network.circles.parameters(), *network.sigmoids.parameters()]
        seen = set(map(id, moving))
        colouring = [one for one in network.parameters() if id(one) not in seen]
        slow = SLOW if optimiser == "adam" else 1.0
        groups = [{"params": [one for one in moving if one.numel()], "pace": slow}, {"params": colouring, "pace": 1.0}]
        groups = [group for group in groups if group["params"]]
        if optimiser == "adam":
            self._optimiser: torch.optim.Optimizer = torch.optim.Adam(groups, betas=(0.9, 0.99), fused=True)
        else:
            self._optimiser = torch.optim.Adadelta(groups, rho=0.95, eps=1e-7)  # as Keras has it

    @property
    def loss(self) -> float:
        """The mean loss of the epoch, until now."""
        return float(self._losses[0] / self._losses[1])

    @property
    def rate(self) -> float:
        """The learning rate, now."""
        first, last = self._rates
        return float(first * (last / first) ** self._passed)

    @property
    def _passed(self) -> float:
        return min(self.done / max(self._course, 1), 1.0)

    def begin(self) -> None:
        """Let the colours start from the mean of all."""
        self._network.init_colour_bias(self._colours.mean(dim=0))

    def advance(self) -> None:
        """Take a step."""
        place = self.done % self._epoch
        if place == 0 or not len(self._order):  # of an epoch, or of what is gone on with
            generator = torch.Generator().manual_seed((self._seed << 24) + self.done // self._epoch)
            self._order = torch.randperm(len(self._points), generator=generator).to(self._points.device)
        chosen = self._order[place * self._batch : (place + 1) * self._batch]
        first, last = self._sharpness
        self._network.gradient_sharpness = first * (last / first) ** self._passed
        for group in self._optimiser.param_groups:
            group["lr"] = group["pace"] * self.rate
        self._optimiser.zero_grad()
        apart = (self._network(self._points.index_select(0, chosen)) - self._colours.index_select(0, chosen)).square()
        loss = (apart if self._even else apart * self._weight.index_select(0, chosen)).mean()
        loss.backward()
        self._optimiser.step()
        if place == 0:
            self._losses = torch.zeros_like(self._losses)
        self._losses += torch.stack([loss.detach().cpu().double(), torch.ones((), dtype=torch.float64)])
        self.done += 1

    def show(self) -> None:
        """Have the network show what there is: it does."""

    def state(self) -> dict[str, Any]:
        """What it takes to go on, besides the network's weights."""
        return {"done": self.done, "losses": self._losses, "optimiser": self._optimiser.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.done = state["done"]
        self._losses = state["losses"]
        self._optimiser.load_state_dict(state["optimiser"])
