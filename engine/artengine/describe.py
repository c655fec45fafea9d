"""What is installed and what is in a file, told in text and in JSON."""

from __future__ import annotations

import collections.abc
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from artengine.binding import describe, kind_of
from artengine.errors import ArtengineError, InputError, did_you_mean
from artengine.kinds import PLURALS, Named
from artengine.photo import Photo
from artengine.plugins import Plugins
from artengine.recipe import Recipe
from artengine.registry import Component, Option, Registry


def kind_named(word: str) -> str:
    """The kind that a word means, singular or plural.

    Raises `InputError` with a suggestion for other words.
    """
    for kind, plural in PLURALS.items():
        if word in (kind, plural):
            return kind
    raise InputError(
        f"no such kind: {word!r}{did_you_mean(word, PLURALS.values())} (kinds: {', '.join(PLURALS.values())})"
    )


def as_text(registry: Registry, kinds: Iterable[str]) -> str:
    """A paragraph per kind, a line per component, its options below it."""
    paragraphs = []
    for kind in kinds:
        lines = [PLURALS[kind]]
        components = registry.components(kind)
        wide = max((len(component.name) for component in components), default=0)
        for component in components:
            lines.append(f"  {component.name:<{wide}}  {component.summary or '-'}  [{component.plugin.name}]".rstrip())
            lines += [f"  {'':<{wide}}    {_option(option)}" for option in component.options]
        paragraphs.append("\n".join(lines if components else [*lines, "  none"]))
    return "\n\n".join(paragraphs)


def as_json(registry: Registry, kinds: Iterable[str]) -> str:
    """The same as data: ``{kind: [{name, plugin, summary, options: [{name, type, default}]}]}``."""
    return json.dumps(
        {PLURALS[kind]: [_component(one) for one in registry.components(kind)] for kind in kinds}, indent=2
    )


def plugins_as_text(plugins: Plugins) -> str:
    """A line per plugin."""
    lines = []
    for plugin in plugins.loaded:
        counts = ", ".join(
            f"{len(offer)} {PLURALS[kind] if len(offer) > 1 else kind}"
            for kind, offer in plugin.offers.items()
            if offer
        )
        lines.append(f"loaded    {plugin.name} ({plugin.origin}): {counts}")
    lines += [f"broken    {broken.name} ({broken.origin}): {broken.reason}" for broken in plugins.broken]
    lines += [f"left out  {name}" for name in plugins.blocked]
    return "\n".join(lines)


def plugins_as_json(plugins: Plugins) -> str:
    """The same as data."""
    loaded = [
        {
            "name": plugin.name,
            "origin": plugin.origin,
            "version": plugin.version,
            "bundled": plugin.bundled,
            "offers": {PLURALS[kind]: list(offer) for kind, offer in plugin.offers.items() if offer},
        }
        for plugin in plugins.loaded
    ]
    broken = [{"name": one.name, "origin": one.origin, "reason": one.reason} for one in plugins.broken]
    return json.dumps({"loaded": loaded, "broken": broken, "left_out": list(plugins.blocked)}, indent=2)


def recipe_as_text(recipe: Recipe) -> str:
    """What a file was made with, as comments, and the scene: a scene file itself."""
    versions = {"artengine": recipe.artengine, **recipe.versions}
    lines = [
        "# made with " + ", ".join(f"{name} {version}" for name, version in versions.items()) + f" on {recipe.device}"
    ]
    lines += [f"# plugin {name} {version}" for name, version in recipe.plugins.items()]
    lines += [f"# photo {name} sha256 {photo.sha256}" for name, photo in recipe.photos.items()]
    return "\n".join(_printable(line) for line in lines) + "\n\n" + recipe.scene.rstrip("\n") + "\n"


def setting_keys(scenes: Sequence[Path], plugins: Sequence[str]) -> list[str]:
    """The keys that ``--set`` takes: those of the first scene's components where it can be read, else of all."""
    from artengine.registry import default_registry
    from artengine.scene import load

    keys = ["seed", "canvas.width", "canvas.height", "camera.zoom", "camera.centre", "camera.angle", "outputs"]
    try:
        for bound in load(scenes[0], plugins=plugins).components() if scenes else []:
            if bound.path.count(".") == 1:  # a part of the scene itself
                keys += [f"{bound.path}.{option.name}" for option in bound.component.options]
        if not scenes:
            for component in default_registry(tuple(plugins)).components("network"):
                keys += [f"network.{component.name}.{option.name}" for option in component.options]
    except (ArtengineError, OSError):
        pass  # completion never complains
    return keys


def spelled(annotation: Any) -> str:
    """A type in the words of a scene."""
    kind, _ = kind_of(annotation)
    if kind or annotation is Photo:
        return kind or "photo"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return " ".join([spelled(arguments[0]), *_limits(arguments[1:])])
    if origin is Literal:
        return " or ".join(map(str, arguments))
    if origin in (list, collections.abc.Sequence):
        return f"{spelled(arguments[0])}, or a list"
    if origin is tuple:
        return f"[{', '.join(spelled(one) for one in arguments)}]"
    if arguments and (origin is Union or type(annotation).__name__ == "UnionType"):
        return " or ".join(spelled(one) for one in arguments if one is not type(None))
    return {int: "whole number", float: "number", bool: "true or false", str: "text"}.get(annotation, "value")


def _limits(metadata: Iterable[Any]) -> Iterator[str]:
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    for one in metadata:
        for limit in getattr(one, "metadata", [one]):
            yield from (f"{sign} {getattr(limit, name):g}" for name, sign in signs.items() if hasattr(limit, name))


def _option(option: Option) -> str:
    default = "needed" if option.required else f"= {_default(option)}"
    return f"{option.name}: {spelled(option.annotation)} {default}"


def _default(option: Option) -> str:
    value = option.default
    if isinstance(value, Named):
        return value.name
    if isinstance(value, bool):
        return "true" if value else "false"
    return "none" if value is None else str(describe(value))


def _component(component: Component) -> dict[str, Any]:
    return {
        "name": component.name,
        "plugin": component.plugin.name,
        "summary": component.summary,
        "options": [
            {"name": option.name, "type": spelled(option.annotation), "needed": option.required}
            | ({} if option.required else {"default": _default_data(option)})
            for option in component.options
        ],
    }


def _default_data(option: Option) -> Any:
    return option.default.name if isinstance(option.default, Named) else describe(option.default)


def _printable(line: str) -> str:
    """A line of a stranger's recipe, without what would steer a terminal."""
    return "".join(sign if sign.isprintable() else "?" for sign in line)
