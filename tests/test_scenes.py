"""Every scene in scenes/ works, says what it is, and has its picture in gallery/."""

from __future__ import annotations

from pathlib import Path

import pytest

import artengine
from artengine import recipe
from conftest import ROOT

SCENES = sorted((ROOT / "scenes").glob("*.yaml"))
SMALL = {"training.regression.steps": 2}


def _made(path: Path, out: Path) -> dict[str, bytes]:
    training = artengine.load(path).training is not None
    overrides = ["canvas.width=16", "canvas.height=12", *(f"{key}={value}" for key, value in SMALL.items() if training)]
    paths = artengine.run(path, out=out, overrides=overrides, device="cpu")
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
def test_a_scene_has_its_picture_in_the_gallery_made_from_just_this_scene(path: Path) -> None:
    pictures = [one for one in (ROOT / "gallery").glob(f"{path.stem}.*") if one.suffix != ".safetensors"]
    assert pictures, f"run: artengine run {path.relative_to(ROOT)} --out gallery"
    for picture in pictures:
        assert recipe.read(picture).scene == path.read_text()
        assert picture.stat().st_size <= 350_000


def test_the_readme_shows_every_scene_under_its_picture() -> None:
    text = (ROOT / "README.md").read_text()
    missing = [path.name for path in SCENES if f"scenes/{path.name}" not in text]
    assert not missing


def test_photos_have_their_source_beside_them() -> None:
    told = (ROOT / "scenes" / "photos" / "README.md").read_text()
    photos = [path.name for path in (ROOT / "scenes" / "photos").iterdir() if path.suffix != ".md"]
    assert [name for name in photos if name not in told] == []
