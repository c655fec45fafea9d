"""Where in a photo there is what a network has learnt: in the square that it draws best itself."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from artengine_gan.networks import LatentImages
from artengine_gan.precision import learning_dtype

SAMPLES = 128  # images of the network's own, which say how near it comes to what it knows

# Decibels below those: a square is as it should be; something is found at all. Measured with a network of drawn faces,
# whose own images have 18.1: faces that it has not seen have 8.5 to 19, at 0.9 of their size 1.8 to 7, a tenth of
# their size to the side 0.5 to 6; 400 squares of other pictures have 1.8 at the most, blank walls far less than 0.
WELL_PLACED, FOUND = 10.0, 13.0

# Squares that are looked at: at half a step of place and size from the right one, a face has more than all else.
SMALLEST, LARGEST = 0.3, 1.2  # sides of squares, over the photo's shorter one: a face may fill more than all of it
SHRINK = 0.82  # of a side, from one size to the next
PACE = 0.15  # of a side, from one square to the next
MOST = 40  # squares of a size in a row: of a long strip, not all is looked at
TURN = 8.0  # degrees of the first turn
KEPT, FEWEST = 16, 4  # squares that are looked at more closely, and how many of them at last
ROUNDS, EACH = 14, 3  # of looking closer, and how many of them until the distance is halved

AT_ONCE = 64  # squares
FINEST = 16  # times the pixels of a square that are kept of a photo's shorter side
SHOWN = 256  # pixels of height of a picture that shows what has been found
STRETCH = 3  # of the longer side of what it shows of a photo, over the shorter one, at the most
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

    def is_like(self, other: Placement) -> bool:
        """Whether it is but a step away from another one."""
        far = 1.5 * PACE * max(self.side, other.side)
        alike = abs(math.log(self.side / other.side)) < 1.5 * abs(math.log(SHRINK))
        return alike and max(abs(self.x - other.x), abs(self.y - other.y)) < far

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
        shorter = min(pixels.shape[:2])
        self._scale = max(1, shorter // (FINEST * size))  # pixels of the photo to one that is kept
        photo = np.asarray(Image.fromarray(pixels).reduce(self._scale))
        self._edge = min(photo.shape[:2])  # as far as squares lean out
        bordered = np.pad(photo, ((self._edge, self._edge), (self._edge, self._edge), (0, 0)), mode="edge")
        self._layers = [Image.fromarray(bordered)]  # each half as large as the one before
        while min(self._layers[-1].size) > 4 * size:
            self._layers.append(self._layers[-1].reduce(2))

    def square(self, place: Placement) -> np.ndarray:
        """(size, size, 3) in 8 bits."""
        size = self._size
        number = math.floor(math.log2(max(1.0, place.side / self._scale / size)))
        number = min(number, len(self._layers) - 1)
        corners = (((x / self._scale + self._edge), (y / self._scale + self._edge)) for x, y in place.corners())
        (left, top), (right, above), _, (beside, below) = ((x / 2**number, y / 2**number) for x, y in corners)
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
            np.linspace(
                min(side, length) / 2,
                length - min(side, length) / 2,
                1 + min(MOST, round(max(0.0, length - side) / (PACE * side))),
            )
            for length in (width, height)
        )
        found += [Placement(float(x), float(y), side) for y in rows for x in columns]
        side *= SHRINK
    return found


class Aligner:
    """Finds the squares of photos that a network draws best, for it knows what they show.

    How well it draws one is the ratio of what varies in it to the error, in decibels: of a blank wall there is nothing
    to be drawn.
    """

    def __init__(self, network: LatentImages) -> None:
        self._network = network
        self._device = next(network.parameters()).device
        self._dtype = learning_dtype(self._device)

    @functools.cached_property
    def usual(self) -> float:
        """How well the network draws its own images, in decibels: half of them are better."""
        with torch.no_grad():
            z = self._network.draw(SAMPLES, torch.Generator().manual_seed(0)).to(self._device)
            images = self._network.images(z).clamp(-1, 1)
        return float(_ratio(images, self._drawn(images)).median())

    @property
    def least(self) -> float:
        """How well it draws a square that shows what it knows, at the least, in decibels."""
        return self.usual - FOUND

    def is_well_placed(self, square: np.ndarray) -> bool:
        """Whether a square, (size, size, 3) in 8 bits, is drawn so well that none needs to be looked for."""
        return float(self._ratios([square])[0]) >= self.usual - WELL_PLACED

    def best(self, pixels: np.ndarray) -> tuple[Placement, float]:
        """The square of a photo, (H, W, 3) in 8 bits, that is drawn best, and how well in decibels."""
        height, width = pixels.shape[:2]
        cutter = Cutter(pixels, self._network.shape.size)
        places = places_in(width, height)
        ratios = self._ratios(map(cutter.square, places))
        found: list[tuple[float, Placement]] = []
        for index in np.argsort(-ratios, kind="stable"):
            if not any(places[index].is_like(other) for _, other in found):
                found.append((float(ratios[index]), places[index]))
            if len(found) == KEPT:
                break
        for number in range(ROUNDS):
            step = 0.5 ** (number // EACH)
            others = [(index, other) for index, (_, one) in enumerate(found) for other in one.neighbours(step)]
            values = self._ratios(cutter.square(other) for _, other in others)
            for (index, other), value in zip(others, values, strict=True):
                if value > found[index][0]:
                    found[index] = float(value), other
            found.sort(key=lambda one: -one[0])
            del found[max(FEWEST, KEPT >> number) :]
        decibels, place = found[0]
        return place, decibels

    def picture(self, pixels: np.ndarray, place: Placement) -> np.ndarray:
        """A photo with the frame of a square, that square, and what the network makes of it; in 8 bits.

        Of a long strip there is only the part around the square.
        """
        square = Cutter(pixels, self._network.shape.size).square(place)
        drawn = self._drawn(self._seen([square]))[0].permute(1, 2, 0).cpu().numpy()
        longest = STRETCH * min(pixels.shape[:2])
        left, top = (
            round(min(max(0, middle - longest / 2), max(0, length - longest)))
            for middle, length in ((place.x, pixels.shape[1]), (place.y, pixels.shape[0]))
        )
        photo = Image.fromarray(pixels[top : top + longest, left : left + longest])
        scale = SHOWN / photo.height
        photo = photo.resize((max(1, round(photo.width * scale)), SHOWN))
        corners = [((x - left) * scale, (y - top) * scale) for x, y in place.corners()]
        ImageDraw.Draw(photo).polygon(corners, outline=FRAME, width=3)
        images = [square, np.rint((drawn + 1) * 127.5).astype(np.uint8)]
        shown = [np.asarray(photo), *(np.asarray(Image.fromarray(one).resize((SHOWN, SHOWN))) for one in images)]
        return np.concatenate(shown, axis=1)

    def _ratios(self, squares: Iterable[np.ndarray]) -> np.ndarray:
        """How well the network draws squares, in decibels: (N,)."""
        found, waiting = [], iter(squares)
        while some := [square for _, square in zip(range(AT_ONCE), waiting, strict=False)]:
            seen = self._seen(some)
            found.append(_ratio(seen, self._drawn(seen)))
        return torch.cat(found).cpu().numpy()

    def _seen(self, squares: Sequence[np.ndarray]) -> Tensor:
        return torch.from_numpy(np.stack(squares)).to(self._device).permute(0, 3, 1, 2).float() / 127.5 - 1

    @torch.no_grad()
    def _drawn(self, images: Tensor) -> Tensor:
        w = self._network.encoder(images, self._dtype)
        drawn: Tensor = self._network.generator(w, self._dtype).clamp(-1, 1)
        return drawn.float()


def _ratio(images: Tensor, drawn: Tensor) -> Tensor:
    """The variance of images, (N, 3, h, w), over the mean squared error of what is drawn of them, in decibels."""
    error = (drawn - images).square().flatten(1).mean(1)
    variance = images.flatten(2).var(2, unbiased=False).mean(1)
    return 10 * torch.log10(variance.clamp_min(1e-10) / error.clamp_min(1e-10))
