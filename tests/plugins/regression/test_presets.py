"""Presets: a training brings the network it learns with, and whatever a scene says goes before that."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image
from tests.support.trainings import training_of

from artengine import InputError, build, load
from artengine.scene.loading import load_text
from artengine.scene.scene import LoadContext, Scene
from artengine_regression.training.presets import PRESETS, Word


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    y, x = np.mgrid[0:20, 0:30] / 30
    made = np.stack((x, y, np.sin(9 * x) * 0.5 + 0.5), axis=-1) * 255
    Image.fromarray(np.rint(made).astype(np.uint8)).save(tmp_path / "photo.png")
    return tmp_path


def scene(folder: Path, options: str, more: str = "") -> Scene:
    path = folder / "a.yaml"
    path.write_text(f"training: {{regression: {{target: photo.png, {options}}}}}\n{more}")
    return load(path)


@pytest.mark.parametrize("preset", get_args(Word))
def test_a_preset_is_all_that_a_scene_needs(preset: str, folder: Path) -> None:
    steps = 200 if preset == "demo" else 60
    whole = scene(folder, f"preset: {preset}, until: {{steps: {steps}}}, batch: 256")
    picture = build(whole, "cpu")
    *_, last = training_of(picture)
    assert last.psnr is not None
    assert last.psnr > 20
    assert picture.paint().shape == (whole.canvas.size[1], whole.canvas.size[0], 3)


def test_the_demonstration_has_its_2643_numbers(folder: Path) -> None:
    network = build(scene(folder, "preset: demo"), "cpu").network
    assert sum(one.numel() for one in network.parameters()) == 2643


def test_whatever_the_scene_says_goes_before_its_preset(folder: Path) -> None:
    own = scene(folder, "preset: demo", "network: {mlp: {width: 5, depth: 1}}\n")
    assert sum(one.numel() for one in build(own, "cpu").network.parameters()) == 5 * 3 + 6 * 3
    steps = [last.step for last in training_of(build(scene(folder, "preset: demo, until: {steps: 7}"), "cpu"))]
    assert steps == [7]


def test_another_preset_is_another_training(folder: Path) -> None:
    keys = {scene(folder, f"preset: {preset}").training_key for preset in PRESETS}
    assert len(keys) == len(PRESETS)
    assert scene(folder, "preset: demo").training_key == scene(folder, "preset: demo").training_key


def test_its_recipe_is_the_scene_as_it_was_written(folder: Path) -> None:
    brought = scene(folder, "preset: demo")
    again = load_text(brought.text, "again", "a", LoadContext(folder, (), 64.0), brought.photos)
    assert isinstance(again, Scene)
    assert "network" not in brought.text
    assert again.training_key == brought.training_key


@pytest.mark.parametrize("options", ["until: {steps: 3}", "batch: 8"])
def test_without_a_preset_a_network_is_missed(options: str, folder: Path) -> None:
    with pytest.raises(InputError, match=r"'network' is missing; .* or a training with a preset"):
        scene(folder, options)


def test_a_brought_network_that_cannot_be_built_is_told_at_its_training(folder: Path) -> None:
    path = folder / "a.yaml"
    path.write_text("coordinates: polar\ntraining: {regression: {target: photo.png, preset: faithful}}\n")
    with pytest.raises(InputError, match=rf"{path}:2:12: training\.regression: found coordinates of 3 numbers"):
        build(load(path), "cpu")
