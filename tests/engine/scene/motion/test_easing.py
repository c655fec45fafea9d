"""Eases: the curves that CSS has by these names, found by another way; and what is no ease."""

from __future__ import annotations

import math

import numpy as np
import pytest

from artengine.scene.motion.easing import CONTROL_POINTS, EASE_WORDS, HOLD, Ease, parse_ease

CURVES = [*CONTROL_POINTS.values(),
          (0.0, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 1.0), (0.0, 1.0, 0.0, 1.0), (1.0, 0.0, 1.0, 0.0),
          (0.3, -4.0, 0.7, 5.0), (0.68, -0.55, 0.265, 1.55), (0.0, 10.0, 1.0, -10.0), (0.5, 0.5, 0.5, 0.5)]  # fmt: skip


def by_roots(points: tuple[float, float, float, float], u: float) -> float:
    """The curve's y where its x is u, by the roots of the cubic in x."""
    x1, y1, x2, y2 = points
    roots = np.roots([1 + 3 * x1 - 3 * x2, 3 * x2 - 6 * x1, 3 * x1, -u])
    best = min(roots, key=lambda root: abs(root.imag) + max(-root.real, root.real - 1, 0))
    s = float(best.real)
    return 3 * s * (1 - s) ** 2 * y1 + 3 * s * s * (1 - s) * y2 + s**3


@pytest.mark.parametrize("points", CURVES)
def test_a_curve_is_the_one_that_the_roots_of_its_cubic_give(points: tuple[float, float, float, float]) -> None:
    for u in np.linspace(0.0, 1.0, 301)[1:-1]:
        x1, _, x2, _ = points
        flat = 1e-4 if (x1, x2) in ((1.0, 0.0), (1.0, 1.0), (0.0, 0.0)) else 1e-9  # x stands still there: a double root
        assert Ease(points)(float(u)) == pytest.approx(by_roots(points, float(u)), abs=flat), u


#: By the cubic-bezier of Chromium, at a quarter, a half and three quarters of the time.
BROWSER = {
    "linear": (0.25, 0.5, 0.75),
    "ease": (0.40851, 0.80240, 0.96046),
    "ease-in": (0.09346, 0.31536, 0.62186),
    "ease-out": (0.37814, 0.68464, 0.90654),
    "ease-in-out": (0.12916, 0.5, 0.87084),
}


@pytest.mark.parametrize("word", BROWSER)
def test_named_eases_are_those_of_browsers(word: str) -> None:
    assert [parse_ease(word)(u) for u in (0.25, 0.5, 0.75)] == pytest.approx(BROWSER[word], abs=1e-5)


@pytest.mark.parametrize("points", CURVES)
def test_ends_of_eases_are_exact(points: tuple[float, float, float, float]) -> None:
    bent = Ease(points)
    assert [bent(u) for u in (-1.0, 0.0, 1.0, 2.0)] == [0.0, 0.0, 1.0, 1.0]
    for tiny in (5e-324, 1e-300, 1e-12, 1 - 2**-53):
        assert math.isfinite(bent(tiny))


@pytest.mark.parametrize("word", CONTROL_POINTS)
def test_a_named_ease_never_goes_back(word: str) -> None:
    found = [parse_ease(word)(u) for u in np.linspace(0, 1, 5001)]
    assert min(np.diff(found)) >= 0
    assert 0 <= min(found) <= max(found) <= 1


def test_linear_ease_is_exact() -> None:
    assert all(parse_ease("linear")(u) == u for u in np.random.RandomState(0).random_sample(1000))
    assert all(parse_ease([0.3, 0.3, 0.6, 0.6])(u) == u for u in (0.1, 0.37, 0.99))


def test_hold_ease_stays_until_the_next_key() -> None:
    assert [parse_ease(HOLD)(u) for u in (0.0, 0.5, 1 - 2**-53, 1.0)] == [0.0, 0.0, 0.0, 1.0]


def test_a_curve_may_swing_beyond_its_ends() -> None:
    back = parse_ease([0.68, -0.55, 0.265, 1.55])
    found = [back(u) for u in np.linspace(0, 1, 1001)]
    assert min(found) < -0.05
    assert max(found) > 1.05


REFUSED: list[object] = [
    [], [0, 0, 1], [0, 0, 1, 1, 1], [-0.1, 0, 1, 1], [0, 0, 1.1, 1], [0, 0, 1, 10.5], [0, -11, 1, 1],
    [0, 0, 1, True], [0, 0, 1, "1"], [0, 0, 1, None], [0, 0, 1, [1]], [math.nan, 0, 1, 1], [0, math.inf, 1, 1],
    [0] * 100_000, "", "easein", "Linear", "hold ", None, 3, 0.5, True, {"x": 1}, "x" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("value", REFUSED, ids=lambda value: str(value)[:30])
def test_wrong_ease_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"^found .*, expected .*\[x1, y1, x2, y2\]") as caught:
        parse_ease(value)
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


def test_misspelt_ease_is_suggested() -> None:
    with pytest.raises(ValueError, match=r"did you mean .*'ease-in-out'"):
        parse_ease("ease-inout")


def test_every_word_is_an_ease() -> None:
    assert all(isinstance(parse_ease(word), Ease) for word in EASE_WORDS)
