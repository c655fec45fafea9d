"""JSON Schema (draft-07, which editors read) of scenes, from the signatures of the installed components."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from pydantic.errors import PydanticInvalidForJsonSchema

from artengine.components import Option, Registry, declared_options, is_number
from artengine.kinds import KINDS, Named
from artengine.scene.binding import RECORD, REFERENCE, options_model
from artengine.scene.montage import MontageOptions, ShotOptions
from artengine.scene.montage_binding import MAX_SHOTS
from artengine.scene.motion import EASE_WORDS, TIME_PATTERN, CameraKey
from artengine.scene.scene import SceneOptions
from artengine.scene.seeds import SEED_LIMIT, PlainSeed

#: The kinds whose numbers a film can move.
MOVING = ("source", "network", "activation", "filter")

_WHOLE = {"type": "integer", "minimum": 0, "maximum": SEED_LIMIT - 1}
_SEED = {"$ref": "#/definitions/grown"}
_EASE = {
    "anyOf": [{"enum": list(EASE_WORDS)}, {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}]
}
_NUMBERS = {"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}, "minItems": 1}]}


def scene_schema(registry: Registry) -> dict[str, Any]:
    """The schema of a scene with the components of the registry."""
    scene = _object(declared_options(SceneOptions))
    still = scene["properties"]["camera"]
    moving = _keys(_properties(_object(declared_options(CameraKey))["properties"] | {"ease": _EASE}), {})
    scene["properties"]["camera"] = {"anyOf": [still, moving], "description": still["description"]}
    scene["anyOf"] = [{"required": ["network"]}, {"required": ["training"]}]  # which may bring a network
    parts = {kind: _kind(registry, kind) for kind in KINDS} | _grown() | {"keys": _moving_number(), "scene": scene}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "artengine scene",
        "if": {"required": ["shots"]},
        "then": _montage(),
        "else": {"$ref": "#/definitions/scene"},
        "definitions": parts,
    }


def _montage() -> dict[str, Any]:
    """A film of several shots: what each says, and what is common to them."""
    shot = _object(declared_options(ShotOptions))
    shot["properties"] |= {"scene": {"anyOf": [{"type": "string"}, {"$ref": "#/definitions/scene"}]}}
    shot["properties"] |= {"set": {"type": "object"}}
    film = _object(declared_options(MontageOptions))
    shots = {"type": "array", "items": shot, "minItems": 1, "maxItems": MAX_SHOTS}
    return film | {"properties": film["properties"] | {"shots": shots}, "required": [*film["required"], "shots"]}


def _grown() -> dict[str, Any]:
    """A seed: a number or what has grown from one; at the top of a scene, a walk through several too."""
    pair = {"type": "array", "items": _SEED, "minItems": 2, "maxItems": 2}
    mutation = {"mutate": _SEED, "by": _WHOLE, "strength": {"type": "number", "exclusiveMinimum": 0, "maximum": 10}}
    crossing = {"cross": pair, "by": _WHOLE}
    grown = [_WHOLE, _properties(mutation, "mutate"), _properties(crossing, "cross")]
    walk = {"type": "array", "items": _SEED, "minItems": 1}
    return {"grown": {"anyOf": grown}, "seed": {"anyOf": [_SEED, walk]}}


def _moving_number() -> dict[str, Any]:
    value = {"anyOf": [*_NUMBERS["anyOf"], _properties({"value": _NUMBERS, "ease": _EASE}, "value")]}
    return _keys(value, {"scale": {"enum": ["linear", "log"]}})


def _keys(value: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """What moves: values by the moments that they stand at."""
    keys = {
        "type": "object",
        "patternProperties": {TIME_PATTERN: value},
        "additionalProperties": False,
        "minProperties": 1,
    }
    return _properties({"keys": keys, "ease": _EASE, **more}, "keys")


def _properties(properties: dict[str, Any], *needed: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | ({"required": list(needed)} if needed else {})


def _kind(registry: Registry, kind: str) -> dict[str, Any]:
    """A component by its name alone, where it needs no options, or as ``name: {options}``."""
    components = registry.components(kind)
    moves = kind in MOVING
    bare = [
        {"const": one.name, "description": one.summary}
        for one in components
        if not any(o.required for o in one.options)
    ]
    full = [
        {
            "type": "object",
            "properties": {one.name: _nullable(_object(one.options, moves=moves)) | {"description": one.summary}},
            "required": [one.name],
            "additionalProperties": False,
        }
        for one in components
    ]
    return {"oneOf": [*bare, *full]} if components else {"not": {}}


def _record(record: Callable[..., Any]) -> dict[str, Any]:
    return {**_nullable(_object(declared_options(record))), "description": (record.__doc__ or "").partition("\n")[0]}


def _object(declared: tuple[Option, ...], *, moves: bool = False) -> dict[str, Any]:
    properties = {option.name: _option(option, moves=moves) for option in declared}
    return _properties(properties, *(option.name for option in declared if option.required))


def _option(option: Option, *, moves: bool) -> dict[str, Any]:
    model = options_model(((option.name, option.annotation),))
    try:
        schema = model.model_json_schema(ref_template="#/definitions/{model}")
    except PydanticInvalidForJsonSchema:  # a type that JSON has no word for
        return {}
    described: dict[str, Any] = _draft_07(schema["properties"][option.name])
    described.pop("title", None)
    if moves and is_number(option.annotation):
        described = {"anyOf": [described, {"$ref": "#/definitions/keys"}]}
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
    if isinstance(default, PlainSeed):
        return default.number
    if dataclasses.is_dataclass(default) and not isinstance(default, type):
        return _plain(dataclasses.asdict(default))
    if isinstance(default, dict):
        return {name: _plain(value) for name, value in default.items()}
    return [_plain(value) for value in default] if isinstance(default, list | tuple) else default
