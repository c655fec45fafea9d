"""Children of pictures one likes: mutations of one, crossings of two; as Picbreeder and flam3 have them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from artengine.errors import InputError
from artengine.files import safe_name
from artengine.gallery.sweeps import Variation, as_argument, one_line
from artengine.making import remaking_of
from artengine.media import MAX_MEGAPIXELS
from artengine.scene import (
    SCENE_SUFFIXES,
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

STRENGTH = 0.2  # of mutations, unless said otherwise


@dataclass(frozen=True, slots=True)
class Parent:
    """The scene of a picture that has children, and what it has learnt where it is one that learns."""

    scene: Scene
    packed: bytes | None = None


def load_parent(path: Path, plugins: tuple[str, ...] = (), max_megapixels: float = MAX_MEGAPIXELS) -> Parent:
    """What children of a picture come from: the recipe in it, or a scene file.

    Raises `InputError` where it cannot have children.
    """
    packed = None
    if path.suffix in SCENE_SUFFIXES:
        work = load_work(path, plugins=plugins, max_megapixels=max_megapixels)
    else:
        again = remaking_of(path, plugins, max_megapixels)
        work, packed = again.scene, again.packed
    if isinstance(work, Montage):
        raise InputError(f"{path}: found a film of several shots, expected a picture of one scene")
    if work.training and packed is None:
        hint = "expected a picture that has: artengine run or rerun it, with --weights always"
        raise InputError(f"{path}: found what is learnt, without what it has come to; {hint}")
    if isinstance(work.lineage, Walk):
        raise InputError(f"{path}: found a walk through several seeds, expected one: --set seed=N, then mutate that")
    return Parent(work, packed)


def mutations(
    path: Path, parent: Parent, count: int, strength: float, options: Sequence[str] = ()
) -> Iterator[Variation]:
    """The picture itself, then so many mutations of it.

    options: for the commands that make them again, see `sweeps.repeat_options`. Raises `InputError` where too much has
    grown into the picture already.
    """
    name, lineage = safe_name(parent.scene.name), parent.scene.lineage
    children: list[tuple[Seed, str]] = [(lineage, f"{name}-parent")]
    much = "" if strength == STRENGTH else f"-{strength:g}"  # children of another strength stand beside these
    children += [(Mutation(lineage, by, strength), f"{name}-mutation{much}-{by}") for by in range(1, count + 1)]
    _make_child(path, parent, *children[-1], options)  # a mistake, which they share, is raised before the first
    return (_make_child(path, parent, *child, options) for child in children)


def crossings(
    paths: tuple[Path, Path], parents: tuple[Parent, Parent], count: int, options: Sequence[str] = ()
) -> Iterator[Variation]:
    """Both pictures, then so many crossings of them, each in turn giving what is not in the weights.

    options: as with `mutations`. Raises `InputError` where they are not of one scene, or as `mutations` does.
    """
    one, other = (parent.scene for parent in parents)
    contents = [_without_seed(parent.scene) for parent in parents]
    if contents[0] != contents[1]:
        differs = sorted(key for key in {*contents[0], *contents[1]} if contents[0].get(key) != contents[1].get(key))
        message = f"found scenes that differ in {', '.join(differs)}, expected two pictures of one scene"
        raise InputError(f"{paths[0]} and {paths[1]}: {message}; only their seeds are crossed")
    if parents[0].packed != parents[1].packed:
        message = "found pictures of two trainings, expected children of one: between two there is nothing"
        raise InputError(f"{paths[0]} and {paths[1]}: {message}")
    name = safe_name(one.name)
    children: list[tuple[Path, Parent, Seed, str]] = [
        (paths[0], parents[0], one.lineage, f"{name}-parent-1"),
        (paths[1], parents[1], other.lineage, f"{name}-parent-2"),
    ]
    for by in range(1, count + 1):
        pair = (one.lineage, other.lineage) if by % 2 else (other.lineage, one.lineage)
        children.append((paths[0], parents[0], Cross(pair, by), f"{name}-cross-{by}"))
    _make_child(*children[-1], options)
    return (_make_child(*child, options) for child in children)


def _make_child(path: Path, parent: Parent, lineage: Seed, name: str, options: Sequence[str]) -> Variation:
    scene = parent.scene
    seed = one_line(seed_to_plain(lineage))
    root, _ = parse_yaml(scene.text, str(path))
    mark = Mark(f"the seed {seed}")
    text = dump_yaml(set_node_at(root, ["seed"], node_from_plain(seed_to_plain(lineage), mark), mark))
    child = load_text(text, str(path), scene.name, scene.context, scene.photos)
    assert isinstance(child, Scene)  # noqa: S101 - as its parent is
    verb = "run" if path.suffix in SCENE_SUFFIXES else "rerun"
    command = shlex.join(["artengine", verb, as_argument(path), "--set", f"seed={seed}", "--name", name, *options])
    return Variation(
        scene=replace(child, name=name), name=name, seed=seed, settings={}, command=command, packed=parent.packed
    )


def _without_seed(scene: Scene) -> dict[str, Plain]:
    """What two scenes have to share so that their seeds can be crossed."""
    root, _ = parse_yaml(scene.text, scene.name)
    for key in ("seed", "outputs", "canvas", "camera", "film"):
        root = remove_node_at(root, [key])
    value = node_to_plain(root)
    return value if isinstance(value, dict) else {}
