"""The source of random latents: one for each image of a sheet, and walks between sheets."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from tests.support.scene_folder import Desk

from artengine.view import View
from artengine_gan.sources import samples

SHEET = View(width=5, height=4)


def test_every_image_has_a_latent_of_its_own() -> None:
    drawn = samples(SHEET, length=7)
    assert drawn.shape == (4, 5, 7)
    assert len(drawn.flatten(0, 1).unique(dim=0)) == 20
    assert torch.equal(samples(SHEET, length=7), drawn)
    assert not torch.equal(samples(SHEET, length=7, seed=1), drawn)


def test_a_larger_sheet_begins_with_the_same_images() -> None:
    small, large = samples(SHEET, length=3), samples(View(width=5, height=9), length=3)
    assert torch.equal(large[:4], small)


@pytest.mark.parametrize(("kind", "least", "most", "deviation"), [("normal", -9, 9, 1.0), ("even", -1, 1, 1 / 3**0.5)])
def test_latents_are_drawn_as_the_network_has_learnt_them(
    kind: Literal["normal", "even"], least: float, most: float, deviation: float
) -> None:
    drawn = samples(View(width=100, height=100), length=16, kind=kind)
    assert least <= float(drawn.min())
    assert float(drawn.max()) <= most
    assert float(drawn.std()) == pytest.approx(deviation, rel=0.02)
    narrow = samples(View(width=100, height=100), length=16, kind=kind, spread=0.5)
    assert torch.allclose(narrow, drawn / 2)


def test_a_film_walks_through_all_seeds_and_back() -> None:
    def at(phase: float) -> torch.Tensor:
        return samples(View(width=5, height=4, phase=phase), length=8, seed=[3, 4, 5])

    for number, seed in enumerate((3, 4, 5, 3)):
        assert torch.allclose(at(number / 3), samples(SHEET, length=8, seed=seed), atol=1e-6)
    steps = [at(phase) for phase in np.linspace(0, 1, 61)]
    jumps = [float((after - before).norm()) for before, after in itertools.pairwise(steps)]
    assert max(jumps) < 3 * sum(jumps) / len(jumps)
    assert min(float(step.norm()) for step in steps) > 0.8 * min(float(at(k / 3).norm()) for k in range(3))


IMAGES = "network: {generator: {size: 32, width: 8}}\ntraining: {adversarial: {photos: {drawn_faces: {}}, steps: 4}}\n"
POINTS = "network: {mlp: {width: 4}}\ntraining: {regression: {target: photo.png, until: {steps: 2}}}\n"


@pytest.mark.parametrize(("text", "same"), [(IMAGES, True), (POINTS, False)])
def test_other_samples_learn_anew_only_who_looks_at_them(text: str, same: bool, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    keys = {
        desk.load(f"coordinates: {{samples: {{length: 6, {option}}}}}\n{text}").training_key
        for option in ("seed: 1", "seed: 2", "spread: 0.5")
    }
    assert len(keys) == (1 if same else 3)
    assert desk.load(f"coordinates: {{samples: {{length: 7}}}}\n{text}").training_key not in keys
