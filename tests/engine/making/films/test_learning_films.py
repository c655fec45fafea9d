"""Films of a learning: every frame is the picture at its step, whatever has become of the run that began it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.support.events import notes
from tests.support.executors import in_process
from tests.support.film_runs import at_frame, made, painted, until
from tests.support.folders import file_contents
from tests.support.processes import ended, forked
from tests.support.trainings import always, training_of

from artengine import InputError, load
from artengine.events import Event, Resumed, Training, Wrote
from artengine.making.films import film_frames
from artengine.making.films.frame_renderer import FrameRenderer
from artengine.painting.picture import build

if torch.cuda.is_available():
    pytest.skip("where there is a GPU, torch does not work in forked processes", allow_module_level=True)

LEARNING = """\
seed: 3
canvas: {width: 24, height: 16}
network: {mlp: {width: 8, depth: 2}}
training: {regression: {target: photo.png, until: {steps: 90}, batch: 64}}
film: {FILM}
outputs: frames
"""


TEN_FRAMES = "learning: even, length: 10f"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return save_photo(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a film of ten frames of the learning comes to without a stop."""
    folder = tmp_path_factory.mktemp("whole")
    made(learning(save_photo(folder), TEN_FRAMES), folder / "out")
    return file_contents(folder / "out")


def save_photo(folder: Path) -> Path:
    """Save photo.png; where the scene beside it is to be."""
    y, x = np.mgrid[0:16, 0:24] / 24
    pixels = np.stack((x, y, (x - y) ** 2), axis=-1) * 255
    Image.fromarray(pixels.astype(np.uint8)).save(folder / "photo.png")
    return folder / "s.yaml"


def learning(path: Path, film: str, steps: int = 90) -> Path:
    path.write_text(LEARNING.replace("{FILM}", f"{{{film}}}").replace("steps: 90", f"steps: {steps}"))
    return path


SCHEDULES = {
    "learning: even, length: 10f": [0, 10, 20, 30, 40, 50, 60, 70, 80, 90],
    "learning: log, length: 5f": [0, 2, 9, 28, 90],
    "learning: 30": [0, 30, 60, 90],
    "learning: 40": [0, 40, 80],
    "learning: even, length: 1f": [0],
}


def shown(out: Path) -> list[np.ndarray[Any, Any]]:
    return [np.asarray(Image.open(path)) for path in sorted(out.glob("s-*.png"))]


@pytest.mark.parametrize("film", SCHEDULES)
def test_frames_of_a_learning_are_the_picture_at_their_steps(photo: Path, tmp_path: Path, film: str) -> None:
    made(learning(photo, film), tmp_path / "out")
    frames = shown(tmp_path / "out")
    assert len(frames) == len(SCHEDULES[film])
    picture = build(load(photo), "cpu")
    assert picture.scene.film is not None
    expected = {0: FrameRenderer(picture, picture.scene.film).pixels(0)}
    for progress in training_of(picture, should_report=always):
        if progress.step in SCHEDULES[film]:
            expected[progress.step] = FrameRenderer(picture, picture.scene.film).pixels(0)
    for frame, step in zip(frames, SCHEDULES[film], strict=True):
        assert np.array_equal(frame, expected[step]), step


def test_a_learning_on_camera_ends_in_the_same_weights(photo: Path, tmp_path: Path) -> None:
    for name, film in (("plain", "length: 3f"), ("even", "learning: even, length: 7f"), ("steps", "learning: 9")):
        made(learning(photo, film), tmp_path / name, metadata=False)
    weights = [(tmp_path / name / "s.safetensors").read_bytes() for name in ("plain", "even", "steps")]
    assert weights[0] == weights[1] == weights[2]


def test_a_still_beside_a_film_of_the_learning_is_what_was_learnt(photo: Path, tmp_path: Path) -> None:
    learning(photo, "learning: even, length: 4f")
    photo.write_text(photo.read_text().replace("outputs: frames", "outputs: [png, frames]"))
    made(photo, tmp_path / "out")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out" / "s.png")), shown(tmp_path / "out")[-1])


@pytest.mark.parametrize("number", [1, 2, 6, 10])
def test_killed_film_of_a_learning_goes_on(photo: Path, tmp_path: Path, whole: dict[str, bytes], number: int) -> None:
    learning(photo, TEN_FRAMES)
    out = tmp_path / "out"
    assert ended(forked(until(photo, out, at_frame(number)))) == -signal.SIGKILL
    before = painted(out)
    events = made(photo, out)
    resumed = [event.step for event in events if isinstance(event, Resumed)]
    if number == 6:  # frames 1 to 5 are of steps 0 to 40, so the checkpoint before the sixth is of step 40
        assert resumed == [40]
    first = next((event.step for event in events if isinstance(event, Training)), 90)
    assert first >= 10 * (number - 1)
    assert len(before) == number
    assert file_contents(out) == whole


@pytest.mark.parametrize("number", [6, 10], ids=["on the way", "at the end"])
def test_lost_frames_of_a_learning_are_learnt_again(
    photo: Path, tmp_path: Path, whole: dict[str, bytes], number: int
) -> None:
    """The network is past the step that they show: nothing else gives them back."""
    learning(photo, TEN_FRAMES)
    out = tmp_path / "out"
    assert ended(forked(until(photo, out, at_frame(number)))) == -signal.SIGKILL
    lost, damaged = sorted(out.glob(".s.frames/*/*.frame"))[2:4]
    if number == 6:
        damaged.write_bytes(damaged.read_bytes()[:99])
    else:
        lost.unlink()
    events = made(photo, out)
    assert any("learning" in note for note in notes(events))
    assert [event.step for event in events if isinstance(event, Training)][-1] == 90
    assert file_contents(out) == whole


def test_finished_learning_is_used_again_for_its_last_frames(
    photo: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    learning(photo, TEN_FRAMES)
    out = tmp_path / "out"

    def stop(event: Event) -> None:
        if isinstance(event, Wrote):  # the weights: the last frame is not shot yet
            os.kill(os.getpid(), signal.SIGKILL)

    assert ended(forked(until(photo, out, stop))) in (0, -signal.SIGKILL)
    for path in out.glob(".s.frames/*/000009.frame"):
        path.unlink()
    events = made(photo, out)
    assert [event for event in events if isinstance(event, Training)] == []
    assert file_contents(out) == whole


def test_finished_training_serves_films_with_other_cameras(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_frames, "Workers", in_process)
    out = tmp_path / "out"
    learning(photo, "length: 3f")
    assert any(isinstance(event, Training) for event in made(photo, out))
    before = (out / "s.safetensors").read_bytes()
    photo.write_text(photo.read_text() + "camera: {keys: {0s: {zoom: 1}, 2f: {zoom: 2}}}\n")
    events = made(photo, out, jobs=2)
    assert not any(isinstance(event, Training) for event in events)
    assert (out / "s.safetensors").read_bytes() == before
    assert not np.array_equal(shown(out)[0], shown(out)[2])


def test_a_film_of_every_step_of_a_long_learning_is_refused(photo: Path, tmp_path: Path) -> None:
    learning(photo, "learning: 2", steps=500_000)
    with pytest.raises(InputError, match="found a frame every 2 of 500,000 steps, which are 250,001 frames"):
        made(photo, tmp_path / "out")
