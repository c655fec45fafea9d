"""What the centre counts: a number that falls off to the edges, or a record of radii."""

from __future__ import annotations

import numpy as np
import pytest

from artengine.training.centre import CentreFalloff, CentreWeight, centre_weights
from artengine.view import View


def test_number_falls_off_from_the_middle_to_one_at_the_edges() -> None:
    weights = centre_weights(5.0, View(width=201, height=101))
    assert weights is not None
    assert weights.dtype == np.float32
    assert weights.shape == (101, 201)
    assert weights[50, 100] == weights.max() == pytest.approx(5)
    assert np.concatenate([weights[0], weights[-1], weights[:, 0], weights[:, -1]]) == pytest.approx(1, abs=0.1)
    u, v = (np.array([25, 140]) + 0.5) / [101, 201] * 2 - 1
    assert weights[25, 140] == pytest.approx(1 + 4 * (1 - u**2) * (1 - v**2))


def test_record_falls_off_evenly_between_its_radii_in_plane_units() -> None:
    weights = centre_weights(CentreFalloff(most=9, inner=0.2, outer=0.6, x=0.5, y=-0.25), View(width=128, height=64))
    assert weights is not None
    assert weights.dtype == np.float32
    x, y = (np.arange(128) + 0.5) / 32 - 2, (np.arange(64) + 0.5) / 32 - 1  # the shorter side spans -1..1
    away = np.hypot(x - 0.5, y[:, None] + 0.25)
    assert (weights[away < 0.2] == 9).all()
    assert (weights[away > 0.6] == 1).all()
    between = (away > 0.2) & (away < 0.6)
    assert np.allclose(weights[between], 9 - 8 * (away[between] - 0.2) / 0.4, atol=1e-4)


def test_equal_radii_make_a_sharp_edge() -> None:
    weights = centre_weights(CentreFalloff(most=3, inner=0.5, outer=0.5), View(width=32, height=32))
    assert weights is not None
    assert set(np.unique(weights)) == {1, 3}


@pytest.mark.parametrize("centre", [None, 1.0, CentreFalloff(most=1)])
def test_there_are_no_weights_where_all_pixels_count_the_same(centre: CentreWeight | None) -> None:
    assert centre_weights(centre, View(width=4, height=3)) is None


@pytest.mark.parametrize("most", [1, 4])
def test_inner_radius_beyond_the_outer_one_is_refused(most: float) -> None:
    with pytest.raises(ValueError, match="found inner 2, which is beyond outer 1"):
        CentreFalloff(most=most, inner=2, outer=1)
