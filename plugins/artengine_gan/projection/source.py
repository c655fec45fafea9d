"""The source that a projection moves: a latent for each photo, by its name."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from artengine_gan.sources import LATENT

if TYPE_CHECKING:
    from torch import Tensor, nn

    from artengine import View

Name = Annotated[str, StringConstraints(pattern=r"^\w{1,60}$")]

Space = Literal["z", "w", "w+"]

NAMES: list[Name] = ["photo"]
PHOTO = "_photo"  # stands behind the names of the latents that show the photos themselves


class Projected:
    """Latents by their names, which `projection` and `directions` move.

    names: one for each image on the sheet, row by row; where there are fewer, they are repeated. length: numbers of
    each. around: one of them, which is added to all others that are shown: they are ways from there. beside: numbers of
    other latents, anna_photo for anna, which are shown in a row above each row of those that are found.
    Gives (H, W, length), or (H, W, beside) where that is more.
    """

    def __init__(
        self,
        *,
        names: Annotated[list[Name], Field(min_length=1, max_length=1000)] = NAMES,
        length: Annotated[int, Field(ge=1, le=65536)] = 64,
        around: Name | None = None,
        beside: Annotated[int, Field(ge=1, le=65536)] | None = None,
    ) -> None:
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"found {sorted(twice)[0]!r} twice among the names, expected each once")
        if odd := [name for name in names if not name.isidentifier()]:
            raise ValueError(f"found the name {odd[0]!r}, expected letters, digits and _, and a letter first, for sums")
        if beside and (same := {name + PHOTO for name in names} & {*names}):
            raise ValueError(
                f"found the name {sorted(same)[0]!r}, which stands for a photo beside; call that file otherwise"
            )
        if around is not None and around not in names:
            raise ValueError(f"found around: {around}, expected one of the names")
        self.names = names
        self._around = around
        self._length = length
        self._beside = beside

    @functools.cached_property
    def weights(self) -> nn.Module:
        """The latents, as parameters of a module."""
        import torch
        from torch import nn

        module = nn.Module()
        for name in self.names:
            module.register_parameter(LATENT + name, nn.Parameter(torch.zeros(self._length)))
            if self._beside:
                module.register_parameter(LATENT + name + PHOTO, nn.Parameter(torch.zeros(self._beside)))
        return module

    @property
    def latents(self) -> list[Tensor]:
        """The latent of each name, (length,) each."""
        return [self.weights.get_parameter(LATENT + name) for name in self.names]

    @property
    def photos(self) -> list[Tensor]:
        """The latents of the photos themselves, (beside,) each; none where they are not shown."""
        return [self.weights.get_parameter(LATENT + name + PHOTO) for name in self.names] if self._beside else []

    def __call__(self, view: View, /) -> Tensor:
        """The latents of the images in view."""
        import torch

        left, top, columns, rows = view.window or (0, 0, view.width, view.height)
        row, column = torch.arange(top, top + rows)[:, None], torch.arange(left, left + columns)
        if self._beside is None:
            return self._at(self._shown(), row * view.width + column)
        found, photos = self._shown(), torch.stack([one.detach() for one in self.photos])
        longest = max(found.shape[1], photos.shape[1])  # photos have their detail behind them, and others perhaps not
        found, photos = (torch.nn.functional.pad(one, (0, longest - one.shape[1])) for one in (found, photos))
        return self._at(torch.cat([photos, found]), row // 2 * view.width + column, row % 2)

    def _at(self, latents: Tensor, places: Tensor, below: Tensor | int = 0) -> Tensor:
        """Latents, (N, D), or those behind as many others, at places (h, w) on a sheet: (h, w, D)."""
        chosen = places % len(self.names) + below * len(self.names)
        return latents[chosen.to(latents.device)]

    def _shown(self) -> Tensor:
        """The latents that are found, (N, length), each from where it is a way."""
        import torch

        latents = torch.stack([one.detach() for one in self.latents])
        if self._around is not None:
            place = self.names.index(self._around)
            others = torch.arange(len(latents), device=latents.device) != place
            latents = latents + others[:, None] * latents[place]
        return latents
