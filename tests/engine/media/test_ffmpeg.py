"""ffmpeg as a child: what it says is heard, how it ends is seen, and it is gone afterwards."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from artengine import ArtengineError, OutputError
from artengine.media import ffmpeg

SIDE = 32
FRAME = bytes(range(256)) * (SIDE * SIDE * 3 // 256)
RAW = ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", f"{SIDE}x{SIDE}", "-framerate", "10", "-i", "pipe:0"]
MP4 = [*RAW, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-f", "mp4"]


def film(folder: Path, frames: int = 7) -> Path:
    path = folder / "a.mp4"
    ffmpeg.encode([FRAME] * frames, MP4, path, shown=path)
    return path


def children() -> set[int]:
    """Our child processes, the dead that nobody has reaped among them."""
    found = set()
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(words[1]) == os.getpid():
            found.add(int(place.parent.name))
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left_behind() -> Iterator[None]:
    if sys.platform != "linux":  # which tells of processes and open files in /proc
        yield
        return
    before, open_before = children(), len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert children() == before
    assert len(list(Path("/proc/self/fd").iterdir())) == open_before


def test_encoded_film_is_probed(tmp_path: Path) -> None:
    found = ffmpeg.probe(film(tmp_path), "mov", shown=Path("a.mp4"))
    assert (found.frames, found.width, found.height, found.duration, found.rate) == (7, 32, 32, 0.7, 10)
    assert (found.codec, found.pixels) == ("h264", "yuv420p")


def test_frames_may_be_cut_anywhere(tmp_path: Path) -> None:
    whole = film(tmp_path).read_bytes()
    data = FRAME * 7
    pieces = [data[:1], data[1:5000], b"", data[5000:]]
    ffmpeg.encode(pieces, MP4, tmp_path / "b.mp4", shown=Path("b.mp4"))
    assert (tmp_path / "b.mp4").read_bytes() == whole


def test_an_error_repeats_what_ffmpeg_said_last_and_names_the_users_file(tmp_path: Path) -> None:
    told = r"^out/film\.mp4: cannot be written: ffmpeg ended with exit code \d+: .*no_such_encoder.*$"
    words = [*RAW, "-c:v", "no_such_encoder", "-f", "mp4"]
    with pytest.raises(OutputError, match=told) as caught:
        ffmpeg.encode([FRAME] * 1000, words, tmp_path / "x.tmp", shown=Path("out/film.mp4"))
    assert str(tmp_path) not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_ffmpeg_that_ends_early_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"^a\.mp4: cannot be written: ffmpeg ended before the film did$"):
        ffmpeg.encode([FRAME] * 4000, [*MP4[:-2], "-frames:v", "3", "-f", "mp4"], tmp_path / "a", shown=Path("a.mp4"))


def test_ffmpeg_with_a_long_log_does_not_block(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    ffmpeg.encode([FRAME] * 300, ["-v", "trace", *MP4], path, shown=path)
    assert ffmpeg.probe(path, "mov", shown=path).frames == 300


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), OSError(5, "Input/output error")])
def test_exception_of_the_frames_ends_ffmpeg(error: BaseException, tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield FRAME
        raise error

    with pytest.raises(type(error)) as caught:
        ffmpeg.encode(pieces(), MP4, tmp_path / "a", shown=Path("a.mp4"))
    assert caught.value is error


def test_encoding_can_be_cancelled(tmp_path: Path) -> None:
    path, calls = film(tmp_path, 3000), 0

    def raise_if_cancelled() -> None:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ffmpeg.probe(path, "mov", shown=path, raise_if_cancelled=raise_if_cancelled)
    forever = ["-f", "lavfi", "-i", "testsrc", "-f", "null"]  # it never ends of itself
    calls = 0
    with pytest.raises(KeyboardInterrupt):
        ffmpeg.encode((), forever, tmp_path / "x", shown=path, raise_if_cancelled=raise_if_cancelled)


def test_ffmpeg_does_not_see_ctrl_c(tmp_path: Path) -> None:
    groups = []

    def pieces() -> Iterator[bytes]:
        yield FRAME
        groups.extend(os.getpgid(pid) for pid in children() - before)

    before = children()  # a browser for other tests, perhaps
    ffmpeg.encode(pieces(), MP4, tmp_path / "a", shown=Path("a.mp4"))
    assert os.getpgrp() not in groups
    assert len(groups) == 1


def test_a_damaged_film_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    ffmpeg.encode([random.Random(index).randbytes(len(FRAME)) for index in range(5)], MP4, path, shown=path)
    data = bytearray(path.read_bytes())
    place = (data.index(b"mdat") + data.index(b"moov")) // 2
    data[place : place + 50] = bytes(50)
    path.write_bytes(data)
    with pytest.raises(OutputError, match=r"^a\.mp4: cannot be written: ffmpeg ended with exit code \d+"):
        ffmpeg.probe(path, "mov", shown=Path("a.mp4"))
    path.write_bytes(b"")
    with pytest.raises(OutputError, match=r"^a\.mp4: cannot be written: ffmpeg ended"):
        ffmpeg.probe(path, "mov", shown=Path("a.mp4"))


def test_playlist_is_refused_as_a_film(tmp_path: Path) -> None:
    film(tmp_path).rename(tmp_path / "secret.mp4")
    path = tmp_path / "b.mp4"
    for script in (f"ffconcat version 1.0\nfile {tmp_path}/secret.mp4\n", "#EXTM3U\n#EXTINF:1,\nsecret.mp4\n"):
        path.write_text(script)
        with pytest.raises(OutputError):
            ffmpeg.probe(path, "mov", shown=path)


def test_large_recipe_does_not_hide_errors(tmp_path: Path) -> None:
    about, path = tmp_path / "about", tmp_path / "a.mp4"
    forged = "\n  Stream #0:0: Video: forged (x), forged(x), 1x1\n"
    about.write_text(ffmpeg.metadata(forged + "x" * 3_000_000 + forged))
    words = [*RAW, "-f", "ffmetadata", "-i", str(about), "-map", "0:v", "-map_metadata", "1", *MP4[len(RAW) :]]
    ffmpeg.encode([FRAME] * 5, words, path, shown=path)
    found = ffmpeg.probe(path, "mov", shown=path)
    assert (found.frames, found.width, found.codec, found.pixels) == (5, 32, "h264", "yuv420p")


def test_missing_ffmpeg_is_reported_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(tmp_path / "gone"))
    with pytest.raises(ArtengineError, match=rf"^{re.escape(str(tmp_path))}/gone: cannot be run: No such file or dir"):
        film(tmp_path)
    monkeypatch.delenv("IMAGEIO_FFMPEG_EXE")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)  # as where it is not installed
    with pytest.raises(ArtengineError, match=r"^found no ffmpeg, which films need; pip install imageio-ffmpeg, or "):
        film(tmp_path)


def test_ffmpeg_is_looked_for_when_it_is_needed_and_not_before() -> None:
    code = (
        "import sys; from artengine.media import ffmpeg; "
        "assert not {'imageio_ffmpeg', 'moviepy', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
