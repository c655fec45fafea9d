"""The frames of a film of several shots: put together from those of its scenes, words over them."""

from __future__ import annotations

import contextlib
import glob
import re
from collections import OrderedDict
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from artengine.colour import parse_colour
from artengine.errors import ArtengineError
from artengine.events import Event, Filmed, Note
from artengine.files import create_file
from artengine.making.films.film_frames import FilmFrame, frame_cache_of, render_film
from artengine.making.films.frame_cache import FrameCache, clear
from artengine.making.films.titles import render_titles
from artengine.painting import antialiasing, build
from artengine.scene import Montage, MontageShot
from artengine.training import Describe

Image = np.ndarray[Any, Any]

FADE = 0.5  # seconds in which words come and go
_KEPT = 4  # frames of scenes that are remembered: a still is shown many times


class MontageRenderer:
    """A montage being put together; `frames` after `film`."""

    def __init__(self, montage: Montage, out: Path, device: str) -> None:
        self._montage = montage
        self._out = out
        self._device = device
        self._reels: dict[int, FrameCache] = {}  # by the shot's place
        self._frames: dict[int, int] = {}  # how many frames there are of its scene
        self._seen: OrderedDict[tuple[int, int], Image] = OrderedDict()

    def film(self, *, fresh: bool, describe: Describe | None, jobs: int) -> Generator[Event, None, None]:
        """Film the scenes of all shots; what an earlier run has of them is used."""
        filmed: dict[str, int] = {}  # scenes by their text, and the first shots that they are in
        learnt: dict[str, Path] = {}  # weights by the training that gave them
        for index, part in enumerate(self._montage.shots):
            if part.scene is None:
                continue
            first = filmed.setdefault(part.scene.text, index)
            if first < index:
                self._reels[index], self._frames[index] = self._reels[first], self._frames[first]
                continue
            weights = self._out / f"{part.scene.name}.safetensors"
            if part.scene.training:
                _share(learnt.setdefault(part.scene.training_key, weights), weights)
            picture = build(part.scene, self._device)
            reel = self._reels[index] = frame_cache_of(part.scene, self._out, picture.device.type)
            reel.open()
            shots = render_film(picture, self._out, reel, fresh=fresh, describe=describe, jobs=jobs)
            with contextlib.closing(shots):
                for shot in shots:
                    if isinstance(shot, FilmFrame):
                        self._frames[index] = shot.frames
                        yield Filmed(shot.frame + 1, shot.frames, f"shot {index + 1}", shot.glance)
                    elif isinstance(shot, Note):
                        yield Note(f"shot {index + 1}: {shot.text}")
                    else:
                        yield shot

    def frames(self) -> Iterator[Image]:
        """The frames in their order, (H, W, C) floats in [0, 1]."""
        montage = self._montage
        starts = montage.starts
        ends = [start + part.length for start, part in zip(starts, montage.shots, strict=True)]
        shown = 0
        for frame in range(montage.frames):
            while ends[shown] <= frame:
                shown += 1
            image = self._lettered(shown, frame - starts[shown])
            following = shown + 1
            if following < len(starts) and starts[following] <= frame:
                share = (frame - starts[following] + 1) / (montage.shots[following].over + 1)
                image = _faded(image, self._lettered(following, frame - starts[following]), share)
            elif shown == 0 and frame < montage.shots[0].over:
                share = (frame + 1) / (montage.shots[0].over + 1)
                image = _faded(self._plain(montage.shots[0]), image, share)
            yield image

    def clear(self) -> None:
        """Remove the frames of the scenes, those of shots that there were before too: the film is there."""
        for reel in self._reels.values():
            reel.clear()
        for place in self._out.glob(f".{glob.escape(self._montage.name)}-shot-*.frames"):
            name = place.name.removeprefix(".").removesuffix(".frames")
            if re.fullmatch(r"[0-9]+", name.rpartition("-")[2]):
                clear(self._out, name)

    def _lettered(self, index: int, frame: int) -> Image:
        """A frame of a shot, with its words."""
        part = self._montage.shots[index]
        image = self._plain(part) if part.scene is None else self._picture(index, part.first + frame)
        words, font = part.words, self._montage.film.font
        letters = render_titles(image.shape[1], image.shape[0], words.title, words.subtitle, words.caption, font)
        if letters is None:
            return image
        return letters.over(image, self._opacity(index, frame))

    def _opacity(self, index: int, frame: int) -> float:
        """How much of a shot's words is there: they come when the shot is, and go before the next one comes."""
        part, following = self._montage.shots[index], self._montage.shots[index + 1 : index + 2]
        begin, end = part.over, part.length - sum(one.over for one in following)
        if end - begin < 2:  # it is never there alone
            begin, end = 0, part.length
        fade = max(1.0, min(FADE * self._montage.film.fps, (end - begin) / 4))
        return max(0.0, min(frame - begin + 1, end - frame, fade) / fade)

    def _plain(self, part: MontageShot) -> Image:
        width, height = self._montage.canvas.size
        colour = np.array(parse_colour(part.words.background), np.float32) / 255
        return np.broadcast_to(colour, (height, width, 3))

    def _picture(self, index: int, frame: int) -> Image:
        """A frame of a shot's scene; a loop begins anew, the last frame of any other film holds."""
        part, count = self._montage.shots[index], self._frames[index]
        loops = part.scene is not None and part.scene.film is not None and part.scene.film.loop
        frame = frame % count if loops else min(frame, count - 1)
        key = (index, frame)
        if key not in self._seen:
            pixels = self._reels[index].look(frame)
            if pixels is None:
                raise ArtengineError(f"{self._reels[index].path(frame)}: the frame is gone; run the same command again")
            height, width = self._montage.canvas.size[::-1]
            if pixels.shape[:2] != (height, width):
                found = f"its scene gives {pixels.shape[1]} x {pixels.shape[0]}, expected {width} x {height}"
                raise ArtengineError(f"shots.{index}: {found}; leave out the filter that changes the size")
            image = pixels.astype(np.float32) / 255
            self._seen[key] = image if image.shape[2] == 3 else np.repeat(image, 3, axis=2)
            while len(self._seen) > _KEPT:
                self._seen.popitem(last=False)
        return self._seen[key]


def _share(learnt: Path, weights: Path) -> None:
    """Have what one shot's scene has learnt for another's, whose training is the same."""
    if learnt != weights and learnt.is_file() and not weights.exists():
        with create_file(weights) as file:
            file.write(learnt.read_bytes())


def _faded(one: Image, other: Image, share: float) -> Image:
    """The light of two images, the second with that share."""
    first, second = (antialiasing.to_light(torch.from_numpy(np.ascontiguousarray(image))) for image in (one, other))
    return antialiasing.from_light(first + (second - first) * share).numpy()
