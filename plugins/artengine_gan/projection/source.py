"""The source that a projection moves: a latent for each photo, by its name."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from artengine_gan.sources import LATENT

if TYPE_CHECKING:
    from torch import Tensor, nn

    from artengine import View

Name = Annotated[str, StringConstraints(pattern=r"^\w{1,60}$")]

NAMES: list[Name] = ["photo"]


class Projected:
    """Latents by their names, which `projection` and `directions` move.

    names: one for each image on the sheet, row by row; where there are fewer, they are repeated. length: numbers of
    each. around: one of them, which is added to all others that are shown: they are ways from there.
    Gives (H, W, length).
    """

    def __init__(
        self,
        *,
        names: Annotated[list[Name], Field(min_length=1, max_length=1000)] = NAMES,
        length: Annotated[int, Field(ge=1, le=65536)] = 64,
        around: Name | None = None,
    ) -> None:
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"found {sorted(twice)[0]!r} twice among the names, expected each once")
        if odd := [name for name in names if not name.isidentifier()]:
            raise ValueError(f"found the name {odd[0]!r}, expected letters, digits and _, and a letter first, for sums")
        if around is not None and around not in names:
            raise ValueError(f"found around: {around}, expected one of the names")
        self.names = names
        self._around = around
        self._length = length

    @functools.cached_property
    def weights(self) -> nn.Module:
        """The latents, as parameters of a module."""
        import torch
        from torch import nn

        module = nn.Module()
        for name in self.names:
            module.register_parameter(LATENT + name, nn.Parameter(torch.zeros(self._length)))
        return module

    @property
    def latents(self) -> list[Tensor]:
        """The latent of each name, (length,) each."""
        return [self.weights.get_parameter(LATENT + name) for name in self.names]

    def __call__(self, view: View, /) -> Tensor:
        """The latents of the images in view."""
        import torch

        left, top, columns, rows = view.window or (0, 0, view.width, view.height)
        places = torch.arange(top, top + rows)[:, None] * view.width + torch.arange(left, left + columns)
        latents = torch.stack([one.detach() for one in self.latents])
        if self._around is not None:
            place = self.names.index(self._around)
            others = torch.arange(len(latents), device=latents.device) != place
            latents = latents + others[:, None] * latents[place]
        return latents[(places % len(latents)).to(latents.device)]
