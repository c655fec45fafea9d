"""From nodes to a scene: bound at its beginning, tried where what moves is least and greatest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from artengine.errors import InputError, Problem
from artengine.media import Media
from artengine.scene.binding import Binder
from artengine.scene.document import Entries, Node, Scalar
from artengine.scene.motion import EXTREMES, Film
from artengine.scene.scene import LoadContext, Motion, Scene, grammar
from artengine.scene.seeds import PlainSeed


def bind_scene(root: Node, binder: Binder) -> dict[str, Any] | None:
    """What a scene says, checked; None where there are problems, which the binder has."""
    film = root.entries["film"][1] if isinstance(root, Entries) and "film" in root.entries else None
    if film and not (isinstance(film, Scalar) and film.value is None):  # what the keys of all others are measured by
        binder.moving.film = binder.record(Film, film, "film")
        binder.moving.faulty = binder.moving.film is None
    values = _bind(root, binder)
    if values is not None and not binder.problems:
        binder.problems += _conflicts(values, root)
    if not binder.problems and binder.moving.tracks:
        for extreme in EXTREMES:
            elsewhere = binder.at(extreme)
            _bind(root, elsewhere)
            binder.problems += elsewhere.problems
    return None if binder.problems else values


def build_scene(
    values: Mapping[str, Any],
    root: Node,
    binder: Binder,
    name: str,
    text: str,
    context: LoadContext,
    photos: Mapping[str, Media],
) -> Scene:
    """The scene of what `bind_scene` gave, with the text and the photos that a recipe shows."""

    def made(said: Mapping[str, Any]) -> Scene:
        parts = {"lineage" if word == "seed" else word: value for word, value in said.items()}
        return Scene(name=name, text=text, photos=photos, context=context, motion=motion, **parts)

    def scene(time: float) -> Scene:
        elsewhere = binder.at(time)
        moved = _bind(root, elsewhere)
        if moved is None or elsewhere.problems:
            raise InputError(elsewhere.problems)
        return made(moved)

    motion = Motion(binder.moving.camera, tuple(binder.moving.tracks), scene)
    return made(values)


def _bind(root: Node, binder: Binder) -> dict[str, Any] | None:
    """What a scene says at a binder's moment, with the network that its training brings where it names none."""
    values: dict[str, Any] | None = binder.record(grammar, root, "")
    if values is None or values["network"] is not None:
        return values
    network = values["training"] and binder.brought(values["training"])
    if network is None:
        hint = "expected the name of a network, or name: {options}; or a training with a preset"
        binder.problems.append(Problem(str(root.mark), "", f"'network' is missing; {hint}"))
        return None
    return {**values, "network": network}


def _conflicts(values: Mapping[str, Any], root: Node) -> Iterator[Problem]:
    """Parts of a scene that are right, each on its own, and not together."""
    marks = {name: str(mark) for name, (mark, _) in root.entries.items()} if isinstance(root, Entries) else {}
    if values["training"] and not isinstance(values["seed"], PlainSeed):
        found = "found a seed that has grown from others in a scene with a training, expected a whole number"
        yield Problem(marks.get("seed", ""), "seed", f"{found}: what is learnt does not come from the seed alone")
    if values["film"] and values["film"].learning and not values["training"]:
        yield Problem(marks["film"], "film.learning", "found a film of the learning in a scene without a training")
    for bound in values["outputs"]:
        if bound.component.films and not values["film"]:
            hint = "add film: {length: 8s}, or choose a still output such as png"
            yield Problem(bound.where, bound.path, f"found {bound.name} in a scene without a film; {hint}")
