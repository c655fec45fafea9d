"""Components with their options checked: frozen data that can be made live, described and walked."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from artengine.capabilities import declare
from artengine.components.plugins import constructs
from artengine.components.registry import Component
from artengine.errors import InputError, Problem
from artengine.media import Media


@dataclass(frozen=True)
class ConfiguredComponent:
    """A component with its options checked; `make` turns it into what the engine calls, or reads from."""

    component: Component
    options: Mapping[str, Any]
    where: str
    path: str

    @property
    def name(self) -> str:
        """The component's name."""
        return self.component.name

    @property
    def bundled(self) -> bool:
        """Whether it comes with the engine."""
        return self.component.plugin.bundled

    @property
    def libraries(self) -> Collection[str]:
        """The libraries on which its results depend, where they are there."""
        depends = self.component.declares.libraries
        return depends(self.options) if depends else ()

    def make(self) -> Any:
        """The component itself: a function as it stands, a class constructed; what its options name is made too.

        Raises `InputError` where a class refuses its options with a `ValueError`.
        """
        options = {name: _make_value(value) for name, value in self.options.items()}
        call = self.component.call
        weight = options.pop("weight") if self.component.kind == "loss" else 1.0
        try:
            if constructs(call) and self.component.kind != "network":
                call = call(**options)
            elif options:
                call = functools.partial(call, **options)
        except ValueError as error:
            raise self.refused(error) from error
        if weight != 1.0:
            call = declare(_weighted(call, weight), self.component.declares)
        return call

    def refused(self, error: Exception) -> InputError:
        """The error that a component raised about its options, with the place of the component in the scene."""
        return InputError([Problem(self.where, self.path, str(error))])

    def describe(self) -> dict[str, Any]:
        """Name and every option, defaults too, as plain data: equal descriptions make equal pictures."""
        return {self.name: {name: describe_value(value) for name, value in self.options.items()}}

    def decides(self, without: Collection[str] = ()) -> dict[str, Any]:
        """As `describe`, without what changes only how a picture is shown: equal ones come to equal trainings.

        without: names of options that are left out too.
        """
        left_out = {*without, *(one.name for one in self.component.options if one.shown)}
        options = {name: describe_value(value) for name, value in self.options.items() if name not in left_out}
        return {self.name: options}

    def ends(self) -> Collection[str]:
        """Of a trainer: the names of the options that say when it ends, and have no other effect on its way there."""
        ends = self.component.declares.ends
        return ends.names(self.options) if ends else ()

    def has_passed(self, state: Mapping[str, Any]) -> bool:
        """Of a trainer that says when it ends: whether a training that stands at that state may be past its end."""
        ends = self.component.declares.ends
        return ends is None or ends.passed(self.options, state)

    def walk(self) -> Iterable[ConfiguredComponent]:
        """The component itself and every one that its options name."""
        yield self
        for value in self.options.values():
            for item in value if isinstance(value, list | tuple) else [value]:
                component = item.configured if isinstance(item, ComponentFactory) else item
                if isinstance(component, ConfiguredComponent):
                    yield from component.walk()

    def media(self) -> Iterator[Media]:
        """The files that its options name, and those of the components in them."""
        for value in self.options.values():
            yield from _media_of(value)


@dataclass(frozen=True, slots=True)
class ComponentFactory:
    """A component that is made anew each time it is asked for: what ``Each[...]`` takes."""

    configured: ConfiguredComponent


def _make_value(value: Any) -> Any:
    match value:
        case ConfiguredComponent():
            return value.make()
        case ComponentFactory():
            return value.configured.make
        case list() | tuple():
            return type(value)(_make_value(item) for item in value)
    return value


def _weighted(loss: Callable[..., Any], weight: float) -> Callable[..., Any]:
    return lambda prediction, target: weight * loss(prediction, target)


def describe_value(value: Any) -> Any:
    """A bound value as plain data."""
    match value:
        case ConfiguredComponent():
            return value.describe()
        case ComponentFactory():
            return value.configured.describe()
        case Media():
            return {type(value).__name__.lower(): value.decides}
        case list() | tuple():
            return [describe_value(item) for item in value]
        case dict():
            return {str(key): describe_value(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: describe_value(getattr(value, one.name)) for one in dataclasses.fields(value)}
    return value


def _media_of(value: Any) -> Iterator[Media]:
    """The files in a bound value."""
    match value:
        case Media():
            yield value
        case ConfiguredComponent():
            yield from value.media()
        case ComponentFactory():
            yield from value.configured.media()
        case list() | tuple():
            for item in value:
                yield from _media_of(item)
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            for one in dataclasses.fields(value):
                yield from _media_of(getattr(value, one.name))
