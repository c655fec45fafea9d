"""From the colours of a view to its image, band by band: stretched, clipped, smoothed at its edges."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from artengine.kinds import ColourRange
from artengine.painting import antialiasing
from artengine.painting.renderer import Renderer
from artengine.scene import Canvas
from artengine.view import View

Image = np.ndarray[Any, Any]
#: What is taken from each channel, and what it is divided by, so that it comes to [0, 1].
Stretch = tuple[Tensor, Tensor]

BAND_PIXELS = 1 << 20  # of a band: what a picture of any size holds in memory at a time
MAX_MEASURED_PIXELS = 1 << 22  # of a view, up to which the range of its colours is measured on itself
PROXY_PIXELS = 1 << 20  # of the small view that it is measured on else: little beside the painting itself

_log = logging.getLogger("artengine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """How far a painting is, and perhaps the next rows of its image.

    done, total: pixels' worth of work. shape: (H, W, C) of the whole image. band: rows of the image from where the last
    band ended, (rows, W, C) floats in [0, 1].
    """

    done: int
    total: int
    shape: tuple[int, int, int]
    band: Image | None = None


class Painting:
    """Images of a renderer's colours, which are brought to [0, 1] in the same way whatever view comes first.

    colours: their range. canvas: its precision and samples. view: the one on which a range is measured that has to be
    stretched.
    """

    def __init__(self, renderer: Renderer, colours: ColourRange, canvas: Canvas, view: View) -> None:
        self._renderer = renderer
        self._colours = colours
        self._canvas = canvas
        self._view = view
        self._dtype = torch.float64 if canvas.precision == "float64" else torch.float32
        self._version = renderer.version()
        self._own: Stretch | None = None  # as measured on the scene's own view

    def stretch(self, view: View) -> Stretch | None:
        """How colours are brought to [0, 1] where they are measured on this view; None where that is not asked for."""
        if self._colours != "stretch":
            return None
        self._update()
        whole = self._empty(view)
        for _ in self._renderer.render(view, whole):
            pass
        return _stretch(whole, deep=view.deep)

    def bands(self, view: View, stretch: Stretch | None = None) -> Iterator[Part]:
        """The bands of a view from top to bottom, and parts that tell how far it is in between.

        stretch: bring the colours to [0, 1] like this, instead of as measured on the scene's own view.
        """
        if view.too_deep and not self._renderer.resolves(view):
            where = f"zoom {view.zoom:g} at {view.centre}"
            _log.warning("%s is too deep for float64: there are too few numbers between the pixels", where)
        self._update()
        stretch = stretch or self._own
        rows, columns = view.shape
        smooth = self._canvas.samples > 1
        measured = _measured(self._view) if self._colours == "stretch" and stretch is None else None
        extra = 0 if measured is None or measured == view else _pixels(measured)
        total = extra + rows * columns * (1 + smooth)
        progress = Part(done=0, total=total, shape=(rows, columns, self._renderer.channels))
        whole: Tensor | None = None
        if measured is not None:
            whole = self._empty(measured)
            for done in self._renderer.render(measured, whole):
                yield (progress := replace(progress, done=done))
            stretch = self._own = _stretch(whole, deep=measured.deep)
            whole = whole if measured == view else None

        non_finite = 0
        for band in [view] if whole is not None else view.bands(BAND_PIXELS):
            begun, count = progress.done if whole is None else 0, _pixels(band)
            grown, inner = band.with_border() if smooth else (band, (slice(None), slice(None)))
            colours = self._empty(grown) if whole is None else whole
            if whole is None:
                for done in self._renderer.render(grown, colours):
                    yield (progress := replace(progress, done=begun + min(done, count)))
            non_finite += _count_non_finite(colours[inner])
            self._normalise(colours, stretch)
            if smooth:
                for done in self._smooth(band, colours, inner, stretch):
                    yield (progress := replace(progress, done=begun + count + done))
            progress = replace(progress, done=begun + count * (1 + smooth))
            yield replace(progress, band=colours[inner].to(self._dtype).cpu().numpy())
        if non_finite:
            _log.warning("%d of %d pixels are not finite; they are painted black or white", non_finite, rows * columns)

    def _update(self) -> None:
        """Forget the stretch of colours that the renderer no longer gives."""
        if self._version != (version := self._renderer.version()):
            self._version, self._own = version, None

    def _smooth(
        self, band: View, colours: Tensor, inner: tuple[slice, slice], stretch: Stretch | None
    ) -> Iterator[int]:
        """Paint pixels at edges from several samples, in place; yields how much of the band's pixels that is worth.

        colours: as displayed, of the band, `inner`, and of the pixels around it.
        """
        chosen = antialiasing.find_edges(colours)[inner].flatten().nonzero().flatten()
        if not len(chosen):
            return
        positions = antialiasing.sample_positions(self._canvas.samples)
        light = colours.new_zeros(len(chosen), self._renderer.channels)
        for index, position in enumerate(positions):
            sampled = torch.empty_like(light)
            for done in self._renderer.render(replace(band, sample=position), sampled, chosen):
                yield round(_pixels(band) * (index + done / len(chosen)) / len(positions))
            self._normalise(sampled, stretch)
            light += antialiasing.to_light(sampled)
        image = colours[inner].clone()
        image.view(-1, self._renderer.channels)[chosen] = antialiasing.from_light(light / len(positions))
        colours[inner] = image

    def _empty(self, view: View) -> Tensor:
        shape = (*view.shape, self._renderer.channels)
        return torch.empty(shape, dtype=self._renderer.dtype(view), device=self._renderer.device)

    def _normalise(self, colours: Tensor, stretch: Stretch | None) -> None:
        """Bring colours to [0, 1], as displayed, in place."""
        if stretch:
            low, span = stretch
            colours.sub_(low).div_(span)
        elif self._colours == "signed":
            colours.add_(1).div_(2)
        (colours if _all_finite(colours) else colours.nan_to_num_(0.0)).clamp_(0.0, 1.0)


def stack_bands(parts: Iterable[Part]) -> Image:
    """The whole image of the parts of a painting: its bands, one below the other."""
    image: Image | None = None
    top = 0
    for part in parts:
        if part.band is None:
            continue
        if len(part.band) == part.shape[0]:
            image = part.band
            continue
        image = np.empty(part.shape, part.band.dtype) if image is None else image
        image[top : top + len(part.band)] = part.band
        top += len(part.band)
    assert image is not None  # noqa: S101 - a view has at least one row
    return image


def _all_finite(colours: Tensor) -> bool:
    """Whether all values are finite, judged by their sum; rarely False though they are, where the sum overflows."""
    return bool(torch.isfinite(colours.sum()))


def _count_non_finite(colours: Tensor) -> int:
    """How many pixels have a channel that is not finite."""
    return 0 if _all_finite(colours) else int((~torch.isfinite(colours)).any(dim=-1).sum())


def _pixels(view: View) -> int:
    rows, columns = view.shape
    return rows * columns


def _measured(view: View) -> View:
    """The view on which the colours' range is measured: this one, or a small one of the same part of the plane."""
    if _pixels(view) <= MAX_MEASURED_PIXELS:
        return view
    rows, columns = view.shape
    scale = math.sqrt(PROXY_PIXELS / (rows * columns))
    return replace(view, width=max(1, round(columns * scale)), height=max(1, round(rows * scale)), window=None)


def _stretch(colours: Tensor, *, deep: bool) -> Stretch:
    """What brings colours, (H, W, C), to [0, 1] from the range that they have."""
    low, high = _range(colours)
    # with 1e-8 as in scalefree_image, so that its pictures come out to the byte; in a deep zoom that is a lot
    return low, torch.where(high > low, high - low, 1.0) if deep else high - low + 1e-8


def _range(colours: Tensor) -> tuple[Tensor, Tensor]:
    """The smallest and largest finite value of each channel, two (C,) tensors."""
    flat = colours.flatten(1)  # (H, W C): reduced row by row first, which is ten times faster
    channels = colours.shape[-1]
    low, high = flat.amin(0).reshape(-1, channels).amin(0), flat.amax(0).reshape(-1, channels).amax(0)
    if torch.isfinite(low).all() and torch.isfinite(high).all():
        return low, high
    bad = ~torch.isfinite(colours)
    low = colours.masked_fill(bad, float("inf")).amin(dim=(0, 1)).nan_to_num(0.0, posinf=0.0)
    high = colours.masked_fill(bad, float("-inf")).amax(dim=(0, 1)).nan_to_num(0.0, neginf=0.0)
    return low, high
