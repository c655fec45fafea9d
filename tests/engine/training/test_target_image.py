"""Pictures as trainers learn them: colours, places, weights, what is hidden, and all of it in fewer pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from artengine.training.target_image import TargetImage, pixel_middles
from artengine.view import View


def image_of(pixels: np.ndarray[Any, Any], **more: Any) -> TargetImage:
    return TargetImage(pixels, View(width=pixels.shape[1], height=pixels.shape[0]), **more)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_colours_are_parts_of_the_greatest_value(kind: type) -> None:
    pixels = np.random.default_rng(0).integers(0, np.iinfo(kind).max, (3, 4, 3), endpoint=True).astype(kind)
    target = image_of(pixels)
    parts = pixels / np.iinfo(kind).max
    assert np.allclose(target.image, parts)
    assert np.allclose(target.colours(np.array([1, 6]), 3), parts.reshape(-1, 3)[[1, 6]])
    assert np.allclose(target.colours(np.array([1, 6]), 1), parts.reshape(-1, 3)[[1, 6]].mean(axis=1, keepdims=True))
    assert np.array_equal(image_of(target.image).image, target.image)


def test_hidden_pixels_are_unknown_and_all_others_known() -> None:
    hidden = np.zeros((3, 4), bool)
    hidden[1, 2] = True
    target = image_of(np.zeros((3, 4, 3), np.uint8), hidden=hidden)
    assert target.unknown.tolist() == [6]
    assert target.known.tolist() == [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11]
    assert image_of(np.zeros((3, 4, 3), np.uint8)).known.tolist() == list(range(12))
    assert image_of(np.zeros((3, 4, 3), np.uint8)).unknown.tolist() == []


def test_points_are_pixel_centres_on_the_plane() -> None:
    target = image_of(np.zeros((2, 4, 3), np.uint8))
    x, y = target.points
    assert x.tolist() == [-1.5, -0.5, 0.5, 1.5] * 2
    assert y.tolist() == [-0.5] * 4 + [0.5] * 4
    assert target.reach == (1.5, 0.5)


def test_weights_are_ones_where_nothing_is_said() -> None:
    even = image_of(np.zeros((2, 4, 3), np.uint8))
    assert even.is_even
    assert np.array_equal(even.weights, np.ones((2, 4)))
    assert image_of(even.pixels, weight=even.weights).is_even
    assert not image_of(even.pixels, weight=2 * even.weights).is_even


def test_downscaled_pixels_keep_their_weighted_means() -> None:
    random = np.random.RandomState(1)
    weight = random.uniform(0.5, 2, (9, 13)).astype(np.float32)
    large = image_of(random.rand(9, 13, 3).astype(np.float32), weight=weight)
    small = large.downscaled(4)
    (x, y), (across, down) = large.axes, small.axes
    assert across == pytest.approx([x[start : start + 4].mean() for start in (0, 4, 8, 12)])
    assert down == pytest.approx([y[start : start + 4].mean() for start in (0, 4, 8)])
    assert small.shape == (3, 4)
    assert np.allclose(small.image[2, 3], large.image[8, 12], atol=1e-6)  # all that is left in the corner
    assert small.weights[2, 3] == pytest.approx(weight[8, 12] / 16, rel=1e-5)
    part = np.s_[4:8, 8:12]
    mean = (large.image[part] * weight[part][..., None]).sum(axis=(0, 1)) / weight[part].sum()
    assert np.allclose(small.image[1, 2], mean, atol=1e-6)
    assert small.weights[1, 2] == pytest.approx(weight[part].mean(), rel=1e-5)
    assert large.downscaled(1) is large
    assert large.downscaled(50).image.shape == (1, 1, 3)


def test_what_is_left_at_the_edges_counts_as_much_as_its_pixels() -> None:
    even = image_of(np.zeros((4, 6, 3), np.uint8))
    assert even.downscaled(2).weight is None
    assert even.downscaled(4).weights.tolist() == [[1, 0.5]]
    assert even.downscaled(3).weights.tolist() == pytest.approx(np.array([[1, 1], [1 / 3, 1 / 3]]))


def test_pixel_middles_are_where_the_pixels_of_a_reduced_view_are() -> None:
    across, down = pixel_middles(View(width=10, height=7).reduced(4))
    assert (across * 4).tolist() == [2, 6, 9]
    assert (down * 4).tolist() == [2, 5.5]


def test_target_is_averaged_before_pixels_are_hidden() -> None:
    with pytest.raises(ValueError, match="found hidden pixels"):
        image_of(np.zeros((4, 6, 3), np.uint8), hidden=np.zeros((4, 6), bool)).downscaled(2)
