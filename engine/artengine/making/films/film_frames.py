"""A film's frames in their order: from the cache, or painted, by one process or several."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from collections.abc import Collection, Generator, Iterator
from pathlib import Path
from typing import Any

from artengine.components import version_of
from artengine.errors import ArtengineError, listed
from artengine.events import Event, Note
from artengine.making.films.frame_cache import FilmFrame, FrameCache
from artengine.making.films.frame_renderer import FrameRenderer
from artengine.painting import Picture, build
from artengine.scene import (
    Film,
    Scene,
    Walk,
    node_to_plain,
    parse_yaml,
    remove_node_at,
    scene_from_json,
    scene_to_json,
)
from artengine.training import Trained, enclosed, weights
from artengine.workers import Item, Workers

MAX_ITEM_FRAMES = 8  # of a worker: starting on more costs little, with fewer the first ones come soon


def frame_cache_of(scene: Scene, out: Path, device: str, packed: bytes | None = None) -> FrameCache:
    """The cache of the frames of a scene's film; its key is a hash of all that decides what they look like.

    packed: weights that came with a recipe, which may differ from what a training comes to here.
    """
    node, _ = parse_yaml(scene.text, scene.name)
    decides = {
        "scene": node_to_plain(remove_node_at(remove_node_at(node, ["outputs"]), ["film", "still"])),
        "photos": {name: photo.sha256 for name, photo in scene.photos.items()},
        "plugins": scene.plugins,
        "engine": version_of("artengine"),
        "device": device,
    }
    if packed is not None:
        decides["weights"] = hashlib.sha256(packed).hexdigest()
    key = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
    return FrameCache(out, scene.name, key[:16])


def render_film(
    picture: Picture,
    film: Film,
    cache: FrameCache,
    *,
    trained: Trained,
    jobs: int = 1,
    only: Collection[int] | None = None,
) -> Generator[Event | FilmFrame, None, None]:
    """Give the frames of a picture's film in their order, and the events meanwhile.

    picture: with all that it has learnt; trained: where that is, for other processes. jobs: how many paint.
    only: the frames that are wanted, where it is not all.
    """
    scene, device = picture.scene, picture.device.type
    if isinstance(scene.lineage, Walk) and (unlike := picture.unlike()):
        message = (
            f"the networks of {listed(map(str, unlike))} differ from that of {scene.seed} in more than their weights"
        )
        cure = "name what a seed draws, such as nonlin: sin"
        yield Note(f"seed: {message}, so the walk passes their pictures by; {cure}")
    wanted = range(film.frames) if only is None else sorted(only)
    missing = list(cache.missing(wanted))
    if missing and len(missing) < len(wanted):
        yield Note(f"{len(wanted) - len(missing):,} of {len(wanted):,} frames are painted already")
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
        for frame in wanted:
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
            weights.load(Path(data["weights"]), picture.learnable)
            picture.take_learnt()
        _renderers[job] = FrameRenderer(picture, scene.film)
    folder, name, key = data["cache"]
    cache = FrameCache(Path(folder), name, key)
    for frame in data["frames"]:
        cache.write(frame, _renderers[job].pixels(frame))
    return len(data["frames"])
