"""Films: what is in the file is what was painted, frame by frame."""

from __future__ import annotations

import functools
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from tests.support.film_files import (
    FORMATS,
    RECIPE,
    Write,
    decoded,
    each_format,
    each_video,
    framed,
    moving,
    noise,
    seen,
    target,
    written,
)
from tests.support.folders import file_names

from artengine.making import recipe
from artengine_basics.outputs import films, png_writer


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
for path in sys.argv[1:]:
    with moviepy.VideoFileClip(path) as clip:
        print(*clip.size, clip.fps, clip.duration)
        numpy.save(path + ".npy", list(clip.iter_frames()))
"""


def test_moviepy_reads_the_same(tmp_path: Path) -> None:
    paths = [written(write, tmp_path, moving(10, 96, 128)) for write in (films.mp4, films.webm)]
    command = [sys.executable, "-c", MOVIEPY, *map(str, paths)]  # it leaves files open
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [float(word) for word in done.stdout.split()] == 2 * [128, 96, 25, 0.4]
    for path in paths:
        expected, found = decoded(path).astype(int), np.load(f"{path}.npy")
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
