"""What recipes say, nothing of it about who made the file; those of strangers, and damaged ones, do no harm."""

from __future__ import annotations

import getpass
import io
import json
import random
import socket
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tests.support.common import PluginFile, RunCli
from tests.support.folders import file_contents

from artengine import InputError, build, load, run
from artengine.components.plugins import version_of
from artengine.events import Wrote
from artengine.making import recipe
from artengine.making.pipeline import make_files
from artengine.training import weights

ALL = "outputs: [png, jpeg, webp, tiff]\n"
DEEP = "outputs: [png: {bits: 16}, tiff: {bits: 8}]\n"


def disguised(folder: Path, text: str, name: str = "evil.png") -> Path:
    """A PNG with that for a recipe."""
    info = PngInfo()
    info.add_text("artengine", text)
    Image.new("RGB", (2, 2)).save(folder / name, pnginfo=info)
    return folder / name


def forged(folder: Path, **changes: Any) -> Path:
    """A PNG with a recipe changed like that."""
    plain: dict[str, Any] = {
        "artengine": "0.1.0",
        "scene": "canvas: {width: 4, height: 4}\nnetwork: {mlp: {width: 4}}\n",
        "output": 0,
        "device": "cpu",
        "versions": {"torch": "2.0"},
        "plugins": {},
        "photos": {},
    }
    return disguised(folder, json.dumps(plain | changes))


def test_other_versions_are_said(tiny_scene: Path, tmp_path: Path, run_cli: RunCli) -> None:
    path = forged(tmp_path, versions={"torch": "1.0", "numpy": version_of("numpy"), "pillow": "0", "other": "9"})
    answer = run_cli("rerun", path)
    assert answer.code == 0
    assert [line.split(", this is")[0] for line in answer.err.splitlines()] == [
        "evil: made with torch 1.0",
        "evil: made with pillow 0",
        answer.err.splitlines()[2],
    ]
    assert answer.err.splitlines()[2].startswith("evil: painted with means that it does not tell, here with ")


def test_without_metadata_nothing_is_told(learning_scene: Path, tmp_path: Path, run_cli: RunCli) -> None:
    learning_scene.write_text("# What nobody needs to know.\n" + learning_scene.read_text() + ALL)
    (tmp_path / "b.yaml").write_text(learning_scene.read_text().replace(ALL, DEEP))
    for scene in ("learning.yaml", "b.yaml"):
        assert run_cli("run", scene, "--no-metadata").code == 0
    for name, data in file_contents(tmp_path / "pictures").items():
        assert b"nobody" not in data
        assert b"canvas" not in data
        assert b"artengine" not in data or name.endswith(".safetensors")  # which says whose it is
        answer = run_cli("info", f"pictures/{name}")
        if name.endswith(".safetensors"):  # what it has learnt can be told all the same
            assert answer.code == 0
            continue
        assert answer.code == 2
        assert "found no recipe in it; looked in the " in answer.err
        assert answer.err.endswith("; --no-metadata leaves it out, and some programs drop it\n")


def test_no_file_says_who_made_it_or_where(
    learning_scene: Path, tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    learning_scene.write_text(learning_scene.read_text() + ALL)
    home = tmp_path / "alice_the_user"
    home.mkdir()
    (tmp_path / "photo.png").rename(home / "photo.png")
    learning_scene.rename(home / "learning.yaml")
    (home / "deep.yaml").write_text((home / "learning.yaml").read_text().replace(ALL, DEEP))
    monkeypatch.setenv("HOME", str(home))
    for place in (tmp_path, home, Path("/")):
        for scene in ("learning", "deep"):
            run_cli("--version")
            monkeypatch.chdir(place)
            setting = f"training.regression.target={home / 'photo.png'}"
            run(home / f"{scene}.yaml", out=tmp_path / "out", overrides=[setting], fresh=True)
        names = [str(tmp_path), "alice_the_user", socket.gethostname(), str(Path.cwd())[1:] or "alice"]
        names += [getpass.getuser()] if len(getpass.getuser()) > 4 else []
        for data in file_contents(tmp_path / "out").values():
            assert not [name for name in names if name.encode() in data]


def wrong_recipes() -> dict[str, dict[str, Any]]:
    name = {"sha256": "0" * 64}
    return {
        "output past the last": {"output": 7},
        "output below zero": {"output": -1},
        "output no number": {"output": "0"},
        "no scene": {"scene": None},
        "huge scene": {"scene": "#" * 1_000_001},
        "scene with a mistake": {"scene": "network: {mlp: {widht: 4}}\n"},
        "scene deep": {"scene": "[" * 10_000},
        "scene with escapes": {"scene": "# \x1b]0;owned\x07\nnetwork: mlp\n"},
        "scene with a surrogate": {"scene": "# \ud800\nnetwork: mlp\n"},
        "extra keys": {"\x1b[2Jmore": 1},
        "versions with escapes": {"versions": {"torch": "\x1b[2J"}},
        "plugin with escapes": {"plugins": {"\x9b2J": "1"}},
        "device with escapes": {"device": "\u202ecpu"},
        "photos a list": {"photos": []},
        "photo above": {"photos": {"../../etc/passwd": name}},
        "photo absolute": {"photos": {"/etc/passwd": name}},
        "photo with NUL": {"photos": {"a\0.png": name}},
        "photo with escapes": {"photos": {"\x1b[2J.png": name}},
        "photo called dots": {"photos": {"..": name}},
        "photo with a long name": {"photos": {"a" * 5000: name}},
        "photo of memory": {"photos": {"a.png": {"sha256": "0" * 64, "where": "proc/kcore"}}},
        "photo somewhere above": {"photos": {"a.png": {"sha256": "0" * 64, "where": "../../../etc/passwd"}}},
    }


@pytest.mark.parametrize("changes", wrong_recipes().values(), ids=wrong_recipes())
def test_a_strangers_recipe_that_is_wrong_is_one_line_that_no_terminal_obeys(
    changes: dict[str, Any], tmp_path: Path, run_cli: RunCli
) -> None:
    path = forged(tmp_path, **changes)
    answer = run_cli("rerun", path)
    assert answer.code == 2
    assert answer.err.startswith(str(path))
    assert answer.err.count("\n") == 1
    for shown in (answer, run_cli("info", path), run_cli("info", path, "--json")):
        assert all(sign.isprintable() or sign == "\n" for sign in (shown.out + shown.err))
    assert not (tmp_path / "pictures").exists()


def test_a_mistake_in_a_recipes_scene_has_a_place(tmp_path: Path, run_cli: RunCli) -> None:
    answer = run_cli("rerun", forged(tmp_path, scene="network:\n  mlp: {widht: 4}\n"))
    assert answer.err.startswith(
        f"{tmp_path / 'evil.png'} (its recipe):2:9: network.mlp.widht: no such option; did you"
    )


@pytest.mark.parametrize("text", ['{"artengine"', '{"artengine": ' + "[" * 90_000, '{"artengine": ' + "9" * 9000 + "}"])
def test_a_recipe_that_is_no_json_is_refused(text: str, tmp_path: Path, run_cli: RunCli) -> None:
    answer = run_cli("info", disguised(tmp_path, text))
    assert answer.code == 2
    assert ": found a recipe that makes no sense: " in answer.err
    assert len(answer.err) < 500


@pytest.mark.parametrize("command", ["info", "rerun"])
@pytest.mark.parametrize("ending", ["yaml", "yml"])
def test_a_scene_is_told_from_what_is_made_of_it(command: str, ending: str, tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / f"a.{ending}").write_text("network: mlp\n")
    answer = run_cli(command, f"a.{ending}")
    assert answer.code == 2
    assert (
        answer.err == f"a.{ending}: is a scene, expected a file made from one; make it with: artengine run a.{ending}\n"
    )


def test_what_holds_no_recipe_is_said(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.safetensors").touch()
    (tmp_path / "folder.png").mkdir()
    disguised(tmp_path, "a poem", "poem.png")
    for name in ("text.png", "empty.safetensors", "folder.png", "poem.png", "missing.png", "/dev/zero"):
        answer = run_cli("info", name)
        assert (answer.code, answer.err.count("\n")) == (2, 1)
        assert answer.err.startswith(f"{name}: ")


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif", "safetensors"])
def test_damaged_files_are_refused_or_read_and_nothing_else(ending: str, learning_scene: Path, tmp_path: Path) -> None:
    learning_scene.write_text(learning_scene.read_text().replace("steps: 60", "steps: 1") + ALL)
    run(learning_scene, out=tmp_path)
    path = tmp_path / f"learning.{ending}"
    data, random_ = path.read_bytes(), random.Random(0)
    refused = 0
    for _ in range(60):
        changed = io.BytesIO(data)
        for _ in range(random_.randint(1, 6)):
            changed.seek(random_.randrange(min(len(data), random_.choice((60, 300, 4000)))))
            changed.write(random_.randbytes(random_.randint(1, 3)))
        path.write_bytes(changed.getvalue()[: random_.choice((None, None, random_.randrange(len(data))))])
        try:
            recipe.scene_of(recipe.read(path), path)
        except InputError:
            refused += 1
    assert refused > 20


PLAIN = '{"artengine": "0.1.0", "scene": "network: mlp", "output": 0, "device": "cpu", "versions": {}, "plugins": {}'
VECTORS = {
    "svg": '<?xml version="1.0"?>\n{0}<svg><metadata id="artengine">{1}</metadata></svg>',
    "pdf": "%PDF-1.6\n{0}1 0 obj\n<< /artengine ({1}) >>\nendobj\n",
}

each_vector = pytest.mark.parametrize("ending", VECTORS)


TURNING = """
    import torch
    from artengine import hookimpl

    class Turning(torch.nn.Module):
        # compiled before it has learnt; then a number of it leaves torch, and it is called as it stands
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(2, 3))

        def forward(self, x):
            colours = (x @ self.weight).sigmoid()
            return colours + 0 * colours.sum().item() if self.weight.any() else colours

    @hookimpl
    def register_networks():
        return {"turning": lambda ports, /: Turning()}
"""


def test_recipe_tells_what_painted_the_network_that_has_learnt(
    learning_scene: Path, tmp_path: Path, plugin_file: PluginFile
) -> None:
    learning_scene.write_text("network: turning\ntraining: {regression: {target: photo.png, until: {steps: 2}}}")
    scene = load(learning_scene, size=(24, 16), plugins=[str(plugin_file(TURNING))])
    untrained = build(scene, "cpu").backend
    (picture,) = (
        e.path for e in make_files(scene, tmp_path, device="cpu") if isinstance(e, Wrote) and e.path.suffix == ".png"
    )
    trained = build(scene, "cpu")
    weights.load(tmp_path / "learning.safetensors", trained.network)
    backend = recipe.read(picture).means
    assert backend == trained.backend != untrained
    assert [
        e for e in make_files(scene, tmp_path, backend=backend, device="cpu") if "last bits" in getattr(e, "text", "")
    ] == []


def vectors(folder: Path, ending: str, text: str, before: str = "") -> Path:
    """An SVG or PDF with that for a recipe."""
    path = folder / f"evil.{ending}"
    path.write_text(VECTORS[ending].format(before, text))
    return path


@each_vector
def test_vectors_hold_a_recipe(ending: str, tmp_path: Path) -> None:
    whole = PLAIN + ', "photos": {}}'
    assert recipe.read(vectors(tmp_path, ending, whole)).scene == "network: mlp"
    signs = whole.replace("network", r"# <&amp;> (\" \n ))\\\nnetwork")
    if ending == "svg":
        written = signs.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    else:
        written = signs.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    assert recipe.read(vectors(tmp_path, ending, written)).scene == json.loads(signs)["scene"]


HOSTILE = {
    "no recipe": "",
    "a poem": "a poem",
    "no end": PLAIN + "<",
    "an entity": PLAIN + ', "photos": &lol9;}',
    "an escape": PLAIN + ', "photos": \\',
    "brackets": "(" * 100_000,
    "another": '{"artengine": ' + "/artengine (" * 10_000,
    "elements": '{"artengine": ' + '<metadata id="artengine">' * 10_000,
    "huge": PLAIN + " " * (1 << 24) + ', "photos": {}}',
}
BOMB = "<!DOCTYPE svg [" + "".join(f'<!ENTITY lol{i + 1} "{f"&lol{i};" * 10}">' for i in range(9)) + "]>"


@each_vector
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_vectors_of_strangers_are_refused_in_a_line(ending: str, text: str, tmp_path: Path, run_cli: RunCli) -> None:
    answer = run_cli("info", vectors(tmp_path, ending, text, BOMB))
    assert answer.code == 2
    assert answer.err.count("\n") == 1
    words = ("found no recipe in it", "found a recipe that makes no sense", "cannot be read: ")
    assert any(word in answer.err for word in words)
    assert len(answer.err) < 500


@each_vector
def test_what_stands_late_in_vectors_is_found(ending: str, tmp_path: Path) -> None:
    recipe.read(vectors(tmp_path, ending, PLAIN + ', "photos": {}}', "\n" * 1_000_000 if ending == "pdf" else ""))
    recipe.read(vectors(tmp_path, ending, PLAIN + ', "photos": {}}', f"<!-- {'x' * 1_000_000} -->"))


@each_vector
def test_damaged_vectors_are_refused_or_read_and_nothing_else(ending: str, tmp_path: Path) -> None:
    path = vectors(tmp_path, ending, PLAIN + ', "photos": {}}')
    data, random_ = path.read_bytes(), random.Random(0)
    refused = 0
    for _ in range(120):
        changed = bytearray(data)
        for _ in range(random_.randint(1, 6)):
            changed[random_.randrange(len(data))] = random_.randrange(256)
        path.write_bytes(changed[: random_.choice((None, None, random_.randrange(len(data))))])
        try:
            recipe.scene_of(recipe.read(path), path)
        except InputError:
            refused += 1
    assert refused > 40
