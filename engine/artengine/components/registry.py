"""Name to component, with the plugin it came from and the options its signature declares."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import Field

from artengine.capabilities import CAPABILITIES, Declarations, declarations_of
from artengine.components.plugins import Plugin, Plugins, load_plugins
from artengine.errors import InputError, did_you_mean, listed, quoted
from artengine.kinds import KINDS, Named, shown

#: The default of an option that has none.
REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Option:
    """What a scene may set: its name, type and default."""

    name: str
    annotation: Any
    default: Any

    @property
    def required(self) -> bool:
        """Whether a scene has to set it."""
        return self.default is REQUIRED

    @property
    def shown(self) -> bool:
        """Whether it changes only how a picture is shown."""
        return get_origin(self.annotation) is Annotated and shown in get_args(self.annotation)[1:]


#: Options that every component of a kind has without declaring them.
COMMON: Mapping[str, tuple[Option, ...]] = {"loss": (Option("weight", Annotated[float, Field(ge=0)], 1.0),)}


@dataclass(frozen=True)
class Component:
    """A callable with a name, from a plugin."""

    kind: str
    name: str
    call: Callable[..., Any]
    plugin: Plugin

    @functools.cached_property
    def options(self) -> tuple[Option, ...]:
        """What a scene may set.

        Raises `InputError` where the signature of a plugin's component cannot be read.
        """
        try:
            declared = declared_options(self.call)
        except (NameError, SyntaxError, TypeError, AttributeError) as error:
            hint = "; import an option's type outside of TYPE_CHECKING" if isinstance(error, NameError) else ""
            reason = f"its signature cannot be read: {error}{hint}"
            raise InputError(f"plugin {self.plugin.name!r}: {self.kind} {self.name!r}: {reason}") from error
        common = COMMON.get(self.kind, ())
        if twice := {one.name for one in declared} & {one.name for one in common}:
            reason = f"it declares {listed(sorted(twice))}, which every {self.kind} has without declaring it"
            raise InputError(f"plugin {self.plugin.name!r}: {self.kind} {self.name!r}: {reason}")
        return declared + common

    @property
    def engines(self) -> tuple[str, ...]:
        """The names of the parameters that are the engine's, those that stand before the ``*``."""
        return tuple(one.name for one in _signature(self.call) if one.kind is not one.KEYWORD_ONLY)

    @property
    def declares(self) -> Declarations:
        """What it declares of itself besides its signature."""
        return declarations_of(self.call)

    @property
    def films(self) -> bool:
        """Whether it is an output that takes a film."""
        return self.declares.films

    def brings(self, options: Mapping[str, Any]) -> Named | None:
        """The network that comes with a trainer of these options, if one does."""
        network = self.declares.network
        brought: Named | None = network(options) if network else None
        return brought

    @property
    def patches(self) -> bool:
        """Whether it is a loss that compares patches."""
        return self.declares.patches

    @property
    def offers(self) -> tuple[str, ...]:
        """What the modules of a network maker can do, by the attributes that they have then."""
        return tuple(name for name, one in CAPABILITIES.items() if one in self.declares.offers)

    @property
    def writes(self) -> tuple[str, ...]:
        """How the names of an output's files end, as far as it declares that."""
        return self.declares.writes or ()

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return inspect.cleandoc(_unwrap_partial(self.call).__doc__ or "").partition("\n")[0]


class Registry:
    """All components of some plugins."""

    def __init__(self, plugins: Plugins) -> None:
        self.plugins = plugins
        self._components: dict[str, dict[str, Component]] = {kind: {} for kind in KINDS}
        for plugin in plugins.loaded:
            for kind, offer in plugin.offers.items():
                for name, call in offer.items():
                    self._add(Component(kind, name, call, plugin))

    def _add(self, component: Component) -> None:
        names = self._components[component.kind]
        if earlier := names.get(component.name):
            first, second = earlier.plugin, component.plugin
            remedy = "" if first.version.startswith("sha256:") else f" with -p no:{first.name}"
            raise InputError(
                f"the {component.kind} {component.name!r} is given twice: by plugin {first.name!r} ({first.origin}) "
                f"and by plugin {second.name!r} ({second.origin}); leave one out{remedy}"
            )
        names[component.name] = component

    def names(self, kind: str) -> list[str]:
        """The names of a kind, in the order in which the plugins give them."""
        return list(self._components[kind])

    def components(self, kind: str) -> list[Component]:
        """The components of a kind, in the same order."""
        return list(self._components[kind].values())

    def find(self, kind: str, name: str, besides: Sequence[str] = ()) -> Component:
        """The component of that name; besides: other words that could have stood there.

        Raises `LookupError` with a message that names what is near and which plugins are missing.
        """
        names = self._components[kind]
        if name in names:
            return names[name]
        words = [*besides, *names]
        message = f"found {quoted(name)}, expected {with_article(kind)}{did_you_mean(name, words)}"
        if message[-1] != "?":
            others = [other for other in KINDS if name in self._components[other]]
            known = f" (there are {listed(words) or 'none'}; a plugin's file is named with -p FILE.py)"
            message += f"; {name!r} is {with_article(others[0])}" if others else known
        if self.plugins.broken:
            aside = "; ".join(f"plugin {one.name!r} is set aside: {one.reason}" for one in self.plugins.broken)
            message += f" ({aside})"
        if self.plugins.blocked:
            message += f" (left out: {', '.join(self.plugins.blocked)})"
        raise LookupError(message)


def with_article(kind: str) -> str:
    """The kind with its article, ``an output``."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def default_registry(words: tuple[str, ...] = ()) -> Registry:
    """The registry of all installed plugins and the ones the user names, see `load_plugins`.

    It is kept, and made anew where one of the files has changed.
    """
    return cached_registry(words, tuple(map(_stamp, words)))


@functools.lru_cache(maxsize=8)
def cached_registry(words: tuple[str, ...], stamps: tuple[object, ...]) -> Registry:
    """The registry of plugins by their words; stamps: of their files, which change with them."""
    return Registry(load_plugins(words))


def _stamp(word: str) -> object:
    try:
        about = os.stat(word)  # noqa: PTH116 - a word need not be a path
    except (OSError, ValueError):
        return None
    return about.st_dev, about.st_ino, about.st_mtime_ns, about.st_size


def declared_options(call: Callable[..., Any]) -> tuple[Option, ...]:
    """The keyword-only parameters of a callable: what it declares after ``*``."""
    keywords = [one for one in _signature(call) if one.kind is one.KEYWORD_ONLY]

    def declared() -> None:
        """Carries only the options' annotations; the others may name what is imported for type checkers alone."""

    declared.__annotations__ = {one.name: one.annotation for one in keywords if one.annotation is not REQUIRED}
    types = get_type_hints(declared, globalns=_globals(call), include_extras=True) if keywords else {}
    return tuple(Option(one.name, types.get(one.name, Any), one.default) for one in keywords)


def _signature(call: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(call).parameters.values())
    except ValueError:  # a builtin, such as torch.sin: it has no options
        return []


def _unwrap_partial(call: Callable[..., Any]) -> Callable[..., Any]:
    """What a partial is a part of."""
    while isinstance(call, functools.partial):
        call = call.func
    return call


def _globals(call: Callable[..., Any]) -> dict[str, Any]:
    """The names that the annotations of a callable were written with."""
    target = inspect.unwrap(_unwrap_partial(call))
    if isinstance(target, type):
        init = inspect.getattr_static(target, "__init__")  # which may be inherited from another module
        return {**vars(sys.modules[target.__module__]), **getattr(init, "__globals__", {})}
    for function in (target, getattr(target, "__func__", None), type(target).__call__):
        if names := getattr(function, "__globals__", None):
            return dict(names)
    return {}  # a builtin
