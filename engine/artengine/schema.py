"""JSON Schema (draft-07, which editors read) of scenes, from the signatures of the installed components."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from pydantic.errors import PydanticInvalidForJsonSchema

from artengine.annotations import RECORD, REFERENCE, model_of
from artengine.kinds import KINDS, Named
from artengine.registry import Option, Registry, options
from artengine.scene import grammar


def scene_schema(registry: Registry) -> dict[str, Any]:
    """The schema of a scene with the components of the registry."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "artengine scene",
        **_object(options(grammar)),
        "definitions": {kind: _kind(registry, kind) for kind in KINDS},
    }


def _kind(registry: Registry, kind: str) -> dict[str, Any]:
    """A component by its name alone, where it needs no options, or as ``name: {options}``."""
    components = registry.components(kind)
    bare = [
        {"const": one.name, "description": one.summary}
        for one in components
        if not any(o.required for o in one.options)
    ]
    full = [
        {
            "type": "object",
            "properties": {one.name: _nullable(_object(one.options)) | {"description": one.summary}},
            "required": [one.name],
            "additionalProperties": False,
        }
        for one in components
    ]
    return {"oneOf": [*bare, *full]} if components else {"not": {}}


def _record(record: Callable[..., Any]) -> dict[str, Any]:
    return {**_nullable(_object(options(record))), "description": (record.__doc__ or "").partition("\n")[0]}


def _object(declared: tuple[Option, ...]) -> dict[str, Any]:
    properties = {option.name: _option(option) for option in declared}
    needed = [option.name for option in declared if option.required]
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | ({"required": needed} if needed else {})


def _option(option: Option) -> dict[str, Any]:
    model = model_of(((option.name, option.annotation),))
    try:
        schema = model.model_json_schema(ref_template="#/definitions/{model}")
    except PydanticInvalidForJsonSchema:  # a type that JSON has no word for
        return {}
    described: dict[str, Any] = _draft_07(schema["properties"][option.name])
    described.pop("title", None)
    if not option.required and option.default is not None:
        described["default"] = _plain(option.default)
    return described


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """``name:`` with nothing after it is the component with its defaults."""
    return schema if "required" in schema else schema | {"type": ["object", "null"]}


def _draft_07(schema: Any) -> Any:
    """Pydantic writes a newer draft: a tuple's items have another name there."""
    if isinstance(schema, list):
        return [_draft_07(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    renamed = {("items" if key == "prefixItems" else key): _draft_07(value) for key, value in schema.items()}
    if REFERENCE in renamed:  # draft-07 looks at nothing beside a reference
        return {"allOf": [{"$ref": renamed.pop(REFERENCE)}], **renamed}
    if RECORD in renamed:
        return _record(renamed.pop(RECORD)) | renamed
    return renamed


def _plain(default: Any) -> Any:
    if isinstance(default, Named):
        return default.name
    if dataclasses.is_dataclass(default) and not isinstance(default, type):
        return _plain(dataclasses.asdict(default))
    if isinstance(default, dict):
        return {name: _plain(value) for name, value in default.items()}
    return [_plain(value) for value in default] if isinstance(default, list | tuple) else default
