"""Components and plugins, as text and as JSON."""

from __future__ import annotations

import collections.abc
import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from artengine.components import Component, Option, Plugins, Registry, describe_value, kind_of, media_of
from artengine.errors import InputError, did_you_mean
from artengine.kinds import PLURALS, Named


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
            lines += [f"  {'':<{wide}}    {line}" for line in _option_lines(component)]
        paragraphs.append("\n".join(lines if components else [*lines, "  none"]))
    return "\n\n".join(paragraphs)


def as_json(registry: Registry, kinds: Iterable[str]) -> str:
    """The same as data: ``{kind: [{name, plugin, summary, options: [{name, type, default}]}]}``."""
    data = {PLURALS[kind]: [_component(one) for one in registry.components(kind)] for kind in kinds}
    return json.dumps(data, indent=2, default=str)  # a third party's default may be anything


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


def spell_type(annotation: Any) -> str:
    """A type in the words of a scene."""
    kind, _ = kind_of(annotation)
    if word := kind or media_of(annotation):
        return word
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return ", ".join([spell_type(arguments[0]), *_limits(arguments[1:])])
    if origin is Literal:
        return " or ".join(map(str, arguments))
    if origin in (list, collections.abc.Sequence):
        return f"{spell_type(arguments[0])}, or a list"
    if origin is tuple:
        return f"[{', '.join('...' if one is Ellipsis else spell_type(one) for one in arguments)}]"
    if arguments and (origin is Union or type(annotation).__name__ == "UnionType"):
        return " or ".join(spell_type(one) for one in arguments if one is not type(None))
    return {int: "whole number", float: "number", bool: "true or false", str: "text"}.get(annotation, "value")


def _limits(metadata: Iterable[Any]) -> Iterator[str]:
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    for one in metadata:
        for limit in getattr(one, "metadata", [one]):
            yield from (f"{word} {getattr(limit, name)}" for name, word in words.items() if hasattr(limit, name))


def _option_lines(component: Component) -> list[str]:
    """A line per option, or why there is none: one that cannot be read keeps nobody from seeing the others."""
    try:
        return [*_offers(component), *(_option(option) for option in component.options)]
    except InputError as error:
        return [str(error)]


def _offers(component: Component) -> list[str]:
    return [f"offers {', '.join(component.offers)}"] if component.offers else []


def _option(option: Option) -> str:
    default = "is needed" if option.required else f"= {_default(option)}"
    return f"{option.name} {default}  ({spell_type(option.annotation)})"


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
            {"name": option.name, "type": spell_type(option.annotation), "needed": option.required}
            | ({} if option.required else {"default": _default_data(option)})
            for option in component.options
        ]
    except InputError as error:
        return {**about, "options": [], "broken": str(error)}
    return {**about, "options": options}


def _default_data(option: Option) -> Any:
    return option.default.name if isinstance(option.default, Named) else describe_value(option.default)
