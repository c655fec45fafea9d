"""The pixels that are learnt: where they are, which colours they have, and how they are drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from artengine import LatticeNetwork, Session
from artengine.training import TargetImage

TABLE = 1 << 23  # numbers that are held at a time: of a larger photo, ever new pixels are drawn
BAND = 1 << 16  # pixels of a photo whose coordinates are asked for at a time
WASTE = 0.5  # part of a photo that may be hidden before single pixels are quicker than whole rows and columns
GREY = 0.5  # of what is hidden in a patch; were it what is predicted, it would change along the lines lbfgs searches
PATCH = 32  # pixels a side, for losses that compare patches

Batch = tuple[Tensor, Tensor]  # what the network says and what it should say: (N, C), or (N, H, W, C) for patches


class Sampler(Protocol):
    """Draws pixels, and predicts them."""

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """A random batch for a step."""
        ...

    def all(self) -> Iterator[tuple[float, Batch]]:
        """Everything there is, in parts, each with its share of the whole."""
        ...


def sampler_for(session: Session, target_images: Sequence[TargetImage], batch: int, *, patches: bool) -> Sampler:
    """The way in which pixels are drawn: in patches where a loss asks for them, else as is quickest for the network."""
    if patches:
        return Patches(session, target_images, batch)
    target_image = target_images[0]
    hidden = 0.0 if target_image.hidden is None else target_image.hidden.mean()
    even = len(target_images) == 1 and target_image.weight is None and hidden <= WASTE
    if even and isinstance(session.network, LatticeNetwork) and session.on_plane(target_image.view):
        return Lattice(session, session.network, target_image, batch)
    return Table(session, target_images, batch)


class Table:
    """Single pixels, at random, from a table of coordinates and colours.

    All of a small photo are in it; of a larger one, or where some count more than others, a random draw is, and another
    one as soon as it has been looked through about twice.
    """

    def __init__(self, session: Session, target_images: Sequence[TargetImage], batch: int) -> None:
        self._session = session
        self._target_images = target_images
        weighted = any(target_image.weight is not None for target_image in target_images)
        self._edges = (
            np.cumsum(np.concatenate([_inviting(one).reshape(-1) for one in target_images])) if weighted else None
        )
        self._known = [
            None if weighted or target_image.hidden is None else target_image.known for target_image in target_images
        ]
        sizes = (target_image.view.width * target_image.view.height for target_image in target_images)
        self._counts = [size if one is None else len(one) for size, one in zip(sizes, self._known, strict=True)]
        self._inputs = session.coordinates(target_images[0].view.tile(0, 0, 1, 1)).shape[-1]
        total = sum(self._counts)
        room = max(batch, TABLE // (self._inputs + session.channels))
        self._rows = min(room, max(total, BAND)) if weighted or total > room else 0  # of a draw; 0: all, as they are
        self._period = max(1, 2 * self._rows // batch) if self._rows else 0
        self._batch = batch
        self._number = -1
        self._table = torch.empty(0)

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """A random batch for a step."""
        table = self._at(step // self._period if self._rows else 0)
        chosen = torch.randint(len(table), (self._batch,), generator=generator)
        return self._predicted(table.index_select(0, chosen.to(table.device)))

    def all(self) -> Iterator[tuple[float, Batch]]:
        """Everything there is, in parts, each with its share."""
        table = self._at(0)
        for part in torch.split(table, BAND):
            yield len(part) / len(table), self._predicted(part)

    def _predicted(self, rows: Tensor) -> Batch:
        points, colours = rows[:, : self._inputs], rows[:, self._inputs :]
        return self._session.to_unit(self._session.network(points)), colours

    def _at(self, number: int) -> Tensor:
        """The table, drawn for the so many-th time: always the same one for a number."""
        if number != self._number:
            self._number = number
            chosen = (
                [target_image.known for target_image in self._target_images] if not self._rows else self._drawn(number)
            )
            self._table = torch.cat(
                [torch.cat(gathered(self._session, *one), 1) for one in zip(self._target_images, chosen, strict=True)]
            )
        return self._table

    def _drawn(self, number: int) -> list[np.ndarray[Any, Any]]:
        """Places in each photo, sorted."""
        chances = np.random.default_rng((self._session.seed, number)).random(self._rows)
        if self._edges is None:
            places = (chances * sum(self._counts)).astype(np.int64)
        else:
            places = np.searchsorted(self._edges, chances * self._edges[-1], "right")
        places.sort()
        bounds = np.cumsum([0, *self._counts])
        cuts = np.searchsorted(places, bounds)
        parts = [places[cuts[i] : cuts[i + 1]] - bounds[i] for i in range(len(self._target_images))]
        return [part if known is None else known[part] for part, known in zip(parts, self._known, strict=True)]


class Lattice:
    """Single pixels at the crossings of random rows and columns of one photo, for a network that is quick at that."""

    def __init__(self, session: Session, network: LatticeNetwork, target_image: TargetImage, batch: int) -> None:
        self._session = session
        self._target_image = target_image
        self._height, self._width = target_image.pixels.shape[:2]
        columns = session.coordinates(target_image.view.tile(0, 0, self._width, 1))[0, :, 0]
        rows = session.coordinates(target_image.view.tile(0, 0, 1, self._height))[:, 0, 1]
        self._predict = network.lattice(columns, rows)
        side = math.sqrt(batch)
        self._sides = (min(self._height, round(side)), min(self._width, round(side)))

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """A random batch for a step."""
        while True:
            rows = _spread(self._height, self._sides[0], generator)
            columns = _spread(self._width, self._sides[1], generator)
            if found := self._known(rows, columns):
                return found

    def all(self) -> Iterator[tuple[float, Batch]]:
        """Everything there is, in parts, each with its share."""
        columns = torch.arange(self._width)
        total = len(self._target_image.known)
        for rows in torch.split(torch.arange(self._height), max(1, BAND // self._width)):
            if found := self._known(rows, columns):
                yield len(found[1]) / total, found

    def _known(self, rows: Tensor, columns: Tensor) -> Batch | None:
        """The pixels of some rows and columns that are learnt, (N, C); None where all are hidden."""
        index = (rows[:, None] * self._width + columns).reshape(-1)
        chosen = None
        if self._target_image.hidden is not None:
            chosen = torch.from_numpy(~self._target_image.hidden.reshape(-1)[index.numpy()]).nonzero()[:, 0]
            if not len(chosen):
                return None
            index = index[chosen]
        device = self._session.device
        colours = self._target_image.colours(index.numpy(), self._session.channels).to(device)
        prediction = self._session.to_unit(self._predict(rows.to(device), columns.to(device))).flatten(0, 1)
        return (prediction if chosen is None else prediction.index_select(0, chosen.to(device))), colours


class Patches:
    """Small squares at random places, (N, H, W, C); what is hidden in them is grey, predicted or not."""

    def __init__(self, session: Session, target_images: Sequence[TargetImage], batch: int) -> None:
        self._session = session
        self._target_images = target_images
        self._size = min(PATCH, *(side for target_image in target_images for side in target_image.pixels.shape[:2]))
        self._count = max(1, batch // self._size**2)
        self._starts = np.cumsum(
            [0, *(target_image.view.width * target_image.view.height for target_image in target_images)]
        )
        self._edges = np.cumsum(np.concatenate([_inviting(target_image).reshape(-1) for target_image in target_images]))

    def draw(self, step: int, generator: torch.Generator) -> Batch:
        """A random batch for a step."""
        chances = torch.rand(self._count, generator=generator, dtype=torch.float64).numpy() * self._edges[-1]
        around = torch.randint(self._size, (self._count, 2), generator=generator).tolist()
        drawn = []
        for place, (above, before) in zip(np.searchsorted(self._edges, chances, "right"), around, strict=True):
            number = int(np.searchsorted(self._starts, place, "right")) - 1
            target_image = self._target_images[number]
            height, width = target_image.view.height, target_image.view.width
            row, column = divmod(int(place - self._starts[number]), width)
            top = min(max(row - above, 0), height - self._size)  # so that the outermost get their share
            left = min(max(column - before, 0), width - self._size)
            drawn.append((target_image, top, left))
        return self._predicted(drawn)

    def all(self) -> Iterator[tuple[float, Batch]]:
        """Everything there is, in parts, each with its share."""
        drawn = [
            (target_image, top, left)
            for target_image in self._target_images
            for top in _tiled(target_image.pixels.shape[0], self._size)
            for left in _tiled(target_image.pixels.shape[1], self._size)
        ]
        counts = [float(_inviting(target_image, self._square(top, left)).sum()) for target_image, top, left in drawn]
        total = sum(counts)
        even = all(target_image.weight is None for target_image in self._target_images)
        at_once = max(1, BAND // self._size**2) if even else 1  # a loss does not tell one patch from another
        for start in range(0, len(drawn), at_once):
            part, count = drawn[start : start + at_once], sum(counts[start : start + at_once])
            if count:
                yield (len(part) / len(drawn) if even else count / total), self._predicted(part)

    def _predicted(self, drawn: Sequence[tuple[TargetImage, int, int]]) -> Batch:
        points, colours, hidden = [], [], []
        for target_image, top, left in drawn:
            points.append(self._session.coordinates(target_image.view.tile(left, top, self._size, self._size)))
            square = self._square(top, left)
            rows, columns = np.ogrid[square]
            places = (rows * target_image.view.width + columns).reshape(-1)
            colours.append(target_image.colours(places, self._session.channels).reshape(self._size, self._size, -1))
            unseen = (
                np.zeros((self._size, self._size), dtype=bool)
                if target_image.hidden is None
                else target_image.hidden[square]
            )
            hidden.append(torch.from_numpy(unseen))
        there = torch.stack(points)
        flat = self._session.network(there.reshape(-1, there.shape[-1]))
        prediction = self._session.to_unit(flat).reshape(*there.shape[:3], -1)
        target = torch.stack(colours).to(prediction.device)
        where = torch.stack(hidden)[..., None].to(prediction.device)
        return torch.where(where, GREY, prediction), torch.where(where, GREY, target)

    def _square(self, top: int, left: int) -> tuple[slice, slice]:
        return np.s_[top : top + self._size, left : left + self._size]


def _inviting(target_image: TargetImage, part: tuple[slice, slice] = np.s_[:, :]) -> np.ndarray[Any, Any]:
    """How often each pixel of a part, rows and columns, is looked at: never where it is hidden."""
    weight = np.broadcast_to(1.0, target_image.shape) if target_image.weight is None else target_image.weight
    chance = weight[part].astype(np.float64)
    return chance if target_image.hidden is None else chance * ~target_image.hidden[part]


def gathered(session: Session, target_image: TargetImage, chosen: np.ndarray[Any, Any]) -> tuple[Tensor, Tensor]:
    """Coordinates, (N, D), and colours, (N, C), of some pixels, whose places are sorted."""
    points = []
    top = 0
    for band in target_image.view.bands(BAND):
        rows, columns = band.shape
        first, last = np.searchsorted(chosen, (top * columns, (top + rows) * columns))
        if last > first:
            local = torch.from_numpy(chosen[first:last] - top * columns).to(session.device)
            points.append(session.coordinates(band).reshape(rows * columns, -1).index_select(0, local))
        top += rows
    inputs = torch.cat(points) if points else session.coordinates(target_image.view.tile(0, 0, 1, 1)).reshape(1, -1)[:0]
    return inputs, target_image.colours(chosen, session.channels).to(session.device)


def _spread(length: int, count: int, generator: torch.Generator) -> Tensor:
    """So many numbers below a length, one from each of as many equal stretches."""
    chance = torch.rand(count, generator=generator, dtype=torch.float64)
    return ((torch.arange(count) + chance) * (length / count)).long().clamp_(max=length - 1)


def _tiled(length: int, size: int) -> list[int]:
    """Where tiles of a size begin that cover a length; the last may lie over the one before it."""
    starts = list(range(0, length - size + 1, size))
    return starts if starts[-1] == length - size else [*starts, length - size]
