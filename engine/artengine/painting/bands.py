"""From a network to the image of a view, band by band: stretched, clipped, smoothed at its edges."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from artengine.kinds import ColourRange
from artengine.painting import antialiasing
from artengine.painting.plan import Plan, Way, make_plan
from artengine.painting.slices import paint
from artengine.scene import Canvas
from artengine.view import View

Image = np.ndarray[Any, Any]
#: What is taken from each channel, and what it is divided by, so that it comes to [0, 1].
Stretch = tuple[Tensor, Tensor]

BAND = 1 << 20  # pixels of a band: what a picture of any size holds in memory at a time
MEASURED = 1 << 22  # pixels up to which the colours' range is measured on the view itself
PROXY = 1 << 20  # pixels that it is measured on where the view has more: little beside the painting itself

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
    """A network that is painted: whatever view comes first, its colours are brought to [0, 1] in the same way.

    coordinates: gives those of a view, (H, W, D) of any precision. channels: of the network's colours. view: the one on
    which a range that is to be stretched is measured.
    """

    def __init__(
        self,
        network: nn.Module,
        coordinates: Callable[[View], Tensor],
        channels: int,
        colours: ColourRange,
        canvas: Canvas,
        view: View,
        device: torch.device,
    ) -> None:
        self._network = network
        self._coordinates = coordinates
        self._channels = channels
        self._colours = colours
        self._canvas = canvas
        self._view = view
        self._device = device
        self._inputs = coordinates(view.tile(0, 0, 1, 1)).shape[-1]
        self._dtype = torch.float64 if canvas.precision == "float64" else torch.float32
        self._plans: dict[Way, Plan] = {}
        self._own: Stretch | None = None  # as measured on the scene's own view
        self._stretch: Stretch | None = None  # as what is being painted asks for

    def plan(self, view: View) -> Plan:
        """How the network, as it is now, is painted over a view; in float64 where float32 could not tell its pixels."""
        if any(plan.stale(self._network) for plan in self._plans.values()):
            self._plans.clear()
            self._own = None  # other weights, other colours
        return self._plan(view)

    def _plan(self, view: View) -> Plan:
        """The same for a network that has not changed since the painting began."""
        way: Way = self._canvas.precision
        if view.deep and way != "float64":
            way = "deep"
        if way not in self._plans:
            self._plans[way] = make_plan(self._network, self._inputs, way, self._device)
        return self._plans[way]

    def stretch(self, view: View) -> Stretch | None:
        """How colours are brought to [0, 1] where they are measured on this view; None where that is not asked for."""
        if self._colours != "stretch":
            return None
        self.plan(view)
        whole = self._empty(view)
        for _ in self._paint(view, whole):
            pass
        return _stretch(whole, deep=view.deep)

    def bands(self, view: View, stretch: Stretch | None = None) -> Iterator[Part]:
        """The bands of a view from top to bottom, and parts that tell how far it is in between.

        stretch: bring the colours to [0, 1] like this, instead of as measured on the scene's own view.
        """
        if view.lost and self._stands_still(view):
            where = f"zoom {view.zoom:g} at {view.centre}"
            _log.warning("%s is too deep for float64: there are too few numbers between the pixels", where)
        self.plan(view)
        self._stretch = stretch or self._own
        rows, columns = view.shape
        smooth = self._canvas.samples > 1
        measured = _measured(self._view) if self._colours == "stretch" and self._stretch is None else None
        extra = 0 if measured is None or measured == view else _pixels(measured)
        here = Part(done=0, total=extra + rows * columns * (1 + smooth), shape=(rows, columns, self._channels))
        whole: Tensor | None = None
        if measured is not None:
            whole = self._empty(measured)
            for done in self._paint(measured, whole):
                yield (here := replace(here, done=done))
            self._stretch = self._own = _stretch(whole, deep=measured.deep)
            whole = whole if measured == view else None

        holes = 0
        for band in [view] if whole is not None else view.bands(BAND):
            begun, count = here.done if whole is None else 0, _pixels(band)
            grown, inner = band.grown() if smooth else (band, (slice(None), slice(None)))
            colours = self._empty(grown) if whole is None else whole
            if whole is None:
                for done in self._paint(grown, colours):
                    yield (here := replace(here, done=begun + min(done, count)))
            holes += _holes(colours[inner])
            self._show(colours)
            if smooth:
                for done in self._smooth(band, colours, inner):
                    yield (here := replace(here, done=begun + count + done))
            here = replace(here, done=begun + count * (1 + smooth))
            yield replace(here, band=colours[inner].to(self._dtype).cpu().numpy())
        if holes:
            _log.warning("%d of %d pixels are not numbers; they are painted black or white", holes, rows * columns)

    def _stands_still(self, view: View) -> bool:
        """Whether coordinates in the middle hardly differ from one pixel to the next, for float64."""
        rows, columns = view.shape
        across = min(columns, 2)
        here = self._coordinates(view.tile((columns - across) // 2, rows // 2, across, 1)).double()[0]
        return bool(((here[-1] - here[0]).abs() <= 8 * torch.finfo(torch.float64).eps * here[0].abs()).all())

    def _smooth(self, band: View, colours: Tensor, inner: tuple[slice, slice]) -> Iterator[int]:
        """Paint pixels at edges from several samples, in place; yields how much of the band's pixels that is worth.

        colours: as displayed, of the band, `inner`, and of the pixels around it.
        """
        chosen = antialiasing.edges(colours)[inner].flatten().nonzero().flatten()
        if not len(chosen):
            return
        places = antialiasing.places(self._canvas.samples)
        light = colours.new_zeros(len(chosen), self._channels)
        for index, place in enumerate(places):
            sampled = torch.empty_like(light)
            for done in self._paint(replace(band, sample=place), sampled, chosen):
                yield round(_pixels(band) * (index + done / len(chosen)) / len(places))
            self._show(sampled)
            light += antialiasing.to_light(sampled)
        image = colours[inner].clone()
        image.view(-1, self._channels)[chosen] = antialiasing.from_light(light / len(places))
        colours[inner] = image

    def _empty(self, view: View) -> Tensor:
        return torch.empty(*view.shape, self._channels, dtype=self._plan(view).dtype, device=self._device)

    def _paint(self, view: View, colours: Tensor, chosen: Tensor | None = None) -> Iterator[int]:
        """Fill in what the network gives for a view, or for chosen pixels of it, yielding the pixels done."""
        plan = self._plan(view)

        def coordinates(tile: View) -> Tensor:
            return self._coordinates(tile).to(self._device, plan.dtype)

        return paint(plan, coordinates, view, colours, chosen)

    def _show(self, colours: Tensor) -> None:
        """Bring colours to what is displayed, in place: in [0, 1]."""
        if self._stretch:
            low, span = self._stretch
            colours.sub_(low).div_(span)
        elif self._colours == "signed":
            colours.add_(1).div_(2)
        (colours if _numbers(colours) else colours.nan_to_num_(0.0)).clamp_(0.0, 1.0)


def _numbers(colours: Tensor) -> bool:
    """Whether all of them are, told by a look at their sum; rarely no where it should be yes."""
    return bool(torch.isfinite(colours.sum()))


def _holes(colours: Tensor) -> int:
    """How many pixels are not numbers."""
    return 0 if _numbers(colours) else int((~torch.isfinite(colours)).any(dim=-1).sum())


def _pixels(view: View) -> int:
    rows, columns = view.shape
    return rows * columns


def _measured(view: View) -> View:
    """The view on which the colours' range is measured: this one, or a small one of the same part of the plane."""
    if _pixels(view) <= MEASURED:
        return view
    rows, columns = view.shape
    scale = math.sqrt(PROXY / (rows * columns))
    return replace(view, width=max(1, round(columns * scale)), height=max(1, round(rows * scale)), window=None)


def _stretch(colours: Tensor, *, deep: bool) -> Stretch:
    low, high = _range(colours)
    # the ancestor's formula, its 1e-8 included, so that its pictures come out to the byte; in a deep zoom it is a lot
    return low, torch.where(high > low, high - low, 1.0) if deep else high - low + 1e-8


def _range(colours: Tensor) -> tuple[Tensor, Tensor]:
    """The least and greatest finite colour of each channel, two (C,) tensors."""
    flat = colours.flatten(1)  # (H, W C): reduced row by row first, which is ten times faster
    channels = colours.shape[-1]
    low, high = flat.amin(0).reshape(-1, channels).amin(0), flat.amax(0).reshape(-1, channels).amax(0)
    if torch.isfinite(low).all() and torch.isfinite(high).all():
        return low, high
    bad = ~torch.isfinite(colours)
    low = colours.masked_fill(bad, float("inf")).amin(dim=(0, 1)).nan_to_num(0.0, posinf=0.0)
    high = colours.masked_fill(bad, float("-inf")).amax(dim=(0, 1)).nan_to_num(0.0, neginf=0.0)
    return low, high
