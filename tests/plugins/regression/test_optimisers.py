"""Every optimiser learns, goes on to the bit from any moment, and takes whatever network there is."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from PIL import Image
from tests.support.trainings import result_of, training_of
from torch import Tensor, nn

from artengine import Picture, Result, build, load
from artengine.training.session import TrainingSession
from artengine_basics.losses import ssim
from artengine_regression.training import learning
from artengine_regression.training.mask import Mask
from artengine_regression.training.optimisers import SMALLEST, hidden_matrices, optimiser, orthogonal
from artengine_regression.training.presets import Optimiser
from artengine_regression.training.sampling import Patches
from artengine_regression.training.targets import target_images

NAMES: tuple[Optimiser, ...] = get_args(Optimiser)
RATES = {"adam": 3e-3, "muon": 5e-3, "sgd": 0.1, "lbfgs": 1.0}
GRID_RATES = {"adam": 0.02, "muon": 0.02, "sgd": 0.5, "lbfgs": 1.0}
MLP = "mlp: {width: 16, depth: 3, frequency: 4}"
GRID = "feature_grid: {levels: [4, 8], features: 2, width: [8, 8]}"


@pytest.fixture
def scene(tmp_path: Path) -> Callable[[str, str], Path]:
    y, x = np.mgrid[0:20, 0:24] / 24
    pixels = np.stack((x, y, (x - y) ** 2), axis=-1) * 255
    Image.fromarray(np.rint(pixels).astype(np.uint8)).save(tmp_path / "photo.png")

    def write(options: str, network: str) -> Path:
        path = tmp_path / "a.yaml"
        training = f"training: {{regression: {{target: photo.png, batch: 128, {options}}}}}\n"
        path.write_text(f"seed: 3\nnetwork: {{{network}}}\n{training}")
        return path

    return write


def live(path: Path) -> Picture:
    return build(load(path), "cpu")


def network(*sizes: int) -> nn.Sequential:
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.Tanh()]
    return nn.Sequential(*layers[:-1])


def closure(net: nn.Module, seed: int = 0) -> Callable[[], Tensor]:
    """A loss on random points, the same whenever it is asked for."""

    def gradient() -> Tensor:
        points = torch.rand(64, 2, generator=torch.Generator().manual_seed(seed))
        loss = (net(points) - points.sum(1, keepdim=True).sin()).square().mean()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    return gradient


def lowered(name: Optimiser, net: nn.Module, steps: int = 60) -> float:
    """To what part the loss falls."""
    stepping = optimiser(name, net)
    losses = [float(stepping.step(closure(net), RATES[name])) for _ in range(steps)]
    return losses[-1] / losses[0]


@pytest.mark.parametrize("network", [MLP, GRID])
@pytest.mark.parametrize("name", NAMES)
def test_each_learns_a_photo(name: Optimiser, network: str, scene: Callable[[str, str], Path]) -> None:
    steps = 15 if name == "lbfgs" else 200
    rate = f"rate: {GRID_RATES[name]}" if network == GRID else ""
    picture = live(scene(f"until: {{steps: {steps}}}, optimiser: {name}, {rate}", network))
    last = list(training_of(picture))[-1]
    assert last.psnr is not None
    assert last.psnr > {"adam": 28, "muon": 30, "sgd": 18, "lbfgs": 35}[name]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("network", [MLP, GRID])
def test_each_goes_on_from_any_report_to_the_bit(
    name: Optimiser, network: str, scene: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "STEPS_PER_CHECK", 10)
    path = scene(f"until: {{steps: {4 if name == 'lbfgs' else 40}}}, optimiser: {name}", network)
    whole = live(path)
    cuts: list[tuple[dict[str, Any], dict[str, Tensor]]] = []
    for progress in training_of(whole):
        if isinstance(progress, Result):
            result = progress
            break
        assert progress.state is not None
        cuts.append((copy.deepcopy(dict(progress.state())), copy.deepcopy(whole.network.state_dict())))
    assert len(cuts) > 2
    for state, weights in cuts:
        again = live(path)
        again.network.load_state_dict(weights)
        assert result_of(again, copy.deepcopy(state)) == result
        assert alike(again.network.state_dict(), whole.network.state_dict())


def alike(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    """Whether weights are the same to the bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("shape", [(8, 8), (16, 16), (8, 40), (40, 8), (33, 17), (64, 9)])
def test_orthogonal_turns_matrices_into_what_the_svd_says(shape: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(0)
    rows, columns = shape
    u, v = (torch.linalg.qr(torch.randn(side, min(shape), generator=generator))[0] for side in (rows, columns))
    matrices = torch.stack([u @ torch.diag(torch.linspace(low, 1, min(shape))) @ v.T for low in (0.05, 0.5, 1)])
    for scale in (1e-12, 1.0, 1e12):
        turned = orthogonal(matrices * scale)
        assert turned.shape == matrices.shape
        values = torch.linalg.svdvals(turned)
        assert values.min() > 0.65
        assert values.max() < 1.25
        assert torch.allclose(u.T @ turned @ v, (u.T @ turned @ v) * torch.eye(min(shape)), atol=1e-3)
    assert orthogonal(torch.zeros(2, rows, columns)).abs().max() == 0
    assert torch.allclose(orthogonal(matrices[:1])[0], orthogonal(matrices)[0], atol=1e-5)


def test_muon_turns_the_hidden_matrices_alone() -> None:
    net = network(2, 16, 16, 40, 16, SMALLEST - 1, 1)
    found = [tuple(one.shape) for one in hidden_matrices(net)]
    assert found == [(16, 16), (40, 16), (16, 40)]
    assert list(hidden_matrices(network(2, 16, 1))) == []
    assert list(hidden_matrices(network(2, 1))) == []
    assert lowered("muon", net) < 0.1


@pytest.mark.parametrize("sizes", [(2, 1), (2, 16, 1), (2, 3, 3, 1), (2, 8, 50, 8, 1)])
@pytest.mark.parametrize("name", NAMES)
def test_networks_of_any_shape_learn(name: Optimiser, sizes: tuple[int, ...]) -> None:
    assert lowered(name, network(*sizes), 10 if name == "lbfgs" else 100) < 0.6


@pytest.mark.parametrize("name", NAMES)
def test_weights_that_are_tied_stay_so_and_frozen_ones_stay_as_they_are(name: Optimiser) -> None:
    net = network(2, 16, 16, 16, 16, 1)
    tied, frozen = net[4], net[6]
    assert isinstance(tied, nn.Linear)
    assert isinstance(frozen, nn.Linear)
    net[2].weight = tied.weight
    frozen.weight.requires_grad_(False)
    net[0].bias.requires_grad_(False)
    before = copy.deepcopy(net.state_dict())
    assert lowered(name, net, 10 if name == "lbfgs" else 60) < 0.3
    after = net.state_dict()
    assert torch.equal(after["2.weight"], after["4.weight"])
    assert {key for key in before if torch.equal(before[key], after[key])} == {"6.weight", "0.bias"}
    assert [id(one) for one in hidden_matrices(net)] == [id(tied.weight)]


@pytest.mark.parametrize("name", NAMES)
def test_weights_that_the_loss_does_not_reach_are_left_alone(name: Optimiser) -> None:
    class Detour(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used = network(2, 16, 16, 1)
            self.unused = network(16, 16, 16, 16)

        def forward(self, x: Tensor) -> Tensor:
            found: Tensor = self.used(x)
            return found

    net = Detour()
    before = copy.deepcopy(net.unused.state_dict())
    assert lowered(name, net, 10 if name == "lbfgs" else 60) < 0.3
    assert alike(before, net.unused.state_dict())


@pytest.mark.parametrize("name", NAMES)
def test_a_target_that_is_reached_is_no_reason_to_run_away(name: Optimiser) -> None:
    net = network(2, 8, 8, 8, 1)
    points = torch.rand(16, 2)

    def gradient() -> Tensor:
        loss = net(points).square().mean() * 0
        loss.backward()
        found: Tensor = loss.detach()
        return found

    before = copy.deepcopy(net.state_dict())
    stepping = optimiser(name, net)
    for _ in range(20):
        stepping.step(gradient, RATES[name])
    assert alike(before, net.state_dict())


def test_the_slope_of_patches_is_that_of_their_loss_around_what_is_hidden(scene: Callable[[str, str], Path]) -> None:
    """Lbfgs searches along lines, and finds nothing where the slope it is told is another one."""
    picture = live(scene("until: {steps: 1}", MLP))
    (target_image,) = target_images(
        TrainingSession(picture), [picture.scene.photos["photo.png"]], 1, Mask(random=0.3), None, 1.0
    )
    patches = Patches(TrainingSession(picture), [target_image], 400)
    weights = list(picture.network.parameters())

    def value() -> Tensor:
        return torch.stack([share * ssim(*batch) for share, batch in patches.all()]).sum()

    slopes = torch.autograd.grad(value(), weights)
    size = torch.stack([one.square().sum() for one in slopes]).sum().sqrt()
    either = []
    for length in (2e-3, -4e-3):
        with torch.no_grad():
            torch._foreach_add_(weights, list(slopes), alpha=float(length / size))
            either.append(float(value()))
    assert (either[0] - either[1]) / 4e-3 == pytest.approx(float(size), rel=0.05)
