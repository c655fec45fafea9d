"""A strip of a film: the frames it shows, and where."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artengine import Frame, View
from artengine.files.targets import OutputTarget
from artengine.making import recipe
from artengine_basics.outputs.filmstrip import GAP, filmstrip


def frames(count: int, channels: int = 3) -> Iterator[Frame]:
    """A film that goes from black to white."""
    for index in range(count):
        image = np.full((18, 32, channels), index / max(count - 1, 1), np.float32)
        yield Frame(view=View(width=32, height=18), image=image)


def shades(path: Path, columns: int, count: int) -> list[float]:
    """The grey in the middle of each frame on a strip, 0 to 1."""
    image = np.asarray(Image.open(path).convert("L"), np.float64) / 255
    wide = (image.shape[1] + GAP) // columns - GAP
    high = round(wide * 18 / 32)
    return [
        float(image[row * (high + GAP) + high // 2, column * (wide + GAP) + wide // 2])
        for row, column in (divmod(index, columns) for index in range(count))
    ]


@pytest.mark.parametrize("length", [12, 24, 25, 240, 1000, 5000])
def test_its_frames_lie_evenly_from_the_first_to_the_last(length: int, tmp_path: Path) -> None:
    target = OutputTarget(tmp_path, "s", None, fps=30.0)
    (path,) = filmstrip(frames(length), target, count=12, columns=4, width=400)
    assert np.abs(np.array(shades(path, 4, 12)) - np.linspace(0, 1, 12)).max() < 0.02


@pytest.mark.parametrize("length", [12, 180, 1001])
def test_those_of_a_loop_lie_evenly_around_it(length: int, tmp_path: Path) -> None:
    target = OutputTarget(tmp_path, "s", None, fps=30.0, loop=True)
    (path,) = filmstrip(frames(length), target, count=6, columns=3, width=400)
    parts = np.arange(6) / 6 * length / (length - 1)
    assert np.abs(np.array(shades(path, 3, 6)) - parts).max() < 0.02


def test_a_film_with_fewer_frames_shows_all_of_them(tmp_path: Path) -> None:
    (path,) = filmstrip(frames(3, channels=1), OutputTarget(tmp_path, "s", None, fps=30.0), count=12, columns=4)
    assert shades(path, 4, 3) == pytest.approx([0, 0.5, 1], abs=0.01)
    with pytest.raises(ValueError, match="found no frame"):
        list(filmstrip(iter(()), OutputTarget(tmp_path, "t", None, fps=30.0)))


def test_it_is_as_wide_as_asked_and_holds_its_recipe(tmp_path: Path) -> None:
    target = OutputTarget(tmp_path, "s", '{"artengine": "here"}', fps=30.0)
    (path,) = filmstrip(frames(40), target, count=8, columns=4, width=640)
    with Image.open(path) as image:
        assert 640 - 4 <= image.width <= 640
        wide = (image.width + GAP) // 4 - GAP
        assert image.height == 2 * (round(wide * 18 / 32) + GAP) - GAP
    assert recipe.embedded_text(path) == '{"artengine": "here"}'
