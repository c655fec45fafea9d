"""The pydantic models that check options, with a slot for everything that the binder makes itself."""

from __future__ import annotations

import functools
import types
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, create_model

from artengine.components import is_record, kind_of, media_of
from artengine.scene.seeds import Seed

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
def options_model(fields: tuple[tuple[str, Any], ...]) -> type[BaseModel]:
    """The pydantic model that checks options of these names and types."""
    definitions: dict[str, Any] = {  # by number: pydantic has names of its own
        f"option_{number}": (_field(annotation), Field(alias=name)) for number, (name, annotation) in enumerate(fields)
    }
    config = ConfigDict(
        extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=(), arbitrary_types_allowed=True
    )
    return create_model("Options", __config__=config, **definitions)
