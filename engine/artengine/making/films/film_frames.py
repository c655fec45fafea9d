"""A film's frames in their order: from the cache, or painted, by one process or several, or while a network learns."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from artengine.components import version_of
from artengine.errors import ArtengineError, InputError, Problem, listed
from artengine.events import Event, Note, Resumed, TrainingEnd, TrainingReport
from artengine.making.films.frame_cache import FrameCache, Pixels
from artengine.making.films.frame_renderer import FrameRenderer
from artengine.painting import Image, Picture, build
from artengine.scene import (
    MAX_FRAMES,
    Film,
    Scene,
    Walk,
    node_to_plain,
    parse_yaml,
    remove_node_at,
    scene_from_json,
    scene_to_json,
)
from artengine.training import Describe, Trained, enclosed, train_to_file, weights
from artengine.workers import Item, Workers

MAX_ITEM_FRAMES = 8  # of a worker: starting on more costs little, with fewer the first ones come soon


@dataclass(frozen=True, slots=True)
class FilmFrame:
    """One of a film's frames, in bytes: (H, W, C)."""

    frame: int
    frames: int
    pixels: Pixels

    def glance(self, columns: int, rows: int) -> Image:
        """The frame as it is, of whatever size: (H, W, C) floats in [0, 1]."""
        image: Image = self.pixels.astype(np.float32) / 255
        return image


def frame_cache_of(scene: Scene, out: Path, device: str, packed: bytes | None = None) -> FrameCache:
    """The cache of the frames of a scene's film; its key is a hash of all that decides what they look like.

    packed: weights that came with a recipe, which may differ from what a training comes to here.
    """
    node, _ = parse_yaml(scene.text, scene.name)
    decides = {
        "scene": node_to_plain(remove_node_at(node, ["outputs"])),
        "photos": {name: photo.sha256 for name, photo in scene.photos.items()},
        "plugins": scene.plugins,
        "engine": version_of("artengine"),
        "device": device,
    }
    if packed is not None:
        decides["weights"] = hashlib.sha256(packed).hexdigest()
    key = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
    return FrameCache(out, scene.name, key[:16])


def render_training_film(
    picture: Picture, film: Film, out: Path, cache: FrameCache, *, fresh: bool, describe: Describe | None
) -> Generator[Event | FilmFrame, None, None]:
    """Give the frames of a film that shows how its picture learns, in their order, and the events meanwhile.

    out: the folder for weights. See `make_files` for the rest.
    """
    training = _TrainingFilm(picture.scene, film, out, cache, picture.device.type)
    yield from training.render(fresh=fresh, describe=describe)


def render_film(
    picture: Picture, film: Film, cache: FrameCache, *, trained: Trained, jobs: int = 1
) -> Generator[Event | FilmFrame, None, None]:
    """Give the frames of a picture's film in their order, and the events meanwhile.

    picture: with all that it has learnt; trained: where that is, for other processes. jobs: how many paint.
    """
    scene, device = picture.scene, picture.device.type
    if isinstance(scene.lineage, Walk) and (unlike := picture.unlike()):
        message = (
            f"the networks of {listed(map(str, unlike))} differ from that of {scene.seed} in more than their weights"
        )
        cure = "name what a seed draws, such as nonlin: sin"
        yield Note(f"seed: {message}, so the walk passes their pictures by; {cure}")
    missing = list(cache.missing(film.frames))
    if missing and len(missing) < film.frames:
        yield Note(f"{film.frames - len(missing):,} of {film.frames:,} frames are painted already")
    awaited = set(missing)
    renderer: FrameRenderer | None = None
    with contextlib.ExitStack() as stack:
        workers: Iterator[bool] = iter(())
        if jobs > 1 and len(missing) > 1:
            weights_file = trained.file
            if trained.packed is not None:
                weights_file = stack.enter_context(enclosed.unpacked(trained.packed, cache.path(missing[0])))
            several = _paint_by_several(scene, cache, device, weights_file, missing, jobs)
            workers = stack.enter_context(contextlib.closing(several))
        for frame in range(film.frames):
            while (pixels := cache.read(frame)) is None and frame in awaited and next(workers, False):
                pass
            if pixels is None:  # no worker has painted it, or the disk has damaged it
                renderer = renderer or FrameRenderer(picture, film)
                pixels = renderer.pixels(frame)
                cache.write(frame, pixels)
            yield FilmFrame(frame, film.frames, pixels)


def _paint_by_several(
    scene: Scene, cache: FrameCache, device: str, weights_file: Path | None, missing: list[int], jobs: int
) -> Generator[bool, None, None]:
    """Have frames painted into the cache by several processes; True whenever some more are there."""
    job = {
        "scene": scene_to_json(scene),
        "cache": [str(cache.folder.resolve()), cache.name, cache.key],
        "device": device,
        "weights": str(weights_file.resolve()) if weights_file else None,
    }
    size = max(1, min(MAX_ITEM_FRAMES, math.ceil(len(missing) / jobs)))
    parts = [missing[start : start + size] for start in range(0, len(missing), size)]
    items = (Item(f"{scene.name}, frames {part[0]} to {part[-1]}", {**job, "frames": part}) for part in parts)
    with contextlib.closing(Workers("artengine.making.films.film_frames:paint_frames", jobs).work(items)) as work:
        for result in work:
            if result.error:
                raise ArtengineError(f"{result.item.name}: {result.error}")
            yield True


_renderers: dict[str, FrameRenderer] = {}  # of this worker, by its job: one at a time


def paint_frames(data: dict[str, Any]) -> int:
    """Paint some frames of a film into its cache, in a worker's process; gives how many."""
    job = json.dumps({name: value for name, value in data.items() if name != "frames"}, sort_keys=True)
    if job not in _renderers:
        _renderers.clear()
        scene = scene_from_json(data["scene"])
        if scene.film is None:
            raise ValueError(f"found the scene {scene.name!r} without a film, expected one whose frames are painted")
        picture = build(scene, data["device"])
        if data["weights"]:
            weights.load(Path(data["weights"]), picture.network)
            picture.take_learnt()
        _renderers[job] = FrameRenderer(picture, scene.film)
    folder, name, key = data["cache"]
    cache = FrameCache(Path(folder), name, key)
    for frame in data["frames"]:
        cache.write(frame, _renderers[job].pixels(frame))
    return len(data["frames"])


class _TrainingFilm:
    """A film of a training: the picture at a step for every frame."""

    def __init__(self, scene: Scene, film: Film, out: Path, cache: FrameCache, device: str) -> None:
        self._scene = scene
        self._film = film
        self._out = out
        self._cache = cache
        self._device = device
        self._next_frame = 0

    def render(self, *, fresh: bool, describe: Describe | None) -> Iterator[Event | FilmFrame]:
        """Give the frames while the network learns; those of an earlier run as they are."""
        if not fresh and (steps := self._finished_steps()):
            if self._has_frames_until(steps - 1, steps):
                picture = self._build_picture()
                yield from train_to_file(picture, self._out, fresh=False, describe=describe)
                yield from self._frames_until(picture, steps, steps)
                return
            yield Note("learning again: the film shows all of it")
            fresh = True
        resumed = 0
        picture = self._build_picture()
        learning = train_to_file(picture, self._out, fresh=fresh, describe=describe, should_report=self._is_shown)
        for event in learning:
            yield event
            if isinstance(event, Resumed):
                resumed = event.step
            if not isinstance(event, TrainingReport | TrainingEnd):
                continue
            total = event.progress.total if isinstance(event, TrainingReport) else event.step
            if resumed and not self._has_frames_until(resumed, total):
                learning.close()
                yield Note("learning from the start: frames of an earlier step are gone")
                yield from self.render(fresh=True, describe=describe)
                return
            resumed = 0
            if event.step == 0:  # the trainer has laid something out before its first step
                self._initial_weights = _copy_weights(picture)
            try:
                yield from self._frames_until(picture, event.step, total)
            except InputError as error:
                learning.throw(error)  # if closed, it would save a checkpoint of a film that cannot be

    def _build_picture(self) -> Picture:
        picture = build(self._scene, self._device)
        self._initial_weights = _copy_weights(picture)
        return picture

    def _is_shown(self, step: int, total: int | None) -> bool:
        return step in _shown_steps(self._film, total)

    def _has_frames_until(self, step: int, steps: int | None) -> bool:
        """Whether all frames up to a step, of so many in all, can be read: the network itself is past them."""
        shown = [frame for frame, at in enumerate(_frame_steps(self._film, steps)) if at <= step]
        return all(self._cache.read(frame) is not None for frame in shown)

    def _finished_steps(self) -> int:
        """The steps of this very training where it has come to its end before, else 0."""
        path = self._out / f"{self._scene.name}.safetensors"
        try:
            about = weights.about(path)
        except (weights.DamagedError, OSError):
            return 0
        steps = about.get("steps", 0) if about.get("key") == self._scene.training_key else 0
        return steps if isinstance(steps, int) else 0

    def _frames_until(self, picture: Picture, step: int, steps: int | None) -> Iterator[FilmFrame]:
        """The frames up to a step that have not been given yet; the network stands there."""
        schedule = _frame_steps(self._film, steps)
        while self._next_frame < len(schedule) and schedule[self._next_frame] <= step:
            frame = self._next_frame
            pixels = self._cache.read(frame)
            if pixels is None:
                pixels = self._paint(picture, frame, initial=schedule[frame] == 0)
                self._cache.write(frame, pixels)
            self._next_frame += 1
            yield FilmFrame(frame, len(schedule), pixels)

    def _paint(self, picture: Picture, frame: int, *, initial: bool) -> Pixels:
        if not initial:
            return FrameRenderer(picture, self._film).pixels(frame)
        other = build(self._scene, self._device)
        other.network.load_state_dict(self._initial_weights)
        return FrameRenderer(other, self._film).pixels(frame)


def _copy_weights(picture: Picture) -> dict[str, Tensor]:
    """The weights as they are now."""
    return {name: values.clone() for name, values in picture.network.state_dict().items()}


@functools.lru_cache(maxsize=8)  # a trainer asks after every step
def _shown_steps(film: Film, steps: int | None) -> frozenset[int]:
    """The steps of a training of so many that a film shows."""
    return frozenset(_frame_steps(film, steps))


@functools.lru_cache(maxsize=8)
def _frame_steps(film: Film, steps: int | None) -> list[int]:
    """The step that each frame of the film of a training of so many shows.

    Raises `InputError` where the training has no end of its own, or the frames are too many.
    """
    if steps is None:
        message = "found a training that has no end of its own, expected one that ends; say how long it goes on"
        raise InputError([Problem("", "film.learning", message)])
    every, count = film.learning, max(film.frames - 1, 1)
    if isinstance(every, int):
        frames = steps // every + 1
        if frames > MAX_FRAMES:
            message = f"found a frame every {every:,} of {steps:,} steps, which are {frames:,} frames"
            raise InputError([Problem("", "film.learning", f"{message}, expected at most {MAX_FRAMES:,}")])
        return list(range(0, steps + 1, every))
    if every == "log":
        return [round(math.expm1(math.log1p(steps) * frame / count)) for frame in range(film.frames)]
    return [round(steps * frame / count) for frame in range(film.frames)]
