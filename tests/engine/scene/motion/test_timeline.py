"""Time in a film: what its texts mean, which moments its frames are, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.support.scene_folder import NETWORK, TRAINED, Desk

from artengine.scene.motion.timeline import MAX_FRAMES, Film, parse_seconds

RATES = (1, 7, 12.5, 23.976, 24, 25, 29.97, 30, 48, 59.94, 60, 120, 240)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("8s", 8), ("1.5s", 1.5), ("1500ms", 1.5), ("45f", 1.5), ("50%", 5), ("0s", 0), ("0.25f", 1 / 120)],
)
def test_a_time_has_its_unit(text: str, expected: float) -> None:
    assert parse_seconds(text, fps=30, length=10) == pytest.approx(expected, rel=1e-12)


WRONG = [
    "", "8", "1:30", "8 s", " 8s", "8s\n", "8S", "s", ".5s", "5.s", "-1s", "+1s", "1e3s", "1_0s", "8sec", "8m", "8%%",
    "٣s", "1234567890s", "1.1234567890s", "nans", "infs", "0x1s", "8s8s", "%",
]  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_wrong_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 3s, 1500ms, 90f or 50%"):
        parse_seconds(text, fps=30, length=10)


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("loop", [True, False])
def test_a_frame_is_the_moment_that_its_number_names(fps: float, loop: bool) -> None:
    film = Film(length="599f", fps=fps, loop=loop)
    assert film.frames == 599
    assert [film.at(f"{frame}f") for frame in range(599)] == [film.time(frame) for frame in range(599)]


@pytest.mark.parametrize("fps", [10, 25, 30, 60])
def test_a_moment_in_seconds_is_the_frame_that_is_shown_then(fps: int) -> None:
    film = Film(length="20s", fps=fps)
    for tenth in range(199):
        frame = tenth * fps / 10
        if frame.is_integer():
            assert film.at(f"{tenth / 10:.1f}s") == film.at(f"{tenth * 100}ms") == film.time(int(frame))
    assert Film(length="1s", fps=30).at("33.333ms") == 1 / 30  # as near as anybody would write it


def test_the_end_of_a_film_is_its_last_frame_and_that_of_a_loop_its_first() -> None:
    film = Film(length="101f", fps=30)
    assert film.at("100%") == film.time(100)
    assert [film.at(f"{part}%") for part in range(101)] == [film.time(frame) for frame in range(101)]
    loop = Film(length="100f", fps=30, loop=True)
    assert loop.at("100%") == loop.duration
    assert [loop.at(f"{part}%") for part in range(100)] == [loop.time(frame) for frame in range(100)]


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("length", ["8s", "1.01s", "1.4s", "1.5s", "33ms", "10ms", "7.7f", "1f"])
def test_the_length_that_was_written_is_a_moment_of_the_film(length: str, fps: float) -> None:
    for loop in (True, False):
        film = Film(length=length, fps=fps, loop=loop)
        assert film.frames >= 1
        assert 0 < film.at(length) <= film.span


@pytest.mark.parametrize("text", ["8.1s", "241f", "101%", "999999999s", "8001ms"])
def test_a_moment_beyond_the_film_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="within the film, which is 8s long"):
        Film(length="8s").at(text)


@pytest.mark.parametrize(
    ("still", "frames"),
    [("0s", [0]), ("1s", [10]), ("14f", [14]), ("50%", [20]), ("100%", [40]), ("4100ms", [40]), ("each", [*range(41)])],
)
def test_a_still_is_a_frame(still: str, frames: list[int]) -> None:
    assert Film(length="41f", fps=10, still=still).still_frames(41) == frames
    loop = Film(length="41f", fps=10, still=still, loop=True)
    expected = {"100%": [0], "4100ms": [0]}  # the end of a loop is its beginning
    assert loop.still_frames(41) == expected.get(still, frames)
    assert Film(length="41f").still_frames(41) == []


@pytest.mark.parametrize("loop", [True, False])
def test_the_shutter_is_open_around_its_frame(loop: bool) -> None:
    film = Film(length="1s", fps=10, shutter=180, moments=8, loop=loop)
    for frame in range(2, 8):
        times = np.array(film.exposures(frame))
        assert len(times) == 8
        assert times.mean() == pytest.approx(film.time(frame))
        assert np.ptp(times) == pytest.approx(0.05 * 7 / 8)
    first = film.exposures(0)
    assert all(0 <= time <= film.span for frame in range(10) for time in film.exposures(frame))
    # what a loop has before its first frame is its end; any other film has nothing there, and its first moment stays
    assert sum(time > 0.9 for time in first) == (4 if loop else 0)
    assert sum(time == 0 for time in first) == (0 if loop else 4)
    assert Film(length="1s").exposures(7) == [Film(length="1s").time(7)]


SAID = {
    "length: 8": "found 8, expected a time with its unit",
    "length: '8'": "expected a time with its unit",
    "length: 1:30": "found the text '1:30', expected a time with its unit",
    "length: 0s": "expected a time with its unit",
    "length: 50%": "expected a time with its unit",
    "length: [8s]": "expected a time with its unit",
    "length: 3601s, fps: 60": "found a film of 216,060 frames, expected at most 216,000",
    "fps: 24": "'length' is missing",
    "length: 8s, fps: 0": "expected at least 1",
    "length: 8s, fps: .nan": "expected a finite number",
    "length: 8s, fps: 1000": "expected at most 240",
    "length: 8s, shutter: 361": "expected at most 360",
    "length: 8s, moments: 1": "expected at least 2",
    "length: 8s, moments: 1000000": "expected at most 256",
    "length: 8s, loop: 1": "expected true or false",
    "length: 8s, lenght: 3s": "did you mean 'length'?",
    "length: 8s, still: 3": "found 3, expected a time with its unit, such as 3s, 1500ms, 90f or 50%; or each",
    "length: 8s, still: every": "film.still: found the text 'every', expected a time with its unit",
    "length: 8s, still: 9s": "found still: 9s, expected a time within the film, which is 8s long",
    "length: 8s, still: 101%": "found still: 101%, expected a time within the film",
    "length: 8s, learning: even": "in a scene without a training",
    "8s": "expected a mapping of options",
}


@pytest.mark.parametrize("text", SAID)
def test_wrong_film_is_reported_with_its_place(desk: Desk, text: str) -> None:
    (mistake,) = desk.mistakes(f"{NETWORK}film: {{{text}}}\n" if ":" in text else f"{NETWORK}film: {text}\n")
    assert mistake.startswith("2:")
    assert ": film" in mistake
    assert SAID[text] in mistake


LEARNING = {
    "learning: 0": "film.learning: found 0, expected",
    "learning: true": "expected one of even, log",
    "learning: evenly": "expected one of even, log",
    "learning: even": "'length' is missing",
    "learning: 5, length: 8s": "found a length beside learning: 5",
    "learning: log, length: 8s, loop: true": "found a loop in a film of the learning",
    "learning: log, length: 8s, shutter: 90": "found a shutter in a film of the learning",
}


@pytest.mark.parametrize("text", LEARNING)
def test_wrong_film_of_a_learning_is_reported(desk: Desk, text: str) -> None:
    (mistake,) = desk.mistakes(f"{TRAINED}film: {{{text}}}\n")
    assert LEARNING[text] in mistake


def test_film_output_needs_a_film(desk: Desk) -> None:
    first, second = desk.mistakes(f"{NETWORK}outputs: [mp4, png, {{gif: {{width: 9}}}}]\n")
    assert first.startswith("2:11: outputs.0.mp4: found mp4 in a scene without a film; add film: {length: 8s}")
    assert second.startswith("2:22: outputs.2.gif: ")


def test_longest_film_has_as_many_frames_as_there_may_be() -> None:
    assert Film(length=f"{MAX_FRAMES}f").frames == MAX_FRAMES
    with pytest.raises(ValueError, match=f"found a film of {MAX_FRAMES + 1:,} frames, expected at most {MAX_FRAMES:,}"):
        Film(length=f"{MAX_FRAMES + 1}f")
