"""What components are tried with: their default options, sample photos, small pictures of other components."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast, get_args, get_origin

import numpy as np

from artengine.components import Component, ConfiguredComponent, kind_of, union_members
from artengine.curve import Point
from artengine.errors import ArtengineError, InputError
from artengine.kinds import Frame
from artengine.media import MAX_MEGAPIXELS, Photo, PhotoFolder
from artengine.painting import Picture, build
from artengine.scene import Binder, Entries, LoadContext, Mark, Node, Scalar, Scene, SceneFiles, load_text
from artengine.testing.checks import Bench, BrokenError
from artengine.view import View

VIEW = View(width=16, height=12)
_MARK = Mark("test", 1, 1)
_TINY = """
canvas: {width: 16, height: 12}
network: {mlp: {width: 16, depth: 2}}
"""


def default(component: Component, bench: Bench, photos: Collection[str] = ()) -> ConfiguredComponent:
    """A component with its default options, and sample photos for those that need some.

    photos: the names of other options that are set to them.
    """
    binder = Binder(bench.registry, SceneFiles(bench.folder))
    bound = binder.component(component.kind, _named(component, bench, photos), component.kind)
    if bound is None:
        raise BrokenError("; ".join(map(str, binder.problems)))
    return bound


def _named(component: Component, bench: Bench, photos: Collection[str] = ()) -> Node:
    """What a scene says for `default`."""
    values: dict[str, tuple[Mark, Node]] = {}
    for option in component.options:
        if option.required or option.name in photos:
            sample = _sample(option.annotation, component, bench)
            if sample is None:
                raise BrokenError(f"{option.name!r} has no default; give it one that makes a pleasing picture")
            values[option.name] = (_MARK, sample)
    return Entries(_MARK, {component.name: (_MARK, Entries(_MARK, values))})


def _sample(annotation: Any, component: Component, bench: Bench) -> Node | None:
    """What a scene says for photos where an option takes them: a file, a folder of them, or a dataset that works."""
    arms = _arms(annotation)
    if Photo in arms:
        return Scalar(_MARK, _write_photo(bench.folder))
    if PhotoFolder in arms:
        return Scalar(_MARK, _write_photos(bench.folder))
    if any(kind_of(arm)[0] == "dataset" for arm in arms):
        found = next(_working("dataset", component, bench), None)
        return _named(found.component, bench) if found else None
    return None


def pictures(bound: ConfiguredComponent, bench: Bench) -> Iterator[Picture]:
    """Small pictures for a trainer or an output: by the network that it brings or a plain one, then by all others.

    For an output they have been trained, as far as it can tell.
    """
    scene = cast(Scene, load_text(_TINY, "test", "test", LoadContext(bench.folder, (), MAX_MEGAPIXELS), {}))
    if bound.component.kind == "output":
        scene = replace(scene, training=next(_working("trainer", bound.component, bench), None))
    else:
        scene = replace(scene, training=bound)
    brought = Binder(bench.registry, SceneFiles(bench.folder)).network_of(bound)
    for network in itertools.chain([brought or scene.network], _working("network", bound.component, bench)):
        try:
            picture = build(replace(scene, network=network), "cpu")
        except InputError:  # it is for other coordinates
            continue
        if bound.component.kind == "output":
            picture.set_curve([Point(step, 1 / step, 10.0 + step, 0.1) for step in (1, 2, 3)])
        yield picture


def _working(kind: str, beside: Component, bench: Bench) -> Iterator[ConfiguredComponent]:
    """The components of a kind that work with their default options, those of the same plugin first."""
    ours = beside.plugin.name
    for component in sorted(bench.registry.components(kind), key=lambda one: one.plugin.name != ours):
        with contextlib.suppress(ArtengineError, BrokenError):
            yield default(component, bench)


def with_photos(bound: ConfiguredComponent, bench: Bench) -> Iterator[ConfiguredComponent]:
    """A trainer as it is, then with photos in each option that takes some and is left out."""
    yield bound
    for option in bound.component.options:
        if bound.options[option.name] is None and _sample(option.annotation, bound.component, bench):
            yield default(bound.component, bench, [option.name])


def small_image() -> np.ndarray[Any, Any]:
    """An image for filters and films: (12, 16, 3) float32 in [0, 1]."""
    y, x = np.mgrid[0:12, 0:16] / np.float32(16)
    return np.stack((x, y, x * y), axis=-1).astype(np.float32)


def frames_for(bound: ConfiguredComponent, bench: Bench) -> Iterator[list[Frame]]:
    """What an output can be given: a film, or a still, by one network after the other."""
    if bound.component.films:
        yield [Frame(view=VIEW, image=small_image())] * 3
        return
    for picture in pictures(bound, bench):
        yield [Frame(view=picture.scene.view, image=picture.paint(), picture=picture)]


def _arms(annotation: Any) -> list[Any]:
    """What an option takes, alone or in a list, for which one does."""
    arms = union_members(annotation)
    return [*arms, *(one for arm in arms if get_origin(arm) is list for one in union_members(get_args(arm)[0]))]


def _write_photo(folder: Path, name: str = "made.png", turns: int = 0) -> str:
    from PIL import Image

    y, x = np.mgrid[0:24, 0:32] / 32
    pixels = np.rot90(np.stack((x, y, (x - y) ** 2), axis=-1) * 255, turns)
    Image.fromarray(pixels.astype(np.uint8)).save(folder / name)
    return name


def _write_photos(folder: Path) -> str:
    """A folder of four photos."""
    (folder / "made").mkdir(exist_ok=True)
    for turns in range(4):
        _write_photo(folder / "made", f"{turns}.png", turns)
    return "made"
