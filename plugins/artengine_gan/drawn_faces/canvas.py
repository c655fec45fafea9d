"""Pictures of a few faces in the making, and the windows in which their parts are drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from artengine_gan.drawn_faces.layout import Look
from artengine_gan.drawn_faces.shapes import FAR, PerFace, Plane, clipped, fall, per_pixel
from artengine_gan.drawn_faces.windows import LabelWindow, Sheet, Window

_Place = tuple[slice, slice, slice, slice]


@dataclass
class Canvas:
    """Square pictures of k faces: where pixels are `at`, where `on_face`, what is there (k, ..., size, size).

    A window is the union over its faces of the boxes around a part. Outside of its own box a part adds exactly nothing,
    so the bytes of a face do not depend on its company.
    """

    size: int
    look: Look
    at: npt.NDArray[np.float32]
    on_face: npt.NDArray[np.float32]
    heads: Plane  # the distances to the heads, once these are drawn
    sheet: Sheet
    place: _Place = (slice(None),) * 4  # of the window that is open

    @classmethod
    def blank(cls, look: Look, size: int, labelled: bool) -> Canvas:
        """A canvas with nothing on it, for colours or for labels."""
        middles = ((2 * np.arange(size) + 1) / size - 1) * look.REACH
        x, y = np.meshgrid(middles.astype(np.float32), (middles + look.MIDDLE).astype(np.float32))
        sine, cosine = per_pixel(look.sine), per_pixel(look.cosine)
        below = y - np.float32(look.PIVOT)
        u = cosine * x + sine * below
        v = cosine * below - sine * x + np.float32(look.PIVOT)
        return cls(
            size=size,
            look=look,
            at=np.broadcast_to(np.stack([x, y]), (len(look), 2, size, size)),
            on_face=np.stack([u, v], axis=1),
            heads=np.full_like(u, FAR),
            sheet=np.zeros((len(look), 1, size, size), np.uint8)
            if labelled
            else np.zeros((len(look), 3, size, size), np.float32),
        )

    def _span(self, middle: PerFace, reach: PerFace) -> slice:
        """The rows or columns that these boxes touch, and one more."""
        per_unit = 0.5 * self.size / Look.REACH
        first = int(np.floor(np.min(middle - reach) * per_unit + 0.5 * self.size)) - 1
        last = int(np.ceil(np.max(middle + reach) * per_unit + 0.5 * self.size)) + 1
        first = min(max(first, 0), self.size)
        return slice(first, max(min(last, self.size), first))

    @contextmanager
    def window(self, x: PerFace, y: PerFace, across: PerFace, down: PerFace, upright: bool = False) -> Iterator[Window]:
        """A window around boxes with half sides, in the coordinates of the heads, or `upright` in the picture's."""
        sine, cosine = (0 * self.look.sine, 1 + 0 * self.look.sine) if upright else (self.look.sine, self.look.cosine)
        below = y - Look.PIVOT
        width, height = np.abs(cosine) * across + np.abs(sine) * down, np.abs(cosine) * down + np.abs(sine) * across
        rows = self._span(cosine * below + sine * x + Look.PIVOT - Look.MIDDLE, height)
        columns = self._span(cosine * x - sine * below, width)
        self.place = (slice(None), slice(None), rows, columns)
        coordinates = (self.at if upright else self.on_face)[self.place]
        u, v = (
            coordinates[:, 0].copy(),
            coordinates[:, 1].copy(),
        )  # in one piece, which is quicker from the second use on
        kind = LabelWindow if self.sheet.dtype == np.uint8 else Window
        window = kind(u, v, 2 * Look.REACH / self.size, self.sheet[self.place].copy())
        yield window
        self.sheet[self.place] = window.sheet

    def keep_heads(self, distance: Plane) -> None:
        """Keep the heads' distances, which are those of the open window, for the parts that lie on them."""
        self.heads[(self.place[0], *self.place[2:])] = distance

    def head(self) -> Plane:
        """The heads' distances in the window that is open."""
        distance: Plane = self.heads[(self.place[0], *self.place[2:])].copy()
        return distance

    def on_head(self, amount: Plane) -> Plane:
        """An amount per pixel of the window that is open, ending softly with the head."""
        return amount * fall(self.head() + np.float32(0.03), 0.03)

    def among(self, look: Look, who: npt.NDArray[np.bool_], part: Callable[[Canvas, Look], None]) -> None:
        """Draw a part for some of the faces only."""
        chosen = np.flatnonzero(who)
        if len(chosen) == len(look):
            part(self, look)
        elif len(chosen):
            some = look.taken(chosen)
            canvas = replace(
                self,
                look=some,
                at=self.at[: len(chosen)],
                on_face=self.on_face[chosen],
                heads=self.heads[chosen],
                sheet=self.sheet[chosen],
            )
            part(canvas, some)
            self.sheet[chosen] = canvas.sheet

    def picture(self) -> npt.NDArray[np.uint8]:
        """The colours in 8 bits, (k, size, size, 3)."""
        levels = clipped(self.sheet.astype(np.float32))
        levels *= 255
        levels += np.float32(0.5)
        return np.ascontiguousarray(levels.astype(np.uint8).transpose(0, 2, 3, 1))

    def labels(self) -> npt.NDArray[np.uint8]:
        """The labels of the parts, (k, size, size)."""
        return self.sheet[:, 0].astype(np.uint8)
