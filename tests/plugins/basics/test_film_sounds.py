"""Films with a sound under them."""

from __future__ import annotations

import functools
import resource
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.film_files import RECIPE, Write, decoded, each_video, moving, seen, written
from tests.support.folders import file_names
from tests.support.processes import ended, forked

from artengine import OutputError
from artengine.making import recipe
from artengine.media import ffmpeg
from artengine.media.sound import Sound, open_sound


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
    assert file_names(tmp_path) == sorted([path.name, "tone.wav", "earlier"])  # the silent one


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
