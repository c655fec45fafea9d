"""What is searched for, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from artengine_gan.networks import Dcgan, LatentImages
from artengine_gan.projection.aligning import Placement
from artengine_gan.projection.holes import known_pixels, spread
from artengine_gan.projection.mask import Hole, Word
from artengine_gan.projection.source import Projected, Space

Stretch = Literal["z", "w", "w+", "generator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How latents are searched for: see `projection` for what each of it does."""

    space: Space = "w+"
    steps: int = 200
    start: Literal["encoder", "best"] = "encoder"
    optimiser: Literal["adam", "nesterov"] = "adam"
    difference: Literal["squared", "absolute"] = "squared"
    realism: float = 0.0
    features: float = 0.0
    likely: float = 0.0
    mask: Word | Hole | None = None
    blend: Literal["poisson", "plain"] = "poisson"
    detail: bool = False
    tune: int = 0
    align: bool = True

    @property
    def spaces(self) -> list[tuple[Stretch, int]]:
        """Where it goes, one after the other, with how many steps each: before w+ comes w."""
        halves: list[tuple[Stretch, int]] = [("w", self.steps - self.steps // 2), ("w+", self.steps // 2)]
        spaces = halves if self.space == "w+" else [(self.space, self.steps)]
        return [(space, steps) for space, steps in [*spaces, ("generator", self.tune)] if steps]


@dataclass(frozen=True, slots=True)
class Task:
    """What is searched for, and where.

    wanted: photos (N, 3, size, size) in [-1, 1], made up smoothly where they are hidden. true: as they are. known:
    which pixels are known, (size, size). places: where in larger photos these are.
    """

    network: LatentImages | Dcgan
    source: Projected
    wanted: Tensor
    true: Tensor
    known: Tensor
    search: Search
    seed: int
    places: Sequence[Placement | None] = ()

    @property
    def keeps_detail(self) -> bool:
        """Whether what the generator does not draw of a photo is kept beside its latent: the source has room for it."""
        return len(self.source.latents[0]) > self.network.shape.length()


def task_of(
    network: LatentImages | Dcgan,
    source: Projected,
    pixels: np.ndarray,
    search: Search,
    seed: int,
    places: Sequence[Placement | None] = (),
) -> Task:
    """What is searched for: latents of photos, (N, size, size, 3) in 8 bits, which a source is to give.

    places: where in larger photos these are, to be kept. Raises `ValueError` where all of a photo is hidden.
    """
    known = known_pixels(search.mask, network.shape.size, seed)
    filled = np.stack([spread(one / 127.5 - 1, known) for one in pixels])
    device = next(network.parameters()).device

    def tensor(values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(device).permute(0, 3, 1, 2).float()

    return Task(
        network=network,
        source=source,
        wanted=tensor(filled),
        true=tensor(pixels) / 127.5 - 1,
        known=torch.from_numpy(known).to(device),
        search=search,
        seed=seed,
        places=places,
    )


def without_detail(task: Task, latents: Tensor) -> Tensor:
    """Latents, (N, D), without the detail that is kept behind them."""
    return latents[:, : -task.true[0].numel()] if task.keeps_detail else latents
