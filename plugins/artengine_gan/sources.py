"""Latents: what a source says of every image of a sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

if TYPE_CHECKING:
    from torch import Tensor

    from artengine import View

Seed = Annotated[int, Field(ge=0, lt=2**32)]


def samples(
    view: View,
    /,
    *,
    length: Annotated[int, Field(ge=1, le=4096)] = 64,
    kind: Literal["normal", "even"] = "normal",
    seed: Seed | Annotated[list[Seed], Field(min_length=1, max_length=1000)] = 0,
    spread: Annotated[float, Field(ge=0, le=10)] = 1.0,
) -> Tensor:
    """Latents drawn at random, another one for each image of a sheet: what a network has learnt to show, at a glance.

    length: numbers of a latent, as many as the network has learnt with. kind: how they were drawn then; evenly from
    -1..1 for `dcgan`. seed: another one gives other images; of several, a film walks through the sheets and back to the
    first. spread: times as far from the middle; below 1 images are more alike, and better.
    Gives (H, W, length).
    """
    import numpy as np
    import torch

    from artengine.painting import walk_position

    rows, columns = view.shape
    left, top = (view.window or (0, 0))[:2]

    def drawn(one: int) -> np.ndarray:
        numbers = []
        for row in range(top, top + rows):  # each row by itself, so that a part of a sheet is drawn as the whole is
            random = np.random.RandomState([one, row])
            shape = (left + columns, length)
            numbers.append(random.standard_normal(shape) if kind == "normal" else random.uniform(-1, 1, shape))
        return np.stack(numbers)[:, left:]

    sheets = np.stack([drawn(one) for one in (seed if isinstance(seed, list) else [seed])])
    sheet = sheets[0] if len(sheets) == 1 else walk_position(sheets, view.phase)
    return torch.from_numpy(sheet * spread)
