"""One frame of a film at a time: the scene at every moment, its colours steady, its light gathered."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from artengine.capabilities import dynamic_rows
from artengine.errors import InputError, Problem
from artengine.painting import Image, Part, Picture, Stretch, antialiasing, build
from artengine.scene import Film, Walk
from artengine.view import View

PROBE_PIXELS = 1 << 16  # on which the colours of a moment are measured
MAX_PROBE_INTERVAL = 0.5  # seconds between two such moments; in between, the range goes smoothly from one to the next
PROBES_PER_SEED = 4  # such moments, at least, from one seed of a walk to the next
FIXED_PROBE_PIXELS = 1 << 20  # where they are measured once for all: the film does not begin with its widest view
TIME_PROBES = (0.2360679775, 0.3819660113, 0.6180339888)  # parts of a film at which no whole number of turns begins
MAX_STRETCHES = 4  # measured moments that are remembered: a frame needs two


Pixels = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Still:
    """A frame as a still: what it shows, the picture as it is then, and the parts of its painting."""

    view: View
    picture: Picture
    parts: Iterator[Part]


class FrameRenderer:
    """Paints the frames of a picture's film, each on its own, in any order.

    picture: as it is at the beginning, with all that it has learnt. film: that of its scene.
    """

    def __init__(self, picture: Picture, film: Film) -> None:
        scene = picture.scene
        self._scene = scene
        self._film = film
        self._walks = isinstance(scene.lineage, Walk)
        seeds = len(scene.lineage.seeds) if isinstance(scene.lineage, Walk) else 0
        self._probe_count = max(1, math.ceil(film.span / MAX_PROBE_INTERVAL), PROBES_PER_SEED * seeds)
        self._start = picture
        if self._walks:  # which changes its weights
            self._start = build(scene, picture.device.type)
            if scene.training:
                self._start.take_learnt(picture.learnt)
        self._stretches: OrderedDict[int, Stretch | None] = OrderedDict()
        self._picture_changes = bool(scene.motion.numbers) or self._walks or self._depends_on_time()
        self._widest_view = self._find_widest_view()
        self._fixed_stretch: Stretch | None = None

    def pixels(self, frame: int) -> Image:
        """A frame in bytes, (H, W, C)."""
        pixels: Pixels = np.rint(self.image(frame) * 255).astype(np.uint8)
        return pixels

    def image(self, frame: int) -> Image:
        """A frame, (H, W, C) floats in [0, 1]; where the shutter is open for a while, the light of all its moments."""
        times = self._film.exposures(frame)
        if len(times) == 1:
            return self._paint_at(times[0])
        light = self._light_at(times[0])
        for time in times[1:]:
            light += self._light_at(time)
        return antialiasing.from_light(light / len(times)).numpy()

    def still(self, frame: int) -> Still:
        """The picture as it is in a frame, and its painting, band by band; until the next frame is asked for."""
        time = self._film.time(frame)
        view = self._scene.view_at(time)
        if self._film.shutter:
            image = self.image(frame)
            parts: Iterator[Part] = iter([Part(done=1, total=1, shape=image.shape, band=image)])
            return Still(view, self._picture_at(time), parts)
        stretch = self._stretch_of(time)  # before the picture: in a walk, measuring changes it
        picture = self._picture_at(time)
        return Still(view, picture, picture.painting(view, stretch))

    def _paint_at(self, time: float) -> Image:
        """The picture at one moment, in seconds."""
        stretch = self._stretch_of(time)  # before the picture: in a walk, measuring changes it
        return self._picture_at(time).paint(self._scene.view_at(time), stretch)

    def _stretch_of(self, time: float) -> Stretch | None:
        return self._stretch_at(time) if self._picture_changes else self._stretch_for_all()

    def _light_at(self, time: float) -> torch.Tensor:
        return antialiasing.to_light(torch.from_numpy(self._paint_at(time)))

    def _find_widest_view(self) -> View:
        """The view of the film that shows most of the plane: its colours are those of all others."""
        view = self._scene.view
        if self._scene.motion.camera:
            for frame in range(self._film.frames):
                other = self._scene.view_at(self._film.time(frame))
                view = other if other.zoom < view.zoom else view
        return view

    def _stretch_for_all(self) -> Stretch | None:
        """How the colours are stretched in a film whose picture stays; None where its first view decides that."""
        if self._widest_view.zoom < self._scene.view.zoom and self._fixed_stretch is None:
            self._fixed_stretch = self._start.stretch(_shrunk(self._widest_view, FIXED_PROBE_PIXELS))
        return self._fixed_stretch

    def _picture_at(self, time: float) -> Picture:
        """The picture as it is at a moment, in seconds."""
        picture = self._start
        if self._scene.motion.numbers:
            picture = self._with_learnt_weights(build(self._scene.at(time), picture.device.type))
        if self._walks:
            picture.grow(self._scene.view_at(time).phase)
        return picture

    def _with_learnt_weights(self, picture: Picture) -> Picture:
        """A picture of another moment with the weights that the one at the start has learnt.

        Raises `InputError` where it no longer fits.
        """
        if self._scene.training is None:
            return picture
        learnt, own = self._start.learnt, picture.learnable.state_dict()
        any_shape = dynamic_rows(picture.learnable)
        fixed = {name: values.shape for name, values in learnt.items() if name not in any_shape}
        if any(name not in own or own[name].shape != shape for name, shape in fixed.items()):
            where, path = self._scene.network.where, self._scene.network.path
            message = "what moves changes the network's shape, so that what was learnt no longer fits it"
            raise InputError([Problem(where, path, message)])
        picture.take_learnt(learnt)
        return picture

    def _depends_on_time(self) -> bool:
        """Whether the coordinates change with time: asked at a few moments, of a single pixel."""
        corner = self._scene.view.tile(0, 0, 1, 1)
        first = self._start.coordinates(corner)
        moments = (replace(corner, time=part * self._film.span, phase=part) for part in TIME_PROBES)
        return any(not torch.equal(self._start.coordinates(moment), first) for moment in moments)

    def _stretch_at(self, time: float) -> Stretch | None:
        """How the colours are stretched at a moment of a film whose picture changes.

        Measured on the film's widest view, at moments half a second apart or less, and mixed in between: the range
        follows the picture and never flickers.
        """
        count = self._probe_count
        along = min(time / self._film.span, 1.0) * count
        index = min(int(along), count - 1)
        before, after = self._measure_stretch(index, count), self._measure_stretch(index + 1, count)
        if before is None or after is None:
            return None
        share = along - index
        share = share * share * (3 - 2 * share)  # smoothstep: no kink where the range turns
        return before[0] + share * (after[0] - before[0]), before[1] + share * (after[1] - before[1])

    def _measure_stretch(self, index: int, count: int) -> Stretch | None:
        """How the colours are stretched at the first of count moments, or another; the last few are remembered."""
        if self._film.loop:
            index %= count
        if index not in self._stretches:
            time = self._film.span * index / count
            view = replace(self._widest_view, time=time, phase=self._scene.view_at(time).phase)
            self._stretches[index] = self._picture_at(time).stretch(_shrunk(view, PROBE_PIXELS))
            while len(self._stretches) > MAX_STRETCHES:
                self._stretches.popitem(last=False)
        return self._stretches[index]


def _shrunk(view: View, pixels: int) -> View:
    """The same part of the plane in so many pixels, if it has more."""
    rows, columns = view.shape
    scale = min(1.0, math.sqrt(pixels / (rows * columns)))
    return replace(view, width=max(1, round(columns * scale)), height=max(1, round(rows * scale)))
