"""Scenes by strangers: nothing outside their folder is read, no code is reached, no damage shows as a traceback."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.common import ROOT
from tests.support.platforms import on_posix
from tests.support.scene_folder import TRAINED, Desk

import artengine
from artengine import InputError


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@on_posix
def test_photo_of_a_scene_stands_below_its_folder(
    desk: Desk, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("elsewhere") / "photo.png"
    assert len(desk.load(TRAINED).photos) == 1
    shutil.copy(tmp_path / "photo.png", outside)
    (tmp_path / "link.png").symlink_to(outside)
    (tmp_path / "folder").symlink_to(outside.parent)
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "inner.png").symlink_to("photo.png")
    relative = os.path.relpath(outside, tmp_path)
    for name in (str(outside), relative, "link.png", "folder/photo.png", "../photo.png", "/etc/passwd", "/dev/zero"):
        [line] = desk.mistakes(TRAINED.replace("photo.png", name))
        assert "lies outside the scene's folder; put it beside the scene, or name it yourself with --set" in line, name
    assert "leads nowhere" in desk.mistakes(TRAINED.replace("photo.png", "loop.png"))[0]
    assert not desk.mistakes(TRAINED.replace("photo.png", "inner.png"))
    scene = desk.load(TRAINED, overrides=[f"training.regression.target={outside}"])
    assert list(scene.photos) == ["photo.png"]
    assert str(outside.parent) not in scene.text


@on_posix
@pytest.mark.parametrize("name", ["fifo", ".", "", "n" * 5_000, '"a\\0b"', "~nobody/x.png", "~/x.png", "s.yaml"])
@pytest.mark.parametrize("by", ["scene", "set"])
def test_path_that_is_no_photo_is_refused(
    name: str, by: str, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "fifo")
    if by == "scene":
        [line] = desk.mistakes(TRAINED.replace("photo.png", name))
    else:
        [line] = desk.mistakes(TRAINED, overrides=[f"training.regression.target={name}"])
    assert line.startswith("2:33: " if by == "scene" else "override training.regression.target=")


@on_posix
def test_device_is_refused_as_a_photo(desk: Desk) -> None:
    [line] = desk.mistakes(TRAINED, overrides=["training.regression.target=/dev/zero"])
    assert (
        line
        == "override training.regression.target=/dev/zero: found 'zero', which is no regular file, expected a picture"
    )


@on_posix
@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "nul", "device"])
def test_path_that_is_no_scene_is_refused(kind: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    where = {"missing": "no.yaml", "folder": ".", "fifo": "fifo", "nul": "a\0b", "device": "/dev/zero"}
    with pytest.raises(InputError, match="expected a scene"):
        artengine.load(tmp_path / where[kind])


HOSTILE = [
    "os.system", "__class__", "_target_", "builtins.eval", "eval", "exec", "__import__", "subprocess.Popen",
    "artengine.run", "artengine_basics.mlp", "mlp.__globals__", "mlp:__init__", "pickle.loads", "lambda x: x",
    "${oc.env:HOME}", "$(touch pwned)", "`touch pwned`", "../mlp", "file:///etc/passwd", "http://localhost/x", "%s%n",
    "register_networks", "hookimpl", "numpy.f2py", "sys.exit", "importlib.import_module", "ctypes.CDLL", "torch.load",
    "{{7*7}}", "antigravity",
]  # fmt: skip

HIDDEN = [
    "_target_: os.system\nnetwork: mlp",
    "network: {_target_: os.system, _args_: [touch pwned]}",
    "network: {mlp: {_target_: os.system}}",
    "network: {mlp: {__class__: x, __init__: {__globals__: y}}}",
    "network: {mlp: {activation: {_target_: builtins.eval, x: 1}}}",
    "network: !!python/object/apply:os.system [touch pwned]",
    "network: {mlp: {width: !!python/name:os.system ''}}",
    "network: mlp\nplugins: [evil.py]",
    "network: mlp\ntraining: {regression: {target: !!python/object/new:os.system [touch pwned]}}",
    "network: mlp\noutputs: [png, {os.system: {command: touch pwned}}]",
]

#: Checks every scene on its input under an audit hook and prints what the hook saw beyond reading files.
WATCHED = """
import json, sys
from pathlib import Path
import artengine
from artengine import InputError
from artengine.kinds import KINDS
from artengine.components.registry import default_registry

folder = Path(sys.argv[1])
scene = folder / "s.yaml"
scene.write_text("network: mlp\\ntraining: {regression: {target: photo.png}}")
loaded = artengine.load(scene)  # loads the plugins and Pillow, once
for kind in KINDS:  # signatures are read when a component is first named: that is the plugins' code, not the scene's
    for component in default_registry().components(kind):
        component.options
known, seen, refused = set(sys.modules), [], 0

def watch(event, arguments):
    if event == "import" and arguments[0] in known:
        return
    loud = ("exec", "compile", "import", "os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.", "socket.",
            "ctypes.", "marshal.", "pickle.", "urllib.", "shutil.", "os.remove", "os.rename", "os.putenv", "webbrowser")
    if event.startswith(loud):
        seen.append([event, repr(arguments)[:200]])
    if event == "open" and arguments[1] not in ("r", "rb", None) and not str(arguments[0]).endswith("s.yaml"):
        seen.append([event, repr(arguments)[:200]])

sys.addaudithook(watch)
for text in json.load(sys.stdin):
    scene.write_text(text)
    try:
        artengine.load(scene)
    except InputError:
        refused += 1
print(json.dumps([refused, seen]))
"""


def hostile_scenes() -> list[str]:
    texts = [f"network: {json.dumps(word)}" for word in HOSTILE]
    texts += [f"network: {{{json.dumps(word)}: {{command: touch pwned}}}}" for word in HOSTILE]
    texts += [f"network: {{mlp: {{activation: {json.dumps(word)}}}}}" for word in HOSTILE]
    return texts + HIDDEN


def watched(texts: list[str], folder: Path) -> tuple[int, list[list[str]]]:
    run = subprocess.run(
        [sys.executable, "-c", WATCHED, str(folder)],
        input=json.dumps(texts), capture_output=True, text=True, timeout=60, check=True, cwd=folder,
    )  # fmt: skip
    refused, seen = json.loads(run.stdout)
    return refused, seen


def test_no_code_is_reached_from_a_scene(desk: Desk) -> None:
    texts = hostile_scenes()
    refused, seen = watched(texts, desk.folder)
    assert refused == len(texts)
    assert seen == []
    assert not (desk.folder / "pwned").exists()


def test_names_that_look_like_code_are_unknown_names(desk: Desk) -> None:
    for word in HOSTILE:
        [line] = desk.mistakes(f"network: {json.dumps(word)}")
        assert line.startswith(f"1:10: network: found {word!r}, expected a network")


def test_many_mistakes_and_long_names_are_reported_quickly(desk: Desk) -> None:
    assert len(desk.mistakes("network: mlp\ncoordinates: [" + "gird, " * 3_000 + "]")) == 3_000
    long = "n" * 200_000
    lines = desk.mistakes(f"network: &long {long}\ncoordinates: [*long, *long]\n")
    assert len(lines) == 3
    assert max(map(len, lines)) < 300


def test_fifteen_hundred_damaged_scenes_raise_nothing_but_input_errors(desk: Desk) -> None:
    chance = random.Random(1)
    texts = [path.read_text().replace("photos/astronaut.png", "photo.png") for path in (ROOT / "scenes").glob("*.yaml")]
    words = sorted({word for text in texts for word in text.replace(":", " ").split()} | set("[]{}:,-&*!~'\" \n"))
    refused = 0
    for _ in range(1_500):
        text = chance.choice(texts)
        for _ in range(chance.randint(1, 3)):
            at, length = chance.randrange(len(text)), chance.choice([0, 0, 1, 3, 9])
            text = text[:at] + chance.choice(["", *words]) + text[at + length :]
        lines = desk.mistakes(text)
        assert all(line.split(":")[0].isdecimal() and line.split(":")[1].isdecimal() for line in lines), lines
        refused += bool(lines)
    assert refused > 700
