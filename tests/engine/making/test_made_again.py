"""Files are made again to the byte, wherever they are, from what they hold; what is missing for it is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from tests.support.common import RunCli
from tests.support.executors import in_process
from tests.support.folders import file_contents

from artengine import Scene, load, run
from artengine.events import Note, Wrote
from artengine.gallery import builder
from artengine.making import recipe
from artengine.making.pipeline import make_files

ALL = "outputs: [png, jpeg, webp, tiff]\n"
DEEP = "outputs: [png: {bits: 16}, tiff: {bits: 8}]\n"
COMMENT = "# Ein Bild für Zoë: 'quotes' \"and\" \\ 🎨.\n"

RIPPLE = """
import torch
from artengine import hookimpl

@hookimpl
def register_activations():
    return {"ripple": lambda x: torch.sin(3 * x) / (1 + x.abs())}
"""


@pytest.mark.parametrize("outputs", [ALL, DEEP], ids=["8 bit", "16 bit"])
def test_a_picture_is_made_again_to_the_byte(outputs: str, tiny_scene: Path, tmp_path: Path, run_cli: RunCli) -> None:
    tiny_scene.write_text(COMMENT + tiny_scene.read_text() + outputs)
    assert run_cli("run", tiny_scene, "--set", "canvas.width=20", "--seed", 8).code == 0
    made = file_contents(tmp_path / "pictures")
    assert len(made) == outputs.count(",") + 1
    tiny_scene.unlink()
    for name, data in made.items():
        answer = run_cli("rerun", f"pictures/{name}", "--out", "again")
        assert (answer.code, answer.out) == (0, f"again/{name}\n")
        assert file_contents(tmp_path / "again") == {name: data}  # only the one asked for
        (tmp_path / "again" / name).unlink()


def test_a_film_is_made_again_to_the_byte(tiny_scene: Path, tmp_path: Path, run_cli: RunCli) -> None:
    film = (
        "film: {length: 3f, fps: 12.5}\ncamera: {keys: {0s: {zoom: 1, turns: 1}, 100%: {zoom: 3}}, ease: ease-in-out}\n"
    )
    tiny_scene.write_text(
        COMMENT + tiny_scene.read_text() + film + "outputs: [mp4, webm, {gif: {width: 12}}, apng, png]\n"
    )
    assert run_cli("run", tiny_scene, "--set", "seed=[8, 9]", "--device", "cpu").code == 0
    made = file_contents(tmp_path / "pictures")
    assert sorted(Path(name).suffix for name in made) == [".apng", ".gif", ".mp4", ".png", ".webm"]
    tiny_scene.unlink()
    for name, data in made.items():
        answer = run_cli("rerun", f"pictures/{name}", "--out", "again")
        assert (answer.code, answer.out) == (0, f"again/{name}\n")
        assert file_contents(tmp_path / "again") == {name: data}
        (tmp_path / "again" / name).unlink()


def test_weights_and_pictures_of_a_training_are_made_again_to_the_byte(
    learning_scene: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    learning_scene.write_text(learning_scene.read_text() + ALL)
    assert run_cli("run", learning_scene).code == 0
    made = file_contents(tmp_path / "pictures")
    answer = run_cli("rerun", "pictures/learning.safetensors", "--out", "again")
    assert (answer.code, answer.out) == (0, "again/learning.safetensors\n")
    assert run_cli("rerun", "pictures/learning.webp", "--out", "again").code == 0
    again = file_contents(tmp_path / "again")
    assert again == {name: made[name] for name in ("learning.safetensors", "learning.webp")}


def test_the_api_makes_it_again(tiny_scene: Path, tmp_path: Path) -> None:
    (path,) = run(tiny_scene, out=tmp_path / "one", seed=9)
    found = recipe.read(path)
    scene = recipe.scene_of(found, path)
    events = list(make_files(scene, tmp_path / "two", only=recipe.output_of(found, scene, path)))
    assert [event.path for event in events if isinstance(event, Wrote)] == [tmp_path / "two" / "tiny.png"]
    assert file_contents(tmp_path / "two") == file_contents(tmp_path / "one")


def test_info_shows_a_scene_that_makes_the_picture(tiny_scene: Path, tmp_path: Path, run_cli: RunCli) -> None:
    tiny_scene.write_text(COMMENT + tiny_scene.read_text())
    run_cli("run", tiny_scene)
    shown = run_cli("info", "pictures/tiny.png").out
    assert tiny_scene.read_text().strip() in shown
    assert shown.startswith("# made with artengine ")
    (tmp_path / "back.yaml").write_text(shown)
    run_cli("run", "back.yaml", "--no-metadata")
    run_cli("run", tiny_scene, "--no-metadata")
    assert (tmp_path / "pictures/back.png").read_bytes() == (tmp_path / "pictures/tiny.png").read_bytes()
    (path,) = run(tiny_scene)
    assert json.loads(run_cli("info", path, "--json").out)["scene"] == tiny_scene.read_text()


@pytest.mark.parametrize("where", ["another folder", "photo beside", "photo where it was"])
def test_a_photo_is_found_and_the_bytes_are_the_same(
    where: str, learning_scene: Path, tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scenes" / "photos").mkdir(parents=True)
    (tmp_path / "photo.png").rename(tmp_path / "scenes/photos/photo.png")
    learning_scene.rename(tmp_path / "scenes/learning.yaml")
    path = tmp_path / "scenes/learning.yaml"
    path.write_text(path.read_text().replace("photo.png", "photos/photo.png"))
    assert run_cli("run", "scenes/learning.yaml", "--weights", "never").code == 0
    made = file_contents(tmp_path / "pictures")
    if where == "photo beside":
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "pictures").rename(tmp_path / "elsewhere/pictures")
        (tmp_path / "scenes/photos/photo.png").rename(tmp_path / "elsewhere/pictures/photo.png")
        answer = run_cli("rerun", "elsewhere/pictures/learning.png", "--out", "again")
    elif where == "photo where it was":
        answer = run_cli("rerun", "pictures/learning.png", "--out", "again")
    else:
        (tmp_path / "there").mkdir()
        monkeypatch.undo()
        monkeypatch.chdir(tmp_path / "there")
        found = recipe.read(Path("../pictures/learning.png"))
        scene = recipe.scene_of(found, Path("../pictures/learning.png"))
        list(make_files(scene, tmp_path / "again", weights="never"))
        answer = None
    assert answer is None or answer.code == 0
    assert file_contents(tmp_path / "again") == made


def test_a_missing_or_changed_photo_is_said(learning_scene: Path, tmp_path: Path, run_cli: RunCli) -> None:
    run_cli("run", learning_scene, "--weights", "never")
    photo = tmp_path / "photo.png"
    photo.rename(tmp_path / "other.png")
    answer = run_cli("rerun", "pictures/learning.png")
    assert answer.code == 2
    assert answer.err.startswith("pictures/learning.png: its photo 'photo.png' (sha256 ")
    assert "is missing; put it beside learning.png; looked for 'pictures/photo.png'" in answer.err
    Image.new("RGB", (3, 3)).save(photo)
    answer = run_cli("rerun", "pictures/learning.png")
    assert answer.code == 2
    assert "its photo 'photo.png' has changed since (sha256 " in answer.err
    assert answer.err.count("\n") == 1


def test_a_plugin_file_is_needed_again_and_its_absence_is_said(
    tiny_scene: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    (tmp_path / "ripple.py").write_text(RIPPLE)
    assert run_cli("run", tiny_scene, "-p", "ripple.py", "--set", "network.neural_painter.nonlin=ripple").code == 0
    made = file_contents(tmp_path / "pictures")
    answer = run_cli("rerun", "pictures/tiny.png", "--out", "again")
    assert answer.code == 2
    assert "pictures/tiny.png (its recipe):" in answer.err
    assert "ripple" in answer.err
    assert run_cli("rerun", "pictures/tiny.png", "--out", "again", "-p", "ripple.py").code == 0
    assert file_contents(tmp_path / "again") == made


def test_a_picture_that_another_program_saved_is_made_again(
    tiny_scene: Path, tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "Workers", in_process)
    run_cli("run", tiny_scene, "--set", "outputs=[png, jpeg]")
    made = file_contents(tmp_path / "pictures")
    with Image.open("pictures/tiny.jpg") as image:
        image.resize((5, 5)).save("pictures/tiny.png", exif=image.getexif())  # the recipe stands in its EXIF
    assert run_cli("info", "pictures/tiny.png").out == run_cli("info", "pictures/tiny.jpg").out
    assert run_cli("rerun", "pictures/tiny.png", "--out", "again").out == "again/tiny.jpg\n"
    assert file_contents(tmp_path / "again") == {"tiny.jpg": made["tiny.jpg"]}
    assert run_cli("mutate", "pictures/tiny.png", "--count", 1, "--out", "children").code == 0


def test_rerun_with_another_backend_says_that_bits_may_differ(tiny_scene: Path, tmp_path: Path) -> None:
    scene = load(tiny_scene)
    out = tmp_path / "out"
    (path,) = run(tiny_scene, out=out)
    backend = recipe.read(path).means
    assert set(backend) == {"products", "slice", "instructions"}

    def told(scene: Scene, backend: dict[str, str]) -> list[str]:
        return [event.text for event in make_files(scene, out, backend=backend) if isinstance(event, Note)]

    assert told(scene, backend) == []
    other = backend | {"products": "an abacus"}
    (note,) = told(scene, other)
    assert note.startswith("painted with products an abacus, ")
    assert note.endswith(": the last bits may differ")
    (note,) = told(scene, {})
    assert note.startswith("painted with means that it does not tell, here with products ")
    slow = load(tiny_scene, overrides={"canvas.precision": "float64"})
    note, kept = told(slow, other)
    assert kept.startswith("the earlier tiny.png is kept: ")
    assert "(a canvas of float64 goes step by step: published pictures depend on its last bits)" in note
