"""Scenes: every mistake told at its place, settings from the command line, photos only from where they may be."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.support.common import RunCli
from tests.support.scene_folder import NETWORK, TRAINED, Desk

from artengine import Scene
from artengine.gallery import evolution

WRONG = """# Eleven mistakes.
sede: 7
seed: -3
canvas: {widht: 64, height: wide}
coordinates: [grit, polar: {folds: 99}]
network:
  mlp: {width: [8, 4], width: 3, colours: !loud unit}
training:
  regression: {until: {steps: 10}}
camera: {centre: [1, 2, 3], zoom: .inf}
outputs: png
"""

FOUND = """
2:1: sede: no such option; did you mean 'seed'?
3:7: seed: found -3, expected at least 0
4:10: canvas.widht: no such option; did you mean 'width'?
4:29: canvas.height: found the text 'wide', expected a whole number
5:15: coordinates.0: found 'grit', expected a source; did you mean 'grid'?
5:36: coordinates.1.polar.folds: found 99, expected at most 64
7:24: found 'width' a second time (first on line 7), expected it once
7:43: found the tag '!loud', which scenes do not have; leave it out
9:15: training.regression: 'target' is missing; expected the path of a photo, or a list
10:18: camera.centre: found a list of 3, expected a list of 2 numbers
10:35: camera.zoom: found inf, expected a finite number
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_all_mistakes_of_a_scene_are_reported_with_their_places(desk: Desk) -> None:
    assert desk.mistakes(WRONG) == FOUND.strip().splitlines()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: 'network' is missing; expected the name of a network"),
        ("[]", "1:1: found an empty list, expected a mapping of options (seed, canvas, "),
        ("network: mpl", "1:10: network: found 'mpl', expected a network; did you mean 'mlp'?"),
        ("network: grid", "1:10: network: found 'grid', expected a network; 'grid' is a source"),
        ("network: 3", "1:10: network: found 3, expected the name of a network, or name: {options}"),
        ("network: {mlp: 3}", "1:16: network.mlp: found 3, expected a mapping of options (width, depth, "),
        (
            "network: {mlp: ~, neural_painter: ~}",
            "1:19: network: found 'mlp', 'neural_painter', expected one network; ",
        ),
        ("network: {mlp: {depth: true}}", "1:24: network.mlp.depth: found true, expected a whole number"),
        ("network: {mlp: {depth: 2.0}}", "1:24: network.mlp.depth: found 2.0, expected a whole number"),
        ("network: {mlp: {width: [8, x]}}", "1:28: network.mlp.width.1: found the text 'x', expected a whole number"),
        ("network: {mlp: {width: []}}", "1:24: network.mlp.width: found an empty list, expected a list of at least 1"),
        (
            "network: {mlp: {colours: uint}}",
            "network.mlp.colours: found the text 'uint', expected one of stretch, unit",
        ),
        ("network: {mlp: {activation: [sin, sni]}}", "1:35: network.mlp.activation.1: found 'sni', expected an activ"),
        ("network: {neural_painter: {nr_channel: true}}", "nr_channel: found true, expected one of 1, 3"),
        ("network: {neural_painter: {pool: publishd}}", "pool: found 'publishd', expected an activation; did you mean"),
        (NETWORK + "canvas: {width: 1000000, height: 1000000}", "2:9: canvas: found a canvas of 1000000 x 1000000, "),
        (NETWORK + "coordinates:", "2:13: coordinates: found nothing, expected the name of a source"),
        (NETWORK + "training: {regression: {target: no.png}}", "2:33: training.regression.target: cannot read '"),
        (NETWORK + "training: {regression: {target: [{}]}}", "found a mapping, expected the path of a photo"),
        (NETWORK + '"two\\nlines": 1', "2:1: 'two\\nlines': no such option (options: seed, "),
        (NETWORK + f"? {'k' * 5_000}\n: 1", "kkk'...: no such option (options: "),
    ],
)
def test_mistake_in_a_scene_is_reported_in_plain_words(text: str, expected: str, desk: Desk) -> None:
    [line] = desk.mistakes(text)
    assert expected in line
    assert len(line) < 400


def test_single_value_stands_for_a_list_of_one(desk: Desk) -> None:
    one = desk.load(NETWORK + "coordinates: grid\noutputs: png")
    many = desk.load("network: {mlp: {width: [8]}}\ncoordinates: [grid]\noutputs: [png: ~]")
    assert [bound.describe() for bound in one.components()] == [bound.describe() for bound in many.components()]


def test_a_name_alone_is_the_component_with_its_defaults(desk: Desk) -> None:
    texts = [
        "network: mlp",
        "network: {mlp: ~}",
        "network:\n  mlp:",
        "network: {mlp: {}}",
        "network: {mlp: {depth: ~}}",
    ]
    keys = {desk.load(text).training_key for text in texts}
    assert len(keys) == 1


def test_omitted_options_have_defaults(desk: Desk) -> None:
    scene = desk.load("network: mlp")
    assert (scene.name, scene.seed, scene.training, scene.filters) == ("s", 0, None, [])
    assert [bound.name for bound in [*scene.coordinates, *scene.outputs]] == ["grid", "png"]
    assert (scene.view.width, scene.view.height, scene.view.zoom) == (512, 512, 1.0)
    assert scene.view.centre == (0.0, 0.0)
    assert set(scene.plugins) == {"basics", "nonlinearities"}


def test_settings_from_the_command_line_win(desk: Desk) -> None:
    words = ["network.mlp.width=[4, 5]", "camera={zoom: 2}", "coordinates.grid=", "coordinates=polar", "seed=0x10"]
    scene = desk.load(NETWORK + "coordinates: grid\nseed: 1", overrides=words)
    assert scene.network.options["width"] == [4, 5]
    assert (scene.camera.zoom, scene.seed, scene.coordinates[0].name) == (2, 16, "polar")
    assert desk.load(scene.text).training_key == scene.training_key
    mapped = desk.load(NETWORK, overrides={"network.mlp.width": (4, 5), "camera": {"zoom": 2}}, seed=9, size=(7, 5))
    assert mapped.network.options["width"] == [4, 5]
    assert (mapped.seed, mapped.canvas.width, mapped.canvas.height, mapped.camera.zoom) == (9, 7, 5, 2)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("network.mlp.width=x", "--set network.mlp.width=x: found the text 'x', expected a whole number"),
        ("network.mlp.widht=3", "--set network.mlp.widht=3: no such option; did you mean 'width'?"),
        (
            "network.mlp.activation=snn",
            "--set network.mlp.activation=snn: found 'snn', expected an activation; did you",
        ),
        ("network.neural_painter.mean=1", "--set network=neural_painter replaces what the scene has"),
        ("network.mlp.width.0.x=1", "--set network.mlp.width.0.x=1: the scene has 8 there, so '0' cannot be set in it"),
        ("training.regression.until.steps=3", "'target' is missing"),
        ("seed=[", "--set seed=[: not YAML: "),
        ("seed=!x 1", "--set seed=!x 1: found the tag '!x'"),
        ("seed", "--set seed: expected KEY=VALUE without spaces, such as network.mlp.width=32"),
        ("=3", "--set =3: expected KEY=VALUE"),
        ("a..b=3", "--set a..b=3: expected KEY=VALUE"),
        (".".join("a" * 5_000) + "=1", "found 5000 keys, expected at most 64"),
        ("seed=" + "[" * 5_000, "found nesting deeper than 64 levels"),
        ("camera.zoom=-1", "--set camera.zoom=-1: found -1, expected more than 0"),
    ],
)
def test_wrong_override_is_reported_by_its_own_words(word: str, expected: str, desk: Desk) -> None:
    [line] = desk.mistakes(NETWORK, overrides=[word], typed=True)
    assert expected in line


def test_problems_of_overrides_come_after_those_of_the_file(desk: Desk) -> None:
    lines = desk.mistakes(NETWORK + "sede: 1", overrides=["seed=x", "canvas.width=0"], size=(3, 0), typed=True)
    assert lines[0].startswith("2:1: sede")
    assert {line.split(":")[0] for line in lines[1:]} == {"--set seed=x", "--size 3x0"}


KEEPS = [
    "# said\n",
    "canvas: {width: 9}\n",
    "camera: {zoom: 3}\n",
    "outputs: tiff\n",
    "coordinates: grid\n",
    "seed: 0\n",
]
DECIDES = ["coordinates: polar", "seed: 1"]
PARTS = [("8", "9"), ("steps: 5", "steps: 6"), ("photo.png", "other.png"), ("mlp: {", "mlp: {activation: cos, "),
         ("until:", "losses: {mse: {weight: 2}}, until:")]  # fmt: skip


def test_training_key_depends_on_what_decides_the_training_alone(desk: Desk, tmp_path: Path) -> None:
    key = desk.load(TRAINED).training_key
    Image.new("RGB", (3, 3), "red").save(tmp_path / "other.png")
    shutil.copy(tmp_path / "photo.png", tmp_path / "copy.png")
    for line in KEEPS:
        assert desk.load(line + TRAINED).training_key == key, line
    assert desk.load(TRAINED.replace("photo.png", "copy.png")).training_key == key
    assert desk.load(TRAINED.replace("until:", "losses: [mse: {weight: 1}], until:")).training_key == key
    others = [desk.load(TRAINED + line).training_key for line in DECIDES]
    others += [desk.load(TRAINED.replace(old, new)).training_key for old, new in PARTS]
    assert len({key, *others}) == 1 + len(DECIDES) + len(PARTS)
    shutil.copy(tmp_path / "other.png", tmp_path / "photo.png")
    assert desk.load(TRAINED).training_key != key


def test_training_key_changes_with_plugin_versions(desk: Desk) -> None:
    plugin = desk.folder / "mine.py"
    code = "from artengine import hookimpl\n@hookimpl\ndef register_activations():\n    return {'mine': lambda x: x}\n"
    plugin.write_text(code)
    text = "network: {mlp: {output: mine}}\n"
    before, apart = (desk.load(one, plugins=[str(plugin)]).training_key for one in (text, NETWORK))
    plugin.write_text(code + "# changed\n")
    assert desk.load(text, plugins=[str(plugin)]).training_key != before
    assert desk.load(NETWORK, plugins=[str(plugin)]).training_key == apart == desk.load(NETWORK).training_key


SHOWING = """
from typing import Annotated
from artengine import hookimpl, shown

def mine(ports, /, *, learnt: int = 1, edge: Annotated[int, shown] = 1, ink: Annotated[str | None, shown] = None):
    raise AssertionError

@hookimpl
def register_networks():
    return {"mine": mine}
"""


def test_training_key_ignores_shown_options(desk: Desk) -> None:
    (desk.folder / "mine.py").write_text(SHOWING)

    def scene(options: str) -> Scene:
        text = TRAINED.replace("mlp: {width: 8}", f"mine: {{{options}}}")
        return desk.load(text, plugins=[str(desk.folder / "mine.py")])

    plain = scene("")
    shown = [scene("edge: 2"), scene("ink: red"), scene("edge: 7, ink: blue")]
    assert {one.training_key for one in shown} == {plain.training_key}
    assert len({str(one.network.describe()) for one in [plain, *shown]}) == 4  # they make other pictures
    assert plain.network.decides() == {"mine": {"learnt": 1}}
    assert scene("learnt: 2").training_key != plain.training_key
    assert scene("learnt: 2, edge: 2").training_key == scene("learnt: 2").training_key


def test_a_scene_cannot_be_changed(desk: Desk) -> None:
    scene = desk.load(NETWORK)
    for frozen, name in [(scene, "seed"), (scene.canvas, "width"), (scene.camera, "zoom"), (scene.network, "where")]:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(frozen, name, 1)


def test_what_python_sets_is_told_in_the_words_of_python(desk: Desk) -> None:
    text = NETWORK + "outputs: png\n"
    cases: dict[str, dict[str, Any]] = {
        "override canvas.width=x: found the text 'x', expected a whole number": {"overrides": {"canvas.width": "x"}},
        "override canvas.widht=3: no such option; did you mean 'width'?": {"overrides": ["canvas.widht=3"]},
        "override seed: expected KEY=VALUE without spaces, such as network.mlp.width=32": {"overrides": ["seed"]},
        "seed -3: seed: found -3, expected at least 0": {"seed": -3},
        "size 0x4: canvas.width: found 0, expected at least 1": {"size": (0, 4)},
    }
    for told, settings in cases.items():
        assert desk.mistakes(text, **settings) == [told]
    [mistake] = desk.mistakes(text, overrides={"network.neural_painter": "x"})
    assert "override network=neural_painter replaces what the scene has" in mistake


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_scene_that_powershell_wrote_is_read_wherever_scenes_are(
    encoding: str, tmp_path: Path, run_cli: RunCli
) -> None:
    text = "# Zoë\r\ncanvas: {width: 8, height: 6}\r\n" + NETWORK.replace("\n", "\r\n")
    (tmp_path / "s.yaml").write_bytes(("\ufeff" + text).encode(encoding))
    film = "shots: [{scene: s.yaml, length: 1f}]\r\ncanvas: {width: 8, height: 6}\r\noutputs: filmstrip\r\n"
    (tmp_path / "film.yaml").write_bytes(("\ufeff" + film).encode(encoding))
    for words in (["check", "s.yaml"], ["run", "s.yaml", "film.yaml"], ["rerun", "pictures/s.png", "--out", "again"]):
        answer = run_cli(*words)
        assert answer.code == 0, answer.err
    assert run_cli("info", "pictures/s.png").out.endswith(text.removesuffix("\r\n") + "\n")
    assert (tmp_path / "again" / "s.png").read_bytes() == (tmp_path / "pictures" / "s.png").read_bytes()
    assert evolution.load_parent(tmp_path / "s.yaml").scene.text == text
