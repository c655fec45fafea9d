"""What an earlier training has left, to begin with."""

from __future__ import annotations

import contextlib

import torch
from torch import Tensor

from artengine import Learnt
from artengine.training import weights
from artengine_dividers.network import Divider, Dividers

MOST = 1 << 13  # dividers of a kind: no network takes as many
FAR = 1e6  # plane units, and radians: what is further away is as far for every photo, and has squares in float32
RADII = (-16.0, 14.0)  # logarithms, between a point and FAR


class WarmStart:
    """The dividers in a weights file, and its whole network where that is one of the same size.

    Raises `ValueError` where the file holds no dividers of this form.
    """

    def __init__(self, network: Dividers, start: Learnt) -> None:
        moving = ("lines.", "circles.", "sigmoids.")
        own = {name: tensor for name, tensor in network.state_dict().items() if name not in network.dynamic_rows}
        named = {name: one for name, one in own.items() if name.startswith(moving)}
        parts = weights.earlier(start, named, any_rows=True)
        self._all: dict[str, Tensor] = {}
        with contextlib.suppress(ValueError):  # it is of another size
            self._all = weights.earlier(start, own)
        for kind in moving:
            counts = {len(tensor) for name, tensor in parts.items() if name.startswith(kind)}
            if len(counts) > 1:
                raise ValueError(f"{start.name}: holds dividers that are not whole; expected the weights of a training")
        limits = {name: RADII if name == "circles.log_radius" else (-FAR, FAR) for name in parts}
        self._parts = {name: tensor[:MOST].clamp(*limits[name]) for name, tensor in parts.items()}

    @property
    def whole(self) -> bool:
        """Whether the colours are there to begin with, too."""
        return bool(self._all)

    @property
    def dividers(self) -> list[Divider]:
        """Lines and circles."""
        if "lines.offset" in self._parts:
            lines = torch.stack([self._parts["lines.angle"], self._parts["lines.offset"]], dim=1)
        else:
            angle, centre = self._parts["lines.angle"].double(), self._parts["lines.centre"].double()
            lines = torch.stack([angle, centre[:, 0] * angle.cos() + centre[:, 1] * angle.sin()], dim=1)
        radius = self._parts["circles.log_radius"].double().exp()
        circles = torch.cat([self._parts["circles.centre"].double(), radius[:, None]], dim=1)
        return [*map(tuple, lines.double().tolist()), *map(tuple, circles.tolist())]

    def give(self, network: Dividers) -> None:
        """Give a network what there is."""
        own = {**network.state_dict(), **self._all}
        for name, tensor in self._parts.items():
            count = min(len(tensor), len(own[name]))
            own[name][:count] = tensor[:count]
        network.load_state_dict(own)
