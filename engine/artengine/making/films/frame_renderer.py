"""The frames of a film, one by one: the scene at every moment, its colours steady, its light gathered."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from artengine.errors import InputError, Problem
from artengine.painting import Image, Picture, Stretch, antialiasing, build
from artengine.scene import Walk
from artengine.view import View

PROBE = 1 << 16  # pixels on which the colours of a moment are measured
APART = 0.5  # seconds between two such moments, at most; in between, the range goes smoothly from one to the next
STEPS = 4  # such moments, at least, from one seed of a walk to the next
WHOLE = 1 << 20  # pixels on which they are measured once for all, where the film does not begin with its widest view
SEAMLESS = 2.0  # a step so many times the usual one is not seen as a seam
ELSEWHERE = (0.2360679775, 0.3819660113, 0.6180339888)  # parts of a film that no whole number of turns begins anew at
_KEPT = 4  # measured moments that are remembered: a frame needs two


Pixels = np.ndarray[Any, Any]


class FrameRenderer:
    """The frames of a picture's film; each can be asked for on its own.

    picture: as it is at the beginning, with all that it has learnt.
    """

    def __init__(self, picture: Picture) -> None:
        scene = picture.scene
        assert scene.film is not None  # noqa: S101 - who films has looked
        self._scene = scene
        self._film = scene.film
        self._walks = isinstance(scene.lineage, Walk)
        seeds = len(scene.lineage.seeds) if isinstance(scene.lineage, Walk) else 0
        self._probes = max(1, math.ceil(self._film.span / APART), STEPS * seeds)
        self._first = build(scene, picture.device.type) if self._walks else picture  # it does not stay as it is
        self._stretches: OrderedDict[int, Stretch | None] = OrderedDict()
        self._changes = bool(scene.motion.numbers) or self._walks or self._timed()
        self._widest = self._widest_view()
        self._fixed: Stretch | None = None

    def pixels(self, frame: int) -> Image:
        """A frame as it is kept: (H, W, C) bytes."""
        pixels: Pixels = np.rint(self.image(frame) * 255).astype(np.uint8)
        return pixels

    def image(self, frame: int) -> Image:
        """A frame, (H, W, C) floats in [0, 1]; where the shutter is open for a while, the light of all its moments."""
        times = self._film.exposures(frame)
        if len(times) == 1:
            return self._moment(times[0])
        light: Tensor | None = None
        for time in times:
            more = antialiasing.to_light(torch.from_numpy(self._moment(time)))
            light = more if light is None else light.add_(more)
        assert light is not None  # noqa: S101 - there are two moments or more
        return antialiasing.from_light(light / len(times)).numpy()

    def _moment(self, time: float) -> Image:
        stretch = self._stretch(time) if self._changes else self._for_all()
        return self._picture(time).paint(self._scene.view_at(time), stretch)

    def _widest_view(self) -> View:
        """The view of the film that shows most of the plane: its colours are those of all others."""
        view = self._scene.view
        if self._scene.motion.camera:
            for frame in range(self._film.frames):
                other = self._scene.view_at(self._film.time(frame))
                view = other if other.zoom < view.zoom else view
        return view

    def _for_all(self) -> Stretch | None:
        """How the colours are stretched in a film whose picture stays; None for as its first view asks for."""
        if self._widest.zoom < self._scene.view.zoom and self._fixed is None:
            self._fixed = self._first.stretch(_small(self._widest, WHOLE))
        return self._fixed

    def _picture(self, time: float) -> Picture:
        """The picture as it is at a moment, in seconds."""
        picture = self._first
        if self._scene.motion.numbers:
            picture = self._with_learnt(build(self._scene.at(time), picture.device.type))
        if self._walks:
            picture.grow(self._scene.view_at(time).phase)
        return picture

    def _with_learnt(self, picture: Picture) -> Picture:
        """A picture of another moment with what the first one has learnt.

        Raises `InputError` where it no longer fits.
        """
        if self._scene.training is None:
            return picture
        learnt, own = self._first.network.state_dict(), picture.network.state_dict()
        free = getattr(picture.network, "ragged", ())
        fixed = {name: values.shape for name, values in learnt.items() if name not in free}
        if any(name not in own or own[name].shape != shape for name, shape in fixed.items()):
            where, path = self._scene.network.where, self._scene.network.path
            found = "what moves changes the network's shape, so that what was learnt no longer fits it"
            raise InputError([Problem(where, path, found)])
        picture.network.load_state_dict(learnt)
        return picture

    def _timed(self) -> bool:
        """Whether the coordinates change with time: asked at a few moments, of a single pixel."""
        corner = self._scene.view.tile(0, 0, 1, 1)
        first = self._first.coordinates(corner)
        moments = (replace(corner, time=part * self._film.span, phase=part) for part in ELSEWHERE)
        return any(not torch.equal(self._first.coordinates(moment), first) for moment in moments)

    def _stretch(self, time: float) -> Stretch | None:
        """How the colours are stretched at a moment of a film whose picture changes.

        Measured on the film's widest view, at moments half a second apart or less, and mixed in between: the range
        follows the picture and never flickers.
        """
        count = self._probes
        along = min(time / self._film.span, 1.0) * count
        index = min(int(along), count - 1)
        before, after = self._measured(index, count), self._measured(index + 1, count)
        if before is None or after is None:
            return None
        share = along - index
        share = share * share * (3 - 2 * share)
        return before[0] + share * (after[0] - before[0]), before[1] + share * (after[1] - before[1])

    def _measured(self, index: int, count: int) -> Stretch | None:
        if self._film.loop:
            index %= count
        if index not in self._stretches:
            time = self._film.span * index / count
            small = _small(replace(self._widest, time=time, phase=self._scene.view_at(time).phase), PROBE)
            self._stretches[index] = self._picture(time).stretch(small)
            while len(self._stretches) > _KEPT:
                self._stretches.popitem(last=False)
        return self._stretches[index]


def _small(view: View, points: int) -> View:
    """The same part of the plane in so many pixels, if it has more."""
    rows, columns = view.shape
    scale = min(1.0, math.sqrt(points / (rows * columns)))
    return replace(view, width=max(1, round(columns * scale)), height=max(1, round(rows * scale)))


class LoopSeam:
    """How well the end of a loop goes over into its beginning, from frames as they come by."""

    def __init__(self) -> None:
        self._first: Pixels | None = None
        self._last: Pixels | None = None
        self._steps: list[float] = []

    def add(self, pixels: Pixels) -> None:
        """Take the next frame, (H, W, C) bytes."""
        if self._last is None:
            self._first = pixels
        else:
            self._steps.append(difference(self._last, pixels))
        self._last = pixels

    @property
    def score(self) -> float:
        """The step from the last frame to the first, in usual steps from frame to frame: 1 is seamless."""
        if self._first is None or self._last is None or not self._steps:
            return 1.0
        step, usual = difference(self._last, self._first), float(np.median(self._steps))
        return step / usual if usual else 1.0 if not step else math.inf

    def told(self) -> str:
        """The score in words."""
        verdict = "it closes" if self.score <= SEAMLESS else "it does not close: the end should lead to the beginning"
        return f"seam {self.score:.2f} of a usual step: {verdict}"


def difference(one: Pixels, other: Pixels) -> float:
    """How much two frames of bytes differ: the mean over all channels, in levels."""
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())
