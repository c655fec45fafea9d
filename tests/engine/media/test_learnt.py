"""Weights files that scenes name: told by how they begin, read once, and nothing else taken for one."""

from __future__ import annotations

import hashlib
import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from tests.support.platforms import on_posix

from artengine import InputError, load
from artengine.files import is_weights
from artengine.making import recipe
from artengine.making.pipeline import make_files
from artengine.media.base import Media
from artengine.media.font import Font
from artengine.media.learnt import Learnt, open_learnt
from artengine.media.opening import open_as, open_media
from artengine.media.photo import Photo
from artengine.training import weights


def ours() -> bytes:
    file = io.BytesIO()
    weights.write(file, {"a": torch.arange(6.0)}, {"kind": "weights", "key": "abc"})
    return file.getvalue()


def held(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_weights_file_is_known_by_its_bytes_and_its_hash(tmp_path: Path) -> None:
    path = held(tmp_path / "a.png", ours())  # the bytes count, not the suffix
    found = open_learnt(path, "a.png")
    assert found == Learnt(path, hashlib.sha256(ours()).hexdigest(), "a.png")
    assert open_media(path, "a.png") == open_as(Learnt, path, "a.png") == found
    assert all(is_weights(ours()[:length]) for length in (12, 20, 38, 1000))
    assert not any(is_weights(ours()[:length]) for length in range(12))


FOREIGN = {
    "nothing": b"",
    "text": b"Dear diary, today I saved my weights.",
    "safetensors of others": safetensors.torch.save({"a": torch.zeros(2)}, {"format": "pt"}),
    "a huge header": struct.pack("<Q", 2**60) + b"{" * 40,
    "pickle": b"\x80\x04\x95" + bytes(40),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_foreign_weights_are_refused(kind: str, tmp_path: Path) -> None:
    path = held(tmp_path / "a.safetensors", FOREIGN[kind])
    with pytest.raises(
        ValueError, match=r"found no weights file of artengine's, expected a \.safetensors that a training"
    ):
        open_learnt(path, "a")
    assert not is_weights(FOREIGN[kind])


@on_posix
def test_path_that_is_no_file_is_refused_as_weights(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name, what in {"pipe": "no regular file", "folder": "a folder"}.items():
        with pytest.raises(ValueError, match=rf"found '{name}', which is {what}, expected a weights file"):
            open_learnt(tmp_path / name, name)
    with pytest.raises(ValueError, match="cannot read"):
        open_learnt(tmp_path / "missing", "missing")


def test_files_of_other_kinds_are_not_taken_for_one(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((2, 3, 3), np.uint8)).save(tmp_path / "photo.png")
    assert isinstance(open_media(tmp_path / "photo.png", "photo.png"), Photo)
    path = held(tmp_path / "a.safetensors", ours())
    kinds: list[type[Media]] = [Photo, Font]
    for kind in kinds:
        with pytest.raises(ValueError, match="found"):
            open_as(kind, path, "a.safetensors")


SCENE = """\
seed: 3
canvas: {width: 8, height: 6}
network: {dividers: {lines: 3}}
training: {dividers: {synthetic: {size: 8}, way: gradient, cycles: 1, fit: 0, start: START}}
"""


def named(folder: Path, start: str, into: str = "a.yaml") -> Path:
    (folder / into).write_text(SCENE.replace(", start: START" if not start else "START", start))
    return folder / into


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the weights of a small training, first.safetensors."""
    place = tmp_path / "scene"
    place.mkdir()
    list(make_files(load(named(place, "", "first.yaml")), place, device="cpu"))
    return place


def test_scene_names_weights_as_it_names_a_photo(folder: Path) -> None:
    scene = load(named(folder, "first.safetensors"))
    found = scene.photos["first.safetensors"]
    assert isinstance(found, Learnt)
    assert scene.training is not None
    assert scene.training.options["start"] == found
    assert scene.training.describe()["dividers"]["start"] == {"learnt": found.sha256}
    told = recipe.of(scene, "cpu", None).model_dump_json()
    assert found.sha256 in told
    assert str(folder) not in told


@on_posix
@pytest.mark.parametrize(
    ("start", "told"),
    [
        ("missing.safetensors", "a.yaml:4:86: training.dividers.start: "),
        ("../private.safetensors", "which lies outside the scene's folder"),
        ("link.safetensors", "which lies outside the scene's folder"),
        ("first.png", "training.dividers.start: found no weights file of artengine's"),
        ("3", "training.dividers.start: found 3"),
        ("[first.safetensors]", "training.dividers.start: found a list of 1"),
    ],
)
def test_wrong_weights_are_reported_at_their_place(start: str, told: str, folder: Path) -> None:
    private = folder.parent / "private.safetensors"
    private.write_bytes((folder / "first.safetensors").read_bytes())
    (folder / "link.safetensors").symlink_to(private)
    with pytest.raises(InputError) as caught:
        load(named(folder, start))
    assert told in str(caught.value)
    assert "a.yaml:4:86: " in str(caught.value)


def test_a_picture_is_made_again_from_its_recipe_and_the_earlier_weights(folder: Path) -> None:
    out = folder / "out"
    list(make_files(load(named(folder, "first.safetensors")), out, device="cpu"))
    one = recipe.of(load(folder / "a.yaml"), "cpu", None)
    assert one.to_plain() == weights.about(out / "a.safetensors")["recipe"]
