"""Batches of photos: the same at a step whoever asks, and some photos in none of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from artengine_gan.training.batches import HELD_OUT, Batches


class Numbered:
    """Photos whose colour is their number."""

    description = ""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def read(self, numbers: Sequence[int], size: int, /) -> np.ndarray:
        assert all(0 <= number < self.count for number in numbers)
        colours = np.asarray(numbers, np.uint8)
        return colours.repeat(size * size * 3).reshape(-1, size, size, 3)


def batches(count: int, seed: int = 0) -> Batches:
    return Batches(Numbered(count), 8, 16, seed, torch.device("cpu"))


@pytest.mark.parametrize("count", [2, 3, 19, 40, 250])
def test_what_is_held_out_is_in_no_batch_and_all_else_is(count: int) -> None:
    one = batches(count)
    assert len(one.held_out) == max(1, count // 20)
    held_out = {round(float(image.mean() + 1) * 127.5) for image in one.held_out}
    seen = {int(number) for step in range(200) for number in one.numbers(step)}
    assert seen | held_out == set(range(count))
    assert not seen & held_out
    assert one.learnt == len(seen)


def test_of_many_photos_not_more_than_needed_are_held_out() -> None:
    one = Batches(Numbered(250), 8, 2, 0, torch.device("cpu"))
    assert len(one.held_out) == 12
    assert HELD_OUT >= 100


def test_a_step_has_the_same_photos_and_latents_in_whatever_order_it_is_asked_for() -> None:
    first, second = batches(100), batches(100)
    forwards = [first.at(step) for step in range(4)]
    backwards = [second.at(step) for step in (3, 2, 1, 0)]
    for one, other in zip(forwards, reversed(backwards), strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(forwards[0], forwards[1])
    draws = [torch.rand(3, generator=first.random(step)) for step in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert not torch.equal(batches(100, seed=1).at(0), forwards[0])


def test_pixels_come_as_numbers_from_minus_one_to_one() -> None:
    batch = batches(256).at(0)
    assert batch.shape == (16, 3, 8, 8)
    assert -1 <= float(batch.min()) < float(batch.max()) <= 1


def test_a_single_photo_is_too_few() -> None:
    with pytest.raises(ValueError, match="found 1 photo"):
        batches(1)
