"""What is installed and what is in a file, told in text and in JSON."""

from __future__ import annotations

import collections.abc
import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from artengine.components import Component, Option, Plugins, Registry, describe_value, kind_of, media_of
from artengine.errors import ArtengineError, InputError, did_you_mean, printable
from artengine.kinds import PLURALS, Named
from artengine.making import Recipe
from artengine.scene import Camera, Canvas, Film

if TYPE_CHECKING:
    from artengine.training import Figures

#: Where a scene has the components of a kind.
PLACES = {
    "source": "coordinates",
    "network": "network",
    "trainer": "training",
    "filter": "filters",
    "output": "outputs",
}


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
            lines += [f"  {'':<{wide}}    {line}" for line in _told(component)]
        paragraphs.append("\n".join(lines if components else [*lines, "  none"]))
    return "\n\n".join(paragraphs)


def as_json(registry: Registry, kinds: Iterable[str]) -> str:
    """The same as data: ``{kind: [{name, plugin, summary, options: [{name, type, default}]}]}``."""
    data = {PLURALS[kind]: [_component(one) for one in registry.components(kind)] for kind in kinds}
    return json.dumps(data, indent=2, default=str)  # a stranger's default may be anything


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


def contents_as_text(recipe: Recipe | None, figures: Figures | None) -> str:
    """What weights come to and what the file was made with, as comments, and the scene: a scene file itself."""
    lines = [f"# {line}" for line in _figures(figures)] if figures else []
    return "\n".join(lines) + "\n" * bool(lines) + (_recipe(recipe) if recipe else "")


def contents_as_json(recipe: Recipe | None, figures: Figures | None) -> str:
    """The same as data, in one line: the recipe, with ``weights`` beside it where the file is one of weights."""
    told = recipe.model_dump() if recipe else {}
    return json.dumps(told | ({"weights": asdict(figures)} if figures else {}))


def _figures(figures: Figures) -> Iterator[str]:
    of_weights = "" if figures.bits_per_weight is None else f", {figures.bits_per_weight:.2f} bits each"
    yield f"{figures.parameters:,} parameters in {figures.weights_bytes:,} bytes{of_weights}"
    yield f"{figures.file_bytes:,} bytes in the file"
    if figures.pixels is not None and figures.bits_per_pixel is not None:
        yield f"{figures.pixels:,} pixels learnt, {figures.bits_per_pixel:.3f} bits each"
    ends = {"{:,} steps": figures.steps, "loss {:.5g}": figures.loss, "{:.2f} dB": figures.psnr}
    ends |= {"{:.2f} dB on hidden pixels": figures.hidden}
    if told := [words.format(value) for words, value in ends.items() if value is not None]:
        yield "trained: " + ", ".join(told)


def _recipe(recipe: Recipe) -> str:
    versions = {"artengine": recipe.artengine, **recipe.versions}
    lines = [
        "# made with " + ", ".join(f"{name} {version}" for name, version in versions.items()) + f" on {recipe.device}"
    ]
    if recipe.means:
        lines.append("# painted with " + ", ".join(f"{name} {value}" for name, value in recipe.means.items()))
    lines += [f"# plugin {name} {version}" for name, version in recipe.plugins.items()]
    lines += [f"# photo {name} sha256 {photo.sha256}" for name, photo in recipe.photos.items()]
    return printable("\n".join(lines) + "\n\n" + recipe.scene.rstrip("\n")) + "\n"


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


def spelled(annotation: Any) -> str:
    """A type in the words of a scene."""
    kind, _ = kind_of(annotation)
    if word := kind or media_of(annotation):
        return word
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return ", ".join([spelled(arguments[0]), *_limits(arguments[1:])])
    if origin is Literal:
        return " or ".join(map(str, arguments))
    if origin in (list, collections.abc.Sequence):
        return f"{spelled(arguments[0])}, or a list"
    if origin is tuple:
        return f"[{', '.join('...' if one is Ellipsis else spelled(one) for one in arguments)}]"
    if arguments and (origin is Union or type(annotation).__name__ == "UnionType"):
        return " or ".join(spelled(one) for one in arguments if one is not type(None))
    return {int: "whole number", float: "number", bool: "true or false", str: "text"}.get(annotation, "value")


def _limits(metadata: Iterable[Any]) -> Iterator[str]:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    for one in metadata:
        for limit in getattr(one, "metadata", [one]):
            yield from (f"{word} {getattr(limit, name)}" for name, word in words.items() if hasattr(limit, name))


def _told(component: Component) -> list[str]:
    """A line per option, or why there is none: one that cannot be read keeps nobody from seeing the others."""
    try:
        return [*_offers(component), *(_option(option) for option in component.options)]
    except InputError as error:
        return [str(error)]


def _offers(component: Component) -> list[str]:
    return [f"offers {', '.join(component.offers)}"] if component.offers else []


def _option(option: Option) -> str:
    default = "is needed" if option.required else f"= {_default(option)}"
    return f"{option.name} {default}  ({spelled(option.annotation)})"


def _default(option: Option) -> str:
    value = option.default
    if isinstance(value, Named):
        return value.name
    if isinstance(value, bool):
        return "true" if value else "false"
    return "none" if value is None else str(describe_value(value))


def _component(component: Component) -> dict[str, Any]:
    about: dict[str, Any] = {"name": component.name, "plugin": component.plugin.name, "summary": component.summary}
    if component.offers:
        about["offers"] = list(component.offers)
    try:
        options = [
            {"name": option.name, "type": spelled(option.annotation), "needed": option.required}
            | ({} if option.required else {"default": _default_data(option)})
            for option in component.options
        ]
    except InputError as error:
        return {**about, "options": [], "broken": str(error)}
    return {**about, "options": options}


def _default_data(option: Option) -> Any:
    return option.default.name if isinstance(option.default, Named) else describe_value(option.default)
