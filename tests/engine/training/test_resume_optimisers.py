"""Cut off anywhere, with whatever optimiser and whatever it learns from, a training ends in the same bytes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.support.folders import file_contents
from tests.support.interrupted_trainings import copies_at_events, finish, save_every_checkpoint
from tests.support.processes import strays

from artengine.events import Resumed
from artengine_regression.training import learning

MLP = "mlp: {width: [12, 12, 12], frequency: 3}"
GRID = "feature_grid: {levels: [4, 8], features: 2, width: [8]}"

TRAININGS = {
    "adam": ("until: {steps: 20}, optimiser: adam", MLP),
    "muon": ("until: {steps: 20}, optimiser: muon", MLP),
    "sgd": ("until: {steps: 20}, optimiser: sgd", MLP),
    "lbfgs": ("until: {steps: 8}, optimiser: lbfgs", MLP),
    "feature_grid": ("until: {steps: 16}, preset: faithful", GRID),
    "mask and patches": ("until: {steps: 20}, losses: [mse, ssim], mask: {random: 0.3}", MLP),
    "two photos": ("until: {steps: 60, patience: 50}, optimiser: muon", MLP),
    "psnr": ("until: {psnr: 22}, weigh_centre: 3", MLP),
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


@pytest.mark.parametrize("name", TRAININGS)
def test_training_cut_off_at_any_report_ends_in_the_same_bytes(
    name: str, scene: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = scene(name)
    finish(path, tmp_path / "whole")
    whole = file_contents(tmp_path / "whole")
    assert sorted(whole) == ["learning.png", "learning.safetensors"]

    save_every_checkpoint(monkeypatch)
    monkeypatch.setattr(learning, "PATIENCE", 0.0)  # a report after every step
    copies = copies_at_events(path, tmp_path / "often", tmp_path / "copies")
    assert file_contents(tmp_path / "often") == whole
    trained = [copy for copy in copies if not (copy / "learning.safetensors").exists()]
    assert len(trained) > 2
    shutil.copytree(trained[1], tmp_path / "twice")
    monkeypatch.undo()
    gone_on: set[int] = set()
    for copy in trained[1 :: max(1, len(trained) // 4)]:  # the first report finds no checkpoint yet
        gone_on.update(event.step for event in finish(path, copy) if isinstance(event, Resumed))
        assert file_contents(copy) == whole
        assert strays(copy) == []
    assert len(gone_on) > 1

    save_every_checkpoint(monkeypatch)
    monkeypatch.setattr(learning, "PATIENCE", 0.0)  # a report after every step
    again = copies_at_events(path, tmp_path / "twice", tmp_path / "copies again")
    monkeypatch.undo()
    finish(path, again[len(again) // 3])
    assert file_contents(again[len(again) // 3]) == whole
