"""The schema that editors read: it knows every component and option, takes what loads and marks what does not."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import jsonschema
import pytest
from pydantic import Field
from tests.support.common import ROOT
from tests.support.sample_plugin import Corner, registry, taker
from tests.support.scene_folder import NETWORK, TRAINED, Desk

from artengine import Activation, Each, named
from artengine.components.registry import REQUIRED, declared_options, default_registry
from artengine.errors import InputError
from artengine.kinds import KINDS
from artengine.scene.canvas import Canvas
from artengine.scene.document.editing import dump_yaml
from artengine.scene.document.nodes import Mark, node_from_plain, node_to_plain
from artengine.scene.document.parsing import parse_yaml
from artengine.scene.loading import load_work
from artengine.scene.motion.camera import Camera
from artengine.scene.scene import SceneOptions
from artengine.scene.schema import scene_schema

SCENES = sorted((ROOT / "scenes").glob("*.yaml"))


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return scene_schema(default_registry())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def data(text: str) -> Any:
    node, problems = parse_yaml(text, "s")
    assert not problems
    return node_to_plain(node)


def fits(schema: dict[str, Any], value: Any) -> bool:
    return bool(jsonschema.Draft7Validator(schema).is_valid(value))


def test_schema_is_draft_07_in_plain_json(schema: dict[str, Any]) -> None:
    jsonschema.Draft7Validator.check_schema(schema)
    assert json.loads(json.dumps(schema, allow_nan=False)) == schema
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    text = json.dumps(schema)
    for newer in ("prefixItems", "$defs", "x-ref", "unevaluated"):
        assert newer not in text


@pytest.mark.parametrize("path", SCENES, ids=lambda path: path.stem)
def test_bundled_scenes_fit_the_schema(path: Path, schema: dict[str, Any]) -> None:
    jsonschema.validate(data(path.read_text()), schema, cls=jsonschema.Draft7Validator)


def test_every_component_and_option_has_an_entry(schema: dict[str, Any]) -> None:
    registry = default_registry()
    for kind in KINDS:
        arms = schema["definitions"][kind].get("oneOf", [])
        full = {name: entry for arm in arms if "properties" in arm for name, entry in arm["properties"].items()}
        bare = {arm["const"]: arm["description"] for arm in arms if "const" in arm}
        assert set(full) == set(registry.names(kind))
        for component in registry.components(kind):
            entry = full[component.name]
            assert set(entry["properties"]) == {option.name for option in component.options}
            assert entry["description"] == component.summary != ""
            needed = {option.name for option in component.options if option.default is REQUIRED}
            assert set(entry.get("required", [])) == needed
            assert (component.name in bare) == (not needed)
            assert entry["additionalProperties"] is False
    assert set(schema["definitions"]["scene"]["properties"]) == {
        option.name for option in declared_options(SceneOptions)
    }
    assert schema["definitions"]["scene"]["anyOf"] == [{"required": [part]} for part in ("network", "training")]
    still, moving = schema["definitions"]["scene"]["properties"]["camera"]["anyOf"]
    assert set(moving["properties"]) == {"keys", "ease"}
    for entry, record in ((schema["definitions"]["scene"]["properties"]["canvas"], Canvas), (still, Camera)):
        assert set(entry["properties"]) == {option.name for option in declared_options(record)}


def test_defaults_and_limits_are_shown(schema: dict[str, Any]) -> None:
    assert schema["definitions"]["scene"]["properties"]["seed"]["default"] == 0
    assert schema["definitions"]["grown"]["anyOf"][0] == {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
    assert schema["definitions"]["scene"]["properties"]["outputs"]["default"] == "png"
    assert schema["definitions"]["scene"]["properties"]["canvas"]["properties"]["precision"]["default"] == "float32"
    camera = schema["definitions"]["scene"]["properties"]["camera"]["anyOf"][0]["properties"]
    assert camera["centre"]["default"] == [0.0, 0.0]
    assert camera["zoom"]["exclusiveMinimum"] == 0


RIGHT = [
    NETWORK, TRAINED, "network: mlp", "network:\n  mlp:", "network: mlp\ncoordinates: [grid, polar: {folds: 3}]",
    "network: mlp\ncoordinates: polar", "network: mlp\ncoordinates: {polar: ~}", "network: mlp\ntraining: ~",
    "network: mlp\nfilters: ~", "network: mlp\noutputs: []", "network: mlp\noutputs: [tiff, {png: {rounding: cut}}]",
    "network: {neural_painter: {nonlin: sin}}",
    "network: {neural_painter: {nr_hidden: 1, nonlin: [sin, {mod: {period: 2}}]}}",
    "network: {neural_painter: {pool: all, nr_channel: 1}}", "network: {mlp: {depth: ~, width: [3, 4]}}",
    "network: mlp\ncamera: {centre: [1, -2.5], zoom: 3, angle: -10}", "network: mlp\ncamera: ~",
    "network: mlp\ncanvas: ~", "network: mlp\nseed: [3, 7]", "network: mlp\nseed: {mutate: 3, by: 4, strength: 0.1}",
    "network: mlp\nseed: [{cross: [{mutate: 3}, 4], by: 1}, 5]", "network: mlp\nfilm: {length: 8s, loop: true}",
    "network: mlp\nfilm: {length: 240f, fps: 25, shutter: 180}",
    "network: mlp\nfilm: {length: 8s}\ncamera: {keys: {0s: {zoom: 1, ease: hold}, 50%: {centre: [1, 2], turns: -1}}}",
    "network: mlp\nfilm: {length: 8s}\ncoordinates: {polar: {folds: {keys: {0s: 1, 90f: 8}, scale: log}}}",
    "network: {mlp: {frequency: {keys: {0s: {value: 1, ease: [0, 0, 1, 1]}, 900ms: 8}, ease: ease-in}}}\n"
    "film: {length: 8s}",
    "network: mlp\ntraining: {regression: {target: photo.png, losses: [mse, l1: {weight: 0.5}]}}",
]  # fmt: skip

WRONG = [
    "", "[]", "mlp", "seed: 3", "network: nlp", "network: grid", "network: [mlp]", "network: {mlp: 3}",
    "network: {mlp: ~, neural_painter: ~}", "network: {}", "network: {mlp: {widht: 3}}", "network: {mlp: {width: 0}}",
    "network: {mlp: {width: [3, x]}}", "network: {mlp: {width: []}}", "network: {mlp: {depth: 2.5}}",
    "network: {mlp: {colours: loud}}", "network: {neural_painter: {nr_channel: 2}}", "network: mlp\nseed: -1",
    "network: {neural_painter: {coord_bias: off}}", "network: {neural_painter: {nonlin: sn}}", "network: mlp\nseed: x",
    "network: mlp\nsede: 1", "network: mlp\nseed: 4294967296", "network: mlp\ncanvas: 512",
    "network: mlp\ncanvas: {width: 0}",
    "network: mlp\ncoordinates: []", "network: mlp\ncoordinates: ~", "network: mlp\ncoordinates: mlp",
    "network: mlp\ncamera: {zoom: 0}", "network: mlp\ncamera: {centre: [1]}",
    "network: mlp\ncamera: {centre: [1, 2, 3]}",
    "network: mlp\nseed: []", "network: mlp\nseed: {mutate: 3, strength: 0}", "network: mlp\nseed: {cross: [1]}",
    "network: mlp\nseed: {grow: 1}", "network: mlp\nseed: {mutate: [1, 2]}", "network: mlp\nseed: 1.5",
    "network: mlp\nfilm: {length: 8s, fps: 0}", "network: mlp\nfilm: 8s",
    "network: mlp\nfilm: {length: 8s}\ncamera: {keys: {0: {zoom: 1}}}",
    "network: mlp\nfilm: {length: 8s}\ncamera: {keys: {0s: {zoom: 1, ease: slow}}}",
    "network: mlp\nfilm: {length: 8s}\ncamera: {keys: {}}",
    "network: mlp\nfilm: {length: 8s}\ncamera: {zoom: {keys: {0s: 1}}}",
    "network: {mlp: {frequency: {keys: {0s: fast}}}}\nfilm: {length: 8s}",
    "network: {mlp: {frequency: {keys: {0s: 1}, scale: cubic}}}\nfilm: {length: 8s}",
    "network: mlp\ncamera: {centre: 1}", "network: mlp\ntraining: regression",
    "network: mlp\ntraining: {regression: ~}",
    "network: mlp\ntraining: {regression: {target: 3}}", "network: mlp\ntraining: {regression: {until: {steps: 3}}}",
    "network: mlp\ntraining: {regression: {target: photo.png, losses: []}}", "network: mlp\noutputs: {png: {bits: 9}}",
    "network: mlp\ntraining: {regression: {target: photo.png, losses: {mse: {weight: -1}}}}",
]  # fmt: skip


@pytest.mark.parametrize("text", RIGHT)
def test_loadable_scenes_fit_the_schema(text: str, schema: dict[str, Any], desk: Desk) -> None:
    assert desk.mistakes(text) == []
    assert fits(schema, data(text))


@pytest.mark.parametrize(
    ("canvas", "right"),
    [("{paper: A2, dpi: 150, orientation: landscape}", True), ("{paper: A}", False), ("{paper: A2, dpi: 0}", False)],
)
def test_schema_knows_papers(canvas: str, right: bool, schema: dict[str, Any], desk: Desk) -> None:
    text = f"network: mlp\ncanvas: {canvas}"
    assert (desk.mistakes(text) == []) == fits(schema, data(text)) == right


@pytest.mark.parametrize("text", WRONG)
def test_scenes_that_do_not_load_do_not_fit_the_schema(text: str, schema: dict[str, Any], desk: Desk) -> None:
    assert desk.mistakes(text)
    assert not fits(schema, data(text))


@pytest.mark.parametrize(
    ("shots", "right"),
    [
        ("[{title: a, length: 1s}, {scene: {network: mlp}, length: 1s, set: {seed: 3}, transition: crossfade}]", True),
        ("[{length: 1s, background: '#00ff7F', over: 12f}]", True),
        ("[]", False), ("title", False), ("[{length: 1s, caption: 3}]", False), ("[{length: 1}]", False),
        ("[{length: 1s, background: red}]", False), ("[{scene: {network: nlp}}]", False), ("[{scene: 3}]", False),
        ("[{length: 1s, transition: fade}]", False), ("[{length: 1s, sound: a.mp3}]", False),
    ],
)  # fmt: skip
def test_schema_knows_montages(shots: str, right: bool, schema: dict[str, Any], tmp_path: Path) -> None:
    text = f"shots: {shots}\noutputs: mp4\n"
    (tmp_path / "film.yaml").write_text(text)
    try:
        load_work(tmp_path / "film.yaml")
        loads = True
    except InputError:
        loads = False
    assert loads == fits(schema, data(text)) == right
    assert not fits(schema, data(f"shots: {shots}"))  # without an output it would be for nothing


@pytest.mark.parametrize(
    ("value", "is_taken"),
    [(3, True), ({"radius": 2}, True), ({}, True), (-1, False), ("x", False), (None, False), ({"raduis": 2}, False)],
)
def test_schema_of_union_takes_number_or_record(value: Any, is_taken: bool) -> None:
    mine = registry(filter={"take": taker(size=Annotated[float, Field(ge=0)] | Corner)})
    [entry] = scene_schema(mine)["definitions"]["filter"]["oneOf"]
    still, _ = entry["properties"]["take"]["properties"]["size"]["anyOf"]  # or a number that moves
    assert jsonschema.Draft7Validator(still).is_valid(value) == is_taken


def test_a_plugin_may_have_records_and_components_in_its_options() -> None:
    named_default = (Each[Activation], named("ripple"))
    mine = registry(
        filter={"take": taker(corner=(Corner, Corner(radius=2.0)), corners=list[Corner], wave=named_default)},
        source={"here": lambda view: view},
        network={"mlp": lambda ports: ports},
        output={"png": lambda frames, target: ()},
    )
    schema = scene_schema(mine)
    jsonschema.Draft7Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    [entry] = [arm for arm in schema["definitions"]["filter"]["oneOf"] if "properties" in arm]
    take = entry["properties"]["take"]
    assert take["properties"]["corner"]["default"] == {"radius": 2.0, "name": "round"}
    assert take["properties"]["wave"]["default"] == "ripple"
    assert take["required"] == ["corners"]
    assert fits(schema, data("network: mlp\nfilters: {take: {corners: {radius: 3}, corner: ~, wave: sin}}"))
    assert fits(schema, data("network: mlp\nfilters: [take: {corners: [~, {name: a}], wave: {drift: {speed: 0}}}]"))
    for wrong in (
        "{corners: {radius: 0}}",
        "{corners: round}",
        "{corners: [], wave: weighed}",
        "{corner: {radius: 3}}",
    ):
        assert not fits(schema, data(f"network: mlp\nfilters: {{take: {wrong}}}")), wrong
    assert scene_schema(registry())["definitions"]["source"] == {"not": {}}


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container with a key or index in it."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [(value, key) for key in keys] + [place for key in keys for place in places(value[key])]


VALUES = ["sin", "grid", "mlp", "png", "mse", "photo.png", "all", "auto", "unit", True, None, 0, 1, 3, -1, 0.5, 99_999,
          [], ["sin"], [1, 2], {}, {"sin": None}, {"mse": {"weight": 2}}]  # fmt: skip


#: What no schema can see: what lies on the disk, and how one part of a scene goes with another.
BEYOND = ("cannot read", "no regular file", "'length' is missing", "without a film", "found a length beside",
          "film of the learning", "has grown from others", "'network' is missing",
          "found no training", " widths, expected", " activations for ", " nonlinearities for ", "the list is empty",
          ", which writes ", "draws ")  # fmt: skip


def test_schema_and_loader_agree_on_scenes_put_together_by_chance(schema: dict[str, Any], desk: Desk) -> None:
    chance = random.Random(3)
    validator = jsonschema.Draft7Validator(schema)
    taken = 0
    for _ in range(1_200):
        scene = copy.deepcopy(data(chance.choice(RIGHT)))
        for _ in range(chance.randint(1, 2)):
            container, key = chance.choice(places(scene))
            container[key] = copy.deepcopy(chance.choice(VALUES))
        lines = desk.mistakes(dump_yaml(node_from_plain(scene, Mark("here"))))
        lines = [line for line in lines if not any(word in line for word in BEYOND)]
        if "keys" in str(scene):  # what a number may be on its way is not told there
            assert validator.is_valid(scene) or lines, scene
        else:
            assert validator.is_valid(scene) == (not lines), (scene, lines)
        taken += not lines
    assert 30 < taken < 1_100


def test_an_option_of_a_type_that_json_has_no_word_for_takes_anything(plugin_file: Callable[..., Path]) -> None:
    path = plugin_file("""
        from artengine import hookimpl

        def odd(x, /, *, sort: type = int, often: int = 3):
            return x

        @hookimpl
        def register_activations():
            return {"odd": odd}
    """)
    entries = scene_schema(default_registry((str(path),)))["definitions"]["activation"]["oneOf"]
    (odd,) = [one["properties"]["odd"] for one in entries if "odd" in one.get("properties", {})]
    number = [{"type": "integer"}, {"$ref": "#/definitions/keys"}]  # it can move
    assert odd["properties"] == {"sort": {}, "often": {"anyOf": number, "default": 3}}
