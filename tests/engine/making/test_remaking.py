"""What was learnt travels with the picture: it is painted again elsewhere, without learning and without the photo."""

from __future__ import annotations

import base64
import io
import json
import shutil
import zlib
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tests.engine.training.test_weights import saved
from tests.support.common import RunCli
from tests.support.executors import in_process
from tests.support.folders import file_contents

from artengine import InputError, build, load, run
from artengine.events import Note, TrainingReport
from artengine.making import make_files, recipe, remaking_of
from artengine.making.films import film_frames
from artengine.training import enclosed, weights

STILLS = "outputs: [png, jpeg, webp, tiff, curves]\n"
FILMS = "film: {length: 3f, fps: 12}\noutputs: [mp4, webm, {gif: {width: 16}}, apng, filmstrip, png]\n"
VECTORS = """seed: 1
canvas: {width: 24, height: 16}
network: {dividers: {lines: 3, hidden: 2}}
training: {dividers: {target: photo.png, cycles: 1, fit: 8, candidates: 8}}
outputs: [svg, pdf, png]
"""
MEANS = VECTORS.replace("fit: 8", "colours: mean")
FOUND = "painted from the weights that came with it (--fresh trains anew)"


def made(scene: Path, *words: object, run_cli: RunCli) -> dict[str, bytes]:
    """Run a scene and take the photo away; the pictures."""
    answer = run_cli("run", scene, *words)
    assert answer.code == 0, answer.err
    (scene.parent / "photo.png").rename(scene.parent / "kept.png")
    scene.unlink()
    files = file_contents(scene.parent / "pictures")
    return {name: data for name, data in files.items() if not name.endswith(".safetensors")}


def stranger(path: Path, **changes: Any) -> Path:
    """A PNG with the recipe of the one at path, changed."""
    fields = json.loads(recipe.read(path).to_json()) | changes
    info = PngInfo()
    info.add_text("artengine", json.dumps(fields))
    Image.new("RGB", (2, 2)).save(path.with_name("stranger.png"), pnginfo=info)
    return path.with_name("stranger.png")


@pytest.fixture(scope="module")
def learnt() -> dict[str, bytes]:
    """The picture that most tests begin with, once the first of them has made it."""
    return {}


@pytest.fixture
def picture(learning_scene: Path, run_cli: RunCli, learnt: dict[str, bytes]) -> Path:
    """A picture that was learnt, in another folder than its photo, which is gone."""
    folder = learning_scene.parent
    if not learnt:
        learnt |= made(learning_scene, run_cli=run_cli)
        shutil.rmtree(folder / "pictures")
    else:
        (folder / "photo.png").rename(folder / "kept.png")
        learning_scene.unlink()
    (folder / "pictures").mkdir()
    (folder / "pictures/learning.png").write_bytes(learnt["learning.png"])
    return folder / "pictures/learning.png"


@pytest.mark.parametrize("outputs", [STILLS, FILMS, VECTORS, MEANS], ids=["stills", "films", "vectors", "means"])
def test_every_file_is_made_again_without_its_photo_and_without_learning(
    outputs: str, learning_scene: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    scene = outputs if outputs.startswith("seed") else learning_scene.read_text() + outputs
    learning_scene.write_text(scene)
    files = made(learning_scene, run_cli=run_cli)
    assert len(files) == outputs.partition("outputs: ")[2].count(",") + 1
    for name, data in files.items():
        answer = run_cli("rerun", f"pictures/{name}", "--out", "again")
        assert (answer.code, answer.err) == (0, f"{Path(name).stem}: {FOUND}\n")
        (again,) = file_contents(tmp_path / "again").items()  # and no weights beside it
        assert again == (Path(answer.out.strip()).name, data)
        (tmp_path / answer.out.strip()).unlink()


@pytest.mark.parametrize("bits", [8, 16])
def test_weights_of_few_bits_are_painted_as_they_were(
    bits: int, learning_scene: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    files = made(learning_scene, "--set", f"training.regression.bits={bits}", run_cli=run_cli)
    assert run_cli("rerun", "pictures/learning.png", "--out", "again").code == 0
    assert file_contents(tmp_path / "again") == files


def test_posters_and_other_views_need_no_photo(learning_scene: Path, tmp_path: Path, run_cli: RunCli) -> None:
    words = ["--size", "40x30", "--set", "camera.zoom=0.1"]
    run(learning_scene, out=tmp_path / "direct", size=(40, 30), overrides=["camera.zoom=0.1"])
    made(learning_scene, run_cli=run_cli)
    answer = run_cli("rerun", "pictures/learning.png", *words, "--out", "again")
    assert (answer.code, answer.err) == (0, f"learning: {FOUND}\n")
    one, other = (Image.open(tmp_path / folder / "learning.png") for folder in ("direct", "again"))
    assert one.tobytes() == other.tobytes()
    assert other.size == (40, 30)
    run_cli("rerun", "again/learning.png", "--out", "third")
    assert file_contents(tmp_path / "third") == file_contents(tmp_path / "again")


def test_what_came_with_it_is_painted_and_embedded_whatever_a_training_would_come_to_here(
    learning_scene: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    run(learning_scene, out=tmp_path / "pictures")  # what this machine comes to, which stays
    network = build(load(learning_scene), "cpu").network
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(0.5)
    file = io.BytesIO()
    weights.write(file, network.state_dict(), {"kind": "weights", "steps": 60, "loss": 0.5, "psnr": 3.0})
    text = base64.b64encode(zlib.compress(enclosed._sorted(file.getvalue()), 1)).decode()  # packed by another zlib
    path = stranger(tmp_path / "pictures/learning.png", weights=text)
    before = file_contents(tmp_path / "pictures")
    picture = build(load(learning_scene), "cpu")
    picture.network.load_state_dict(network.state_dict())
    answer = run_cli("rerun", path, "--set", "outputs=png", "--out", "pictures/again")
    assert answer.code == 0
    again = tmp_path / "pictures/again/stranger.png"
    assert (torch.from_numpy(picture.paint()) * 255).round().byte().numpy().tobytes() == Image.open(again).tobytes()
    assert recipe.read(again).weights == text
    assert all(file_contents(tmp_path / "pictures")[name] == data for name, data in before.items())


def test_another_training_is_said_and_learnt(picture: Path, tmp_path: Path, run_cli: RunCli) -> None:
    answer = run_cli("rerun", picture, "--seed", 5, "--out", "again")
    assert answer.code == 2
    first, second = answer.err.splitlines()
    assert first == "learning: what learning.png has learnt is of another training than this, so it is learnt anew"
    assert "its photo 'photo.png' (sha256 " in second
    assert "is missing; put it beside learning.png" in second
    assert file_contents(tmp_path / "again") == {}
    (tmp_path / "kept.png").rename(tmp_path / "photo.png")
    answer = run_cli("rerun", picture, "--seed", 5, "--out", "again")
    assert answer.code == 0
    assert sorted(file_contents(tmp_path / "again")) == ["learning.png", "learning.safetensors"]
    assert recipe.read(tmp_path / "again/learning.png").weights not in (None, recipe.read(picture).weights)
    answer = run_cli("rerun", picture, "--fresh", "--out", "fresh")
    assert FOUND not in answer.err
    assert file_contents(tmp_path / "fresh")["learning.png"] == picture.read_bytes()


def test_settings_that_learn_the_same_keep_the_weights(picture: Path, run_cli: RunCli) -> None:
    for setting in ("network.mlp.width=8", "training.regression.until.steps=60", "canvas.samples=4", "seed=3"):
        err = run_cli("rerun", picture, "--set", setting, "--out", "again").err
        assert [line for line in err.splitlines() if " is kept: " not in line] == [f"learning: {FOUND}"]


def test_a_photo_that_the_picture_itself_needs_has_to_be_there(tmp_path: Path, run_cli: RunCli, picture: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from artengine import Photo, hookimpl\n\n\n"
        "def shown(image, /, *, photo: Photo):\n    return image + 0 * photo.pixels.mean()\n\n\n"
        "@hookimpl\ndef register_filters():\n    return {'shown': shown}\n"
    )
    text = recipe.read(picture).scene + "filters: {shown: {photo: photo.png}}\n"
    path = stranger(picture, scene=text)
    answer = run_cli("rerun", path, "-p", "mine.py", "--out", "again")
    assert answer.code == 2
    assert "its photo 'photo.png'" in answer.err
    (tmp_path / "kept.png").rename(tmp_path / "pictures/photo.png")
    assert run_cli("rerun", path, "-p", "mine.py", "--out", "again").code == 0


def strangers_weights(good: str) -> dict[str, Any]:
    def text(data: bytes) -> str:
        return base64.b64encode(data).decode()

    packed = base64.b64decode(good)
    return {
        "no packing": text(b"hello"),
        "cut off": text(packed[:-20]),
        "empty": "",
        "no base64": "AAA",
        "a bomb": text(zlib.compress(bytes(enclosed.MAX_FILE_BYTES + 1))),
        "of another network": text(zlib.compress(enclosed._sorted(saved()))),
    }


@pytest.mark.parametrize("kind", strangers_weights(""))
def test_damaged_and_foreign_weights_are_said_and_no_harm(
    kind: str, picture: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    good = recipe.read(picture).weights
    assert good
    path = stranger(picture, weights=strangers_weights(good)[kind])
    answer = run_cli("rerun", path, "--out", "again")
    assert answer.code == 2
    assert [line.partition(" (")[0] for line in answer.err.splitlines()] == [
        "stranger: the weights that came with it are no use",
        f"{path}: its photo 'photo.png'",
    ]
    assert file_contents(tmp_path / "again") == {}
    if kind != "of another network":
        assert run_cli("info", path).out.startswith("# what was learnt is in the file, and damaged: ")
        assert json.loads(run_cli("info", path, "--json").out)["weights"] is None
    (tmp_path / "kept.png").rename(tmp_path / "photo.png")
    assert run_cli("rerun", path, "--out", "again").code == 0
    assert Image.open(tmp_path / "again/stranger.png").tobytes() == Image.open(picture).tobytes()


@pytest.mark.parametrize("text", ["not base64!", "A" * 4_000_001, 7], ids=["signs", "long", "number"])
def test_weights_that_are_no_text_of_ours_make_no_recipe(text: Any, picture: Path, run_cli: RunCli) -> None:
    answer = run_cli("rerun", stranger(picture, weights=text))
    assert answer.code == 2
    assert "found a recipe that makes no sense: 'weights': " in answer.err
    assert len(answer.err) < 500


def test_info_tells_what_was_learnt_and_never_shows_it(picture: Path, run_cli: RunCli) -> None:
    text = recipe.read(picture).weights
    assert text
    size = len(base64.b64decode(text))
    shown, data = run_cli("info", picture).out, run_cli("info", picture, "--json").out
    assert shown.startswith(
        f"# 123 parameters in 492 bytes, 32.00 bits each\n# {size:,} bytes in the file\n# 384 pixels"
    )
    found = json.loads(data)
    assert (found["weights"]["parameters"], found["weights"]["file_bytes"]) == (123, size)
    assert text[20:40] not in shown + data


@pytest.mark.parametrize(
    ("words", "inside"),
    [
        ([], True),
        (["--weights", "never"], False),
        (["--weights", "always"], True),
        (["--weights", "always", "--no-metadata"], False),
    ],
)
def test_weights_are_inside_where_that_is_wanted_and_again_as_they_were(
    words: list[str], inside: bool, learning_scene: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    assert run_cli("run", learning_scene, *words).code == 0
    path = tmp_path / "pictures/learning.png"
    if "--no-metadata" in words:
        with pytest.raises(InputError):
            recipe.read(path)
        return
    assert (recipe.read(path).weights is not None) is inside
    assert run_cli("rerun", path, "--out", "again").code == 0
    assert (tmp_path / "again/learning.png").read_bytes() == path.read_bytes()
    assert run_cli("rerun", path, "--weights", "always", "--out", "with").code == 0
    assert recipe.read(tmp_path / "with/learning.png").weights


def test_what_is_large_stays_out_unless_it_is_wanted(
    learning_scene: Path, tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enclosed, "SMALL_BYTES", 500)
    answer = run_cli("run", learning_scene)
    assert answer.code == 0
    assert "learning: the picture's files are without what it has learnt: found weights of " in answer.err
    assert answer.err.endswith("expected at most 500; --weights always puts them in\n")
    assert recipe.read(tmp_path / "pictures/learning.png").weights is None
    assert run_cli("run", learning_scene, "--weights", "always").code == 0
    assert recipe.read(tmp_path / "pictures/learning.png").weights
    monkeypatch.setattr(enclosed, "MAX_PACKED_BYTES", 600)
    assert "expected at most 600\n" in run_cli("run", learning_scene, "--weights", "always").err


def test_a_film_begins_from_it_by_several_processes_too(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_frames, "Workers", in_process)
    settings = ["film.length=3f", "film.fps=12", "camera={keys: {0s: {zoom: 0.5}, 100%: {zoom: 1}}}", "outputs=apng"]
    films = []
    for jobs in (1, 2):
        again = remaking_of(picture, overrides=settings)
        events = list(make_files(again.scene, tmp_path / str(jobs), packed=again.packed, jobs=jobs, device="cpu"))
        assert [event.text for event in events if isinstance(event, Note)] == [FOUND]
        assert not [event for event in events if isinstance(event, TrainingReport)]
        films.append(file_contents(tmp_path / str(jobs)))
    assert films[0] == films[1]
    assert [Path(name).suffix for name in films[0]] == [".apng"]


def test_a_film_of_the_learning_learns_and_says_so(picture: Path, tmp_path: Path, run_cli: RunCli) -> None:
    words = ["--set", "film={length: 4f, learning: even}", "--set", "outputs=[apng, png]", "--out", "again"]
    answer = run_cli("rerun", picture, *words)
    assert answer.code == 2
    assert "the film shows the learning, so the weights that came with it are not used" in answer.err
    (tmp_path / "kept.png").rename(tmp_path / "photo.png")
    run_cli("rerun", picture, "--set", "film={length: 4f, learning: even}", "--set", "outputs=apng", "--out", "again")
    assert sorted(file_contents(tmp_path / "again")) == ["learning.apng", "learning.safetensors"]
    assert recipe.read(tmp_path / "again/learning.apng").weights is None


@pytest.mark.parametrize("length", [16, 32, 64], ids=["NEON", "AVX2", "AVX-512"])
def test_a_processor_with_other_vectors_makes_the_same_file(
    length: int, picture: Path, tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = pytest.importorskip("artengine.painting.compiled.compiler")
    from artengine.painting.compiled.ir_builder import Tile

    monkeypatch.setattr(compiler, "choose_tile", lambda real, broad: Tile(real, length // real.bytes, 2, 6, 32))
    assert run_cli("rerun", picture, "--out", "again").err == f"learning: {FOUND}\n"
    assert (tmp_path / "again/learning.png").read_bytes() == picture.read_bytes()
