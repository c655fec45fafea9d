"""A picture as a trainer learns it: its pixels, where they are, which are hidden and what each counts."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from artengine.media import reduce_blocks
from artengine.view import View

if TYPE_CHECKING:
    from torch import Tensor

Pixels = np.ndarray[Any, Any]


@dataclass(frozen=True)
class TargetImage:
    """A picture as it is learnt.

    pixels: (H, W, 3), unsigned integers or float32 in [0, 1]. view: from where the network sees it, whole. hidden:
    (H, W) bools, where it is not to be learnt; None for nowhere. weight: (H, W) float32, what a pixel counts; None
    where all count the same. factor: pixels of the photo, a side, that each pixel of the view is the mean of. block:
    pixels of the view, a side, that each of these is the mean of.
    """

    pixels: Pixels
    view: View
    hidden: Pixels | None = None
    weight: Pixels | None = None
    factor: int = 1
    block: int = 1

    @property
    def description(self) -> str:
        """What a PSNR on its pixels is of, in words; empty where they are the photo's own."""
        height, width = self.shape
        averaged = f"averaged {self.factor} x {self.factor} into one, {width} x {height} in all"
        return f"the PSNR is of the photo's pixels {averaged}" if self.factor > 1 else ""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        height, width = self.pixels.shape[:2]
        return height, width

    @property
    def image(self) -> Pixels:
        """The colours of all pixels, (H, W, 3) float32 in [0, 1]; not to be changed."""
        return _in_unit(self.pixels)

    def colours(self, index: Any, channels: int) -> Tensor:
        """The colours of some pixels, counted row by row, (N, channels) float32 in [0, 1]; grey is their mean."""
        import torch

        colours = torch.from_numpy(_in_unit(self.pixels.reshape(-1, 3)[index]))
        return colours.mean(dim=1, keepdim=True) if channels == 1 else colours

    @property
    def known(self) -> Pixels:
        """The places of the pixels that are learnt, counted row by row."""
        if self.hidden is None:
            height, width = self.shape
            return np.arange(height * width)
        return np.flatnonzero(~self.hidden)

    @property
    def unknown(self) -> Pixels:
        """The places of those that are hidden."""
        return np.arange(0) if self.hidden is None else np.flatnonzero(self.hidden)

    @functools.cached_property
    def weights(self) -> Pixels:
        """What each pixel counts, (H, W) float32: ones where all count the same."""
        return np.ones(self.shape, np.float32) if self.weight is None else self.weight

    @property
    def is_even(self) -> bool:
        """Whether all pixels count 1."""
        return self.weight is None or bool((self.weight == 1).all())

    @property
    def axes(self) -> tuple[Pixels, Pixels]:
        """X of the columns, (W,), and y of the rows, (H,), float32, plane units."""
        x, y = (reduce_blocks(one[None], self.block, _means)[0] for one in plane_axes(self.view))
        return x, y

    @property
    def points(self) -> tuple[Pixels, Pixels]:
        """X and y of its pixels, two (H * W,) float32 arrays, plane units."""
        x, y = np.meshgrid(*self.axes)
        return x.reshape(-1), y.reshape(-1)

    @property
    def reach(self) -> tuple[float, float]:
        """How far its pixels are from the centre at most, along x and y, plane units."""
        x, y = self.axes
        return float(np.abs(x).max()), float(np.abs(y).max())

    def downscaled(self, factor: int) -> TargetImage:
        """The same with so many pixels a side averaged into one, by their weights, which must be above zero.

        What is left at the right and at the bottom is averaged too, and counts as much less as it is smaller.
        Raises `ValueError` where pixels are hidden: what is to be hidden is so after averaging.
        """
        if self.hidden is not None:
            raise ValueError("found hidden pixels, expected a target that is averaged before any are hidden")
        if factor == 1:
            return self
        sums = reduce_blocks(self.weights, factor, _sums)
        even = self.weight is None and not any(side % factor for side in self.shape)
        return replace(
            self,
            pixels=reduce_blocks(self.image * self.weights[..., None], factor, _sums) / sums[..., None],
            weight=None if even else sums / factor**2,
            block=self.block * factor,
        )


def plane_axes(view: View) -> tuple[Pixels, Pixels]:
    """X of a view's columns, (W,), and y of its rows, (H,), float32, plane units; the view is not turned."""
    x = view.tile(0, 0, view.width, 1).plane()[0].numpy()[0]
    y = view.tile(0, 0, 1, view.height).plane()[1].numpy()[:, 0]
    return x.astype(np.float32), y.astype(np.float32)


def pixel_middles(view: View) -> tuple[Pixels, Pixels]:
    """The middles of a whole view's columns, (W,), and rows, (H,), in pixels from its upper left corner."""
    across, down = (np.arange(side) + 0.5 for side in (view.width, view.height))
    across[-1] -= view.trim[0] / 2
    down[-1] -= view.trim[1] / 2
    return across, down


def _means(blocks: Pixels) -> Pixels:
    means: Pixels = blocks.mean(axis=(1, 3))
    return means


def _sums(blocks: Pixels) -> Pixels:
    sums: Pixels = blocks.sum(axis=(1, 3))
    return sums


def _in_unit(pixels: Pixels) -> Pixels:
    """Unsigned integers as float32 in [0, 1]; float32 as it is."""
    return pixels if pixels.dtype == np.float32 else pixels.astype(np.float32) / np.iinfo(pixels.dtype).max
