"""Defaults of options as values: the components that they name are bound too."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from artengine.components import ComponentFactory, ConfiguredComponent, Registry, kind_of, union_members
from artengine.errors import InputError, listed
from artengine.kinds import Named


def bind_default(registry: Registry, kind: str, default: Named) -> ConfiguredComponent:
    """The component that a default names, with its options.

    Raises `InputError` where a plugin's default names or sets what is not there.
    """
    try:
        component = registry.find(kind, default.name)
    except LookupError as error:
        raise InputError(f"a default needs the {kind} {default.name!r}: {error.args[0]}") from None
    chosen = dict(default.options)
    if unknown := chosen.keys() - {one.name for one in component.options}:
        raise InputError(f"a default sets {listed(sorted(unknown))}, which the {kind} {default.name!r} does not have")
    values = {
        one.name: default_value(registry, one.annotation, chosen.get(one.name, one.default))
        for one in component.options
    }
    return ConfiguredComponent(component, values, "", default.name)


def default_value(registry: Registry, annotation: Any, default: Any) -> Any:
    """A default, with the components that it names bound; raises as `bind_default` does."""
    if isinstance(default, Named):
        for member in union_members(annotation):
            if get_origin(member) is list:
                return [default_value(registry, get_args(member)[0], default)]
            kind, fresh = kind_of(member)
            if kind:
                component = bind_default(registry, kind, default)
                return ComponentFactory(component) if fresh else component
    if isinstance(default, list):
        lists = [member for member in union_members(annotation) if get_origin(member) is list]
        inner = get_args(lists[0])[0] if lists else Any
        return [default_value(registry, inner, item) for item in default]
    return default
