"""The view: the window on the plane that a camera shows.

The plane: the shorter side spans -1..1 at zoom 1, x goes right, y goes down, samples are taken at pixel centres.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


#: The distance of pixels around 1 of which the rounding of float32, 2^-24, is a sixteenth.
MIN_FLOAT32_PITCH = 2.0**-20
#: The distance of pixels around 1 of which the rounding of float64, 2^-53, is a quarter.
MIN_FLOAT64_PITCH = 2.0**-51


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a camera sees: the whole picture, or the part of it that `window` cuts out.

    width, height: pixels of the whole picture. centre: (x, y), plane units. zoom: times. angle: degrees, the camera
    turning clockwise. time: seconds; phase: the same as a part of the film, 0 to 1. window: left, top, columns, rows in
    pixels, None for all of it. sample: where in a pixel we look, (across, down) from its upper left corner. trim: parts
    of a pixel by which the last column and the last row are narrower than the others.
    """

    width: int
    height: int
    centre: tuple[float, float] = (0.0, 0.0)
    zoom: float = 1.0
    angle: float = 0.0
    time: float = 0.0
    phase: float = 0.0
    window: tuple[int, int, int, int] | None = None
    sample: tuple[float, float] = (0.5, 0.5)
    trim: tuple[float, float] = (0.0, 0.0)

    @property
    def sides(self) -> tuple[float, float]:
        """How wide and how high the whole picture is, in pixels: a trimmed column or row counts as what there is."""
        return self.width - self.trim[0], self.height - self.trim[1]

    @property
    def extent(self) -> tuple[float, float]:
        """How far the whole picture reaches from its middle along x and y at zoom 1, plane units."""
        width, height = self.sides
        short = min(width, height)
        return width / short, height / short

    @property
    def pitch(self) -> float:
        """The distance from one pixel to the next, in plane units."""
        return 2.0 / (min(self.sides) * self.zoom)

    @property
    def deep(self) -> bool:
        """Whether float32 would move pixels by more than a sixteenth of their distance."""
        return self.pitch < MIN_FLOAT32_PITCH * (1 + max(map(abs, self.centre)))

    @property
    def too_deep(self) -> bool:
        """Whether float64 too would move pixels by more than a quarter of their distance: steps show."""
        return self.pitch < MIN_FLOAT64_PITCH * (1 + max(map(abs, self.centre)))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of what this view shows."""
        _, _, columns, rows = self._window()
        return rows, columns

    def tile(self, left: int, top: int, columns: int, rows: int) -> View:
        """The part of this view that starts at (left, top); it is a view too, with the same coordinates as before."""
        across, down, width, height = self._window()
        if not (left >= 0 and top >= 0 and 0 < columns <= width - left and 0 < rows <= height - top):
            raise ValueError(f"tile {(left, top, columns, rows)} does not lie inside a view of {width} x {height}")
        return replace(self, window=(across + left, down + top, columns, rows))

    def reduced(self, factor: int) -> View:
        """The whole picture with blocks of so many of its pixels, a side, as pixels.

        It shows the same part of the plane: what is left at the right and at the bottom becomes narrower ones. This
        view is not trimmed itself.
        """
        columns, rows = -(-self.width // factor), -(-self.height // factor)
        trim = (-self.width % factor / factor, -self.height % factor / factor)
        return replace(self, width=columns, height=rows, window=None, trim=trim)

    def tiles(self, points: int) -> Iterator[tuple[slice, slice, View]]:
        """Rows, columns and view of tiles that cover this view, each of at most `points` pixels."""
        height, width = self.shape
        columns = min(width, points)
        rows = max(1, points // columns)
        for top in range(0, height, rows):
            for left in range(0, width, columns):
                down, across = min(rows, height - top), min(columns, width - left)
                yield slice(top, top + down), slice(left, left + across), self.tile(left, top, across, down)

    def bands(self, points: int) -> Iterator[View]:
        """Bands over the whole width that cover this view, top first, each of at most `points` pixels or a row."""
        height, width = self.shape
        rows = max(1, points // width)
        for top in range(0, height, rows):
            yield self.tile(0, top, width, min(rows, height - top))

    def with_border(self) -> tuple[View, tuple[slice, slice]]:
        """The view one pixel larger on each side, within the picture, and the rows and columns of this one in it."""
        left, top, columns, rows = self._window()
        first, above = max(left - 1, 0), max(top - 1, 0)
        across, down = min(left + columns + 1, self.width) - first, min(top + rows + 1, self.height) - above
        inner = slice(top - above, top - above + rows), slice(left - first, left - first + columns)
        return replace(self, window=(first, above, across, down)), inner

    def plane(self) -> tuple[Tensor, Tensor]:
        """X and y of every pixel's sample, mostly its centre: two (H, W) float64 tensors, plane units."""
        across, down = self._rotated_offsets(*self.sample)
        return self.centre[0] + across * self.pitch, self.centre[1] + down * self.pitch

    def fractions(self) -> tuple[Tensor, Tensor]:
        """Row and column of every pixel's upper left corner as fractions of the picture: (H, W) float64 tensors.

        They run over [0, 1) at zoom 1 and beyond it where the camera looks beyond the edges.
        """
        across, down = self._rotated_offsets(self.sample[0] - 0.5, self.sample[1] - 0.5)
        width, height = self.sides
        short = min(width, height) / 2
        # in this order the fractions of an unmoved camera are exactly row / rows and column / columns
        column = (across / self.zoom + (width / 2 + self.centre[0] * short)) / width
        row = (down / self.zoom + (height / 2 + self.centre[1] * short)) / height
        return row, column

    def _window(self) -> tuple[int, int, int, int]:
        return self.window or (0, 0, self.width, self.height)

    def _rotated_offsets(self, right: float, below: float) -> tuple[Tensor, Tensor]:
        """Offsets of all samples from the middle of the picture, in pixels, rotated with the camera.

        right, below: where in a pixel the sample is.
        """
        left, top, columns, rows = self._window()
        across = _offsets(left, columns, self.width, self.trim[0], right)
        down = _offsets(top, rows, self.height, self.trim[1], below).unsqueeze(1)
        if self.angle % 360 == 0:
            return across.repeat(rows, 1), down.repeat(1, columns)
        cos, sin = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        return across * cos - down * sin, across * sin + down * cos


def _offsets(first: int, count: int, side: int, trim: float, sample: float) -> Tensor:
    """Offsets of the samples of some pixels along a side from its middle, (count,), in pixels; see `View.trim`."""
    import torch

    offsets = torch.arange(first, first + count, dtype=torch.float64) + (sample - (side - trim) / 2)
    if trim and first + count == side:
        offsets[-1] -= sample * trim
    return offsets
