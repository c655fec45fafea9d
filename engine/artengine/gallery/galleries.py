"""The galleries there are: of seeds and settings, perhaps the most different of them, of mutations and of crossings."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

from artengine.errors import ArtengineError, InputError
from artengine.events import Event, GalleryReport, Note
from artengine.gallery import evolution
from artengine.gallery.builder import GalleryOptions, build_gallery
from artengine.gallery.novelty import Look, choose_varied, look_from_plain
from artengine.gallery.page import SEEDS_LINE
from artengine.gallery.sweeps import Sweep, Variation, repeat_options
from artengine.media import MAX_MEGAPIXELS
from artengine.scene import (
    Entries,
    Mark,
    Scene,
    dump_yaml,
    node_from_plain,
    parse_yaml,
    remove_node_at,
    scene_to_json,
    set_node_at,
)
from artengine.workers import Executor, Item

WALK_FILM = {"length": "12s", "fps": 30, "loop": True}  # the film through the stars of a page


def build_sweep(sweep: Sweep, options: GalleryOptions, keep: int | None = None) -> Generator[Event, None, None]:
    """Make the pictures of seeds and settings; see `build_gallery`. keep: only so many, the most different ones."""
    sweep = replace(sweep, device=options.device, metadata=options.metadata, weights=options.weights)
    count = sweep.count()
    variations: Iterator[Variation] | list[Variation] = sweep.variations()
    if keep is not None:
        if next(sweep.variations()).scene.training:
            message = "found a scene with a training, which --keep cannot look at before it is learnt"
            raise InputError(f"{sweep.path}: {message}")
        variations = yield from _choose_varied(
            sweep.variations(), count, keep, options.device, options.workers("describe_look")
        )
        count = len(variations)
    yield from build_gallery(
        sweep.path.stem, variations, count, options.workers("make_item"), options, walk=_walk_scene
    )


def build_mutations(
    file: Path,
    number: int,
    strength: float,
    options: GalleryOptions,
    *,
    plugins: tuple[str, ...] = (),
    max_megapixels: float = MAX_MEGAPIXELS,
) -> Generator[Event, None, None]:
    """Make so many mutations of a picture, beside it; see `build_gallery`."""
    parent = evolution.load_parent(file, plugins, max_megapixels)
    command_options = repeat_options(plugins, max_megapixels, options.device, options.metadata, options.weights)
    children = evolution.mutations(file, parent, number, strength, command_options)
    title = f"{file.stem} and its mutations"
    yield from build_gallery(title, children, number + 1, options.workers("make_item"), options, walk=_walk_scene)


def build_crossings(
    files: tuple[Path, Path],
    number: int,
    options: GalleryOptions,
    *,
    plugins: tuple[str, ...] = (),
    max_megapixels: float = MAX_MEGAPIXELS,
) -> Generator[Event, None, None]:
    """Make so many crossings of two pictures, beside them; see `build_gallery`."""
    one, other = (evolution.load_parent(file, plugins, max_megapixels) for file in files)
    command_options = repeat_options(plugins, max_megapixels, options.device, options.metadata, options.weights)
    children = evolution.crossings(files, (one, other), number, command_options)
    title = f"{files[0].stem} and {files[1].stem}, crossed"
    yield from build_gallery(title, children, number + 2, options.workers("make_item"), options, walk=_walk_scene)


def _choose_varied(
    variations: Iterator[Variation], count: int, keep: int, device: str, executor: Executor
) -> Generator[Event, None, list[Variation]]:
    """Look at all of them in small, and take the most different ones that are not dull."""
    by_name: dict[str, Variation] = {}

    def items() -> Iterator[Item]:
        for variation in variations:
            by_name[variation.name] = variation
            yield Item(variation.name, {"scene": scene_to_json(variation.scene), "device": device})

    looks: dict[str, Look] = {}
    with contextlib.closing(executor.work(items())) as work:
        for index, result in enumerate(work, start=1):
            if not result.error:
                looks[result.item.name] = look_from_plain(result.result)
            yield GalleryReport(index, count, result.item.name, result.error)
    names = [name for name in by_name if name in looks]
    if not names:
        raise ArtengineError("none of the pictures could be looked at")
    choice = choose_varied([looks[name] for name in names], keep)
    reasons = Counter(one.why for one in choice.dropped)
    left_out = ", ".join(f"{number:,} {why}" for why, number in reasons.most_common())
    if not choice.chosen:
        raise ArtengineError(f"none of {len(names):,} pictures is worth keeping: {left_out}")
    yield Note(f"{len(choice.chosen):,} of {len(names):,} kept; left out: {left_out or 'none'}")
    return [by_name[names[index]] for index in choice.chosen]


def _walk_scene(scene: Scene) -> str:
    """The scene as a film through several seeds, which the page fills in; nothing where what is learnt decides."""
    if scene.training:
        return ""
    root, _ = parse_yaml(scene.text, scene.name)
    if not isinstance(root, Entries):
        return ""
    mark = Mark("the page")
    for key, value in (("film", WALK_FILM), ("outputs", "mp4")):
        root = set_node_at(remove_node_at(root, [key]), [key], node_from_plain(value, mark), mark)
    rest = dump_yaml(remove_node_at(root, ["seed"]))
    return f"# A film that walks through the starred seeds, and back to the first.\n{SEEDS_LINE}\n{rest}"
