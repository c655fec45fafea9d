"""The painted frames of a film on the disk: read as they were kept, or not at all; what is in their way stays."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from tests.support.film_runs import FILM, made

from artengine import OutputError, load
from artengine.making.films import frame_cache
from artengine.making.films.film_frames import frame_cache_of
from artengine.making.films.frame_cache import FrameCache


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    (tmp_path / "s.yaml").write_text(FILM)
    return tmp_path / "s.yaml"


def test_no_damage_of_a_frame_is_more_than_a_frame_that_is_gone(tmp_path: Path) -> None:
    cache = FrameCache(tmp_path, "s", "0" * 16)
    cache.open()
    random = np.random.RandomState(0)
    pixels = random.randint(0, 256, (9, 16, 3)).astype(np.uint8)
    cache.write(0, pixels)
    whole = cache.path(0).read_bytes()
    assert np.array_equal(cache.read(0), pixels)
    for cut in range(len(whole)):
        cache.path(0).write_bytes(whole[:cut])
        found = cache.read(0)
        assert (found is None) if cut < len(whole) - 20 else (found is None or np.array_equal(found, pixels))
    for _ in range(300):
        damaged = bytearray(whole)
        damaged[random.randint(len(whole))] ^= 1 << random.randint(8)
        cache.path(0).write_bytes(damaged)
        found = cache.read(0)
        assert found is None or np.array_equal(found, pixels)
    for shape in ((0, 16, 3), (9, 16, 2), (9, 16, 4), (16, 9, 1), (1 << 31, 1 << 31, 3)):
        cache.path(0).write_bytes(b"artframe" + struct.pack("<III", *shape) + whole[20:])
        assert cache.read(0) is None
    for other in (b"", whole + b"more", whole + whole, b"\x89PNG\r\n\x1a\n" + bytes(50)):
        cache.path(0).write_bytes(other)
        assert cache.read(0) is None


def test_file_that_is_no_frame_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = FrameCache(tmp_path, "s", "0" * 16)
    cache.open()
    cache.write(0, np.zeros((9, 16, 3), np.uint8))
    frame = cache.path(0).read_bytes()
    cache.path(0).write_bytes(b"another!" + frame[8:])
    assert cache.read(0) is None
    cache.write(0, np.zeros((9, 16, 2), np.uint8))  # a picture has one channel or three
    assert cache.read(0) is None
    for largest, readable in ((9 * 16 * 3, True), (9 * 16 * 3 - 1, False)):
        cache.path(0).write_bytes(frame)
        monkeypatch.setattr(frame_cache, "_MAX_FRAME_BYTES", largest)
        assert (cache.read(0) is not None) is readable


@pytest.mark.parametrize("channels", [1, 3])
def test_a_frame_is_read_as_it_was_kept(tmp_path: Path, channels: int) -> None:
    cache = FrameCache(tmp_path, "s", "0" * 16)
    cache.open()
    pixels = np.random.RandomState(1).randint(0, 256, (9, 16, channels)).astype(np.uint8)
    cache.write(17, pixels)
    assert np.array_equal(cache.read(17), pixels)
    assert list(cache.missing(range(20))) == [*range(17), 18, 19]


def test_what_is_in_the_way_of_the_frames_is_refused_and_stays(scene: Path, tmp_path: Path) -> None:
    out, away = tmp_path / "out", tmp_path / "away"
    out.mkdir()
    away.mkdir()
    (away / "mine.txt").write_text("mine")
    place = frame_cache_of(load(scene), out, "cpu").frames_folder

    def refused(at: Path) -> None:
        with pytest.raises(OutputError, match=r"stands where unfinished work is kept \(frames\); move it") as caught:
            made(scene, out)
        assert str(caught.value).startswith(str(at))
        assert list(away.iterdir()) == [away / "mine.txt"]

    place.parent.write_text("mine")
    refused(place.parent)
    assert place.parent.read_text() == "mine"
    place.parent.unlink()
    place.parent.symlink_to(away)
    refused(place.parent)
    place.parent.unlink()
    place.parent.mkdir()
    place.symlink_to(away)
    refused(place)
    place.unlink()
    place.write_text("mine")
    refused(place)


def test_what_somebody_put_beside_the_frames_stays(scene: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    beside = frame_cache_of(load(scene), out, "cpu").frames_folder.parent / "notes"
    beside.mkdir(parents=True)
    (beside / "mine.txt").write_text("mine")
    made(scene, out)
    assert (beside / "mine.txt").read_text() == "mine"
    assert [path.name for path in beside.parent.iterdir()] == ["notes"]
