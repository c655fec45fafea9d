"""Losses: against scikit-image and the papers' equations, at their limits, and what a picture learns from them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity
from torch import Tensor

from artengine.components.registry import default_registry
from artengine.testing.conformance import check
from artengine_basics import losses
from artengine_basics.structural_losses import FLOOR, SCALE_WEIGHTS

Array = np.ndarray[Any, Any]
Loss = Callable[[Tensor, Tensor], Tensor]

POINTS: dict[str, Loss] = {"mse": losses.mse, "l1": losses.l1, "huber": losses.huber}
PATCHES: dict[str, Loss] = {"ssim": losses.ssim, "ms_ssim": losses.ms_ssim, "edges": losses.edges}
ALL = POINTS | PATCHES

every_patch_loss = pytest.mark.parametrize("name", PATCHES)


def photo(height: int, width: int, channels: int = 3) -> Array:
    """Smooth light, hard edges, fine grain and a flat white sky."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    disc = np.hypot(x - 0.4, y - 0.4) < 0.2
    layers = [x, 0.3 + 0.5 * disc, 0.5 + 0.4 * np.sin(40 * x + 25 * y)]
    picture = np.stack(layers[:channels], axis=-1)
    picture[: height // 4] = 1
    return picture


def noise(*shape: int, seed: int = 0) -> Array:
    return np.random.RandomState(seed).rand(*shape)


def blurred(picture: Array, deviation: float = 1.2) -> Array:
    blur: Array = gaussian_filter(picture, (deviation, deviation, 0))
    return blur


DAMAGES: dict[str, Callable[[Array], Array]] = {
    "noise": lambda picture: (picture + 0.1 * noise(*picture.shape)).clip(0, 1),
    "blur": blurred,
    "dark": lambda picture: picture * 0.6,
    "negative": lambda picture: 1 - picture,
    "nothing": lambda picture: picture.copy(),
    "another": lambda picture: noise(*picture.shape, seed=5),
    "out of range": lambda picture: picture * 3 + 1,
}

SIZES = [(11, 11, 3), (16, 40, 1), (64, 48, 3), (97, 140, 3)]


def reference(one: Array, other: Array, **constants: float) -> list[float]:
    """The mean SSIM index of each channel, as scikit-image has it."""
    return [
        structural_similarity(
            one[..., channel],
            other[..., channel],
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=1,
            **constants,
        )
        for channel in range(one.shape[-1])
    ]


def value(loss: Loss, one: Array, other: Array, dtype: torch.dtype = torch.float64) -> float:
    """The loss of one patch (H, W, C), or of several."""
    pair = [torch.from_numpy(np.ascontiguousarray(part)).to(dtype) for part in (one, other)]
    return float(loss(*(part if part.ndim == 4 else part.unsqueeze(0) for part in pair)))


def with_gradient(loss: Loss, prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    leaf = prediction.clone().requires_grad_()
    found = loss(leaf, target)
    (gradient,) = torch.autograd.grad(found, leaf)
    return found.detach(), gradient


@pytest.mark.parametrize("name", ALL)
def test_a_loss_keeps_what_its_hook_promises(name: str) -> None:
    registry = default_registry()
    component = registry.find("loss", name)
    assert component.patches == (name in PATCHES)
    results = list(check(component, registry))
    assert [result.promise for result in results] == ["measures"]
    assert [result.broken for result in results] == [None]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_ssim_is_the_index_of_scikit_image(size: tuple[int, int, int], damage: str) -> None:
    target = photo(*size)
    prediction = DAMAGES[damage](target)
    expected = 1 - np.mean(reference(prediction, target))
    assert value(losses.ssim, prediction, target) == pytest.approx(expected, abs=1e-9)
    assert value(losses.ssim, prediction, target, torch.float32) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("white", [0.8, 0.9, 0.97])
def test_faint_print_on_white_paper_loses_nothing_to_rounding(white: float) -> None:
    target = np.full((48, 48, 3), white)
    prediction = target - 0.1 * photo(48, 48)
    expected = 1 - np.mean(reference(prediction, target))
    assert value(losses.ssim, prediction, target, torch.float32) == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize("name", ["ssim", "ms_ssim"])
def test_plates_far_out_of_range_keep_the_bounds(name: str) -> None:
    prediction, target = torch.zeros(1, 48, 48, 1), torch.from_numpy(noise(1, 48, 48, 1)).float()
    prediction[:, :20], prediction[:, 20:, :30] = 1.1e6, -3.7e5  # squares of these are off by thousands
    loss, gradient = with_gradient(PATCHES[name], prediction, target)
    assert 0.9 < float(loss) <= 2
    assert gradient.abs().max() < 1


def test_ssim_of_several_patches_is_the_mean_of_theirs() -> None:
    targets = noise(3, 20, 15, 3)
    predictions = targets * np.array([1, 0.8, -0.5]).reshape(3, 1, 1, 1) + 0.2 * noise(3, 20, 15, 3, seed=1)
    apart = [value(losses.ssim, *pair) for pair in zip(predictions, targets, strict=True)]
    assert value(losses.ssim, predictions, targets) == pytest.approx(np.mean(apart))
    assert len({round(one, 3) for one in apart}) == 3


def gaussian(pixels: int) -> Array:
    window = min(11, pixels if pixels % 2 else pixels - 1)
    weights = np.exp(-((np.arange(window) - window // 2) ** 2) / (2 * 1.5**2))
    return weights / weights.sum()


def spelt_out(one: Array, other: Array) -> float:
    """1 - SSIM of (H, W, C), window by window, as the paper's equations say."""
    weights = np.outer(gaussian(one.shape[0]), gaussian(one.shape[1]))
    rows, columns = weights.shape
    found = []
    for top, left, channel in itertools.product(*map(range, np.subtract(one.shape, (rows - 1, columns - 1, 0)))):
        x, y = (picture[top : top + rows, left : left + columns, channel] for picture in (one, other))
        mx, my = (weights * x).sum(), (weights * y).sum()
        vx, vy = (weights * (x - mx) ** 2).sum(), (weights * (y - my) ** 2).sum()
        covariance = (weights * (x - mx) * (y - my)).sum()
        light = (2 * mx * my + 1e-4) / (mx**2 + my**2 + 1e-4)
        found.append(light * (2 * covariance + 9e-4) / (vx + vy + 9e-4))
    return float(1 - np.mean(found))


@pytest.mark.parametrize(
    "size", [(1, 1, 1), (1, 1, 3), (1, 9, 3), (14, 1, 1), (2, 2, 3), (4, 5, 1), (10, 30, 3), (12, 75, 1)], ids=str
)
def test_a_patch_smaller_than_the_window_has_the_largest_odd_window_that_fits(size: tuple[int, int, int]) -> None:
    one, other = noise(*size), noise(*size, seed=1)
    assert value(losses.ssim, one, other) == pytest.approx(spelt_out(one, other), abs=1e-9)


@pytest.mark.parametrize(
    ("size", "scales"),
    [
        ((8, 30, 3), 1),
        ((21, 40, 3), 1),
        ((22, 22, 1), 2),
        ((45, 47, 3), 3),
        ((90, 110, 1), 4),
        ((175, 190, 1), 4),
        ((190, 176, 3), 5),
    ],
    ids=str,
)
@pytest.mark.parametrize("damage", ["noise", "blur", "dark"])
def test_ms_ssim_is_the_product_in_the_paper(size: tuple[int, int, int], scales: int, damage: str) -> None:
    target = photo(*size)
    prediction = DAMAGES[damage](target)
    if scales == 1:
        expected = value(losses.ssim, prediction, target)
    else:
        expected = 1 - np.mean(multiscale(prediction, target, scales))
    assert value(losses.ms_ssim, prediction, target) == pytest.approx(expected, abs=1e-8)
    assert value(losses.ms_ssim, prediction, target, torch.float32) == pytest.approx(expected, abs=1e-5)


def multiscale(one: Array, other: Array, scales: int) -> Array:
    """The multi-scale index of each channel, with the means of scikit-image and the paper's powers."""
    index = np.ones(one.shape[-1])
    for scale in range(scales):
        # an endless first constant leaves nothing of the light: it is compared on the last scale alone
        means = reference(one, other) if scale == scales - 1 else reference(one, other, K1=1e6)
        assert min(means) > FLOOR
        index *= np.array(means) ** (SCALE_WEIGHTS[scale] / sum(SCALE_WEIGHTS[:scales]))
        height, width, channels = np.array(one.shape) // (2, 2, 1)
        one, other = (
            picture[: 2 * height, : 2 * width].reshape(height, 2, width, 2, channels).mean(axis=(1, 3))
            for picture in (one, other)
        )
    return index


def test_the_weights_of_the_scales_are_those_of_the_paper() -> None:
    assert SCALE_WEIGHTS == (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_ms_ssim_has_a_way_down_from_the_very_negative(dtype: torch.dtype) -> None:
    target = torch.from_numpy(noise(1, 48, 48, 1)).to(dtype)
    found = []
    for likeness in np.linspace(-1, 1, 81):  # the index is negative on the first half of the way
        loss, gradient = with_gradient(losses.ms_ssim, 0.5 + float(likeness) * (target - 0.5), target)
        assert torch.isfinite(gradient).all()
        found.append(float(loss))
        if likeness < 1:
            # the gradient points away from the target
            assert float((gradient * (target - 0.5)).sum()) < 0
    assert all(after < before for before, after in itertools.pairwise(found[20:]))
    assert 0.99 < found[0] <= 1
    assert found[-1] == pytest.approx(0, abs=1e-6)


def test_edges_are_the_steps_between_neighbours() -> None:
    one, other = noise(2, 7, 9, 3), noise(2, 7, 9, 3, seed=1)
    steps = [np.diff(one, axis=axis) - np.diff(other, axis=axis) for axis in (1, 2)]
    expected = np.abs(np.concatenate([step.ravel() for step in steps])).mean()
    assert value(losses.edges, one, other) == pytest.approx(expected)


def test_edges_of_strips_and_of_single_pixels() -> None:
    strip = np.array([0.0, 1.0, 0.0, 0.0])
    flat = np.zeros(4)
    for shape in [(1, 4, 1), (4, 1, 1)]:
        assert value(losses.edges, strip.reshape(shape), flat.reshape(shape)) == pytest.approx(2 / 3)
    loss, gradient = with_gradient(losses.edges, torch.ones(5, 1, 1, 3), torch.zeros(5, 1, 1, 3))
    assert loss == 0
    assert not gradient.any()


def test_edges_cost_more_blurred_than_in_another_light() -> None:
    target = photo(40, 40)
    assert value(losses.edges, target + 0.1, target) < 1e-12
    assert value(losses.edges, blurred(target), target) > 0.02


@pytest.mark.parametrize("name", ["ssim", "ms_ssim"])
def test_of_equal_errors_another_light_is_the_smallest_and_noise_the_largest(name: str) -> None:
    target = 0.2 + 0.6 * photo(64, 64)
    damaged = {
        "light": target + 1,
        "contrast": target + target - target.mean(),
        "blur": blurred(target, 3),
        "noise": target + noise(64, 64, 3) - 0.5,
    }
    cost = []
    for picture in damaged.values():
        error = picture - target
        cost.append(value(PATCHES[name], target + error * 0.05 / math.sqrt((error**2).mean()), target))
    assert cost == sorted(cost)
    assert 10 * cost[0] < cost[-2]


@pytest.mark.parametrize("name", ["ssim", "ms_ssim"])
def test_the_minus_of_a_picture_is_not_the_picture(name: str) -> None:
    target = photo(40, 30)
    assert 1 - np.mean(reference(-target, target)) < 0.5  # though the index says so
    assert value(PATCHES[name], -target, target) > 0.99


@every_patch_loss
@pytest.mark.parametrize("size", [(2, 12, 11, 1), (1, 23, 22, 1), (2, 3, 6, 3), (3, 1, 4, 3), (2, 1, 1, 3)], ids=str)
def test_the_gradient_is_that_of_the_numbers(name: str, size: tuple[int, ...]) -> None:
    target = torch.from_numpy(noise(*size))
    prediction = (0.3 * target + 0.5 * torch.from_numpy(noise(*size, seed=1))).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: PATCHES[name](x, target), (prediction,))


def test_blocks_of_a_large_patch_leave_no_seams() -> None:
    target, prediction = (torch.from_numpy(noise(1, 150, 211, 1, seed=seed)) for seed in (0, 1))
    whole, gradient = with_gradient(losses.ssim, prediction, target)
    assert float(whole) == pytest.approx(1 - np.mean(reference(prediction[0].numpy(), target[0].numpy())), abs=1e-9)
    # turned, the picture is cut in other places
    turned, other = with_gradient(losses.ssim, *(part.rot90(1, (1, 2)) for part in (prediction, target)))
    assert float(turned) == pytest.approx(float(whole), abs=1e-12)
    torch.testing.assert_close(other.rot90(-1, (1, 2)), gradient)


@every_patch_loss
@settings(deadline=None, max_examples=150)
@given(
    size=st.tuples(st.integers(1, 3), st.integers(1, 26), st.integers(1, 26), st.sampled_from([1, 3])),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    reach=st.sampled_from([0.0, 1e-20, 1e-4, 1.0, 30.0, 1e4, 1e9]),
    middle=st.sampled_from([0.0, 0.5, 1.0, -7.0, 1e6]),
    flat=st.tuples(st.booleans(), st.booleans()),
    equal=st.booleans(),
    seed=st.integers(0, 10),
)
def test_whatever_comes_the_loss_and_its_gradient_are_finite(
    name: str,
    size: tuple[int, int, int, int],
    dtype: torch.dtype,
    reach: float,
    middle: float,
    flat: tuple[bool, bool],
    equal: bool,
    seed: int,
) -> None:
    random = np.random.RandomState(seed)
    drawn = [random.randn(*(1 if even else side for side in size)) * np.ones(size) for even in flat]
    prediction, target = (torch.from_numpy(part).to(dtype) for part in (middle + reach * drawn[0], 0.5 + drawn[1] / 4))
    if equal:
        target = prediction.clone()
    loss, gradient = with_gradient(PATCHES[name], prediction, target)
    assert (loss.shape, loss.dtype) == ((), dtype)
    assert torch.isfinite(loss)
    assert torch.isfinite(gradient).all()
    assert -1e-6 < float(loss) < (math.inf if name == "edges" else 2 + 1e-5 if name == "ssim" else 1 + 1e-5)
    if equal:
        assert float(loss) == pytest.approx(0, abs=1e-6)
    assert float(PATCHES[name](target, prediction)) == pytest.approx(float(loss), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("start", ["grey", "noise", "negative", "both sides of zero"])
@pytest.mark.parametrize("name", ["ssim", "ms_ssim"])
def test_pixels_learn_a_picture_by_its_structure_alone(name: str, start: str) -> None:
    target = photo(24, 24)
    starts = {
        "grey": np.full_like(target, 0.5),
        "noise": noise(*target.shape),
        "negative": 1 - target,
        "both sides of zero": 0.3 * np.random.RandomState(1).randn(*target.shape),
    }
    learnt = learn(PATCHES[name], starts[start], target)
    assert np.mean(reference(learnt, target)) > 0.99


def test_edges_sharpen_what_is_blurred() -> None:
    target = photo(32, 32)
    start = blurred(target) + 0.2
    assert np.abs(start - target).max() > 0.4
    learnt = learn(losses.edges, start, target)
    assert np.std(learnt - target) < 0.02


def learn(loss: Loss, start: Array, target: Array) -> Array:
    """The pixels (H, W, C) after 100 steps."""
    goal = torch.from_numpy(target).unsqueeze(0)
    pixels = torch.from_numpy(start).unsqueeze(0).requires_grad_()
    optimiser = torch.optim.Adam([pixels], lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 100)
    for _ in range(100):
        optimiser.zero_grad()
        torch.autograd.backward(loss(pixels, goal))
        optimiser.step()
        schedule.step()
    learnt: Array = pixels.detach()[0].numpy()
    return learnt
