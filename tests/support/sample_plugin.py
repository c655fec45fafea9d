"""A plugin with components of every sort, and a filter whose options are whatever a test wants to know about."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import Field

from artengine import Activation, Each, InputError, named
from artengine.components.configured import ConfiguredComponent
from artengine.components.plugins import Plugin, Plugins
from artengine.components.registry import Registry
from artengine.kinds import KINDS
from artengine.scene.binding.binder import Binder
from artengine.scene.binding.scene_files import SceneFiles
from artengine.scene.document.parsing import parse_yaml

Small = Annotated[int, Field(ge=1, le=9)]


@dataclass(frozen=True, kw_only=True)
class Corner:
    """A record among the options."""

    radius: Annotated[float, Field(gt=0)] = 1.0
    name: str = "round"

    def __post_init__(self) -> None:
        if self.name == "square" and self.radius != 1:
            raise ValueError("a square corner has no radius")


def ripple(x: Any, /, *, scale: float = 3.0) -> Any:
    """Waves."""
    return x * scale


class Drift:
    """A class among the components: it is constructed, with its options."""

    made = 0

    def __init__(self, *, speed: Annotated[float, Field(ge=0)] = 1.0) -> None:
        if speed == 13:
            raise ValueError("thirteen is unlucky; expected another speed")
        self.speed = speed
        Drift.made += 1

    def __call__(self, x: Any, /) -> Any:
        return x + self.speed


class Faster(Drift):
    """Its options are inherited."""


def twice(x: Any, /, *, inner: Each[Activation] = named("drift")) -> Any:
    """An activation that takes another."""
    return inner()(inner()(x))


def weighed(prediction: Any, target: Any, /) -> Any:
    return abs(prediction - target)


def taker(**kinds: Any) -> Callable[..., Any]:
    """A filter whose options have these annotations, or (annotation, default)."""
    given = {name: kind if isinstance(kind, tuple) else (kind, dataclasses.MISSING) for name, kind in kinds.items()}
    words = [
        f"{name}" + ("" if default is dataclasses.MISSING else f"=_{name}") for name, (_, default) in given.items()
    ]
    space: dict[str, Any] = {f"_{name}": default for name, (_, default) in given.items()}
    exec(f"def take(image, /, *, {', '.join(words)}):\n    return dict(locals(), image=image)", space)  # as a plugin
    space["take"].__annotations__ = {name: annotation for name, (annotation, _) in given.items()}
    return space["take"]  # type: ignore[no-any-return]


def registry(**more: Mapping[str, Callable[..., Any]]) -> Registry:
    offers: dict[str, dict[str, Callable[..., Any]]] = {kind: {} for kind in KINDS}
    offers["activation"] = {
        "ripple": ripple, "drift": Drift, "faster": Faster, "sin": torch.sin, "double": lambda x: 2 * x,
        "triple": functools.partial(ripple, scale=3.0), "slow": functools.partial(Drift, speed=0.5),
        "gelu": torch.nn.GELU, "open": lambda x, *, by=1: x * by,
        "twice": twice,
    }  # fmt: skip
    offers["loss"] = {"weighed": weighed, "squared": lambda prediction, target: (prediction - target) ** 2}
    for kind, components in more.items():
        offers[kind] |= components
    return Registry(Plugins((Plugin("mine", "mine.py", "1", False, offers),), (), ()))


def bind(text: str, kind: str = "filter", folder: Path | None = None, **kinds: Any) -> ConfiguredComponent:
    """The text bound as a component; kinds: the options of the filter ``take``."""
    offers = {"filter": {"take": taker(**kinds)}} if kinds else {}
    node, problems = parse_yaml(text, "s")
    binder = Binder(registry(**offers), SceneFiles(folder or Path()))
    bound = binder.component(kind, node, kind)
    if bound is None or problems or binder.problems:
        raise InputError([*problems, *binder.problems])
    return bound


def value(annotation: Any, text: str, **options: Any) -> Any:
    """What an option of this annotation becomes."""
    return bind(f"take: {{x: {text}}}", x=annotation, **options).make()("image")["x"]
