"""Making a file again: the scene and the output of its recipe, and what of it had been learnt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artengine.errors import InputError
from artengine.making import recipe
from artengine.making.recipe import Recipe
from artengine.making.runs import Weights
from artengine.media import MAX_MEGAPIXELS
from artengine.scene import Scene, Work


@dataclass(frozen=True, slots=True)
class Remaking:
    """What a file is made again from; only, backend, weights, packed: see `make_files`.

    scene: of its recipe, with what is set. device: that it was made on. notes: what is otherwise than it was then.
    """

    scene: Work
    device: str
    only: int
    backend: Mapping[str, str]
    weights: Weights
    packed: bytes | None
    notes: tuple[str, ...]


def remaking_of(
    path: Path, plugins: tuple[str, ...] = (), max_megapixels: float = MAX_MEGAPIXELS, **settings: Any
) -> Remaking:
    """What the file at path is made again from; settings: seed, size and overrides, see `load_text`.

    Raises `InputError` as `recipe.read` and `recipe.scene_of` do.
    """
    origin = recipe.read(path)
    scene = recipe.scene_of(origin, path, plugins, max_megapixels, **settings)
    packed = origin.packed_weights() if isinstance(scene, Scene) and scene.training else None
    changed = any(settings.get(name) not in (None, [], (), {}) for name in ("seed", "size", "overrides"))
    another = packed is not None and changed and not _same_training(origin, path, plugins, scene)
    if another:
        packed = None
    notes = list(recipe.differences(origin, scene, learns=packed is None))
    if another:
        notes.append(f"what {path.name} has learnt is of another training than this, so it is learnt anew")
    only = recipe.output_of(origin, scene, path)
    weights: Weights = "never" if origin.weights is None else "auto"  # a file without them is made again without
    return Remaking(scene, origin.device, only, origin.means, weights, packed, tuple(notes))


def _same_training(origin: Recipe, path: Path, plugins: tuple[str, ...], scene: Work) -> bool:
    """Whether a scene learns the same as that of a recipe before anything was set in it.

    Both are bound here and now, so that no other version of a plugin makes a difference.
    """
    try:
        before = recipe.scene_of(origin, path, plugins, scene.context.max_megapixels)
    except InputError:
        return False
    return isinstance(before, Scene) and isinstance(scene, Scene) and before.training_key == scene.training_key
