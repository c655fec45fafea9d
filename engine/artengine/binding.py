"""Nodes and signatures to values: every option found, checked and placed, every problem reported with its place.

A component is resolved by its name first, then its options are checked by a pydantic model made from its signature;
so there are no unions, and the messages stay plain.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from artengine.document import Entries, Faulty, Items, Mark, Node, Scalar
from artengine.errors import InputError, Problem, did_you_mean, listed
from artengine.kinds import KINDS, Named
from artengine.photo import MAX_MEGAPIXELS, Photo, open_photo
from artengine.registry import Component, Option, Registry, options

_KIND_OF: Mapping[Any, str] = {protocol: kind for kind, protocol in KINDS.items()}


@dataclass(frozen=True)
class Bound:
    """A component with its options checked; `make` turns it into what the engine calls."""

    component: Component
    options: Mapping[str, Any]
    where: str
    path: str

    @property
    def name(self) -> str:
        """The component's name."""
        return self.component.name

    def make(self) -> Callable[..., Any]:
        """The callable itself: a function as it stands, a class constructed; what its options name is made too.

        Raises `InputError` where a class refuses its options with a `ValueError`.
        """
        given = {name: _made(value) for name, value in self.options.items()}
        call = self.component.call
        weight = given.pop("weight") if self.component.kind == "loss" else 1.0
        try:
            if isinstance(call, type) and self.component.kind != "network":
                call = call(**given)
            elif given:
                call = functools.partial(call, **given)
        except ValueError as error:
            raise self.refused(error) from error
        return call if weight == 1.0 else _weighted(call, weight)

    def refused(self, error: Exception) -> InputError:
        """The error that a component raised about its options, with the place of the component in the scene."""
        return InputError([Problem(self.where, self.path, str(error))])

    def describe(self) -> dict[str, Any]:
        """Name and every option, defaults too, as plain data: equal descriptions make equal pictures."""
        return {self.name: {name: describe(value) for name, value in self.options.items()}}

    def walk(self) -> Iterable[Bound]:
        """The component itself and every one that its options name."""
        yield self
        for value in self.options.values():
            for item in value if isinstance(value, list | tuple) else [value]:
                bound = item.bound if isinstance(item, Fresh) else item
                if isinstance(bound, Bound):
                    yield from bound.walk()


@dataclass(frozen=True, slots=True)
class Fresh:
    """A component that is made anew each time it is asked for: what ``Each[...]`` takes."""

    bound: Bound


def _made(value: Any) -> Any:
    match value:
        case Bound():
            return value.make()
        case Fresh():
            return value.bound.make
        case list() | tuple():
            return type(value)(_made(item) for item in value)
    return value


def _weighted(loss: Callable[..., Any], weight: float) -> Callable[..., Any]:
    return lambda prediction, target: weight * loss(prediction, target)


def describe(value: Any) -> Any:
    """A bound value as plain data."""
    match value:
        case Bound():
            return value.describe()
        case Fresh():
            return value.bound.describe()
        case Photo():
            return {"photo": value.sha256}
        case list() | tuple():
            return [describe(item) for item in value]
        case dict():
            return {str(key): describe(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: describe(getattr(value, one.name)) for one in dataclasses.fields(value)}
    return value


# ---------------------------------------------------------------------------------------------------------------------
# annotations


#: Stands for "$ref" until the schema is whole: pydantic would look the reference up at once.
REFERENCE = "x-ref"


@dataclass(frozen=True, slots=True)
class _Slot:
    """Marks where a model takes what the binder has made already: a component, a photo, a dataclass, a list."""

    schema: tuple[tuple[str, str], ...]

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, str]:
        return dict(self.schema)


@dataclass(frozen=True, slots=True)
class _OneWillDo:
    """Marks a list: in a scene, one value does for a list of one."""

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        schema = handler(core)
        return {"anyOf": [schema["items"], schema]} if "items" in schema else schema


def kind_of(annotation: Any) -> tuple[str | None, bool]:
    """The kind of component an annotation takes, if any, and whether it wants a fresh one each time."""
    if get_origin(annotation) is collections.abc.Callable and get_args(annotation)[:-1] == ([],):
        inner = get_args(annotation)[-1]
        return _KIND_OF.get(inner), True
    try:
        return _KIND_OF.get(annotation), False
    except TypeError:  # not hashable, so not one of ours
        return None, False


def _arms(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or the annotation alone."""
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def _is_record(annotation: Any) -> bool:
    return isinstance(annotation, type) and dataclasses.is_dataclass(annotation) and annotation is not Photo


def _words(annotation: Any) -> list[Any]:
    """The literal values among a union's members."""
    return [value for arm in _arms(annotation) if get_origin(arm) is Literal for value in get_args(arm)]


def _field(annotation: Any) -> Any:
    """The annotation with a slot wherever the binder makes the value, for pydantic to check the rest."""
    kind, _ = kind_of(annotation)
    if kind:
        return Annotated[Any, _Slot(((REFERENCE, f"#/definitions/{kind}"),))]
    if annotation is Photo:
        return Annotated[Any, _Slot((("type", "string"), ("description", "path of a photo, relative to the scene")))]
    if _is_record(annotation):
        return Annotated[Any, _Slot(((REFERENCE, f"#/definitions/{annotation.__name__.lower()}"),))]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return Annotated[(_field(arguments[0]), *arguments[1:])]
    if origin is list:
        return Annotated[list[_field(arguments[0])], _OneWillDo()]  # type: ignore[misc]
    if origin in (Union, types.UnionType):
        return Union[tuple(_field(arm) for arm in arguments)]  # noqa: UP007 - built from a tuple
    return annotation


@functools.lru_cache(maxsize=4096)
def model_of(fields: tuple[tuple[str, Any], ...]) -> type[BaseModel]:
    """The pydantic model that checks options of these names and types."""
    definitions: dict[str, Any] = {name: (_field(annotation), ...) for name, annotation in fields}
    config = ConfigDict(
        extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=(), arbitrary_types_allowed=True
    )
    return create_model("Options", __config__=config, **definitions)


# ---------------------------------------------------------------------------------------------------------------------
# binding

_BAD = object()  # stands for a value whose problem has been reported


class Binder:
    """Binds one scene; keeps going after a problem, so that all of them are reported at once.

    folder: where the scene stands; photos are looked for there and below. photos: what a recipe knows of photos that
    are elsewhere, by the name they have in the scene.
    """

    def __init__(
        self,
        registry: Registry,
        folder: Path,
        *,
        photos: Mapping[str, Photo] | None = None,
        max_megapixels: float = MAX_MEGAPIXELS,
    ) -> None:
        self.registry = registry
        self.folder = folder
        self.photos = dict(photos or {})
        self.given: set[str] = set()  # the photos that the command line named
        self.max_megapixels = max_megapixels
        self.problems: list[Problem] = []

    def record(self, target: Callable[..., Any], node: Node, path: str) -> Any:
        """A dataclass filled from a mapping; None where there are problems."""
        values = self._options(options(target), node, path)
        if values is None:
            return None
        try:
            return target(**values)
        except ValueError as error:
            self._report(node.mark, path, str(error))
            return None

    def component(self, kind: str, node: Node, path: str, besides: Iterable[Any] = ()) -> Bound | None:
        """The component that a node names, with its options; None where there are problems."""
        name, mark, inner = self._name(kind, node, path)
        if name is None:
            return None
        try:
            component = self.registry.find(kind, name, [str(word) for word in besides])
            declared = component.options
        except LookupError as error:
            self._report(mark, path, str(error.args[0]))
            return None
        below = f"{path}.{name}"
        values = self._options(declared, inner, below)
        return None if values is None else Bound(component, values, str(mark), below)

    def _name(self, kind: str, node: Node, path: str) -> tuple[str | None, Mark, Node]:
        match node:
            case Faulty():
                return None, node.mark, node
            case Scalar(value=str(name)):
                return name, node.mark, Entries(node.mark)
            case Entries() if len(node.entries) == 1:
                [(name, (mark, inner))] = node.entries.items()
                return name, mark, inner
            case Entries() if node.entries:
                names = list(node.entries)
                mark = list(node.entries.values())[1][0]
                hint = "keep one of them" if mark.line else f"--set {path}={names[1]} replaces what the scene has"
                self._report(mark, path, f"found {listed(map(repr, names))}, expected one {kind}; {hint}")
            case _:
                self._report(
                    node.mark, path, f"found {_seen(node)}, expected the name of a {kind}, or name: {{options}}"
                )
        return None, node.mark, node

    def _options(self, declared: tuple[Option, ...], node: Node, path: str) -> dict[str, Any] | None:
        """Values for all options: what the scene says, checked, and defaults for the rest."""
        before = len(self.problems)
        if isinstance(node, Scalar) and node.value is None:
            node = Entries(node.mark)
        if not isinstance(node, Entries):
            if not isinstance(node, Faulty):
                names = listed(option.name for option in declared) or "none"
                self._report(node.mark, path, f"found {_seen(node)}, expected a mapping of options ({names})")
            return None
        by_name = {option.name: option for option in declared}
        given: dict[str, Any] = {}
        for name, (mark, value) in node.entries.items():
            here = f"{path}.{name}" if path else name
            if name not in by_name:
                message = f"no such option{did_you_mean(name, by_name)}"
                self._report(
                    mark, here, message if message[-1] == "?" else f"{message} (options: {listed(by_name) or 'none'})"
                )
                continue
            given[name] = self._prepare(by_name[name].annotation, value, here)
        for option in declared:
            if option.required and option.name not in node.entries:
                self._report(node.mark, path, f"{option.name!r} is missing; expected {_expected(option.annotation)}")
        good = {name: value for name, value in given.items() if value is not _BAD}
        checked = self._check(by_name, good, node, path)
        if len(self.problems) > before or len(good) < len(given):
            return None
        return {
            option.name: checked[option.name] if option.name in checked else self._default(option)
            for option in declared
        }

    def _check(self, by_name: Mapping[str, Option], good: dict[str, Any], node: Entries, path: str) -> dict[str, Any]:
        """What pydantic says to the values, its complaints in our words and with their places."""
        model = model_of(tuple((name, by_name[name].annotation) for name in good))
        try:
            checked = model.model_validate(good)
        except ValidationError as error:
            seen: set[str] = set()
            for one in error.errors():
                place, at = _find(node, one["loc"])
                below = ".".join([*([path] if path else []), *at])
                message = f"found {_seen(place)}, expected {_wanted(one, place)}"
                if below not in seen:  # the members of a union each complain; the first is the plainest
                    self._report(place.mark, below, message)
                seen.add(below)
            return {}
        return {name: getattr(checked, name) for name in good}

    def _default(self, option: Option) -> Any:
        return self._named(option.annotation, option.default)

    def _named(self, annotation: Any, default: Any) -> Any:
        """A default, with the components that it names bound.

        Raises `InputError` where a plugin's default names what is not there.
        """
        if isinstance(default, Named):
            for arm in _arms(annotation):
                if get_origin(arm) is list:
                    return [self._named(get_args(arm)[0], default)]
                kind, fresh = kind_of(arm)
                if kind:
                    bound = self._bind_default(kind, default)
                    return Fresh(bound) if fresh else bound
        if isinstance(default, list):
            arm = next(arm for arm in _arms(annotation) if get_origin(arm) is list)
            return [self._named(get_args(arm)[0], item) for item in default]
        return default

    def _bind_default(self, kind: str, default: Named) -> Bound:
        try:
            component = self.registry.find(kind, default.name)
        except LookupError as error:
            raise InputError(f"a default needs the {kind} {default.name!r}: {error.args[0]}") from None
        chosen = dict(default.options)
        values = {one.name: chosen[one.name] if one.name in chosen else self._default(one) for one in component.options}
        return Bound(component, values, "", default.name)

    def _prepare(self, annotation: Any, node: Node, path: str, besides: Iterable[Any] = ()) -> Any:
        """The node as what the annotation takes, components and photos bound; `_BAD` where that failed.

        besides: words that could have stood there too, for a message that suggests something.
        """
        if isinstance(node, Faulty):
            return _BAD
        if get_origin(annotation) is Annotated:
            return self._prepare(get_args(annotation)[0], node, path, besides)
        words = _words(annotation)
        if isinstance(node, Scalar) and (
            node.value in words or (node.value is None and type(None) in _arms(annotation))
        ):
            return node.value
        arms = [arm for arm in _arms(annotation) if arm is not type(None) and get_origin(arm) is not Literal]
        if len(arms) != 1:
            return self._plain(node)
        return self._value(arms[0], node, path, [*besides, *words])

    def _value(self, annotation: Any, node: Node, path: str, words: list[Any]) -> Any:
        kind, fresh = kind_of(annotation)
        if kind:
            bound = self.component(kind, node, path, words)
            return _BAD if bound is None else Fresh(bound) if fresh else bound
        if annotation is Photo:
            return self._photo(node, path)
        if _is_record(annotation):
            record = self.record(annotation, node, path)
            return _BAD if record is None else record
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is list:
            items = node.items if isinstance(node, Items) else (node,)
            places = [f"{path}.{i}" if isinstance(node, Items) else path for i in range(len(items))]
            values = [
                self._prepare(arguments[0], item, place, words) for item, place in zip(items, places, strict=True)
            ]
            return _BAD if _BAD in values else values
        if origin is tuple:
            if isinstance(node, Items) and len(node.items) == len(arguments):
                return tuple(self._plain(item) for item in node.items)
            message = f"found {_seen(node)}, expected a list of {len(arguments)} numbers"
            return self._bad(node, path, message)
        return self._plain(node)

    def _plain(self, node: Node) -> Any:
        match node:
            case Scalar():
                return node.value
            case Items():
                return [self._plain(item) for item in node.items]
            case Entries():
                return {key: self._plain(value) for key, (_, value) in node.entries.items()}
        return _BAD

    def _photo(self, node: Node, path: str) -> Any:
        """The photo that a node names: below the scene's folder, or wherever the person at the keyboard says."""
        if not (isinstance(node, Scalar) and isinstance(node.value, str) and node.value):
            return self._bad(node, path, f"found {_seen(node)}, expected the path of a photo")
        if node.value in self.photos:
            return self.photos[node.value]
        try:
            if not node.mark.line:
                self.given.add(node.value)
            place = self._locate(node.value, from_scene=bool(node.mark.line))
            photo = open_photo(place, node.value, self.max_megapixels)
        except ValueError as error:
            return self._bad(node, path, str(error))
        self.photos[node.value] = photo
        return photo

    def _locate(self, name: str, *, from_scene: bool) -> Path:
        if "\0" in name:
            raise ValueError("found a NUL in a path, expected the path of a photo")
        if not from_scene:
            return Path(name).expanduser()
        folder = self.folder.resolve()
        place = (folder / name).resolve()
        if not place.is_relative_to(folder):
            hint = "put it beside the scene, or name it yourself with --set"
            raise ValueError(f"found {name!r}, which lies outside the scene's folder; {hint}")
        return place

    def _bad(self, node: Node, path: str, message: str) -> Any:
        self._report(node.mark, path, message)
        return _BAD

    def _report(self, mark: Mark, path: str, message: str) -> None:
        where = str(mark)
        # an option of the command line names its place already
        named = not mark.line and where.startswith("--set ") and where.removeprefix("--set ").startswith(f"{path}=")
        self.problems.append(Problem(where, "" if named else path, message))


# ---------------------------------------------------------------------------------------------------------------------
# words


def _find(node: Node, loc: Iterable[int | str]) -> tuple[Node, list[str]]:
    """The node that a pydantic location means, as near as it can be found, and the keys that lead there."""
    at: list[str] = []
    for step in loc:
        if isinstance(node, Entries) and step in node.entries:
            node = node.entries[str(step)][1]
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            break
        at.append(str(step))
    return node, at


def _seen(node: Node) -> str:
    match node:
        case Scalar(value=None):
            return "nothing"
        case Scalar(value=bool(value)):
            return "true" if value else "false"
        case Scalar(value=str(value)):
            return f"the text {value[:60]!r}" + ("..." if len(value) > 60 else "")
        case Scalar():
            return str(node.value)
        case Items():
            return f"a list of {len(node.items)}" if node.items else "an empty list"
    return "a mapping"


def _wanted(error: Any, node: Node) -> str:
    """What pydantic expected, in plain words."""
    context = error.get("ctx", {})
    match error["type"]:
        case "int_type" | "int_from_float":
            return "a whole number"
        case "float_type" | "finite_number":
            return "a number"
        case "bool_type":
            return "true or false"
        case "string_type":
            return "a text"
        case "list_type":
            return "a list"
        case "dict_type" | "mapping_type":
            return "a mapping"
        case "too_short" | "too_long":
            least, most = context.get("min_length"), context.get("max_length")
            return f"a list of at least {least}" if most is None else f"a list of at most {most}"
        case "greater_than":
            return f"more than {context['gt']:g}"
        case "greater_than_equal":
            return f"at least {context['ge']:g}"
        case "less_than":
            return f"less than {context['lt']:g}"
        case "less_than_equal":
            return f"at most {context['le']:g}"
        case "literal_error":
            allowed = [str(word).strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(", ")]
            near = did_you_mean(str(node.value), allowed) if isinstance(node, Scalar) else ""
            return (f"one of {', '.join(allowed)}" if len(allowed) > 1 else repr(allowed[0])) + near
    return str(error["msg"][0].lower() + error["msg"][1:])


def _expected(annotation: Any) -> str:
    """What a missing option takes, for the message that says it is missing."""
    kind, _ = kind_of(annotation)
    if kind:
        return f"a {kind}"
    if annotation is Photo:
        return "the path of a photo"
    if get_origin(annotation) is list:
        return f"a list, each {_expected(get_args(annotation)[0])}"
    if get_origin(annotation) is Annotated:
        return _expected(get_args(annotation)[0])
    return {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}.get(annotation, "a value")
