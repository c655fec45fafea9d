"""Killed again and again, with whatever optimiser and whatever it learns from, a training ends in the same bytes."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from tests.support.processes import ended, forked, strays

from artengine import load
from artengine.events import Event, Resumed, Training
from artengine.making.pipeline import make_files
from artengine.training import checkpoint
from artengine_regression.training import learning
from artengine_regression.training.presets import Optimiser

if torch.cuda.is_available():
    pytest.skip("where there is a GPU, torch does not train in forked processes", allow_module_level=True)

KILLS = 10
MLP = "mlp: {width: [12, 12, 12], frequency: 3}"
GRID = "feature_grid: {levels: [4, 8], features: 2, width: [8]}"

TRAININGS = {
    "adam": ("until: {steps: 300}, optimiser: adam", MLP),
    "muon": ("until: {steps: 250}, optimiser: muon", MLP),
    "sgd": ("until: {steps: 300}, optimiser: sgd", MLP),
    "lbfgs": ("until: {steps: 20}, optimiser: lbfgs", MLP),
    "feature_grid": ("until: {steps: 300}, preset: faithful", GRID),
    "mask and patches": ("until: {steps: 150}, losses: [mse, ssim], mask: {random: 0.3}", MLP),
    "two photos": ("until: {steps: 250, patience: 200}, optimiser: muon", MLP),
    "psnr": ("until: {psnr: 26}, weigh_centre: 3", MLP),
}


@pytest.fixture
def scene(tmp_path: Path) -> Callable[[str], Path]:
    y, x = np.mgrid[0:20, 0:24] / 24
    pixels = np.rint(np.stack((x, y, (x - y) ** 2), axis=-1) * 255).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    Image.fromarray(255 - pixels[::2, ::-1]).save(tmp_path / "other.png")

    def write(name: str) -> Path:
        options, network = TRAININGS[name]
        several = name == "two photos"
        photos = "[photo.png, other.png]" if several else "photo.png"
        coordinates = "[grid, time]" if several else "grid"
        path = tmp_path / "learning.yaml"
        path.write_text(
            f"seed: 3\ncanvas: {{width: 12, height: 10}}\ncoordinates: {coordinates}\nnetwork: {{{network}}}\n"
            f"training: {{regression: {{target: {photos}, batch: 64, {options}}}}}\n"
        )
        return path

    return write


def training(scene: Path, out: Path, at_event: Callable[[Event], object] = id) -> Callable[[], object]:
    """A training that reports often and writes a checkpoint at every report."""

    def work() -> None:
        checkpoint.PAUSE, checkpoint.SHARE, learning.PATIENCE = 0.0, float("inf"), 0.02
        for event in make_files(load(scene), out, device="cpu"):
            at_event(event)

    return work


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir()}


def dying(reports: int) -> Callable[[Event], object]:
    """Kill ourselves -9 at the so many-th report."""
    count = 0

    def at_event(event: Event) -> None:
        nonlocal count
        count += isinstance(event, Training)
        if count == reports:
            os.kill(os.getpid(), signal.SIGKILL)

    return at_event


@pytest.mark.parametrize("name", TRAININGS)
def test_killed_again_and_again_it_ends_in_the_same_bytes(
    name: str, scene: Callable[[str], Path], tmp_path: Path
) -> None:
    path = scene(name)
    list(make_files(load(path), tmp_path / "whole", device="cpu"))
    start = time.monotonic()
    assert ended(forked(training(path, tmp_path / "timed"))) == 0
    lasts = time.monotonic() - start
    whole = contents(tmp_path / "whole")
    assert sorted(whole) == ["learning.png", "learning.safetensors"]

    random_ = random.Random(name)
    kills = outs = 0
    gone_on: set[int] = set()

    def finished(out: Path) -> None:
        events = list(make_files(load(path), out, device="cpu"))
        gone_on.update(event.step for event in events if isinstance(event, Resumed))
        assert contents(out) == whole
        assert strays(out) == []

    while kills < (KILLS if name in get_args(Optimiser) else KILLS // 2):
        out = tmp_path / f"killed {outs}"
        if kills % 2:  # at a report, with the checkpoint of the one before: so is the last kill
            pid = forked(training(path, out, dying(random_.randrange(2, 5))))
        else:  # anywhere, in the middle of a step or of a file
            pid = forked(training(path, out))
            time.sleep(random_.uniform(0, lasts))
            os.kill(pid, signal.SIGKILL)
        code = ended(pid)
        assert code in (-signal.SIGKILL, 0)
        kills += code != 0
        if code == 0 or random_.random() < 0.1:
            finished(out)
            outs += 1
        elif out.exists():
            for file in out.glob("*.safetensors"):
                safetensors.torch.load_file(file)
    finished(out)
    assert ended(forked(training(path, tmp_path / "last", dying(2)))) == -signal.SIGKILL  # after its first report
    finished(tmp_path / "last")
    assert max(gone_on) > 0
