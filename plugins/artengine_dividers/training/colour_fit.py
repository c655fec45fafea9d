"""The colour layers, fitted to regions instead of pixels: the same goal with a fraction of the rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from artengine import Session
from artengine.training import TargetImage
from artengine_dividers.network import Dividers
from artengine_dividers.search import region_means

HISTORY = 20  # gradients that are remembered: more take longer than they help
AT_ONCE = 10  # iterations of a step
ROOM = 1 << 26  # sides in memory; of more regions than that, a random draw is fitted
SOFT = 1 << 16  # pixels that are fitted where soft lines make them differ within a region


class ColourFitPhase:
    """L-BFGS on the colour layers, and on soft lines if there are some: a step is ten iterations.

    Source: Nocedal and Wright 2006, "Numerical Optimization", chapter 7, as torch has it, with a strong Wolfe search.
    """

    endless = False
    rate = None

    def __init__(self, session: Session, target_image: TargetImage, iterations: int) -> None:
        network = session.network
        assert isinstance(network, Dividers)  # noqa: S101 - the trainer has looked
        self.steps = -(-iterations // AT_ONCE)
        self.done = 0
        self._network = network
        self._least = 0.0  # what is left in any case: the spread within regions
        self._rows = (
            self._soft_rows(session, target_image) if network.counts[2] else self._region_rows(session, target_image)
        )
        modules = [network.hidden, network.colour, network.sigmoids, network.learning, network.structure]
        self._weights = [one for module in modules if module is not None for one in module.parameters() if one.numel()]
        self._optimiser: Any = torch.optim.LBFGS(
            self._weights,
            max_iter=AT_ONCE,
            max_eval=3 * AT_ONCE,
            history_size=HISTORY,
            tolerance_grad=0.0,
            tolerance_change=0.0,
            line_search_fn="strong_wolfe",
        )
        self.loss = self._told()

    def begin(self) -> None:
        """Let the colours start from the mean of all, and differ a little."""
        *_, weight, colours = self._rows
        self._network.init_colour_bias((weight[:, None] * colours).sum(dim=0))

    def advance(self) -> None:
        """Take a step."""
        before = [one.detach().clone() for one in self._weights]
        self._optimiser.step(self._slope)
        self.done += 1
        loss = self._told()
        if loss <= self.loss or self.done == 1:
            self.loss = loss
            return
        with torch.no_grad():  # the search along the line has failed at the end of what float32 can tell
            for one, old in zip(self._weights, before, strict=True):
                one.copy_(old)
        self._optimiser.state.clear()

    def show(self) -> None:
        """Have the network show what there is."""
        self._network.table.clear()

    def state(self) -> dict[str, Any]:
        """What it takes to go on, besides the network's weights."""
        return {"done": self.done, "loss": self.loss, "optimiser": self._optimiser.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from there."""
        self.done, self.loss = state["done"], state["loss"]
        self._optimiser.load_state_dict(state["optimiser"])

    def _told(self) -> float:
        with torch.no_grad():
            return float(self._error()) + self._least

    def _slope(self) -> Tensor:
        self._optimiser.zero_grad()
        error = self._error()
        error.backward()  # type: ignore[no-untyped-call]  # torch's own
        return error

    def _error(self) -> Tensor:
        """The squared error, the mean over weights and channels; without the spread within regions."""
        lines, circles, points, weight, colours = self._rows
        apart = self._network.colours_from_sides(lines, circles, self._network.sigmoids(points)) - colours
        return (apart.square().mean(dim=1) * weight).sum()

    def _region_rows(self, session: Session, target_image: TargetImage) -> tuple[Tensor, ...]:
        """Sides, weights and colours of regions; as many as there is room for."""
        found = region_means(target_image, self._network.partition())
        self._least = found.error
        sides, weight, colours = found.sides, found.weight, found.colours
        most = ROOM // max(sides.shape[1], 1)
        if len(sides) > most:
            random = np.random.default_rng(session.seed)
            chosen = np.sort(random.choice(len(sides), most, replace=False, p=weight / weight.sum()))
            sides, weight, colours = sides[chosen], np.ones(most), colours[chosen]
        points = torch.zeros(len(sides), 2)
        return self._tensors(session, sides, points, weight, colours)

    def _soft_rows(self, session: Session, target_image: TargetImage) -> tuple[Tensor, ...]:
        """Sides, places, weights and colours of pixels; as many as there is room for."""
        x, y = target_image.points
        most = min(SOFT, ROOM // max(sum(self._network.counts), 1))
        chosen = np.arange(len(x))
        if len(x) > most:
            chosen = np.sort(np.random.default_rng(session.seed).choice(len(x), most, replace=False))
        sides = self._network.partition().sides(x[chosen], y[chosen])
        points = torch.from_numpy(np.stack([x[chosen], y[chosen]], axis=1))
        weight, colours = target_image.weights.reshape(-1)[chosen], target_image.image.reshape(-1, 3)[chosen]
        return self._tensors(session, sides, points, weight, colours)

    def _tensors(
        self, session: Session, sides: np.ndarray, points: Tensor, weight: np.ndarray, colours: np.ndarray
    ) -> tuple[Tensor, ...]:
        signs = torch.from_numpy(sides).float().mul_(2).sub_(1)
        share = torch.from_numpy(weight / weight.sum()).float()
        lines = self._network.counts[0]
        parts = signs[:, :lines], signs[:, lines:], points, share, torch.from_numpy(colours).float()
        return tuple(part.contiguous().to(session.device) for part in parts)
