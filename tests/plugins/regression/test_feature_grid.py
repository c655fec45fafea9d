"""The grid of features: rows and columns at once are what points one by one are, wherever they lie."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.support.trainings import training_of
from torch import Tensor

from artengine import InputError, Photo, Picture, Result, View, build, load
from artengine.training.session import TrainingSession
from artengine_regression.network.module import FeatureGrid
from artengine_regression.training.sampling import Lattice, Table, gathered, sampler_for
from artengine_regression.training.targets import target_images

NETWORK = "feature_grid: {levels: [3, 8, 17], features: 3, width: [8]}"
SHAPES = [(20, 24), (7, 60), (60, 7), (1, 1), (1, 50), (50, 1)]


def made(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    return np.rint(np.stack((x, y, (x - y) ** 2), axis=-1) * 255).astype(np.uint8)


def live(folder: Path, shape: tuple[int, int], options: str = "until: {steps: 60}", network: str = NETWORK) -> Picture:
    Image.fromarray(made(*shape)).save(folder / "photo.png")
    path = folder / "a.yaml"
    training = f"training: {{regression: {{target: photo.png, batch: 100, {options}}}}}\n"
    path.write_text(f"seed: 3\ncanvas: {{width: 24, height: 20}}\nnetwork: {{{network}}}\n{training}")
    return build(load(path), "cpu")


def grid(picture: Picture) -> FeatureGrid:
    assert isinstance(picture.network, FeatureGrid)
    return picture.network


def crossings(x: Tensor, y: Tensor) -> Tensor:
    """The points where columns and rows cross, row by row."""
    return torch.stack((x.repeat(len(y), 1), y[:, None].repeat(1, len(x))), dim=-1).reshape(-1, 2)


@pytest.mark.parametrize("reach", [(1.0, 1.0), (4.5, 1.0), (1.0, 60.0), (1.7, 2.3)])
@pytest.mark.parametrize("channels", [1, 3])
def test_rows_and_columns_at_once_are_the_points_one_by_one(
    reach: tuple[float, float], channels: int, tmp_path: Path
) -> None:
    from artengine import Ports

    torch.manual_seed(0)
    net = FeatureGrid(Ports(inputs=2, outputs=channels, seed=5), [2, 3, 8, 17], 3, [8], lambda: torch.tanh)
    net.cover(*reach)
    edge = torch.tensor([-1.0, -1 + 1e-6, 0.0, 1 - 1e-6, 1.0, 3.0, -3.0, 5.0])
    x = torch.cat((edge, torch.empty(40).uniform_(-9, 9))) * reach[0]  # far beyond the edges, too
    y = torch.cat((edge, torch.empty(30).uniform_(-9, 9))) * reach[1]
    rows, columns = torch.randperm(len(y)), torch.randperm(len(x))[:21]
    fast = net.lattice(x, y)(rows, columns)
    slow = net(crossings(x[columns], y[rows])).reshape(len(rows), len(columns), channels)
    assert fast.shape == slow.shape
    assert torch.allclose(fast, slow, rtol=0, atol=2e-5)
    slopes = []
    weigh = torch.rand_like(fast)
    for colours in (fast, slow):
        net.zero_grad()
        (colours * weigh).sum().backward()
        slopes.append([one.grad.clone() for one in net.parameters() if one.grad is not None])
    assert len(slopes[0]) == len(slopes[1]) == len(list(net.parameters()))
    for one, other in zip(*slopes, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-3 * float(other.abs().max()))


def test_it_is_mirrored_beyond_the_edges_and_smooth_within(tmp_path: Path) -> None:
    net = grid(live(tmp_path, (20, 24)))
    net.cover(1.2, 1.0)
    near = torch.rand(50, 2) * torch.tensor([2.4, 2.0]) - torch.tensor([1.2, 1.0])
    for sign, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)):
        far = near.clone()
        far[:, axis] = 2 * sign * float(net.reach[axis]) - near[:, axis]
        assert torch.allclose(net(far), net(near), atol=1e-5)
    line = torch.stack((torch.linspace(-1.2, 1.2, 20_001), torch.full((20_001,), 0.3)), dim=-1)
    assert net(line).diff(dim=0).abs().max() < 0.01


@pytest.mark.parametrize("shape", SHAPES)
def test_photos_of_any_shape_are_covered_and_learnt(shape: tuple[int, int], tmp_path: Path) -> None:
    picture = live(tmp_path, shape, "until: {steps: 60}, rate: 0.05")
    told = list(training_of(picture))
    short = min(shape)
    assert grid(picture).reach.tolist() == pytest.approx([shape[1] / short, shape[0] / short])
    assert told[-1].psnr is not None
    assert told[-1].psnr > 25
    seen = picture.paint(View(width=shape[1], height=shape[0]))
    error = np.square(seen.astype(np.float64) - made(*shape) / 255).mean()
    assert -10 * math.log10(max(error, 1e-12)) == pytest.approx(told[-1].psnr, abs=0.01)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "options",
    [
        "losses: [mse, ssim]",
        "losses: [l1, edges, ms_ssim]",
        "optimiser: muon",
        "optimiser: lbfgs",
        "optimiser: lbfgs, losses: [mse, ssim]",
        "mask: {random: 0.4}",
        "mask: {random: 0.4}, losses: [mse, ssim], optimiser: lbfgs",
        "weigh_centre: 3",
        "downscale: 2",
    ],
)
def test_photos_of_any_shape_go_every_way(options: str, shape: tuple[int, int], tmp_path: Path) -> None:
    for network in (NETWORK, "mlp: {width: 8, depth: 2}"):
        steps = 2 if "lbfgs" in options else 4
        told = list(training_of(live(tmp_path, shape, f"until: {{steps: {steps}}}, {options}", network)))
        assert told[-1].step == steps
        assert all(math.isfinite(one.loss) and one.psnr and math.isfinite(one.psnr) for one in told)


def test_it_is_drawn_in_rows_and_columns_where_that_is_quicker(tmp_path: Path) -> None:
    picture = live(tmp_path, (20, 24))
    (target_image,) = target_images(TrainingSession(picture), [picture.scene.photos["photo.png"]], 1, None, None, 1.0)
    assert isinstance(sampler_for(TrainingSession(picture), [target_image], 100, patches=False), Lattice)
    (weighed,) = target_images(TrainingSession(picture), [picture.scene.photos["photo.png"]], 1, None, None, 2.0)
    assert isinstance(sampler_for(TrainingSession(picture), [weighed], 100, patches=False), Table)


def test_both_ways_to_draw_see_the_same_colours_at_the_same_pixels(tmp_path: Path) -> None:
    picture = live(tmp_path, (20, 24))
    (target_image,) = target_images(TrainingSession(picture), [picture.scene.photos["photo.png"]], 1, None, None, 1.0)
    parts = []
    session = TrainingSession(picture)
    assert isinstance(picture.network, FeatureGrid)
    for way in (Lattice(session, picture.network, target_image, 100), Table(session, [target_image], 100)):
        batches = list(way.all())
        assert sum(share for share, _ in batches) == pytest.approx(1)
        parts.append([torch.cat(both) for both in zip(*(batch for _, batch in batches), strict=True)])
    assert torch.equal(parts[0][1], parts[1][1])
    assert torch.allclose(parts[0][0], parts[1][0], atol=1e-5)


def test_coordinates_that_are_no_plane_are_refused_or_looked_up_point_by_point(tmp_path: Path) -> None:
    picture = live(tmp_path, (20, 24))
    text = (tmp_path / "a.yaml").read_text()
    (tmp_path / "a.yaml").write_text("coordinates: polar\n" + text)
    with pytest.raises(InputError, match="found coordinates of 3 numbers, expected two; leave coordinates at grid"):
        build(load(tmp_path / "a.yaml"), "cpu")
    (tmp_path / "a.yaml").write_text("coordinates: unit_square\n" + text)
    picture = build(load(tmp_path / "a.yaml"), "cpu")
    (target_image,) = target_images(TrainingSession(picture), [picture.scene.photos["photo.png"]], 1, None, None, 1.0)
    assert isinstance(sampler_for(TrainingSession(picture), [target_image], 100, patches=False), Table)


@pytest.mark.parametrize("network", [NETWORK, "mlp: {width: 8, depth: 1}"])
def test_a_downscaled_photo_is_not_stretched(network: str, tmp_path: Path) -> None:
    picture = live(tmp_path, (20, 24), "downscale: 7, until: {steps: 1}", network)
    session = TrainingSession(picture)
    (photo,) = picture.scene.photos.values()
    assert isinstance(photo, Photo)
    (one,) = target_images(session, [photo], 7, None, None, 4.0)
    assert one.shape == one.view.shape == (3, 4)
    points, colours = gathered(session, one, one.known)
    x, y = (side.numpy() for side in View(width=24, height=20).plane())
    last = np.s_[14:20, 21:24]
    assert points[-1].tolist() == pytest.approx([x[last].mean(), y[last].mean()], abs=1e-6)
    assert colours[-1].tolist() == pytest.approx(photo.image()[last].mean(axis=(0, 1)).tolist(), abs=1e-6)
    *_, told = training_of(picture)
    assert isinstance(told, Result)
    assert told.note == "the PSNR is of the photo's pixels averaged 7 x 7 into one, 4 x 3 in all"
    if network == NETWORK:
        assert grid(picture).reach.tolist() == pytest.approx([24 / 20, 1])
