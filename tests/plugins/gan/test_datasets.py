"""The dataset of drawn faces: as many as are asked for, others with another seed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from artengine_gan.datasets import DrawnFaces
from artengine_gan.drawn_faces import draw, render


def test_faces_are_those_of_their_numbers_and_of_the_seed() -> None:
    faces = DrawnFaces(count=10_000_000, seed=5)
    assert (len(faces), faces.description) == (10_000_000, "")
    numbers = [9_999_999, 0, 3]
    assert np.array_equal(faces.read(numbers, 16), render(draw(5, numbers), 16))
    assert np.array_equal(DrawnFaces(count=4, seed=5).read([3], 16)[0], faces.read(numbers, 16)[2])
    assert not np.array_equal(DrawnFaces(seed=6).read([3], 16), DrawnFaces(seed=5).read([3], 16))


@pytest.mark.parametrize("number", [-1, 4])
def test_there_are_no_more_faces_than_asked_for(number: int) -> None:
    with pytest.raises(IndexError, match=f"found face {number}, expected numbers from 0 to 3"):
        DrawnFaces(count=4).read([0, number], 16)


def test_the_plugin_is_there_at_once() -> None:
    code = "import sys, artengine_gan; print({'torch', 'numpy', 'artengine_gan.drawn_faces.drawing'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
