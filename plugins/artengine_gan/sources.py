"""Latents: what a source says of every image of a sheet."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from artengine import Learnt, expects, shown
from artengine_gan import arithmetic

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from artengine import LoadedScene, ScenePart, View

Seed = Annotated[int, Field(ge=0, lt=2**32)]


def samples(
    view: View,
    /,
    *,
    length: Annotated[int, Field(ge=1, le=4096)] = 64,
    kind: Literal["normal", "even"] = "normal",
    seed: Annotated[Seed | Annotated[list[Seed], Field(min_length=1, max_length=1000)], shown] = 0,
    spread: Annotated[float, Field(ge=0, le=10), shown] = 1.0,
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


LATENT = "latent_"  # stands before the names of latents among weights


def _expects(scene: LoadedScene, options: Mapping[str, Any]) -> None:
    """Sums that can be read, of latents that the files have, and as many as there are images."""
    sums = [arithmetic.read(text) for text in options["of"]]
    if not any(file.missing for file in options["files"]):
        known = _lengths(options["files"])
        for one in sums:
            arithmetic.check_names(one, known)
        _check_lengths(known, scene.network)
    network = scene.network
    if network.bundled and "columns" in network.options and len(sums) > 1:
        columns, rows = network.options["columns"], network.options["rows"]
        if len(sums) not in (rows, columns * rows):
            hint = "or one for each row, or a single one for all of them"
            raise ValueError(f"found {len(sums)} sums for a sheet of {columns} x {rows}, expected one each, {hint}")


def _check_lengths(known: Mapping[str, int], network: ScenePart) -> None:
    """See that latents are those of a network: with a photo's detail behind them, or without."""
    from artengine_gan.networks import dcgan_shape_of, shape_of

    learnt = network.options.get("weights")
    lengths = {*known.values()}
    if network.bundled and network.name in ("generator", "dcgan") and learnt is not None and not learnt.missing:
        shape = (dcgan_shape_of if network.name == "dcgan" else shape_of)(learnt)
        fitting = {shape.length(), shape.length(detail=True)} if shape.layered else {shape.length()}
    else:
        fitting = {max(lengths)}
    for name, length in known.items():
        if length not in fitting:
            expected = " or ".join(f"{one:,}" for one in sorted(fitting))
            raise ValueError(
                f"found the latent {name} of {length:,} numbers, expected {expected}, as the network takes"
            )


@expects(_expects)
class Latents:
    """Sums of latents that were found before: man_with_glasses - man + woman, one for each image of a sheet.

    files: what `projection` and `directions` have left; each latent has a name. of: the sums, row by row; one for each
    row, or a single one for all of them. x and y run from 0 to 1 across and down the sheet, t along a film, and swing
    along it and back.
    mix(a, b, t) lies between two, slerp(a, b, t) on the circle through them, mean(a, b, c) amid several.
    Gives (H, W, length).
    """

    def __init__(
        self,
        *,
        files: Annotated[list[Learnt], Field(min_length=1, max_length=100)],
        of: Annotated[list[str], Field(min_length=1, max_length=10_000)],
    ) -> None:
        self._files = files
        self._sums = [arithmetic.read(text) for text in of]

    def __call__(self, view: View, /) -> Tensor:
        """The latents of the images in view."""
        import numpy as np
        import torch

        left, top, columns, rows = view.window or (0, 0, view.width, view.height)
        along = {"t": view.phase, "swing": (1 - math.cos(2 * math.pi * view.phase)) / 2}
        found = []
        for row in range(top, top + rows):
            for column in range(left, left + columns):
                place = {"x": column / max(view.width - 1, 1), "y": row / max(view.height - 1, 1)}
                number = row if len(self._sums) == view.height else row * view.width + column
                one = self._sums[number % len(self._sums)]
                found.append(arithmetic.evaluate(one, self._latents, place | along))
        return torch.from_numpy(np.stack(found).reshape(rows, columns, -1)).float()

    @functools.cached_property
    def _latents(self) -> dict[str, npt.NDArray[np.float64]]:
        """The latents in all files, by their names."""
        import numpy as np
        import torch

        from artengine.training import weights

        latents: dict[str, npt.NDArray[np.float64]] = {}
        for file in self._files:
            wanted = {name: torch.zeros(shape) for name, shape in file.shapes().items() if _name(name)}
            given = weights.earlier(file, wanted)
            latents |= {_name(name): latent.double().numpy() for name, latent in given.items()}
        longest = max(map(len, latents.values()))  # some have a photo's detail behind them, and others none
        return {name: np.pad(latent, (0, longest - len(latent))) for name, latent in latents.items()}


def _lengths(files: Sequence[Learnt]) -> dict[str, int]:
    """How many numbers the latents in files have, by their names.

    Raises `ValueError` for a file without any, and for a name that is there twice.
    """
    lengths: dict[str, int] = {}
    where: dict[str, str] = {}
    for file in files:
        shapes = {_name(name): shape for name, shape in file.shapes().items() if _name(name)}
        if not shapes:
            raise ValueError(f"{file.name}: found no latents in it, expected what a projection has left")
        for name, shape in shapes.items():
            if len(shape) != 1 or not shape[0]:
                raise ValueError(
                    f"{file.name}: found {name} of shape {list(shape)}, expected a latent, a row of numbers"
                )
            if name in where:
                raise ValueError(f"found {name} in {where[name]} and in {file.name} too, expected a name once")
            lengths[name], where[name] = shape[0], file.name
    return lengths


def _name(name: str) -> str:
    """The name of a latent, by that of a weight; "" for what is no latent, or cannot be written in a sum."""
    last = name.rpartition(".")[2]
    short = last.removeprefix(LATENT) if last.startswith(LATENT) else ""
    return short if short.isidentifier() else ""
