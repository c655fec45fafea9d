"""What a shell completes: the keys that ``--set`` takes."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from artengine.components import Component
from artengine.errors import ArtengineError
from artengine.scene import Camera, Canvas, Film

#: Where a scene has the components of a kind.
PLACES = {
    "source": "coordinates",
    "network": "network",
    "trainer": "training",
    "filter": "filters",
    "output": "outputs",
}


def setting_keys(scenes: Sequence[Path], plugins: Sequence[str]) -> list[str]:
    """The keys that ``--set`` takes: those of the first scene's components where it can be read, else of all."""
    keys = [
        "seed",
        *(f"canvas.{one.name}" for one in fields(Canvas)),
        *(f"camera.{one.name}" for one in fields(Camera)),
        *(f"film.{one.name}" for one in fields(Film)),
    ]
    keys += ["coordinates", "network", "training", "filters", "outputs"]
    for place, component in _places(scenes, tuple(plugins)):
        with contextlib.suppress(ArtengineError):  # completion never complains
            keys += [f"{place}.{option.name}" for option in component.options]
    return keys


def _places(scenes: Sequence[Path], plugins: tuple[str, ...]) -> list[tuple[str, Component]]:
    """Components with the places that they have in the first scene, or could have where it cannot be read."""
    from artengine.components import default_registry
    from artengine.scene import load

    with contextlib.suppress(ArtengineError, OSError, IndexError):
        bounds = load(scenes[0], plugins=plugins).components()
        return [(bound.path, bound.component) for bound in bounds if bound.path.count(".") == 1]
    with contextlib.suppress(ArtengineError, OSError):
        registry = default_registry(plugins)
        return [(f"{place}.{one.name}", one) for kind, place in PLACES.items() for one in registry.components(kind)]
    return []
