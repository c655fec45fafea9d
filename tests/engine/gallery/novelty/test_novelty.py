"""Pictures chosen from many: dull ones are seen through, doubles are found, and what is kept is varied."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.support.common import ROOT

import artengine
from artengine.gallery.novelty.look import FLAT, GRADIENT, NOISE, Look, look_at, why_dull
from artengine.gallery.novelty.selection import LESS_VARIED, MIN_DISTANCE, NEARLY_THE_SAME, choose_varied, distance

Pixels = np.ndarray[Any, Any]

SCENES = ROOT / "scenes"
Y, X = np.mgrid[0:96, 0:96] / 95


@functools.cache
def painted(seed: int, scene: str = "painter") -> Pixels:
    loaded = artengine.load(SCENES / f"{scene}.yaml", seed=seed, size=(96, 96))
    return artengine.build(loaded).paint()


@functools.cache
def looked_at(seed: int, scene: str = "painter") -> Look:
    return look_at(painted(seed, scene))


def noise(seed: int = 0, strength: float = 1.0, channels: int = 3) -> Pixels:
    return 0.5 + strength * (np.random.RandomState(seed).rand(96, 96, channels) - 0.5)


def in_colour(grey: Pixels, light: tuple[float, float, float] = (1, 1, 1)) -> Pixels:
    coloured: Pixels = grey[:, :, None] * np.array(light, dtype=float)
    return coloured


def salt_and_pepper(share: float) -> Pixels:
    chance = np.random.RandomState(1).rand(96, 96)
    return in_colour(np.where(chance < share / 2, 0.0, np.where(chance > 1 - share / 2, 1.0, 0.5)))


def disc(radius: float) -> Pixels:
    return in_colour(np.where(np.hypot(X - 0.4, Y - 0.6) < radius, 0.1, 0.95))


def rings(centre: float, colour: tuple[float, float, float]) -> Pixels:
    """Coloured rings, at a place: pictures made fast, each different from the others."""
    return in_colour(0.5 + 0.5 * np.sin(40 * np.hypot(X - centre, Y - 1 + centre)), colour)


@functools.cache
def all_rings() -> list[Look]:
    chance = np.random.RandomState(7)
    return [look_at(rings(chance.rand(), tuple(0.2 + 0.8 * chance.rand(3)))) for _ in range(60)]


def many(count: int) -> list[Look]:
    looks = all_rings()[:count]
    assert len(looks) == count
    return looks


DULL: dict[str, tuple[Pixels, str]] = {
    "black": (np.zeros((96, 96, 3)), FLAT),
    "white": (np.ones((96, 96, 3)), FLAT),
    "one grey channel": (np.full((96, 96, 1), 0.4), FLAT),
    "nearly flat": (0.5 + 0.03 * in_colour(np.sin(9 * X) * Y, (1, 0.5, 0)), FLAT),
    "flat with a speck": (np.where((X > 0.95) & (Y > 0.95), 0.0, 0.8)[:, :, None], FLAT),
    "a ramp of grey": (in_colour(X), GRADIENT),
    "a gradient from corner to corner": (np.stack((X, Y, 1 - X), axis=2), GRADIENT),
    "flat with faint noise": (noise(strength=0.1), FLAT),
    "flat with faint specks": (0.5 + 0.3 * (salt_and_pepper(0.05) - 0.5), FLAT),
    "white noise": (noise(), NOISE),
    "noise a little smeared": (0.8 * noise() + 0.2 * np.roll(noise(), 1, axis=1), NOISE),
    "grey noise": (noise(channels=1), NOISE),
    "grain over a gradient": (np.clip(np.stack((X, Y, 1 - X), axis=2) + noise(2) - 0.5, 0, 1), NOISE),
    "salt and pepper": (salt_and_pepper(0.3), NOISE),
    "a little salt and pepper": (salt_and_pepper(0.04), NOISE),
}

WORTH_A_LOOK: dict[str, Pixels] = {
    "stripes": in_colour((np.arange(96)[None, :] // 2 % 2) * np.ones((96, 1)), (0.9, 0.4, 0.2)),
    "the finest checkerboard": in_colour((np.arange(96)[None, :] + np.arange(96)[:, None]) % 2.0),
    "a disc on white": disc(0.2),
    "a small disc on white": disc(0.08),
    "one line": in_colour(np.where(np.abs(X - Y) < 0.05, 0.0, 1.0)),
    "rings": rings(0.5, (1, 0.6, 0.2)),
    "faint rings on a gradient": 0.1 * rings(0.5, (1, 1, 1)) + 0.9 * np.stack((X, Y, 1 - X), axis=2),
    "a soft hill of light": in_colour(np.exp(-12 * ((X - 0.5) ** 2 + (Y - 0.5) ** 2)), (0.4, 0.8, 1)),
}


@pytest.mark.parametrize("name", DULL)
def test_a_dull_picture_is_called_dull_and_told_why(name: str) -> None:
    image, why = DULL[name]
    assert why_dull(look_at(image)) == why


@pytest.mark.parametrize("name", WORTH_A_LOOK)
def test_plain_and_regular_pictures_are_not_called_dull(name: str) -> None:
    assert why_dull(look_at(WORTH_A_LOOK[name])) == ""


@pytest.mark.parametrize(("scene", "seed"), [("painter", 22), ("painter", 5), ("painter", 160), ("orchid", 31)])
def test_a_painted_picture_is_not_dull(scene: str, seed: int) -> None:
    assert why_dull(looked_at(seed, scene)) == ""


def test_dull_pictures_that_were_painted_are_found() -> None:
    assert [why_dull(looked_at(seed, "neural-painter")) for seed in (13, 17)] == [FLAT, NOISE]


def shifted(image: Pixels) -> Pixels:
    return np.roll(image, (2, 3), (0, 1))


SLIGHTLY_CHANGED: dict[str, Callable[[Pixels], Pixels]] = {
    "the same": lambda image: image,
    "moved a little": shifted,
    "brighter": lambda image: np.clip(image * 1.12 + 0.03, 0, 1),
    "with less contrast": lambda image: 0.5 + 0.8 * (image - 0.5),
    "with a little grain": lambda image: np.clip(image + noise(3, 0.06) - 0.5, 0, 1),
    "zoomed in a little": lambda image: image[3:-3, 3:-3],
    "mirrored": lambda image: image[:, ::-1],
    "upside down": lambda image: image[::-1],
    "turned half round": lambda image: image[::-1, ::-1],
    "painted twice as large": lambda image: image.repeat(2, 0).repeat(2, 1),
}


@pytest.mark.parametrize("change", SLIGHTLY_CHANGED)
@pytest.mark.parametrize("seed", [5, 14, 22])
def test_a_slight_change_makes_a_near_double(seed: int, change: str) -> None:
    changed = SLIGHTLY_CHANGED[change](painted(seed))
    assert distance(looked_at(seed), look_at(changed)) < MIN_DISTANCE


def under_red_light(image: Pixels) -> Pixels:
    return image * [1, 0.25, 0.25]


def behind_frosted_glass(image: Pixels) -> Pixels:
    for axis in (0, 1) * 2:
        image = np.mean([np.roll(image, step, axis) for step in range(-4, 5)], axis=0)
    return image


@pytest.mark.parametrize("change", [under_red_light, behind_frosted_glass])
@pytest.mark.parametrize("seed", [25, 78, 124])
def test_the_same_composition_in_other_colours_or_another_texture_is_no_double(
    seed: int, change: Callable[[Pixels], Pixels]
) -> None:
    assert distance(looked_at(seed), look_at(change(painted(seed)))) > MIN_DISTANCE


def test_a_negative_is_no_farther_away_than_what_has_nothing_in_common() -> None:
    hill = WORTH_A_LOOK["a soft hill of light"]
    assert MIN_DISTANCE < distance(look_at(hill), look_at(1 - hill)) < 2


def test_a_mirror_image_is_no_distance_away() -> None:
    slanting = in_colour(0.5 + 0.5 * np.sin(60 * (X + 0.8 * Y)), (0.9, 0.5, 0.1))
    assert distance(look_at(slanting), look_at(slanting[:, ::-1])) == pytest.approx(0, abs=1e-12)


def test_pictures_of_one_kind_are_told_apart() -> None:
    choice = choose_varied([looked_at(seed, "orchid") for seed in range(6)], 6)
    assert sorted(choice.chosen) == list(range(6))


def test_a_mutation_so_small_that_nobody_sees_it_is_a_near_double_and_a_large_one_is_not() -> None:
    def mutated(strength: float) -> Look:
        seed = {"mutate": 3, "by": 1, "strength": strength}
        scene = artengine.load(SCENES / "painter.yaml", size=(96, 96), overrides={"seed": seed})
        return look_at(artengine.build(scene).paint())

    assert distance(looked_at(3), mutated(0.02)) < MIN_DISTANCE < distance(looked_at(3), mutated(0.5))


@pytest.mark.parametrize("seed", [1, 2, 3, 14, 22, 160])
def test_another_seed_is_another_picture_and_so_is_the_negative(seed: int) -> None:
    assert distance(looked_at(5), looked_at(seed)) > 1.5 * MIN_DISTANCE
    assert distance(looked_at(seed), look_at(1 - painted(seed))) > MIN_DISTANCE


def test_distances_are_the_same_both_ways_and_none_to_itself() -> None:
    one, other = looked_at(5), looked_at(14)
    assert distance(one, other) == distance(other, one)
    assert distance(one, one) == pytest.approx(0, abs=1e-12)


def test_as_many_as_asked_for_are_kept_and_every_other_one_is_accounted_for() -> None:
    looks = many(40)
    choice = choose_varied(looks, 12)
    assert len(set(choice.chosen)) == 12
    assert [one.index for one in choice.dropped] == sorted(set(range(40)) - set(choice.chosen))
    assert {one.why for one in choice.dropped} <= {NEARLY_THE_SAME, LESS_VARIED}
    for one in choice.dropped:
        assert one.like is not None
        away = [distance(looks[one.index], looks[kept]) for kept in choice.chosen]
        assert distance(looks[one.index], looks[one.like]) == min(away)
        assert (min(away) < MIN_DISTANCE) == (one.why == NEARLY_THE_SAME)


def test_no_two_of_those_kept_are_doubles_and_they_are_more_varied_than_any() -> None:
    looks = many(60)

    def nearest(indices: list[int]) -> float:
        return min(distance(looks[a], looks[b]) for a in indices for b in indices if a < b)

    kept = nearest(list(choose_varied(looks, 10).chosen))
    chance = np.random.RandomState(0)
    assert kept > MIN_DISTANCE
    assert kept > max(nearest(sorted(chance.choice(60, 10, replace=False))) for _ in range(20))


def test_fewer_are_kept_where_there_are_not_enough_and_it_is_said_why() -> None:
    picture, other = painted(22), painted(5)
    images = [picture, noise(), shifted(picture), np.zeros((8, 8, 3)), other, picture[:, ::-1]]
    choice = choose_varied([look_at(image) for image in images], 5)
    assert len(choice.chosen) == 2
    assert 4 in choice.chosen
    double = next(kept for kept in choice.chosen if kept != 4)
    reasons = {one.index: (one.why, one.like) for one in choice.dropped}
    assert reasons.pop(1) == (NOISE, None)
    assert reasons.pop(3) == (FLAT, None)
    assert set(reasons) == {0, 2, 5} - {double}
    assert set(reasons.values()) == {(NEARLY_THE_SAME, double)}


def test_of_equals_the_first_is_kept() -> None:
    assert choose_varied([looked_at(22)] * 3, 3).chosen == (0,)
    assert choose_varied([looked_at(5), looked_at(22), looked_at(5), looked_at(22)], 3).chosen in ((0, 1), (1, 0))


def test_a_choice_of_fewer_is_the_beginning_of_a_choice_of_more() -> None:
    looks = many(40)
    longest = choose_varied(looks, 20).chosen
    assert [choose_varied(looks, keep).chosen for keep in (1, 5, 13)] == [longest[:1], longest[:5], longest[:13]]


def test_the_order_in_which_pictures_come_does_not_matter() -> None:
    looks = many(40)
    order = np.random.RandomState(4).permutation(40)
    again = choose_varied([looks[place] for place in order], 10)
    assert tuple(int(order[place]) for place in again.chosen) == choose_varied(looks, 10).chosen


ALMOST_DULL: dict[str, Pixels] = {
    "a small disc on white": disc(0.08),
    "noise somewhat smeared": 0.7 * noise() + 0.3 * np.roll(noise(), 1, axis=1),
    "a pale and soft one": in_colour(0.7 + 0.15 * np.sin(6 * X * Y), (1, 0.95, 0.9)),
}


@pytest.mark.parametrize("name", ALMOST_DULL)
def test_what_is_next_to_dull_does_not_win_for_being_different(name: str) -> None:
    looks, almost = many(12), look_at(ALMOST_DULL[name])
    assert why_dull(almost) == ""
    away = [min(distance(one, other) for other in looks if other is not one) for one in looks]
    assert min(distance(almost, one) for one in looks) > max(away)
    assert 12 not in choose_varied([*looks, almost], 2).chosen
    assert 12 in choose_varied([*looks, almost], 13).chosen


def test_nothing_to_choose_from_is_an_empty_choice() -> None:
    assert choose_varied([], 3).chosen == ()
    choice = choose_varied([look_at(noise(seed)) for seed in range(3)], 2)
    assert choice.chosen == ()
    assert [one.why for one in choice.dropped] == [NOISE] * 3


def test_keeping_none_is_refused() -> None:
    with pytest.raises(ValueError, match="0 pictures to keep, expected at least one"):
        choose_varied(many(2), 0)


def rich(shares: tuple[int, int], ground: int = 600) -> Look:
    """A look that is far from dull, with so much of two shades, in thousandths."""
    look = look_at(rings(0.5, (1, 0.6, 0.2)))
    palette = (*shares, *[0] * (len(look.palette) - 2))
    texture = (300,) * len(look.texture)
    return replace(
        look, palette=palette, texture=texture, ground=ground, gradient=0, order=600, grain=600, contrast=200
    )


@pytest.mark.parametrize(("rest", "chosen"), [(2, (0,)), (0, (0, 1))])
def test_pictures_are_doubles_up_to_the_least_distance(rest: int, chosen: tuple[int, ...]) -> None:
    looks = [rich((1000, 0)), rich((rest, 1000 - rest))]
    assert distance(*looks) == pytest.approx((1000 - rest) / 2000)
    assert choose_varied(looks, 2).chosen == chosen


@pytest.mark.parametrize(("ground", "first"), [(660, 0), (661, 1)])
def test_pictures_count_for_less_the_nearer_their_ground_is_to_a_flat_one(ground: int, first: int) -> None:
    looks = [rich((0, 1000), ground), rich((0, 1000)), rich((1000, 0))]
    assert choose_varied(looks, 1).chosen == (first,)
