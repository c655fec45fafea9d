"""Colours as words, as light and in OKLab."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from artengine.colour import (
    Colour,
    format_colour,
    linear_to_oklab,
    linear_to_srgb,
    oklab_to_linear,
    parse_colour,
    srgb_to_linear,
)

Floats = type[np.floating[Any]]
every_precision = pytest.mark.parametrize("dtype", [np.float32, np.float64])


@pytest.mark.parametrize(("text", "levels"), [("#000000", (0, 0, 0)), ("#Ff8001", (255, 128, 1))])
def test_colour_is_parsed_and_formatted(text: str, levels: tuple[int, int, int]) -> None:
    assert TypeAdapter(Colour).validate_python(text) == text
    assert parse_colour(text) == levels
    assert format_colour(*levels) == text.lower()


@pytest.mark.parametrize("text", ["", "red", "#fff", "#0000000", "#00000g", " #000000", "#000000\n", "000000"])
def test_colour_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Colour).validate_python(text)


@every_precision
def test_srgb_to_linear_rises_and_comes_back(dtype: Floats) -> None:
    values = np.linspace(0, 1, 4097, dtype=dtype)
    light = srgb_to_linear(values)
    back = linear_to_srgb(light)
    assert light.dtype == back.dtype == dtype
    assert (np.diff(light) > 0).all()
    assert back == pytest.approx(values, rel=0, abs=2e-6 if dtype == np.float32 else 1e-7)


@pytest.mark.parametrize(("light", "code"), [(0, 0), (0.001, 0.01292), (0.01, 0.0998), (0.2140, 0.5), (0.5, 0.7354)])
def test_srgb_is_that_of_the_standard(light: float, code: float) -> None:
    assert linear_to_srgb(np.array(light)) == pytest.approx(code, abs=1e-4)
    assert srgb_to_linear(np.array(code)) == pytest.approx(light, abs=1e-4)


@every_precision
@pytest.mark.parametrize("function", [srgb_to_linear, linear_to_srgb])
def test_srgb_of_a_value_does_not_depend_on_the_array_around_it(function: Any, dtype: Floats) -> None:
    values = np.random.RandomState(0).uniform(0, 1, (700, 3)).astype(dtype)
    whole = function(values)
    for count in range(1, 60):
        assert np.array_equal(function(values[:count]), whole[:count])
        assert np.array_equal(function(values[count : count + 300]), whole[count : count + 300])


@pytest.mark.parametrize(
    ("colour", "lab"),
    [
        ("#ffffff", (1, 0, 0)),
        ("#000000", (0, 0, 0)),
        ("#ff0000", (0.62796, 0.22486, 0.12585)),
        ("#00ff00", (0.86644, -0.23389, 0.17950)),
        ("#0000ff", (0.45201, -0.03246, -0.31153)),
    ],
)
def test_oklab_is_as_published(colour: str, lab: tuple[float, float, float]) -> None:
    """The values of CSS Color 4."""
    assert linear_to_oklab(np.array(parse_colour(colour)) / 255) == pytest.approx(lab, abs=1e-4)


@pytest.mark.parametrize("shape", [(3,), (500, 3), (7, 9, 3)])
def test_oklab_comes_back(shape: tuple[int, ...]) -> None:
    light = np.random.RandomState(0).rand(*shape)
    assert oklab_to_linear(linear_to_oklab(light)) == pytest.approx(light, abs=1e-6)


def test_what_srgb_has_no_colour_for_is_clipped() -> None:
    assert oklab_to_linear(np.array([[0.9, -0.4, 0.2], [2, 0, 0]])) == pytest.approx(np.array([[0, 1, 0], [1, 1, 1]]))
