"""Every scene in scenes/ works, says what it is, and has its picture in gallery/."""

from __future__ import annotations

import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.support.common import ROOT

import artengine
from artengine.events import Wrote
from artengine.making import recipe, remaking_of
from artengine.making.pipeline import make_files
from artengine.media import ffmpeg
from artengine.scene.loading import load_work
from artengine.scene.montage import Montage
from artengine.training import enclosed, weights


def from_git(*words: str) -> bytes | None:
    """What git says; None where there is no git, or the project is no checkout."""
    if not shutil.which("git"):
        return None
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True)
    return done.stdout if done.returncode == 0 else None


def committed(folder: str) -> list[Path]:
    """The files of a folder that belong to the project; what somebody tried out there does not matter."""
    names = from_git("ls-files", folder)
    if names is None:
        return sorted(path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix != ".safetensors")
    return [ROOT / name for name in names.decode().splitlines()]


def as_committed(path: Path, folder: Path) -> Path:
    """A copy of a file as it stands in the project, whatever a run has put in its place since."""
    kept = from_git("show", f":{path.relative_to(ROOT).as_posix()}")
    copy = folder / path.name
    copy.write_bytes(path.read_bytes() if kept is None else kept)
    return copy


def scene_as_committed(path: Path, folder: Path) -> Path:
    """A copy of a scene as it stands in the project, with the weights that it names."""
    if "weights/" in path.read_text():
        (folder / "weights").mkdir()
        for kept in committed("scenes/weights"):
            as_committed(kept, folder / "weights")
    return as_committed(path, folder)


def unlike(one: Path, other: Path) -> float:
    """How far two pictures are apart: the mean difference of their pixels, in levels of 255."""
    with Image.open(one) as first, Image.open(other) as second:
        a, b = (np.asarray(image.convert("RGB"), dtype=np.float64) for image in (first, second))
    return float(np.abs(a - b).mean())


SCENES = sorted(path for path in committed("scenes") if path.suffix == ".yaml")
QUICK = {
    "regression": ["training.regression.until.steps=2", "training.regression.downscale=8"],
    "dividers": ["training.dividers.cycles=1", "training.dividers.downscale=16", "training.dividers.candidates=2"],
    "adversarial": [
        *("training.adversarial.steps=3", "training.adversarial.batch=2"),
        *("network.generator.size=32", "network.generator.width=8"),
    ],
    "projection": ["training.projection.steps=2"],
    "directions": ["training.directions.count=200"],
}
SHIPPED = {"faces-train": "faces", "lookalike": "people", "average": "directions"}  # weights that other scenes take
SLOW = "film.fps=1"
SHORTER = {"walk": ["film.length=5s"]}  # still a frame at every seed
STRIP = 12  # frames of a strip


def _quick(path: Path) -> list[str]:
    """What makes a scene small and quick; of a film of several shots the one that learns is left out."""
    work = load_work(path)
    if isinstance(work, Montage):
        learning = [index for index, shot in enumerate(work.shots) if shot.scene and shot.scene.training]
        left_out = [f"shots.{index}.{word}" for index in learning for word in ("scene=painter.yaml", "set={}")]
        return [SLOW, *left_out]
    quick = [*QUICK[work.training.name]] if work.training else []
    if work.training and work.training.name == "dividers" and "colours: mean" not in path.read_text():
        quick.append("training.dividers.fit=20")  # the steps of what is no mean
    return [*quick, *([SLOW] if work.film else []), *SHORTER.get(path.stem, [])]


def _made(path: Path, out: Path) -> dict[str, bytes]:
    paths = artengine.run(path, out=out, size=(16, 12), overrides=_quick(path), device="cpu")
    return {one.name: one.read_bytes() for one in paths}


@pytest.mark.parametrize("path", SCENES, ids=lambda path: path.stem)
def test_a_scene_gives_the_same_bytes_twice(path: Path, tmp_path: Path) -> None:
    first = _made(path, tmp_path / "first")
    assert first
    assert first == _made(path, tmp_path / "second")


@pytest.mark.parametrize("path", SCENES, ids=lambda path: path.stem)
def test_a_scene_says_first_what_the_picture_is(path: Path) -> None:
    line = path.read_text().partition("\n")[0]
    assert line.startswith("# ")
    assert line.endswith(".")


@pytest.mark.parametrize("path", SCENES, ids=lambda path: path.stem)
def test_a_scene_has_its_picture_in_the_gallery_made_from_just_this_scene(path: Path, tmp_path: Path) -> None:
    pictures = [one for one in committed("gallery") if one.stem == path.stem]
    assert pictures, f"run: artengine run {path.relative_to(ROOT)} --out gallery"
    for picture in pictures:
        kept = as_committed(picture, tmp_path)
        work = load_work(path)  # of a film of several shots, its scenes are in it
        text = work.text if isinstance(work, Montage) else as_committed(path, tmp_path).read_text()
        assert recipe.read(kept).scene == text
        assert kept.stat().st_size <= 350_000


@pytest.mark.parametrize(("name", "kept"), SHIPPED.items())
def test_weights_that_come_with_the_project_are_those_of_its_scenes(name: str, kept: str) -> None:
    scene = artengine.load(ROOT / "scenes" / f"{name}.yaml")
    assert weights.about(ROOT / "scenes" / "weights" / f"{kept}.safetensors")["key"] == scene.training_key


def test_weights_that_come_with_the_project_are_small() -> None:
    assert sum(path.stat().st_size for path in committed("scenes/weights")) <= 8_000_000


LARGE = "faces-train"  # whose weights are no part of its picture


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in SCENES
        if "training:" in path.read_text() and "learning:" not in path.read_text() and path.stem != LARGE
    ],
    ids=lambda path: path.stem,
)
def test_a_learnt_picture_in_the_gallery_has_what_it_has_learnt(path: Path, tmp_path: Path) -> None:
    (picture,) = [one for one in committed("gallery") if one.stem == path.stem]
    # in a folder where no photo is
    (tmp_path / "empty").mkdir()
    scene_as_committed(path, tmp_path / "empty").unlink()
    again = remaking_of(Path(shutil.copy(as_committed(picture, tmp_path), tmp_path / "empty")))
    assert isinstance(again.scene, artengine.Scene)
    assert again.packed
    small = artengine.build(again.scene, "cpu")
    before = small.glance(24, 24)
    enclosed.load(again.packed, small.learnable, tmp_path / "there")
    small.take_learnt()
    assert np.abs(small.glance(24, 24) - before).mean() > 0.05


@pytest.mark.parametrize(
    "path",
    [path for path in SCENES if not any(word in path.read_text() for word in ("training:", "shots:"))],
    ids=lambda path: path.stem,
)
def test_a_scene_still_gives_the_picture_in_the_gallery(path: Path, tmp_path: Path) -> None:
    (picture,) = [one for one in committed("gallery") if one.stem == path.stem]
    film = artengine.load(path).film
    # of a film the frames of its strip, and no others: they are at the same parts of it
    quick = (
        [f"film.fps={STRIP * math.ceil(film.duration / STRIP) / film.duration}", "outputs=filmstrip"] if film else []
    )
    (made,) = artengine.run(scene_as_committed(path, tmp_path), out=tmp_path / "out", overrides=quick, device="cpu")
    assert made.name == picture.name
    # a strip of a longer film shows moments that are a frame or two away from these
    assert unlike(made, as_committed(picture, tmp_path)) < (8 if film else 1)


def test_the_story_is_a_film_of_ten_shots_with_titles(tmp_path: Path) -> None:
    path = ROOT / "scenes" / "story.yaml"
    story = load_work(path, size=(96, 54), overrides=[*_quick(path), "outputs=mp4"])
    assert isinstance(story, Montage)
    assert len(story.shots) == 10
    assert sum(shot.options.title is not None for shot in story.shots) >= 2
    assert all(shot.options.title or shot.options.caption for shot in story.shots)
    (path,) = [event.path for event in make_files(story, tmp_path) if isinstance(event, Wrote)]
    film = ffmpeg.probe(path, "mov", shown=path)
    assert (film.width, film.height, film.frames, film.rate) == (96, 54, story.frames, 1)
    assert film.duration == pytest.approx(story.frames)
    assert (film.codec, film.pixels) == ("h264", "yuv420p")
    assert "bt709" in film.colours
    assert recipe.read(path).scene == story.text
    assert story.text.count("neural_painter") >= 6  # its scenes are written out


def test_another_seed_gives_another_picture_and_this_is_seen(tmp_path: Path) -> None:
    painter = ROOT / "scenes" / "painter.yaml"
    (made,) = artengine.run(as_committed(painter, tmp_path), seed=5, out=tmp_path / "out", device="cpu")
    assert unlike(made, as_committed(ROOT / "gallery" / "painter.png", tmp_path)) > 10


def test_the_readme_shows_every_scene_under_its_picture() -> None:
    text = (ROOT / "README.md").read_text()
    missing = [path.name for path in SCENES if f"scenes/{path.name}" not in text]
    assert not missing


def test_photos_have_their_source_beside_them() -> None:
    told = (ROOT / "scenes" / "photos" / "README.md").read_text()
    photos = [path.name for path in committed("scenes/photos") if path.suffix != ".md"]
    assert [name for name in photos if name not in told] == []
