"""Where in a photo there is what a network has learnt: in the square that it draws best itself."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from artengine_gan.networks import LatentImages
from artengine_gan.precision import learning_dtype

SAMPLES = 128  # images of the network's own, which say how near it comes to what it knows
WELL_PLACED, FOUND = 9.0, 12.0  # decibels below that: a square is as it should be, and something is found at all
SMALLEST, LARGEST = 0.3, 1.2  # sides of squares, over the photo's shorter one: a face may fill more than all of it
SHRINK = 0.82  # of a side, from one size to the next
PACE = 0.15  # of a side, from one square to the next
TURN = 8.0  # degrees of the first turn
KEPT, FEWEST = 16, 4  # squares that are looked at more closely, and how many of them at last
ROUNDS = 7  # of looking closer, every two of them at half the distance
AT_ONCE = 64  # squares
SHOWN = 256  # pixels of height of a picture that shows what has been found
FRAME = (255, 40, 120)


@dataclass(frozen=True, slots=True)
class Placement:
    """A square in a photo: its middle and its side in pixels, turned clockwise by so many degrees."""

    x: float
    y: float
    side: float
    turn: float = 0.0

    def corners(self) -> list[tuple[float, float]]:
        """Left above, right above, right below and left below."""
        along = self.side / 2 * math.cos(math.radians(self.turn))
        across = self.side / 2 * math.sin(math.radians(self.turn))
        ends = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        return [(self.x + a * along - b * across, self.y + a * across + b * along) for a, b in ends]

    def neighbours(self, step: float) -> Iterator[Placement]:
        """Squares that are moved, made larger or smaller, or turned a little; step: 1 for the farthest."""
        for part in (-step, step):
            yield replace(self, x=self.x + part * PACE / 2 * self.side)
            yield replace(self, y=self.y + part * PACE / 2 * self.side)
            yield replace(self, side=self.side * SHRINK ** (part / 2))
            yield replace(self, turn=self.turn + part * TURN)

    def describe(self, width: int, height: int) -> str:
        """Where it is in a photo of so many pixels, in words."""
        return (
            f"{100 * self.x / width:.0f} % across and {100 * self.y / height:.0f} % down, "
            f"{self.side:.0f} pixels wide, turned by {self.turn:.0f} degrees"
        )


class Cutter:
    """Cuts squares of so many pixels out of a photo, whose edge goes on outwards as it is."""

    def __init__(self, pixels: np.ndarray, size: int) -> None:
        self._size = size
        height, width = pixels.shape[:2]
        self._edge = min(height, width) // 2 + 1
        bordered = np.pad(pixels, ((self._edge, self._edge), (self._edge, self._edge), (0, 0)), mode="edge")
        self._layers = [Image.fromarray(bordered)]  # each half as large as the one before
        while min(self._layers[-1].size) > 4 * size:
            self._layers.append(self._layers[-1].reduce(2))

    def square(self, place: Placement) -> np.ndarray:
        """(size, size, 3) in 8 bits."""
        size = self._size
        number = min(max(0, math.floor(math.log2(place.side / size))), len(self._layers) - 1)
        corners = [((x + self._edge) / 2**number, (y + self._edge) / 2**number) for x, y in place.corners()]
        (left, top), (right, above), _, (beside, below) = corners
        matrix = ((right - left) / size, (beside - left) / size, left, (above - top) / size, (below - top) / size, top)
        layer = self._layers[number]
        cut = layer.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
        return np.asarray(cut)


def places_in(width: int, height: int) -> list[Placement]:
    """Squares of several sizes all over a photo, the largest first."""
    found = []
    side = LARGEST * min(width, height)
    while side > SMALLEST * min(width, height):
        columns, rows = (
            np.linspace(min(side, one) / 2, one - min(side, one) / 2, 1 + round(max(0.0, one - side) / (PACE * side)))
            for one in (width, height)
        )
        found += [Placement(float(x), float(y), side) for y in rows for x in columns]
        side *= SHRINK
    return found


class Aligner:
    """Finds the squares of photos that a network draws best, for it knows what they show."""

    def __init__(self, network: LatentImages) -> None:
        self._network = network
        self._device = next(network.parameters()).device
        self._dtype = learning_dtype(self._device)

    @functools.cached_property
    def usual(self) -> float:
        """How near the network comes to its own images, in decibels: half of them are nearer."""
        with torch.no_grad():
            z = self._network.draw(SAMPLES, torch.Generator().manual_seed(0)).to(self._device)
            images = self._network.images(z).clamp(-1, 1)
        return float(self._decibels(images, self._drawn(images)).median())

    @property
    def least(self) -> float:
        """How near it comes to a square that shows what it knows, at the least, in decibels."""
        return self.usual - FOUND

    def is_well_placed(self, square: np.ndarray) -> bool:
        """Whether a square, (size, size, 3) in 8 bits, is drawn so well that none needs to be looked for."""
        return float(self._near([square])[0]) >= self.usual - WELL_PLACED

    def best(self, pixels: np.ndarray) -> tuple[Placement, float]:
        """The square of a photo, (H, W, 3) in 8 bits, that is drawn best, and how near that comes in decibels."""
        height, width = pixels.shape[:2]
        cutter = Cutter(pixels, self._network.shape.size)
        places = places_in(width, height)
        near = self._near([cutter.square(one) for one in places])
        found = [(float(near[index]), places[index]) for index in np.argsort(-near, kind="stable")[:KEPT]]
        for number in range(ROUNDS):
            step = 0.5 ** (number // 2)
            others = [(index, other) for index, (_, one) in enumerate(found) for other in one.neighbours(step)]
            values = self._near([cutter.square(other) for _, other in others])
            for (index, other), value in zip(others, values, strict=True):
                if value > found[index][0]:
                    found[index] = float(value), other
            found.sort(key=lambda one: -one[0])
            del found[max(FEWEST, KEPT >> number) :]
        decibels, place = found[0]
        return place, decibels

    def picture(self, pixels: np.ndarray, place: Placement) -> np.ndarray:
        """A photo with the frame of a square, that square, and what the network makes of it; in 8 bits."""
        square = Cutter(pixels, self._network.shape.size).square(place)
        drawn = self._drawn(self._seen([square]))[0].permute(1, 2, 0).cpu().numpy()
        images = [square, np.rint((drawn + 1) * 127.5).astype(np.uint8)]
        scale = SHOWN / len(pixels)
        photo = Image.fromarray(pixels).resize((max(1, round(pixels.shape[1] * scale)), SHOWN))
        corners = [(x * scale, y * scale) for x, y in place.corners()]
        ImageDraw.Draw(photo).polygon(corners, outline=FRAME, width=3)
        shown = [np.asarray(photo), *(np.asarray(Image.fromarray(one).resize((SHOWN, SHOWN))) for one in images)]
        return np.concatenate(shown, axis=1)

    def _near(self, squares: Sequence[np.ndarray]) -> np.ndarray:
        """How near the network comes to squares, in decibels: (N,)."""
        found = []
        for first in range(0, len(squares), AT_ONCE):
            some = self._seen(squares[first : first + AT_ONCE])
            found.append(self._decibels(some, self._drawn(some)))
        return torch.cat(found).cpu().numpy()

    def _seen(self, squares: Sequence[np.ndarray]) -> Tensor:
        return torch.from_numpy(np.stack(squares)).to(self._device).permute(0, 3, 1, 2).float() / 127.5 - 1

    @torch.no_grad()
    def _drawn(self, images: Tensor) -> Tensor:
        w = self._network.encoder(images, self._dtype)
        drawn: Tensor = self._network.generator(w, self._dtype).clamp(-1, 1)
        return drawn.float()

    @staticmethod
    def _decibels(images: Tensor, drawn: Tensor) -> Tensor:
        return -10 * torch.log10(((drawn - images) / 2).square().flatten(1).mean(1).clamp_min(1e-10))
