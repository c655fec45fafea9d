"""A film's frames in their order: from the reel, or painted, by this process or by several, or while it is learnt."""

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
from artengine.events import Event, Note, Resumed, Trained
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
from artengine.training import Describe, trained, weights
from artengine.workers import Item, Workers

AHEAD = 8  # frames of an item: so many that starting it costs little, so few that the first ones come soon


@dataclass(frozen=True, slots=True)
class FilmFrame:
    """A frame, as it is kept: (H, W, C) bytes."""

    frame: int
    frames: int
    pixels: Pixels

    def glance(self, columns: int, rows: int) -> Image:
        """The frame as it is, of whatever size: (H, W, C) floats in [0, 1]."""
        image: Image = self.pixels.astype(np.float32) / 255
        return image


def frame_cache_of(scene: Scene, out: Path, device: str) -> FrameCache:
    """Where the frames of a scene's film are kept: those of everything that decides what they look like."""
    node, _ = parse_yaml(scene.text, scene.name)
    decides = {
        "scene": node_to_plain(remove_node_at(node, ["outputs"])),
        "photos": {name: photo.sha256 for name, photo in scene.photos.items()},
        "plugins": scene.plugins,
        "engine": version_of("artengine"),
        "device": device,
    }
    key = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
    return FrameCache(out, scene.name, key[:16])


def render_film(
    picture: Picture, out: Path, reel: FrameCache, *, fresh: bool, describe: Describe | None, jobs: int = 1
) -> Generator[Event | FilmFrame, None, None]:
    """The frames of a picture's film, and what happens meanwhile; it learns before, if it has to, or on camera."""
    scene, film, device = picture.scene, picture.scene.film, picture.device.type
    assert film is not None  # noqa: S101 - who calls this has looked
    if film.learning:
        yield from _Learning(scene, out, reel, device).render_film(fresh=fresh, describe=describe)
        return
    if isinstance(scene.lineage, Walk) and (unlike := picture.unlike()):
        found = (
            f"the networks of {listed(map(str, unlike))} differ from that of {scene.seed} in more than their weights"
        )
        yield Note(f"seed: {found}, so the walk passes their pictures by; name what a seed draws, such as nonlin: sin")
    weights_file: Path | None = None
    if scene.training:
        yield from trained(picture, out, fresh=fresh, describe=describe)
        weights_file = out / f"{scene.name}.safetensors"
    todo = list(reel.missing(film.frames))
    if todo and len(todo) < film.frames:
        yield Note(f"{film.frames - len(todo):,} of {film.frames:,} frames are painted already")
    missing = set(todo)
    filming: FrameRenderer | None = None
    with contextlib.ExitStack() as stack:
        others: Iterator[bool] = iter(())
        if jobs > 1 and len(todo) > 1:
            several = _by_several(scene, reel, device, weights_file, todo, jobs)
            others = stack.enter_context(contextlib.closing(several))
        for frame in range(film.frames):
            while (pixels := reel.look(frame)) is None and frame in missing and next(others, False):
                pass
            if pixels is None:  # nobody else has painted it, or the disk has damaged it
                filming = filming or FrameRenderer(picture)
                pixels = filming.pixels(frame)
                reel.keep(frame, pixels)
            yield FilmFrame(frame, film.frames, pixels)


def _by_several(
    scene: Scene, reel: FrameCache, device: str, weights_file: Path | None, todo: list[int], jobs: int
) -> Generator[bool, None, None]:
    """Have frames painted into the reel by several processes; True whenever some more are there."""
    about = {
        "scene": scene_to_json(scene),
        "reel": [str(reel.folder.resolve()), reel.name, reel.key],
        "device": device,
        "weights": str(weights_file.resolve()) if weights_file else None,
    }
    size = max(1, min(AHEAD, math.ceil(len(todo) / jobs)))
    parts = [todo[start : start + size] for start in range(0, len(todo), size)]
    items = (Item(f"{scene.name}, frames {part[0]} to {part[-1]}", {**about, "frames": part}) for part in parts)
    with contextlib.closing(Workers("artengine.making.films.film_frames:paint_frames", jobs).work(items)) as work:
        for done in work:
            if done.error:
                raise ArtengineError(f"{done.item.name}: {done.error}")
            yield True


_open: dict[str, FrameRenderer] = {}  # what this worker is filming: one at a time


def paint_frames(data: dict[str, Any]) -> int:
    """Paint some frames of a film into its reel, in a process that does nothing else; gives how many."""
    about = json.dumps({name: value for name, value in data.items() if name != "frames"}, sort_keys=True)
    if about not in _open:
        _open.clear()
        picture = build(scene_from_json(data["scene"]), data["device"])
        if data["weights"]:
            weights.load(Path(data["weights"]), picture.network)
        _open[about] = FrameRenderer(picture)
    folder, name, key = data["reel"]
    reel = FrameCache(Path(folder), name, key)
    for frame in data["frames"]:
        reel.keep(frame, _open[about].pixels(frame))
    return len(data["frames"])


class _Learning:
    """A film of a training: the picture at a step for every frame."""

    def __init__(self, scene: Scene, out: Path, reel: FrameCache, device: str) -> None:
        assert scene.film is not None  # noqa: S101 - as above
        self._scene = scene
        self._film = scene.film
        self._out = out
        self._reel = reel
        self._device = device
        self._next = 0  # the frame that comes next

    def render_film(self, *, fresh: bool, describe: Describe | None) -> Iterator[Event | FilmFrame]:
        """The frames as they are learnt; those of an earlier run as they are."""
        if not fresh and (steps := self._finished()):
            if self._shot_before(steps - 1, steps):
                picture = self._picture()
                yield from trained(picture, self._out, fresh=False, describe=describe)
                yield from self._until(picture, steps, steps)
                return
            yield Note("learning again: the film shows all of it")
            fresh = True
        resumed = 0
        picture = self._picture()
        learning = trained(picture, self._out, fresh=fresh, describe=describe)
        for event in learning:
            yield event
            if isinstance(event, Resumed):
                resumed = event.step
            if not isinstance(event, Trained):
                continue
            progress = event.progress
            if resumed and not self._shot_before(resumed, progress.steps):
                learning.close()
                yield Note("learning from the start: frames of an earlier step are gone")
                yield from self.render_film(fresh=True, describe=describe)
                return
            resumed = 0
            if progress.step == 0:  # the trainer has laid something out before its first step
                self._untrained = _copied(picture)
            yield from self._until(picture, progress.step, progress.steps)

    def _picture(self) -> Picture:
        picture = build(self._scene, self._device)
        picture.due = lambda step, steps: step in _all_shown(self._film, steps)
        self._untrained = _copied(picture)
        return picture

    def _shot_before(self, step: int, steps: int) -> bool:
        """Whether all frames up to a step, of so many in all, are there and can be used: the network is past them."""
        shown = [frame for frame, at in enumerate(_schedule(self._film, steps)) if at <= step]
        return all(self._reel.look(frame) is not None for frame in shown)

    def _finished(self) -> int:
        """The steps of this very training where it has come to its end before, else 0."""
        path = self._out / f"{self._scene.name}.safetensors"
        try:
            about = weights.about(path)
        except (weights.DamagedError, OSError):
            return 0
        steps = about.get("steps", 0) if about.get("key") == self._scene.training_key else 0
        return steps if isinstance(steps, int) else 0

    def _until(self, picture: Picture, step: int, steps: int) -> Iterator[FilmFrame]:
        """The frames up to a step that are not shot yet; the network stands there."""
        schedule = _schedule(self._film, steps)
        while self._next < len(schedule) and schedule[self._next] <= step:
            frame = self._next
            pixels = self._reel.look(frame)
            if pixels is None:
                pixels = self._painted(picture, frame, untrained=schedule[frame] == 0)
                self._reel.keep(frame, pixels)
            self._next += 1
            yield FilmFrame(frame, len(schedule), pixels)

    def _painted(self, picture: Picture, frame: int, *, untrained: bool) -> Pixels:
        if not untrained:
            return FrameRenderer(picture).pixels(frame)
        other = build(self._scene, self._device)
        other.network.load_state_dict(self._untrained)
        return FrameRenderer(other).pixels(frame)


def _copied(picture: Picture) -> dict[str, Tensor]:
    """The weights as they are now."""
    return {name: values.clone() for name, values in picture.network.state_dict().items()}


@functools.lru_cache(maxsize=8)  # a trainer asks after every step
def _all_shown(film: Film, steps: int) -> frozenset[int]:
    return frozenset(_schedule(film, steps))


@functools.lru_cache(maxsize=8)
def _schedule(film: Film, steps: int) -> list[int]:
    """The step of a training of so many that each frame shows."""
    every, count = film.learning, max(film.frames - 1, 1)
    if isinstance(every, int):
        frames = steps // every + 1
        if frames > MAX_FRAMES:
            found = f"found a frame every {every:,} of {steps:,} steps, which are {frames:,} frames"
            raise InputError([Problem("", "film.learning", f"{found}, expected at most {MAX_FRAMES:,}")])
        return list(range(0, steps + 1, every))
    if every == "log":
        return [round(math.expm1(math.log1p(steps) * frame / count)) for frame in range(film.frames)]
    return [round(steps * frame / count) for frame in range(film.frames)]
