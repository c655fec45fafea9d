"""The frames of a render_scenes of several shots: put together from those of its scenes, words over them."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Collection, Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from artengine.colour import parse_colour
from artengine.errors import ArtengineError
from artengine.events import Event, FilmReport, Note
from artengine.files import Replacing, create_file
from artengine.making.films.film_frames import frame_cache_of, render_film
from artengine.making.films.frame_cache import FilmFrame, FrameCache
from artengine.making.films.titles import render_titles
from artengine.making.films.training_film import TrainingFilm
from artengine.painting import Picture, antialiasing, build
from artengine.scene import Film, Montage, MontageShot, Scene
from artengine.training import Train, trained_before

Image = np.ndarray[Any, Any]

TITLE_FADE = 0.5  # seconds in which words come and go
MAX_FRAMES_IN_MEMORY = 4  # a still is shown many times


class MontageRenderer:
    """Puts the frames of a montage together: first `render_scenes`, then `frame`, one by one."""

    def __init__(self, montage: Montage, out: Path, device: str) -> None:
        self._montage = montage
        self._out = out
        self._device = device
        self._caches: dict[int, FrameCache] = {}  # by the shot's place
        self._frame_counts: dict[int, int] = {}  # how many frames there are of its scene
        self._recent: OrderedDict[tuple[int, int], Image] = OrderedDict()

    def render_scenes(
        self, frames: Collection[int], train: Train, replacing: Replacing, *, fresh: bool, jobs: int
    ) -> Generator[Event, None, None]:
        """Have what some frames need of the scenes of shots rendered into caches; what is painted already is used.

        train: trains their pictures. replacing: what becomes of weights that stand where others go.
        """
        needed = self._needed_frames(frames)
        first_shots: dict[str, int] = {}  # by the text of their scene
        scenes_by_training: dict[str, Scene] = {}  # by the training's key
        for index, part in enumerate(self._montage.shots):
            film = part.scene.film if part.scene else None
            if part.scene is None or film is None or part.scene.text not in needed:
                continue
            first = first_shots.setdefault(part.scene.text, index)
            if first < index:
                self._caches[index], self._frame_counts[index] = self._caches[first], self._frame_counts[first]
                continue
            if part.scene.training:
                earlier = scenes_by_training.setdefault(part.scene.training_key, part.scene)
                _reuse_weights(earlier, part.scene, self._out, replacing)
            picture = build(part.scene, self._device)
            cache = self._caches[index] = frame_cache_of(part.scene, self._out, picture.device.type)
            if word := cache.open():
                yield Note(f"shot {index + 1}: {word}")
            only = needed[part.scene.text]
            steps = self._render_scene(picture, film, cache, only, train, fresh=fresh, jobs=jobs)
            with contextlib.closing(steps):
                yield from self._count_frames(index, steps)

    def _render_scene(
        self,
        picture: Picture,
        film: Film,
        cache: FrameCache,
        only: Collection[int] | None,
        train: Train,
        *,
        fresh: bool,
        jobs: int,
    ) -> Generator[Event | FilmFrame, None, None]:
        """Have a scene learn, where it does, and give the frames of its film; only: those that are wanted, if not all.

        A film of the learning gives all.
        """
        if film.learning:
            training_film = TrainingFilm(picture.scene, film, self._out, cache, picture.device.type, train)
            yield from training_film.render(fresh=fresh)
        else:
            trained = yield from train(picture, fresh=fresh)
            yield from render_film(picture, film, cache, trained=trained, jobs=jobs, only=only)

    def _count_frames(self, index: int, steps: Iterator[Event | FilmFrame]) -> Iterator[Event]:
        """The frames of a shot's scene, counted, and the notes about it, as events that name the shot."""
        for step in steps:
            if isinstance(step, FilmFrame):
                self._frame_counts[index] = step.frames
                yield FilmReport(step.frame + 1, step.frames, f"shot {index + 1}", step.glance)
            elif isinstance(step, Note):
                yield Note(f"shot {index + 1}: {step.text}")
            else:
                yield step

    def _needed_frames(self, frames: Collection[int]) -> dict[str, set[int] | None]:
        """The frames of each scene, by its text, that some frames of the film show; None where it could be any."""
        needed: dict[str, set[int] | None] = {}
        for start, part in zip(self._montage.starts, self._montage.shots, strict=True):
            shown = [frame - start for frame in frames if start <= frame < start + part.length]
            if part.scene is None or part.scene.film is None or not shown:
                continue
            count, before = part.scene.film.frames, needed.get(part.scene.text, set())
            if count and before is not None:
                numbers = (_frame_number(part.scene.film, part.first + frame, count) for frame in shown)
                needed[part.scene.text] = before | {*numbers}
            else:
                needed[part.scene.text] = None
        return needed

    def frame(self, frame: int) -> Image:
        """A frame of the film, (H, W, C) floats in [0, 1]."""
        starts, shots = self._montage.starts, self._montage.shots
        shown = next(index for index, start in enumerate(starts) if frame < start + shots[index].length)
        image = self._frame_with_words(shown, frame - starts[shown])
        following = shown + 1
        if following < len(starts) and starts[following] <= frame:
            share = (frame - starts[following] + 1) / (shots[following].over + 1)
            image = _mix_in_light(image, self._frame_with_words(following, frame - starts[following]), share)
        elif shown == 0 and frame < shots[0].over:
            share = (frame + 1) / (shots[0].over + 1)
            image = _mix_in_light(self._background(shots[0]), image, share)
        return image

    def clear(self) -> None:
        """Remove the frames of the scenes: the film is there."""
        for cache in self._caches.values():
            cache.clear()

    def _frame_with_words(self, index: int, frame: int) -> Image:
        """A frame of a shot, with its words."""
        part = self._montage.shots[index]
        image = self._background(part) if part.scene is None else self._scene_frame(index, part.first + frame)
        words, font = part.options, self._montage.film.font
        letters = render_titles(image.shape[1], image.shape[0], words.title, words.subtitle, words.caption, font)
        if letters is None:
            return image
        return letters.lay_over(image, self._word_opacity(index, frame))

    def _word_opacity(self, index: int, frame: int) -> float:
        """How much of a shot's words is there: they come when the shot is, and go before the next one comes."""
        part, following = self._montage.shots[index], self._montage.shots[index + 1 : index + 2]
        begin, end = part.over, part.length - sum(one.over for one in following)
        if end - begin < 2:  # it is never there alone
            begin, end = 0, part.length
        fade = max(1.0, min(TITLE_FADE * self._montage.film.fps, (end - begin) / 4))
        return max(0.0, min(frame - begin + 1, end - frame, fade) / fade)

    def _background(self, part: MontageShot) -> Image:
        """The one colour of a shot, as large as the film."""
        width, height = self._montage.canvas.size
        colour = np.array(parse_colour(part.options.background), np.float32) / 255
        return np.broadcast_to(colour, (height, width, 3))

    def _scene_frame(self, index: int, frame: int) -> Image:
        """A frame of a shot's scene; a loop begins anew, the last frame of any other film holds."""
        scene = self._montage.shots[index].scene
        frame = _frame_number(scene.film if scene else None, frame, self._frame_counts[index])
        key = (index, frame)
        if key not in self._recent:
            pixels = self._caches[index].read(frame)
            if pixels is None:
                raise ArtengineError(
                    f"{self._caches[index].path(frame)}: the frame is gone; run the same command again"
                )
            height, width = self._montage.canvas.size[::-1]
            if pixels.shape[:2] != (height, width):
                sizes = f"its scene gives {pixels.shape[1]} x {pixels.shape[0]}, expected {width} x {height}"
                raise ArtengineError(f"shots.{index}: {sizes}; leave out the filter that changes the size")
            image = pixels.astype(np.float32) / 255
            self._recent[key] = image if image.shape[2] == 3 else np.repeat(image, 3, axis=2)
            while len(self._recent) > MAX_FRAMES_IN_MEMORY:
                self._recent.popitem(last=False)
        return self._recent[key]


def _frame_number(film: Film | None, frame: int, count: int) -> int:
    """Which frame of a scene's film, of so many, is shown at a frame of its shot."""
    return frame % count if film and film.loop else min(frame, count - 1)


def _reuse_weights(earlier: Scene, scene: Scene, out: Path, replacing: Replacing) -> None:
    """Copy the weights of one shot's scene for another's, whose training is the same."""
    learnt = trained_before(earlier, out)
    if learnt and not trained_before(scene, out):
        with create_file(out / f"{scene.name}.safetensors", replacing=replacing) as file:
            file.write(learnt.read_bytes())


def _mix_in_light(one: Image, other: Image, share: float) -> Image:
    """A mixture of two images in linear light; share: of the second one, 0 to 1."""
    first, second = (antialiasing.to_light(torch.from_numpy(np.ascontiguousarray(image))) for image in (one, other))
    return antialiasing.from_light(first + (second - first) * share).numpy()
