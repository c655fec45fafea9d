"""Types of options: what the binder makes of them, and the pydantic model that checks the rest."""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, create_model

from artengine.kinds import KINDS
from artengine.opening import WORDS
from artengine.seeds import Seed

_KIND_OF: Mapping[Any, str] = {protocol: kind for kind, protocol in KINDS.items()}

#: Stand for what follows when the schema is whole: pydantic would look a "$ref" up at once, and knows no records.
REFERENCE = "x-ref"
RECORD = "x-record"


@dataclass(frozen=True, slots=True)
class _Slot:
    """Marks where a model takes what the binder has made already: a component, a photo, a dataclass, a list."""

    schema: tuple[tuple[str, Any], ...]

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
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


def members(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or the annotation alone, limits left aside."""
    if get_origin(annotation) is Annotated:
        return members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(arm for member in get_args(annotation) for arm in members(member))
    return (annotation,)


def is_number(annotation: Any) -> bool:
    """Whether an annotation takes a number, or a list of numbers: something that can move."""
    return _takes(annotation, int) or _takes(annotation, float)


def is_whole(annotation: Any) -> bool:
    """Whether all numbers that an annotation takes are whole."""
    return is_number(annotation) and not _takes(annotation, float)


def _takes(annotation: Any, number: type) -> bool:
    arms = members(annotation)
    lists = [members(one) for arm in arms if get_origin(arm) in (list, tuple) for one in get_args(arm)]
    return number in arms or any(number in one for one in lists)


def media_of(annotation: Any) -> str | None:
    """The word for the file that an annotation takes by its path, if it takes one."""
    return WORDS.get(annotation) if isinstance(annotation, type) else None


def is_record(annotation: Any) -> bool:
    """Whether an annotation takes a mapping that fills a dataclass."""
    return isinstance(annotation, type) and dataclasses.is_dataclass(annotation) and not media_of(annotation)


def literals(annotation: Any) -> list[Any]:
    """The literal values among a union's members."""
    return [value for arm in members(annotation) if get_origin(arm) is Literal for value in get_args(arm)]


def _field(annotation: Any) -> Any:
    """The annotation with a slot wherever the binder makes the value, for pydantic to check the rest."""
    kind, _ = kind_of(annotation)
    if kind:
        return Annotated[Any, _Slot(((REFERENCE, f"#/definitions/{kind}"),))]
    if annotation == Seed:
        return Annotated[Any, _Slot(((REFERENCE, "#/definitions/seed"),))]
    if media := media_of(annotation):
        words = f"path of a {media}, relative to the scene"
        return Annotated[Any, _Slot((("type", "string"), ("description", words)))]
    if is_record(annotation):
        return Annotated[Any, _Slot(((RECORD, annotation),))]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return Annotated[(_field(arguments[0]), *arguments[1:])]
    if origin is list:
        return Annotated[list[_field(arguments[0])], _OneWillDo()]  # type: ignore[misc]  # made at run time
    if origin in (Union, types.UnionType):
        return Union[tuple(_field(arm) for arm in arguments)]  # noqa: UP007 - built from a tuple
    return annotation


@functools.lru_cache(maxsize=4096)
def model_of(fields: tuple[tuple[str, Any], ...]) -> type[BaseModel]:
    """The pydantic model that checks options of these names and types."""
    definitions: dict[str, Any] = {  # by number: pydantic has names of its own
        f"option_{number}": (_field(annotation), Field(alias=name)) for number, (name, annotation) in enumerate(fields)
    }
    config = ConfigDict(
        extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=(), arbitrary_types_allowed=True
    )
    return create_model("Options", __config__=config, **definitions)
