"""What the pictures on a gallery's page are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.support.gallery_pages import STD, picture_of

from artengine.gallery.naming import short_names
from artengine.gallery.page import PagePicture, label_of


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        ("22", "22"),
        ("{mutate: 22, by: 3, strength: 0.2}", "mutation 3 of 22"),
        ("{mutate: 22, by: 3}", "mutation 3 of 22"),
        ("{mutate: {mutate: 22, by: 3, strength: 0.5}, by: 1}", "mutation 1 of mutation 3 of 22 (strength 0.5)"),
        ("{cross: [22, {mutate: 7, by: 1}], by: 5}", "crossing 5 of 22 and mutation 1 of 7"),
        ("[22, {mutate: 22, by: 3}, 7]", "22 to mutation 3 of 22 to 7"),
        ("{mutate: 22}", "mutation 0 of 22"),
        ("{mutate: x}", "{mutate: x}"),
        ("{mutate: [1, 2], by: 3}", "{mutate: [1, 2], by: 3}"),
        ("{cross: [1], by: 2}", "{cross: [1], by: 2}"),
        ("{mutate: 1, by: 2", "{mutate: 1, by: 2"),
        ("[" * 5000, "[" * 5000),
        ("{a: &a [1], b: *a}", "{a: &a [1], b: *a}"),
        ("", ""),
        ("a name", "a name"),
    ],
    ids=lambda text: text[:40],
)
def test_a_seed_is_told_as_people_say_it(seed: str, said: str) -> None:
    assert label_of(replace(picture_of(1), seed=seed, settings={}, name="a-name"), {}) == (said or "a-name")


def test_settings_are_called_by_what_tells_them_apart() -> None:
    keys = ["network.mlp.std", "network.mlp.width", "canvas.width", "zoom"]
    assert short_names(keys) == {
        "network.mlp.std": "std",
        "network.mlp.width": "mlp.width",
        "canvas.width": "canvas.width",
        "zoom": "zoom",
    }
    assert short_names(["width", "canvas.width"]) == {"width": "width", "canvas.width": "canvas.width"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "1 · std 0.5"),
        ({"settings": {}}, "1"),
        ({"settings": {}, "seed": ""}, "painter-seed-1"),
        ({"seed": "a\nb\x1b[31m", "settings": {}}, "a b?[31m"),
    ],
)
def test_a_label_says_what_differs(change: dict[str, object], said: str) -> None:
    spell: Callable[..., PagePicture] = replace
    assert label_of(spell(picture_of(1), **change), {STD: "std"}) == said
