"""How large a network of whole images is, as a scene says it or as its weights show it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from artengine import Learnt

FILTER = re.compile(r"generator\.convolutions\.\d+\.weight")
SIZES = (32, 64, 128)
MAX_WIDTH, MAX_LATENT = 512, 4096
START_SHARE = 3  # channels at the start of a generator, over its width


@dataclass(frozen=True, slots=True)
class Shape:
    """Pixels a side of an image, channels of the widest layers, numbers of a latent, whether there is a judge.

    layered: whether each layer of the generator may be told a latent of its own.
    """

    size: int
    width: int
    latent: int
    judge: bool = False
    layered: bool = True

    @property
    def values(self) -> int:
        """Values of an image."""
        return 3 * self.size**2

    @property
    def layers(self) -> int:
        """How many latents an image takes: two for each doubling of its size, and two; one where it is not layered."""
        return 2 * self.size.bit_length() - 6 if self.layered else 1

    def length(self, *, detail: bool = False) -> int:
        """Numbers of a latent that has been found: of all layers, and behind them of an image, with its detail."""
        return self.layers * self.latent + detail * self.values


def shape_of(learnt: Learnt) -> Shape:
    """What a generator is like whose weights a scene names.

    Raises `ValueError` where they are of another network.
    """
    shapes = learnt.shapes()
    try:
        convolutions = [name for name in shapes if FILTER.fullmatch(name)]
        width = shapes["generator.start"][1] // START_SHARE
        judge = any(name.startswith("judge.") for name in shapes)
        latent = shapes["mapping.linear.weight"][0]
        channels = START_SHARE * width
        # what a file of a few bytes may claim, and costs gigabytes to build, has to be in it
        found = (
            shapes["generator.convolutions.0.weight"],
            shapes["encoder.last.weight"],
            shapes["mapping.linear.weight"],
        )
        if found != ((channels, channels, 3, 3), (latent, 16 * channels), (latent, latent)):
            raise ValueError("found other shapes")
        return _bounded(Shape(8 << len(convolutions) // 2, width, latent, judge))
    except (KeyError, IndexError, ValueError):
        raise _foreign(learnt, "generator") from None


def dcgan_shape_of(learnt: Learnt) -> Shape:
    """What a dcgan is like whose weights a scene names; raises as `shape_of` does."""
    shapes = learnt.shapes()
    try:
        first = next(shape for name, shape in shapes.items() if name == "generator.0.weight")
        filters = [shape for name, shape in shapes.items() if name.startswith("critic.") and len(shape) == 4]
        width, widest = min(shape[0] for shape in filters), max(shape[0] for shape in filters)
        if first[0] != 16 * widest or widest != width << (len(filters) - 1):
            raise ValueError("found other shapes")
        return _bounded(Shape(4 << len(filters), width, first[1], layered=False))
    except (StopIteration, ValueError, IndexError):
        raise _foreign(learnt, "dcgan") from None


def _bounded(shape: Shape) -> Shape:
    """A shape that a scene could ask for too.

    Raises `ValueError` for others, which may ask for all the memory there is.
    """
    if shape.size not in SIZES or not 8 <= shape.width <= MAX_WIDTH or not 1 <= shape.latent <= MAX_LATENT:
        raise ValueError(f"found {shape}")
    return shape


def _foreign(learnt: Learnt, expected: str) -> ValueError:
    return ValueError(f"{learnt.name}: it holds the weights of another network, expected those of a {expected}")
