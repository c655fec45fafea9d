"""Folders of photos: what is in them and what is left out, known by one hash, and nothing read from outside."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import warnings
from pathlib import Path

import pytest
from tests.support.photo_sets import cut, noise, photo
from tests.support.platforms import on_posix

from artengine.media import photo_folder
from artengine.media.opening import open_as, open_media
from artengine.media.photo import Photo
from artengine.media.photo_folder import ChangedError, PhotoFolder, open_photo_folder

no_bytes_as_names = pytest.mark.skipif(sys.platform == "darwin", reason="names are UTF-8 there")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three photos, one of them further down."""
    for name in ("b.png", "a/c.jpg", "B.png"):
        photo(tmp_path / "photos" / name)
    return tmp_path / "photos"


def opened(folder: Path) -> PhotoFolder:
    return open_photo_folder(folder, folder.name)


def refused(folder: Path) -> str:
    with pytest.raises(ValueError, match="found") as error:
        opened(folder)
    return str(error.value)


def test_photos_are_listed_by_their_names_hidden_ones_aside(folder: Path) -> None:
    photo(folder / ".trash" / "x.png")
    photo(folder / "a" / ".x.png")
    found = opened(folder)
    assert list(found.files) == ["B.png", "a/c.jpg", "b.png"]
    assert found.left_out == {}
    assert open_as(PhotoFolder, folder, "photos") == open_media(folder, "photos") == found


def test_the_hash_is_of_names_and_contents_and_of_nothing_else(folder: Path, tmp_path: Path) -> None:
    first = opened(folder).sha256
    other = shutil.copytree(folder, tmp_path / "elsewhere")
    (other / "notes.txt").write_text("no picture, and so no part of what is learnt")
    photo(other / ".hidden.png")
    assert opened(other).sha256 == first
    (other / "b.png").rename(other / "d.png")
    renamed = opened(other).sha256
    photo(other / "d.png", (1, 2, 3))
    changed = opened(other).sha256
    photo(other / "e.png", (1, 2, 3))
    assert len({first, renamed, changed, opened(other).sha256}) == 4


def test_what_does_not_begin_as_a_photo_is_left_out_whatever_it_is_called(folder: Path) -> None:
    (folder / "text.png").write_text("Dear diary")
    (folder / "empty.jpg").write_bytes(b"")
    noise(folder / "photo.png").rename(folder / "photo.txt")
    found = opened(folder)
    assert list(found.files)[-1] == "photo.txt"
    assert found.left_out == {"empty.jpg": "no picture", "text.png": "no picture"}


def test_a_folder_without_photos_is_refused_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    assert refused(tmp_path / "none") == "found no photo in 'none', which is empty; expected a folder with photos in it"
    for number in range(5):
        (tmp_path / "none" / f"{number}.txt").write_text("text")
    words = "'0.txt' (no picture), '1.txt' (no picture), '2.txt' (no picture) and 2 more"
    assert refused(tmp_path / "none").startswith(f"found no photo in 'none' among 5 files: {words};")


def test_a_file_is_no_folder_and_a_folder_no_photo(folder: Path) -> None:
    assert refused(folder / "b.png") == "found 'b.png', which is a file, expected a folder of photos"
    with pytest.raises(ValueError, match="found 'photos', which is a folder, expected a picture"):
        open_as(Photo, folder, "photos")
    for name in ("nowhere", "n" * 5000):
        with pytest.raises(ValueError, match=f"cannot read .*{name}"):
            opened(folder / name)


@on_posix
def test_links_lead_to_photos_of_the_folder_only(folder: Path, tmp_path: Path) -> None:
    photo(tmp_path / "secret.png", (9, 9, 9))
    photo(folder / ".store" / "kept.png")
    (folder / "out.png").symlink_to(tmp_path / "secret.png")
    (folder / "outside").symlink_to(tmp_path)
    (folder / "around").symlink_to(folder)
    (folder / "itself").symlink_to("itself")
    (folder / "in.png").symlink_to(".store/kept.png")
    found = opened(folder)
    assert list(found.files) == ["B.png", "a/c.jpg", "b.png", "in.png"]
    assert found.left_out == {
        "around": "a link to a folder",
        "itself": "a link that leads nowhere",
        "out.png": "a link that leads out of the folder",
        "outside": "a link that leads out of the folder",
    }


@on_posix
def test_a_pipe_is_waited_for_by_nobody(folder: Path) -> None:
    os.mkfifo(folder / "pipe.png")
    assert opened(folder).left_out == {"pipe.png": "no regular file"}
    found = photo_folder._hash(folder / "pipe.png")  # as if it had become one since it was listed
    assert found == "no regular file"


@on_posix
@no_bytes_as_names
def test_names_need_not_be_text(folder: Path) -> None:
    strange = os.fsdecode(b"\xff\n\x1b[31m.png")
    photo(folder / "e.png").rename(folder / strange)
    found = opened(folder)
    assert strange in found.files
    cut(folder / "e.png").rename(folder / strange)
    found = opened(folder)
    words = photo_folder.describe_left_out(found.decode(list(found.files), lambda place, photo: None))
    assert words.isprintable()
    assert words.encode()


def test_too_many_files_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_folder, "MAX_FILES", 4)  # three photos and a folder
    opened(folder)
    (folder / "more.txt").write_text("")
    assert refused(folder) == "found more than 4 files in 'photos'; take fewer"


def test_a_file_larger_than_any_photo_is_left_out_unread(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_folder, "MAX_MEDIA_BYTES", 3 << 20)
    with (folder / "large.png").open("wb") as file:
        file.write((folder / "b.png").read_bytes())
        file.truncate(5 << 20)
    assert opened(folder).left_out == {"large.png": "5 MB, more than 3"}


def test_photos_are_decoded_with_their_places_and_the_bad_ones_told(folder: Path) -> None:
    cut(folder / "cut.png")
    (folder / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    noise(folder / "large.png", (2100, 500))
    found = open_photo_folder(folder, "photos", max_megapixels=1)
    seen: dict[int, Photo] = {}
    before = list(warnings.filters)
    reasons = found.decode([*found.files, "b.png"], seen.__setitem__)
    assert list(warnings.filters) == before
    assert {place: one.name for place, one in seen.items()} == {0: "B.png", 1: "a/c.jpg", 2: "b.png", 6: "b.png"}
    assert seen[0].pixels.shape == (8, 12, 3)
    assert list(reasons) == ["cut.png", "drawing.svg", "large.png"]
    assert reasons["cut.png"].startswith("a damaged picture (")
    assert reasons["drawing.svg"] == "an SVG drawing"
    assert reasons["large.png"] == "a photo of 2100 x 500, 1 megapixels"


@pytest.mark.parametrize("how", ["gone", "another", "cut", pytest.param("a pipe", marks=on_posix)])
def test_a_photo_that_changes_after_the_scene_was_loaded_is_told(how: str, folder: Path) -> None:
    found = opened(folder)
    (folder / "b.png").unlink()
    if how == "another":
        photo(folder / "b.png", (1, 1, 1))
    elif how == "cut":
        cut(folder / "b.png")
    elif how == "a pipe":
        os.mkfifo(folder / "b.png")
    with pytest.raises(ChangedError, match=r"found 'b\.png' in 'photos' changed since the scene was loaded"):
        found.decode(list(found.files), lambda place, photo: None)


def test_all_cores_decode(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    found = opened(folder)
    together = threading.Barrier(3, timeout=60)  # which nobody passes alone
    assert found.decode(list(found.files), lambda place, photo: together.wait() and None) == {}
