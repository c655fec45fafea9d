"""What all tests share: one thread per worker, and a tiny scene."""

from __future__ import annotations

import os

# before torch is imported: the workers of the suite share the processor, and spinning threads would fight for it
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

TINY = """# A tiny picture.
seed: 3
canvas: {width: 16, height: 12}
network:
  neural_painter: {hidden_size: 6, nr_hidden: 1}
"""

LEARNING = """# A tiny photo, learnt.
seed: 3
canvas: {width: 16, height: 12}
network:
  mlp: {width: 8, depth: 2}
training:
  regression: {target: photo.png, steps: 60, batch: 64}
camera: {zoom: 0.5}
"""

Artengine = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A scene that paints at once."""
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


@pytest.fixture
def learning(tmp_path: Path) -> Path:
    """A scene that learns a made photo of 24 x 16 pixels."""
    import numpy as np
    from PIL import Image

    y, x = np.mgrid[0:16, 0:24] / 24
    pixels = np.stack((x, y, (x - y) ** 2), axis=-1) * 255
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "photo.png")
    path = tmp_path / "learning.yaml"
    path.write_text(LEARNING)
    return path


@pytest.fixture
def artengine(tmp_path: Path) -> Artengine:
    """The command line itself, as a process in tmp_path."""

    def call(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "artengine", *map(str, words)]
        given = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 120} | options
        return subprocess.run(command, **given)  # type: ignore[call-overload,no-any-return]

    return call
