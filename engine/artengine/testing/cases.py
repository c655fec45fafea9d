"""What components are tried with: their default options, sample photos, small pictures of other components."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast, get_args, get_origin

import numpy as np

from artengine.components import Component, ConfiguredComponent, union_members
from artengine.curve import Point
from artengine.errors import ArtengineError, InputError
from artengine.kinds import Frame
from artengine.media import MAX_MEGAPIXELS, Photo
from artengine.painting import Picture, build
from artengine.scene import Binder, Entries, LoadContext, Mark, Node, Scalar, Scene, SceneFiles, load_text
from artengine.testing.checks import Bench, BrokenError
from artengine.view import View

VIEW = View(width=16, height=12)
_TINY = """
canvas: {width: 16, height: 12}
network: {mlp: {width: 16, depth: 2}}
"""


def default(component: Component, bench: Bench, photos: Collection[str] = ()) -> ConfiguredComponent:
    """A component with its default options, and a sample photo for those that need one.

    photos: the names of other options that are set to the photo.
    """
    mark = Mark("test", 1, 1)
    values: dict[str, tuple[Mark, Node]] = {}
    for option in component.options:
        if option.name in photos or (option.required and _takes_photos(option.annotation)):
            values[option.name] = (mark, Scalar(mark, _write_photo(bench.folder)))
        elif option.required:
            raise BrokenError(f"{option.name!r} has no default; give it one that makes a pleasing picture")
    binder = Binder(bench.registry, SceneFiles(bench.folder))
    node = Entries(mark, {component.name: (mark, Entries(mark, values))})
    bound = binder.component(component.kind, node, component.kind)
    if bound is None:
        raise BrokenError("; ".join(map(str, binder.problems)))
    return bound


def pictures(bound: ConfiguredComponent, bench: Bench) -> Iterator[Picture]:
    """Small pictures for a trainer or an output: by the network that it brings or a plain one, then by all others.

    For an output they have been trained, as far as it can tell.
    """
    scene = cast(Scene, load_text(_TINY, "test", "test", LoadContext(bench.folder, (), MAX_MEGAPIXELS), {}))
    if bound.component.kind == "output":
        scene = replace(scene, training=next(_working("trainer", bound, bench), None))
    else:
        scene = replace(scene, training=bound)
    brought = Binder(bench.registry, SceneFiles(bench.folder)).network_of(bound)
    for network in itertools.chain([brought or scene.network], _working("network", bound, bench)):
        try:
            picture = build(replace(scene, network=network), "cpu")
        except InputError:  # it is for other coordinates
            continue
        if bound.component.kind == "output":
            picture.set_curve([Point(step, 1 / step, 10.0 + step, 0.1) for step in (1, 2, 3)])
        yield picture


def _working(kind: str, bound: ConfiguredComponent, bench: Bench) -> Iterator[ConfiguredComponent]:
    """The components of a kind that work with their default options, those of the same plugin first."""
    ours = bound.component.plugin.name
    for component in sorted(bench.registry.components(kind), key=lambda one: one.plugin.name != ours):
        with contextlib.suppress(ArtengineError, BrokenError):
            yield default(component, bench)


def with_photos(bound: ConfiguredComponent, bench: Bench) -> Iterator[ConfiguredComponent]:
    """A trainer as it is, then with a photo in each option that takes one and is left out."""
    yield bound
    for option in bound.component.options:
        if _takes_photos(option.annotation) and bound.options[option.name] is None:
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


def _takes_photos(annotation: Any) -> bool:
    """Whether an option takes a photo, or a list of them, for which one does."""
    arms = union_members(annotation)
    return Photo in arms or any(get_origin(arm) is list and Photo in union_members(get_args(arm)[0]) for arm in arms)


def _write_photo(folder: Path) -> str:
    from PIL import Image

    y, x = np.mgrid[0:24, 0:32] / 32
    pixels = np.stack((x, y, (x - y) ** 2), axis=-1) * 255
    Image.fromarray(pixels.astype(np.uint8)).save(folder / "made.png")
    return "made.png"
