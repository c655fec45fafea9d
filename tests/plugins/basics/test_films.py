"""Films: what is in the file is what was painted, frame by frame, and half a film is never there."""

from __future__ import annotations

import functools
import os
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence
from tests.support.folders import file_names
from tests.support.processes import ended, forked, strays

from artengine import Frame, OutputError, View
from artengine.files.locks import lock_outputs
from artengine.files.targets import OutputTarget
from artengine.making import recipe
from artengine.media import ffmpeg
from artengine.media.sound import Sound, open_sound
from artengine_basics.outputs import films, png_writer, video

Write = Callable[..., Any]
Images = np.ndarray[Any, Any]

DEMUXER = {".mp4": "mov", ".webm": "matroska", ".gif": "gif", ".apng": "apng"}
FORMATS: dict[str, Write] = {"mp4": films.mp4, "webm": films.webm, "gif": films.gif, "apng": films.apng}
RECIPE = '{"artengine": "a=b;c#d\\\\n \\"quoted\\" \\u00e9"}'

each_format = pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
each_video = pytest.mark.parametrize("write", [films.mp4, films.webm])
by_ffmpeg = pytest.mark.parametrize("write", [films.mp4, films.webm, films.gif])


def moving(count: int = 10, rows: int = 48, columns: int = 64, channels: int = 3) -> Images:
    """A bright disc that goes from left to right over still colours."""
    y, x = np.mgrid[0:rows, 0:columns] / max(rows, columns)
    ground = np.stack((x, y, 1 - x), axis=-1)[:, :, :channels]
    images = np.repeat(ground[None], count, axis=0).astype(np.float32)
    for index, image in enumerate(images):
        image[np.hypot(x - index / count, y - 0.3) < 0.15] = 1
    return images


def noise(count: int = 10, side: int = 100) -> Images:
    """Frames that cannot be made small."""
    return np.random.RandomState(0).random_sample((count, side, side, 3))


def framed(image: Images) -> Frame:
    return Frame(view=View(width=image.shape[1], height=image.shape[0]), image=image)


def target(folder: Path, **more: Any) -> OutputTarget:
    return OutputTarget(folder, "a", **({"recipe": RECIPE, "fps": 25} | more))


def written(write: Write, folder: Path, images: Iterable[Images], **more: Any) -> Path:
    (path,) = write(map(framed, images), target(folder, **more))
    return Path(path)


def seen(path: Path) -> ffmpeg.Film:
    return ffmpeg.probe(path, DEMUXER[path.suffix], shown=path)


def decoded(path: Path) -> Images:
    """(N, H, W, 3) as a player that obeys the file's tags shows it."""
    found = seen(path)
    command = [ffmpeg.program(), "-v", "error", "-i", str(path), "-fps_mode", "passthrough"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-sws_flags", "accurate_rnd+full_chroma_int", "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(data, np.uint8).reshape(found.frames, found.height, found.width, 3)


def ours(folder: Path) -> list[int]:
    """The ffmpegs that write in a folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes()
        except OSError:
            continue
        if b"ffmpeg" in words and bytes(folder) in words:
            found.append(int(place.parent.name))
    return found


# ---------------------------------------------------------------------------------------------------------------------
# what is in the file


@each_format
@pytest.mark.parametrize("fps", [25, 12.5, 7, 24000 / 1001])
def test_a_film_has_the_frames_the_size_and_the_length_it_should(write: Write, fps: float, tmp_path: Path) -> None:
    path = written(functools.partial(write, fps=50) if write is films.gif else write, tmp_path, moving(), fps=fps)
    found = seen(path)
    assert (path.name, file_names(tmp_path)) == (f"a{path.suffix}", [path.name])
    assert (found.frames, found.width, found.height) == (10, 64, 48)
    rest = 0 if write in (films.mp4, films.webm) else 1
    if write is films.gif:
        with Image.open(path) as image:
            seconds = sum(frame.info["duration"] for frame in ImageSequence.Iterator(image)) / 1000
        assert seconds == pytest.approx(10 / fps + rest, abs=0.02)
    elif write is films.apng:
        assert sum(stays for stays, _ in delays(path)) == pytest.approx(10 / fps + rest)
    else:
        assert found.duration == pytest.approx(10 / fps, abs=0.002)
        assert found.rate == pytest.approx(fps, rel=0.01)


@each_video
def test_a_video_says_what_its_colours_mean(write: Write, tmp_path: Path) -> None:
    found = seen(written(write, tmp_path, moving()))
    assert found.codec == {films.mp4: "h264", films.webm: "vp9"}[write]
    assert found.pixels == "yuv420p"
    assert found.colours.split(", ")[:2] == ["tv", "bt709"]  # one word where matrix, primaries and transfer agree


@each_video
def test_the_colours_of_a_video_are_those_that_were_painted(write: Write, tmp_path: Path) -> None:
    corners = np.array([[r, g, b] for r in (0, 1) for g in (0, 1) for b in (0, 1)] + [[0.5] * 3, [0.8, 0.3, 0.1]])
    patches = np.repeat(np.repeat(corners[None], 64, axis=0), 32, axis=1)
    found = decoded(written(functools.partial(write, crf=10), tmp_path, [patches] * 5))
    middles = found[:, 32, 16::32].astype(float)
    # 8 bits of luma and chroma leave two levels; taken for bt601, green would be 70 away
    assert np.abs(middles - corners * 255).max() <= 4


@each_format
def test_what_others_read_is_what_was_painted(write: Write, tmp_path: Path) -> None:
    images = moving(10, 96, 128)
    path = written(functools.partial(write, width=200, fps=50) if write is films.gif else write, tmp_path, images)
    found = decoded(path)
    assert found.shape == (10, 96, 128, 3)
    near = 6 if write is films.gif else 3
    for image, other in zip(images, found, strict=True):
        assert np.abs(image * 255 - other).mean() < near
    assert np.abs(images[0] * 255 - found[5]).mean() > 8  # the disc is elsewhere: frames are told apart


MOVIEPY = """
import sys, numpy, moviepy
with moviepy.VideoFileClip(sys.argv[1]) as clip:
    print(*clip.size, clip.fps, clip.duration)
    numpy.save(sys.argv[2], list(clip.iter_frames()))
"""


@each_video
def test_moviepy_reads_the_same(write: Write, tmp_path: Path) -> None:
    path = written(write, tmp_path, moving(10, 96, 128))
    command = [sys.executable, "-c", MOVIEPY, str(path), str(tmp_path / "frames.npy")]  # it leaves files open
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [float(word) for word in done.stdout.split()] == [128, 96, 25, 0.4]
    expected, found = decoded(path).astype(int), np.load(tmp_path / "frames.npy")
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean(axis=(1, 2, 3)).max() < 2


@pytest.mark.parametrize("channels", [1, 3])
def test_an_apng_holds_every_colour_exactly(channels: int, tmp_path: Path) -> None:
    images = np.random.RandomState(0).random_sample((4, 9, 7, channels))
    path = written(films.apng, tmp_path, images)
    expected = np.broadcast_to(np.rint(images * 255), (4, 9, 7, 3))
    assert np.array_equal(decoded(path), expected)
    with Image.open(path) as image:
        for frame, want in zip(ImageSequence.Iterator(image), expected, strict=True):
            assert np.array_equal(np.asarray(frame.convert("RGB")), want)


def delays(path: Path) -> list[tuple[Fraction, int]]:
    """How long each frame of an animated PNG stays, in seconds, and the number of its chunk."""
    data, place, found = path.read_bytes(), 8, []
    while place < len(data):
        (length,), kind = struct.unpack(">I", data[place : place + 4]), data[place + 4 : place + 8]
        if kind == b"fcTL":
            sequence, *_, over, under, _, _ = struct.unpack(">IIIIIHHBB", data[place + 8 : place + 34])
            found.append((Fraction(over, under), sequence))
        place += length + 12
    return found


@pytest.mark.parametrize("fps", [25, 30000 / 1001, 0.3, 119.88])
@pytest.mark.parametrize("loop", [True, False])
def test_an_apng_keeps_time(fps: float, loop: bool, tmp_path: Path) -> None:
    found = delays(written(films.apng, tmp_path, moving(3), fps=fps, loop=loop))
    rest = 0 if loop else 1
    assert [float(stays) for stays, _ in found] == pytest.approx([1 / fps, 1 / fps, 1 / fps + rest], rel=1e-4)
    assert [sequence for _, sequence in found] == [0, 1, 3]


def test_a_long_picture_of_an_animation_is_in_pieces_that_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(png_writer, "CHUNK_BYTES", 5000)
    images = noise(3, 200)
    path = written(films.apng, tmp_path, images)
    assert path.read_bytes().count(b"fdAT") > 6
    assert np.array_equal(decoded(path), np.rint(images * 255))


@pytest.mark.parametrize(
    ("fps", "most", "count", "kept", "last"),
    [(25, 20, 11, 6, 4), (30, 20, 10, 5, 7), (60, 20, 10, 4, 2), (12, 20, 6, 6, 8), (50, 50, 5, 5, 2)],
)
def test_a_gif_takes_frames_at_even_distances(
    fps: float, most: float, count: int, kept: int, last: int, tmp_path: Path
) -> None:
    path = written(functools.partial(films.gif, fps=most), tmp_path, moving(count), fps=fps, loop=True)
    with Image.open(path) as image:
        stays = [frame.info["duration"] for frame in ImageSequence.Iterator(image)]
        assert image.info["loop"] == 0
    assert len(stays) == kept
    assert np.ptp(stays[:-1]) <= 10  # a gif counts hundredths
    assert stays[-1] == pytest.approx(last * 10, abs=5)
    assert sum(stays) == pytest.approx(1000 * count / fps, abs=10)


def test_a_gif_that_is_no_loop_rests_before_it_begins_anew(tmp_path: Path) -> None:
    path = written(films.gif, tmp_path, moving(5), fps=10)
    with Image.open(path) as image:
        assert [frame.info["duration"] for frame in ImageSequence.Iterator(image)] == [100] * 4 + [1100]
        assert image.info["loop"] == 0


def test_a_still_film_keeps_its_frames(tmp_path: Path) -> None:
    for write in FORMATS.values():
        found = seen(written(write, tmp_path, [moving(1)[0]] * 6, fps=10))
        assert found.frames == 6


def test_a_gif_is_not_wider_than_it_has_to_be(tmp_path: Path) -> None:
    wide = moving(2, 450, 800)
    found = seen(written(films.gif, tmp_path, wide))
    assert (found.width, found.height) == (480, 270)
    found = seen(written(functools.partial(films.gif, width=33), tmp_path, moving(2, 1, 800)))
    assert (found.width, found.height) == (33, 1)


def test_a_gif_has_one_palette_and_what_stands_still_does_not_flicker(tmp_path: Path) -> None:
    images = moving(8, 96, 128)
    images[:, 80:] = images[:, 30:46]  # something moves at the top and at the bottom
    found = decoded(written(functools.partial(films.gif, fps=50), tmp_path, images))
    still = found[:, 62:80]
    assert (still == still[0]).all()
    assert len(np.unique(still[0].reshape(-1, 3), axis=0)) > 40
    assert len(np.unique(found.reshape(-1, 3), axis=0)) <= 256


def test_frames_are_numbered_pngs(tmp_path: Path) -> None:
    images = moving(12)
    paths = list(films.frames(map(framed, images), target(tmp_path)))
    assert [path.name for path in paths] == [f"a-{number:04d}.png" for number in range(1, 13)]
    assert file_names(tmp_path) == [path.name for path in paths]
    for path, image in zip(paths, images, strict=True):
        with Image.open(path) as opened:
            assert np.array_equal(np.asarray(opened), np.rint(image * 255))
        assert recipe.embedded_text(path) == RECIPE


@each_format
@pytest.mark.parametrize(("size", "channels"), [((1, 1), 3), ((1, 9), 3), ((9, 1), 3), ((17, 33), 3), ((17, 33), 1)])
def test_films_of_every_size_and_grey_ones(write: Write, size: tuple[int, int], channels: int, tmp_path: Path) -> None:
    image = np.full((*size, channels), 0.5, np.float32)
    path = written(write, tmp_path, [image] * 3, fps=10)
    found = decoded(path)
    if write is films.mp4:
        assert found.shape == (3, size[0] + size[0] % 2, size[1] + size[1] % 2, 3)
    else:
        assert found.shape == (3, *size, 3)
    assert np.abs(found / 255 - 0.5).max() < 0.02


def test_an_odd_film_gains_a_pixel_and_that_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    image = np.zeros((33, 47, 3), np.float32)
    image[24:, :, 0] = image[:, 40:, 1] = 1
    found = decoded(written(functools.partial(films.mp4, crf=5), tmp_path, [image] * 4))
    assert found.shape == (4, 34, 48, 3)
    assert np.abs(found[:, :33, :47].astype(float) - image * 255).mean() < 6
    assert found[:, -1, 5:35, 0].min() > 230  # no black edge
    assert found[:, 5:20, -1, 1].min() > 230
    (record,) = caplog.records
    assert record.name == "artengine"
    told = "a.mp4: H.264 takes even sides only: 47 x 33, written as 48 x 34, its edge repeated"
    assert record.getMessage() == f"{tmp_path}/{told}"


def test_better_is_larger(tmp_path: Path) -> None:
    for write, worse in ((films.mp4, 35), (films.webm, 55)):
        sizes = [written(functools.partial(write, crf=crf), tmp_path, noise()).stat().st_size for crf in (5, worse)]
        assert sizes[0] > 2 * sizes[1]


# ---------------------------------------------------------------------------------------------------------------------
# the sound under it


def tone(folder: Path, seconds: float, name: str = "tone.wav") -> Sound:
    """A tone of 440 hertz, as loud as may be."""
    path = folder / name
    command = [ffmpeg.program(), "-v", "error", "-y", "-f", "lavfi", "-i", f"sine=f=440:d={seconds}:r=44100"]
    subprocess.run([*command, "-af", "volume=8", path], check=True)
    return open_sound(path, name)


def heard(path: Path) -> np.ndarray[Any, Any]:
    """What is heard of a film: (N, 2), 48,000 a second."""
    command = [ffmpeg.program(), "-v", "error", "-i", str(path), "-map", "0:a", "-f", "f32le", "-ar", "48000", "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(data, np.float32).reshape(-1, 2)


@each_video
@pytest.mark.parametrize("seconds", [0.5, 10])
def test_a_sound_ends_with_the_film(write: Write, seconds: float, tmp_path: Path) -> None:
    images = moving(50)
    silent = decoded(written(write, tmp_path, images))
    path = written(functools.partial(write, audio=tone(tmp_path, seconds)), tmp_path, images)
    found, samples = seen(path), heard(path)
    assert (found.frames, found.rate) == (50, 25)
    assert np.array_equal(decoded(path), silent)
    assert recipe.embedded_text(path) == RECIPE
    assert len(samples) == pytest.approx(2 * 48_000, abs=2100)  # a block of the coder more or less
    loud = np.abs(samples[: 2 * 48_000]).reshape(20, -1).max(axis=1)  # every tenth of a second
    assert loud[1:4].min() > 0.7  # mono on two loudspeakers
    if seconds < 2:
        assert loud[7:].max() < 0.01
    else:
        assert loud[7:14].min() > 0.7
        assert (np.diff(loud[15:]) < 0).all()  # it fades away
        assert loud[-1] < 0.15
    assert file_names(tmp_path) == sorted([path.name, "tone.wav"])


@each_video
def test_a_film_with_a_sound_is_the_same_file_each_time_and_whole_or_not_there(write: Write, tmp_path: Path) -> None:
    loud = functools.partial(write, audio=tone(tmp_path, 1))
    data = written(loud, tmp_path, moving()).read_bytes()
    assert written(loud, tmp_path, moving()).read_bytes() == data
    assert b"Lavf6" not in data
    assert b"libopus 1" not in data

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(data) - 5, len(data) - 5))
        with pytest.raises(OutputError, match=r"/a\.\w+: cannot be written: File too large$"):
            written(loud, tmp_path, moving())

    assert ended(forked(work)) == 0
    assert (tmp_path / f"a.{write.__name__}").read_bytes() == data
    assert len(file_names(tmp_path)) == 2


# ---------------------------------------------------------------------------------------------------------------------
# how the file is


@each_format
def test_the_same_film_is_the_same_file_on_however_many_cores(write: Write, tmp_path: Path) -> None:
    ground = np.random.RandomState(0).random_sample((40, 40, 3)).repeat(8, axis=0).repeat(16, axis=1)
    images = [np.roll(ground, (37 * index, 11 * index), (0, 1)) for index in range(6)]  # far enough for a coder's care
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
@pytest.mark.parametrize("text", [RECIPE, '{"artengine": "' + "=;#\\\\" * 60_000 + '"}', "{}"])
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
    images = noise(4, 75)
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
        for _ in range(300):
            frame = framed(np.zeros((16, 16, 3), np.float32))
            alive.add(frame)
            yield frame
            del frame
            most = max(most, len(alive))

    list(write(long(), target(tmp_path)))
    assert most <= 2


# ---------------------------------------------------------------------------------------------------------------------
# what is refused, and what goes wrong


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
    path.write_bytes(b"earlier")
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


@each_format
@pytest.mark.parametrize("after", [0, 1, 6])
def test_what_a_killed_run_leaves_is_cleaned_by_the_next(write: Write, after: int, tmp_path: Path) -> None:
    path = written(write, tmp_path, moving(2))
    whole = path.read_bytes()

    def work() -> None:
        def images() -> Iterator[Images]:
            for index, image in enumerate(noise(10, 64)):
                if index == after:
                    os.kill(os.getpid(), signal.SIGKILL)
                yield image

        written(write, tmp_path, images())

    assert ended(forked(work)) == -signal.SIGKILL
    assert path.read_bytes() == whole
    assert after == 0 or strays(tmp_path)
    while ours(tmp_path):  # it sees its input end, and ends
        threading.Event().wait(0.01)
    with lock_outputs(tmp_path, "a"):
        assert strays(tmp_path) == []
    assert file_names(tmp_path) == [path.name]


def test_film_that_lost_frames_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "TO_BT709", video.TO_BT709 + ",select='lt(n,3)'")  # ffmpeg ends well
    told = r"a\.mp4: holds 3 frames of 64 x 48, expected 10 of 64 x 48; ffmpeg failed silently$"
    with pytest.raises(OutputError, match=told):
        written(films.mp4, tmp_path, moving())
    assert file_names(tmp_path) == []


def test_folders_are_not_taken_for_options_or_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("-y", "http:", "50%03d", "a 'b' \\c=d;#[0:v]"):
        Path(name).mkdir()
        for write in FORMATS.values():
            path = written(write, Path(name), moving(2))
            assert recipe.embedded_text(path) == RECIPE
            assert re.fullmatch(r"a\.\w+", path.name)
