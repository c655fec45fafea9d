"""Figures of quality: the known ones of known sets, and those that a picture's output tells."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from tests.support.scene_folder import Desk
from torch.nn import functional

from artengine import Ports
from artengine.training import weights
from artengine_gan.datasets import DrawnFaces
from artengine_gan.networks import generator
from artengine_gan.quality.comparing import Looked, drawn, photographed
from artengine_gan.quality.measures import frechet, precision_and_recall, sliced_wasserstein

if TYPE_CHECKING:
    from tests.support.common import RunCli


def normal(count: int, *deviations: float, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, len(deviations), generator=torch.Generator().manual_seed(seed)) * torch.tensor(deviations)


def test_the_frechet_distance_of_normal_sets_is_known() -> None:
    one = normal(50_000, 1.0, 2.0, 0.5)
    assert frechet(one, one) == pytest.approx(0, abs=1e-6)
    assert frechet(one, one + torch.tensor([3.0, 0.0, 4.0])) == pytest.approx(25, abs=1e-3)
    other = normal(50_000, 2.0, 2.0, 1.5, seed=1)
    assert frechet(one, other) == pytest.approx((2 - 1) ** 2 + (1.5 - 0.5) ** 2, rel=0.05)
    turned = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(2))).Q
    assert frechet(one @ turned, other @ turned) == pytest.approx(frechet(one, other), rel=1e-4)


def test_precision_and_recall_tell_what_is_wrong_from_what_is_missing() -> None:
    photos = torch.cat([normal(300, 1, 1), normal(300, 1, 1, seed=1) + 100])
    alike = torch.cat([normal(300, 1, 1, seed=2), normal(300, 1, 1, seed=3) + 100])
    precision, recall = precision_and_recall(photos, alike)
    assert min(precision, recall) > 0.9
    precision, recall = precision_and_recall(photos, normal(600, 1, 1, seed=4))  # one kind of two
    assert precision > 0.9
    assert recall == pytest.approx(0.5, abs=0.05)
    strange = torch.cat([alike, alike + 5000])  # both kinds, and as many others
    precision, recall = precision_and_recall(photos, strange)
    assert precision == pytest.approx(0.5, abs=0.05)
    assert recall > 0.9


def test_patches_tell_a_blur() -> None:
    faces = torch.cat(list(photographed(DrawnFaces(), range(120), 64)))
    others = torch.cat(list(photographed(DrawnFaces(), range(120, 240), 64)))
    soft = functional.interpolate(functional.avg_pool2d(others, 2), scale_factor=2, mode="bilinear")
    assert sliced_wasserstein(faces, faces) == 0
    assert sliced_wasserstein(faces, soft) > sliced_wasserstein(faces, others) * 1.5


def test_a_network_without_a_judge_is_measured_by_patches_alone() -> None:
    network = generator(Ports(inputs=4), size=32, width=8).eval()
    found = Looked(drawn(network, 30, 0), network.judge).beside(
        Looked(photographed(DrawnFaces(), range(30), 32), network.judge)
    )
    assert (found.frechet, found.precision, found.recall) == (None, None, None)
    assert found.wasserstein > 0


SCENE = """
canvas: {width: 32, height: 32}
coordinates: {samples: {length: 4}}
network: {generator: {weights: faces.safetensors}}
outputs: [png, {quality: {photos: {drawn_faces: {count: 200}}, count: 60}}]
"""


@pytest.mark.parametrize("judge", [True, False])
def test_figures_are_written_beside_the_picture(tmp_path: Path, run_cli: RunCli, judge: bool) -> None:
    network = generator(Ports(inputs=4, seed=2), size=32, width=8, judge=judge)
    with (tmp_path / "faces.safetensors").open("wb") as file:
        weights.write(file, network.state_dict(), {"kind": "weights"})
    desk = Desk(tmp_path)
    desk.load(SCENE)
    assert run_cli("run", tmp_path / "s.yaml", "--out", tmp_path).code == 0
    text = (tmp_path / "s-quality.txt").read_text()
    assert text.startswith("60 drawn images beside 60 photos, and in brackets as many other photos beside them\n")
    figures = {
        name.strip(): (float(one), float(other))
        for name, one, other in re.findall(r"^(\D+?)\s+([\d.]+)  \(([\d.]+);", text, flags=re.MULTILINE)
    }
    assert len(figures) == (4 if judge else 1)
    for name, (one, other) in figures.items():  # a network that has learnt nothing is worse than photos are
        assert (one < other) if name.startswith(("precision", "recall")) else (one > other)
    again = run_cli("run", tmp_path / "s.yaml", "--out", tmp_path / "again")
    assert again.code == 0
    assert (tmp_path / "again" / "s-quality.txt").read_text() == text


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("count: 200", "count: 30", "found 30 photos, expected 40 at least"),
        ("count: 60", "count: 6", "count: found 6"),
        ("generator: {weights: faces.safetensors}", "mlp: {}", "found the network mlp, expected one that draws faces"),
    ],
)
def test_what_cannot_be_measured_is_told(old: str, new: str, told: str, tmp_path: Path, run_cli: RunCli) -> None:
    with (tmp_path / "faces.safetensors").open("wb") as file:
        weights.write(file, generator(Ports(inputs=4), size=32, width=8).state_dict(), {"kind": "weights"})
    (tmp_path / "s.yaml").write_text(SCENE.replace(old, new))
    answer = run_cli("run", tmp_path / "s.yaml", "--out", tmp_path)
    assert answer.code in (1, 2)
    assert told in answer.err
    assert not (tmp_path / "s-quality.txt").exists()
