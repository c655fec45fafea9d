"""What is remembered of a picture: whatever its shape, right in its colours, small, checked when it is read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artengine.gallery.novelty.features import oklab_thousandths
from artengine.gallery.novelty.look import FLAT, GRADIENT, NOISE, look_at, look_from_plain, look_to_plain, why_dull
from artengine.gallery.novelty.selection import choose_varied, distance

Pixels = np.ndarray[Any, Any]

Y, X = np.mgrid[0:72, 0:96] / 95
PICTURE = 0.5 + 0.5 * np.stack((np.sin(30 * X * Y), np.cos(20 * X), np.sin(15 * Y)), axis=2)
LOOK, OTHER = look_at(PICTURE), look_at(np.roll(PICTURE, 1, axis=2) ** 2)


def test_colours_are_those_of_oklab() -> None:
    """The values of CSS Color 4 for white, black and the three primaries."""
    pixels = np.array([[[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255]]], dtype=np.uint8)
    wanted = [[1000, 0, 0], [0, 0, 0], [628, 225, 126], [866, -234, 179], [452, -32, -312]]
    assert np.abs(oklab_thousandths(Image.fromarray(pixels))[0] - wanted).max() <= 1


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 1, 1), (3, 200, 3), (200, 3, 1), (1, 500, 3), (2, 2, 3), (97, 96, 3)])
def test_pictures_of_any_shape_can_be_looked_at_and_compared(shape: tuple[int, ...]) -> None:
    found = look_at(np.random.RandomState(0).rand(*shape).astype(np.float32))
    assert look_from_plain(look_to_plain(found)) == found
    assert distance(found, LOOK) >= 0
    assert choose_varied([found, LOOK], 2).chosen


def test_a_single_pixel_is_nearly_one_colour() -> None:
    assert why_dull(look_at(np.array([[[0.2, 0.9, 0.4]]]))) == FLAT


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"detail": 36, "order": 299}, NOISE),
        ({"detail": 36, "grain": 99}, NOISE),
        ({"detail": 35, "order": 299, "grain": 99}, ""),
        ({"detail": 36, "order": 300, "grain": 100}, ""),
        ({"ground": 961, "contrast": 79}, FLAT),
        ({"ground": 960, "contrast": 79}, ""),
        ({"ground": 961, "contrast": 80}, ""),
        ({"gradient": 951, "detail": 7}, GRADIENT),
        ({"gradient": 950, "detail": 7}, ""),
        ({"gradient": 951, "detail": 8}, ""),
    ],
)
def test_a_picture_is_dull_from_its_threshold_on(change: dict[str, int], why: str) -> None:
    lively = replace(LOOK, contrast=200, detail=20, ground=500, gradient=500, order=600, grain=600)
    assert why_dull(replace(lively, **change)) == why  # type: ignore[arg-type] - none of these fields is a list


def test_grey_is_seen_as_the_same_grey_in_colour() -> None:
    grey = PICTURE[:, :, :1]
    assert look_at(grey) == look_at(grey.repeat(3, axis=2))


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4)),
        np.zeros((4, 4, 4)),
        np.zeros((0, 4, 3)),
        np.zeros((4, 4, 3), dtype=np.uint8),
        np.full((4, 4, 3), np.nan),
        np.full((4, 4, 3), np.inf),
    ],
    ids=["no channels", "four channels", "no rows", "whole numbers", "nan", "infinite"],
)
def test_what_is_no_image_is_refused(image: Pixels) -> None:
    with pytest.raises(ValueError, match=r"^an image "):
        look_at(image)


def test_a_look_goes_through_json_and_is_small() -> None:
    for one in (LOOK, look_at(PICTURE[:, :, :1]), OTHER):
        text = json.dumps(look_to_plain(one), separators=(",", ":"))
        assert len(text) < 2000
        assert look_from_plain(json.loads(text)) == one


HOSTILE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a list": lambda plain: [plain],
    "nothing": lambda plain: None,
    "a name too few": lambda plain: {name: plain[name] for name in list(plain)[1:]},
    "a name too many": lambda plain: plain | {"more": 1},
    "another name": lambda plain: {1 if name == "order" else name: value for name, value in plain.items()},
    "a layout too short": lambda plain: plain | {"layout": plain["layout"][:-1]},
    "a layout too long": lambda plain: plain | {"layout": plain["layout"] * 1000},
    "no list": lambda plain: plain | {"palette": 3},
    "a text": lambda plain: plain | {"texture": "1" * 20},
    "lists in lists": lambda plain: plain | {"palette": [[1]] * 21},
    "not a number": lambda plain: plain | {"order": float("nan")},
    "a fraction": lambda plain: plain | {"order": 0.5},
    "a truth": lambda plain: plain | {"order": True},
    "a huge number": lambda plain: plain | {"ground": 10**400},
    "a huge number in a list": lambda plain: plain | {"layout": [10**18, *plain["layout"][1:]]},
    "infinity in a list": lambda plain: plain | {"palette": [float("inf"), *plain["palette"][1:]]},
    "a list for a number": lambda plain: plain | {"detail": [1]},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_look_from_a_stranger_is_checked(name: str) -> None:
    with pytest.raises(ValueError, match="not the look of a picture, expected"):
        look_from_plain(HOSTILE[name](json.loads(json.dumps(look_to_plain(LOOK)))))


def test_a_look_made_up_within_its_bounds_breaks_nothing() -> None:
    plain = look_to_plain(LOOK)
    made_up = [
        look_from_plain(
            {name: [sign * 2000] * len(old) if isinstance(old, list) else sign * 2000 for name, old in plain.items()}
        )
        for sign in (1, -1)
    ]
    choice = choose_varied([*made_up, LOOK, OTHER], 4)
    assert {2, 3} <= set(choice.chosen)
    assert all(np.isfinite(distance(one, LOOK)) for one in made_up)
