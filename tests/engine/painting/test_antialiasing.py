"""Several samples of a pixel: where they are, where they are needed, and how they are counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from artengine.painting.antialiasing import MIN_CONTRAST, find_edges, from_light, sample_positions, to_light


@pytest.mark.parametrize("count", range(1, 65))
def test_no_two_samples_are_in_one_row_or_column(count: int) -> None:
    across, down = np.array(sample_positions(count)).T
    expected = (np.arange(count) + 0.5) / count
    assert np.allclose(np.sort(across), expected)
    assert np.allclose(np.sort(down), expected)


def test_one_sample_is_in_the_middle() -> None:
    assert sample_positions(1) == [(0.5, 0.5)]


@pytest.mark.parametrize("count", [4, 5, 8, 9, 16, 25, 64])
@pytest.mark.parametrize("angle", range(0, 180, 15))
def test_half_a_pixel_is_counted_as_half_of_it_at_any_slope(angle: int, count: int) -> None:
    x, y = np.array(sample_positions(count)).T - 0.5
    side = x * np.cos(np.radians(angle)) + y * np.sin(np.radians(angle))
    inside = (np.sum(side < -1e-9) + np.sum(np.abs(side) <= 1e-9) / 2) / count
    assert abs(inside - 0.5) <= 1.6 / count


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_light_round_trips(dtype: torch.dtype) -> None:
    image = torch.linspace(0, 1, 4097, dtype=dtype)
    light = to_light(image)
    assert light.dtype == dtype
    assert torch.all(light.diff() > 0)
    torch.testing.assert_close(from_light(light), image, rtol=0, atol=2e-6 if dtype == torch.float32 else 1e-7)
    assert to_light(torch.tensor([0.0, 1.0], dtype=dtype)).tolist() == [0, pytest.approx(1)]
    assert from_light(torch.tensor([0.0, 1.0], dtype=dtype)).tolist() == [0, pytest.approx(1)]


@pytest.mark.parametrize(("light", "code"), [(0.5, 0.7354), (0.2140, 0.5), (0.001, 0.01292), (0.01, 0.0998)])
def test_light_follows_the_srgb_standard(light: float, code: float) -> None:
    assert from_light(torch.tensor([light])).item() == pytest.approx(code, abs=1e-4)
    assert to_light(torch.tensor([code])).item() == pytest.approx(light, abs=1e-4)


def test_every_code_value_of_eight_bits_comes_back() -> None:
    codes = torch.arange(256) / 255
    assert torch.equal((from_light(to_light(codes)) * 255).round() / 255, codes)


def by_hand(image: Tensor) -> Tensor:
    rows, columns, _ = image.shape
    found = torch.zeros(rows, columns, dtype=torch.bool)
    for row in range(rows):
        for column in range(columns):
            around = image[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
            found[row, column] = bool(((around - image[row, column]).abs() > MIN_CONTRAST).any())
    return found


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("channels", [1, 3])
def test_edges_are_where_neighbours_differ(channels: int, dtype: torch.dtype) -> None:
    image = torch.from_numpy(np.random.RandomState(0).uniform(0, 0.04, (13, 17, channels))).to(dtype)
    image[4:6, 3:9] += 0.5
    image[0, 16, channels - 1] = 1
    given = find_edges(image)
    assert torch.equal(given, by_hand(image))
    assert 0 < given.sum() < given.numel()


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 1), (9, 1, 3)])
def test_the_smallest_images_have_edges_too(shape: tuple[int, int, int]) -> None:
    assert not find_edges(torch.ones(shape)).any()
    image = torch.from_numpy(np.random.RandomState(0).uniform(0, 1, shape))
    assert torch.equal(find_edges(image), by_hand(image))


@pytest.mark.parametrize(("step", "expected"), [(5, 0), (7, 6)])
def test_small_contrast_is_no_edge(step: int, expected: int) -> None:
    image = torch.full((3, 4, 3), 0.5)
    image[:, 2:, 1] += step / 255
    assert find_edges(image).sum() == expected


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("function", [to_light, from_light])
def test_no_pixel_depends_on_how_many_there_are(function: Callable[[Tensor], Tensor], dtype: torch.dtype) -> None:
    image = torch.from_numpy(np.random.RandomState(0).uniform(0, 1, (700, 3))).to(dtype)
    whole = function(image)
    for count in range(1, 60):
        assert torch.equal(function(image[:count]), whole[:count])
        assert torch.equal(function(image[count : count + 300].clone()), whole[count : count + 300])
