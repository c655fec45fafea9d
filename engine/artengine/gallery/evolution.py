"""Children of pictures one likes: mutations of one, crossings of two; as Picbreeder and flam3 have them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from artengine.errors import InputError
from artengine.gallery.naming import safe_name
from artengine.gallery.sweeps import Variation, as_argument, one_line
from artengine.making import recipe
from artengine.media import MAX_MEGAPIXELS
from artengine.scene import (
    Cross,
    Mark,
    Montage,
    Mutation,
    Plain,
    Scene,
    Seed,
    Walk,
    dump_yaml,
    load_text,
    load_work,
    node_from_plain,
    node_to_plain,
    parse_yaml,
    remove_node_at,
    seed_to_plain,
    set_node_at,
)


def load_parent(path: Path, plugins: tuple[str, ...] = (), max_megapixels: float = MAX_MEGAPIXELS) -> Scene:
    """The scene of a picture, from the recipe in it, or of a scene file.

    Raises `InputError` where it cannot have children.
    """
    if path.suffix in (".yaml", ".yml"):
        work = load_work(path, plugins=plugins, max_megapixels=max_megapixels)
    else:
        work = recipe.scene_of(recipe.read(path), path, plugins, max_megapixels)
    if isinstance(work, Montage):
        raise InputError(f"{path}: found a film of several shots, expected a picture of one scene")
    if work.training:
        raise InputError(f"{path}: found a picture that was learnt, expected one whose seed alone decides its network")
    if isinstance(work.lineage, Walk):
        raise InputError(f"{path}: found a walk through several seeds, expected one: --set seed=N, then mutate that")
    return work


def mutations(
    path: Path, scene: Scene, count: int, strength: float, options: Sequence[str] = ()
) -> Iterator[Variation]:
    """The picture itself, then so many mutations of it.

    options: for the commands that make them again, see `sweeps.repeat_options`. Raises `InputError` where too much has
    grown into the picture already.
    """
    name = safe_name(scene.name)
    children: list[tuple[Seed, str]] = [(scene.lineage, f"{name}-parent")]
    children += [(Mutation(scene.lineage, by, strength), f"{name}-mutation-{by}") for by in range(1, count + 1)]
    _make_child(path, scene, *children[-1], options)  # so that a mistake, which they share, is raised before the first
    return (_make_child(path, scene, *child, options) for child in children)


def crossings(
    paths: tuple[Path, Path], scenes: tuple[Scene, Scene], count: int, options: Sequence[str] = ()
) -> Iterator[Variation]:
    """Both pictures, then so many crossings of them, each in turn giving what is not in the weights.

    options: as with `mutations`. Raises `InputError` where they are not of one scene, or as `mutations` does.
    """
    one, other = scenes
    contents = [_without_seed(scene) for scene in scenes]
    if contents[0] != contents[1]:
        differs = sorted(key for key in {*contents[0], *contents[1]} if contents[0].get(key) != contents[1].get(key))
        message = f"found scenes that differ in {', '.join(differs)}, expected two pictures of one scene"
        raise InputError(f"{paths[0]} and {paths[1]}: {message}; only their seeds are crossed")
    name = safe_name(one.name)
    children: list[tuple[Path, Scene, Seed, str]] = [
        (paths[0], one, one.lineage, f"{name}-parent-1"),
        (paths[1], other, other.lineage, f"{name}-parent-2"),
    ]
    for by in range(1, count + 1):
        pair = (one.lineage, other.lineage) if by % 2 else (other.lineage, one.lineage)
        children.append((paths[0], one, Cross(pair, by), f"{name}-cross-{by}"))
    _make_child(*children[-1], options)
    return (_make_child(*child, options) for child in children)


def _make_child(path: Path, scene: Scene, lineage: Seed, name: str, options: Sequence[str]) -> Variation:
    seed = one_line(seed_to_plain(lineage))
    root, _ = parse_yaml(scene.text, str(path))
    mark = Mark(f"the seed {seed}")
    text = dump_yaml(set_node_at(root, ["seed"], node_from_plain(seed_to_plain(lineage), mark), mark))
    child = load_text(text, str(path), scene.name, scene.context, scene.photos)
    assert isinstance(child, Scene)  # noqa: S101 - as its parent is
    verb = "run" if path.suffix in (".yaml", ".yml") else "rerun"
    command = shlex.join(["artengine", verb, as_argument(path), "--set", f"seed={seed}", *options])
    return Variation(scene=replace(child, name=name), name=name, seed=seed, settings={}, command=command)


def _without_seed(scene: Scene) -> dict[str, Plain]:
    """What two scenes have to share so that their seeds can be crossed."""
    root, _ = parse_yaml(scene.text, scene.name)
    for key in ("seed", "outputs", "canvas", "camera", "film"):
        root = remove_node_at(root, [key])
    value = node_to_plain(root)
    return value if isinstance(value, dict) else {}
