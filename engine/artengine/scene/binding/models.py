"""The pydantic models that check options, with a slot for everything that the binder makes itself."""

from __future__ import annotations

import functools
import types
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic_core import CoreSchema, core_schema

from artengine.components import declared_options, is_record, kind_of, media_of
from artengine.errors import listed
from artengine.scene.seeds import Seed

#: Stand for what follows when the schema is whole: pydantic would look a "$ref" up at once, and knows no records.
REFERENCE = "x-ref"
RECORD = "x-record"


@dataclass(frozen=True, slots=True)
class _Slot:
    """Marks where a model takes what the binder has made already: a component, a photo, a list."""

    schema: tuple[tuple[str, Any], ...]

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        return dict(self.schema)


@dataclass(frozen=True, slots=True)
class _RecordSlot:
    """Marks where a model takes a dataclass that the binder has filled, and no other value: of a union, another member.

    nullable: whether ``name:`` with nothing after it is taken too.
    """

    record: type
    nullable: bool = True

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        names = listed(option.name for option in declared_options(self.record))
        return core_schema.is_instance_schema(self.record, cls_repr=f"a mapping of options ({names})")

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        return {RECORD: self.record} if self.nullable else {RECORD: self.record, "type": "object"}


@dataclass(frozen=True, slots=True)
class _OneWillDo:
    """Marks a list: in a scene, one value does for a list of one."""

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        schema = handler(core)
        return {"anyOf": [schema["items"], schema]} if "items" in schema else schema


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
        return Annotated[Any, _RecordSlot(annotation)]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return Annotated[(_field(arguments[0]), *arguments[1:])]
    if origin is list:
        return Annotated[list[_field(arguments[0])], _OneWillDo()]  # type: ignore[misc]  # made at run time
    if origin in (Union, types.UnionType):
        nullable = type(None) in arguments
        return Union[tuple(_member(arm, nullable) for arm in arguments)]  # noqa: UP007 - built from a tuple
    return annotation


def _member(annotation: Any, nullable: bool) -> Any:
    """As `_field`, of a member of a union: nothing is a record's defaults only where the record stands alone."""
    return Annotated[Any, _RecordSlot(annotation, nullable)] if is_record(annotation) else _field(annotation)


@functools.lru_cache(maxsize=4096)
def options_model(fields: tuple[tuple[str, Any], ...]) -> type[BaseModel]:
    """The pydantic model that checks options of these names and types."""
    definitions: dict[str, Any] = {  # by number: pydantic has names of its own
        f"option_{number}": (_field(annotation), Field(alias=name)) for number, (name, annotation) in enumerate(fields)
    }
    config = ConfigDict(
        extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=(), arbitrary_types_allowed=True
    )
    return create_model("Options", __config__=config, **definitions)
