"""Files of films: the same each time, with their recipe, whole or not there."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.support.film_files import (
    FORMATS,
    RECIPE,
    Images,
    Write,
    by_ffmpeg,
    each_format,
    framed,
    moving,
    noise,
    ours,
    seen,
    target,
    written,
)
from tests.support.folders import file_names
from tests.support.processes import ended, forked

from artengine import Frame, OutputError, View
from artengine.files import create_file
from artengine.making import recipe
from artengine.media import ffmpeg
from artengine_basics.outputs import films, video


@each_format
def test_the_same_film_is_the_same_file_on_however_many_cores(write: Write, tmp_path: Path) -> None:
    ground = np.random.RandomState(0).random_sample((40, 40, 3)).repeat(8, axis=0).repeat(16, axis=1)
    images = [np.roll(ground, (37 * index, 11 * index), (0, 1)) for index in range(4)]  # far enough for a coder's care
    cores = os.sched_getaffinity(0)
    data = [written(write, tmp_path, images).read_bytes()]
    try:
        os.sched_setaffinity(0, {min(cores)})
        data.append(written(write, tmp_path, images).read_bytes())
    finally:
        os.sched_setaffinity(0, cores)
    data.append(written(write, tmp_path, images).read_bytes())
    assert data[0] == data[1] == data[2]
    version = subprocess.run([ffmpeg.program(), "-version"], capture_output=True, text=True, check=True).stdout
    for word in [b"x264 -", b"core 16", b"Lavf6", b"Lavc6", version.split()[2].encode()]:
        assert word not in data[0]


def test_a_player_may_begin_before_it_has_the_whole_mp4(tmp_path: Path) -> None:
    data, place, boxes = written(films.mp4, tmp_path, moving()).read_bytes(), 0, []
    while place < len(data):
        boxes.append(data[place + 4 : place + 8])
        place += int.from_bytes(data[place : place + 4], "big")
    assert boxes.index(b"moov") < boxes.index(b"mdat")
    assert b"moof" not in boxes  # one index for all of it, which players can seek in


@each_format
@pytest.mark.parametrize("text", [RECIPE, '{"artengine": "' + "=;#\\\\" * 60_000 + '"}', '{"artengine": 1}'])
def test_the_recipe_comes_back(write: Write, text: str, tmp_path: Path) -> None:
    path = written(write, tmp_path, moving(2), recipe=text)
    assert recipe.embedded_text(path) == text
    assert seen(path).frames == (1 if write is films.gif else 2)


@each_format
def test_without_a_recipe_there_is_none(write: Write, tmp_path: Path) -> None:
    path = written(write, tmp_path, moving(2), recipe=None)
    assert recipe.embedded_text(path) == ""
    assert b"artengine" not in path.read_bytes().lower()
    assert b"comment" not in path.read_bytes().lower()
    assert bytes(tmp_path) not in path.read_bytes()


class Bands(Frame):
    """A frame in bands of so many rows."""

    def __init__(self, image: Images, rows: int) -> None:
        super().__init__(view=View(width=image.shape[1], height=image.shape[0]), image=image)
        self.rows = rows

    def bands(self) -> Iterator[Images]:
        for top in range(0, len(self.image), self.rows):
            yield self.image[top : top + self.rows]


@each_format
def test_a_film_does_not_show_how_its_frames_came_in_bands(write: Write, tmp_path: Path) -> None:
    images = noise(2, 75)
    whole = written(write, tmp_path, images).read_bytes()
    for rows in (1, 40, 74):
        (path,) = write([Bands(image, rows) for image in images], target(tmp_path))
        assert path.read_bytes() == whole


@pytest.mark.parametrize("write", [*FORMATS.values(), films.frames], ids=[*FORMATS, "frames"])
def test_a_film_is_never_held_in_memory(write: Write, tmp_path: Path) -> None:
    alive: weakref.WeakSet[Frame] = weakref.WeakSet()
    most = 0

    def long() -> Iterator[Frame]:
        nonlocal most
        for _ in range(60):
            frame = framed(np.zeros((16, 16, 3), np.float32))
            alive.add(frame)
            yield frame
            del frame
            most = max(most, len(alive))

    list(write(long(), target(tmp_path)))
    assert most <= 2


@pytest.mark.parametrize("write", [*FORMATS.values(), films.frames], ids=[*FORMATS, "frames"])
def test_a_still_is_no_film(write: Write, tmp_path: Path) -> None:
    def untouched() -> Iterator[Frame]:
        raise AssertionError("it was painted in vain")
        yield

    with pytest.raises(
        ValueError, match=r"^found a still, expected a film; .* with film: \{length: 8s\} in the scene$"
    ):
        list(write(untouched(), target(tmp_path, fps=None)))
    with pytest.raises(ValueError, match=r"^found no frame, expected at least one$"):
        list(write(iter(()), target(tmp_path)))
    assert file_names(tmp_path) == []


@each_format
def test_frames_that_change_their_size_are_refused(write: Write, tmp_path: Path) -> None:
    images = [*moving(3), moving(1, 48, 66)[0]]
    with pytest.raises(ValueError, match=r"^found frame 4 of 66 x 48 x 3, expected all as the first, 64 x 48 x 3$"):
        written(write, tmp_path, images)
    assert file_names(tmp_path) == []
    assert ours(tmp_path) == []


@each_format
def test_a_film_is_written_once_in_a_run(write: Write, tmp_path: Path) -> None:
    one = target(tmp_path)
    list(write(map(framed, moving(2)), one))
    with pytest.raises(ValueError, match="which has been written in this run already"):
        list(write(map(framed, moving(2)), one))


class _OffError(BaseException):
    """What a called-off output sees."""


@each_format
@pytest.mark.parametrize("after", [0, 5])
def test_a_film_that_is_called_off_leaves_nothing(write: Write, after: int, tmp_path: Path) -> None:
    earlier = written(write, tmp_path, moving(2))
    data = earlier.read_bytes()

    def stopped() -> Iterator[Images]:
        yield from noise(after or 1, 300)
        raise _OffError

    with pytest.raises(_OffError):
        written(write, tmp_path, stopped())
    assert earlier.read_bytes() == data
    assert file_names(tmp_path) == [earlier.name]
    assert ours(tmp_path) == []


@each_format
def test_a_film_that_is_called_off_when_all_frames_are_in_leaves_nothing(write: Write, tmp_path: Path) -> None:
    over = False

    def raise_if_cancelled() -> None:
        if over:
            raise _OffError

    def ending() -> Iterator[Images]:
        nonlocal over
        yield from noise(5, 200)
        over = True

    with pytest.raises(_OffError):
        written(write, tmp_path, ending(), raise_if_cancelled=raise_if_cancelled)
    assert file_names(tmp_path) == []
    assert ours(tmp_path) == []


@by_ffmpeg
def test_an_ffmpeg_that_is_killed_is_an_error_and_no_film(write: Write, tmp_path: Path) -> None:
    def watched() -> Iterator[Images]:
        for index, image in enumerate(noise(40, 200)):
            if index == 5:
                (pid,) = ours(tmp_path)
                os.kill(pid, signal.SIGKILL)
            yield image

    with pytest.raises(OutputError, match=r"/a\.\w+: cannot be written: ffmpeg was ended by signal 9"):
        written(write, tmp_path, watched())
    assert file_names(tmp_path) == []
    assert ours(tmp_path) == []


@each_format
def test_a_full_disk_costs_no_earlier_film_whatever_is_free(write: Write, small_disk: Path, tmp_path: Path) -> None:
    images = noise(4, 130)
    need = written(write, tmp_path, images).stat().st_size
    path = small_disk / f"a.{write.__name__}"
    with create_file(path) as file:
        file.write(b"earlier")
    free = shutil.disk_usage(small_disk).free
    assert need + 16_384 < free
    for rest in (0, need // 2, need - 4096):
        filling = small_disk / "filling"
        filling.write_bytes(bytes(shutil.disk_usage(small_disk).free - rest))
        with pytest.raises(OutputError, match=r"/a\.\w+: cannot be written: No space left on device \(\d"):
            written(write, small_disk, images)
        assert path.read_bytes() == b"earlier"
        assert file_names(small_disk) == [path.name, "filling"]
        filling.unlink()


@each_format
def test_a_film_that_may_not_grow_costs_no_earlier_film(write: Write, tmp_path: Path) -> None:
    path = written(write, tmp_path, noise())
    whole = path.read_bytes()

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) - 5, len(whole) - 5))
        with pytest.raises(OutputError, match=r"/a\.\w+: cannot be written: File too large$"):
            written(write, tmp_path, noise())

    assert ended(forked(work)) == 0
    assert path.read_bytes() == whole
    assert file_names(tmp_path) == [path.name]


def test_film_that_lost_frames_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "TO_BT709", video.TO_BT709 + ",select='lt(n,3)'")  # ffmpeg ends well
    told = r"a\.mp4: holds 3 frames of 64 x 48, expected 10 of 64 x 48; ffmpeg failed silently$"
    with pytest.raises(OutputError, match=told):
        written(films.mp4, tmp_path, moving())
    assert file_names(tmp_path) == []


def test_folders_are_not_taken_for_options_or_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("-y", "http:", "50%03d 'b' \\c=d;#[0:v]"):
        Path(name).mkdir()
        for write in FORMATS.values():
            path = written(write, Path(name), moving(2))
            assert recipe.embedded_text(path) == RECIPE
            assert re.fullmatch(r"a\.\w+", path.name)
