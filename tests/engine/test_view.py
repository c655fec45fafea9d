"""The window on the plane: where every pixel lies, whichever part of the picture is looked at."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from artengine import View

SIDES = st.integers(1, 40)


def formula(view: View) -> tuple[np.ndarray, np.ndarray]:
    """X and y of every pixel centre, pixel by pixel, from the words that describe a view."""
    x, y = np.empty((2, view.height, view.width))
    turn = math.radians(view.angle)
    for row, column in np.ndindex(view.height, view.width):
        right = (2 * column + 1 - view.width) / min(view.width, view.height) / view.zoom
        down = (2 * row + 1 - view.height) / min(view.width, view.height) / view.zoom
        x[row, column] = view.centre[0] + right * math.cos(turn) - down * math.sin(turn)
        y[row, column] = view.centre[1] + right * math.sin(turn) + down * math.cos(turn)
    return x, y


@pytest.mark.parametrize(("width", "height"), [(4, 4), (6, 4), (4, 6), (5, 3), (1, 1), (1, 7)])
def test_the_shorter_side_spans_minus_one_to_one_at_pixel_centres(width: int, height: int) -> None:
    x, y = View(width=width, height=height).plane()
    assert x.shape == y.shape == (height, width)
    assert x.dtype == y.dtype == torch.float64
    short, shorter = (width, x[0]) if width <= height else (height, y[:, 0])
    half = 1 / short  # half a pixel
    np.testing.assert_allclose(shorter, np.linspace(-1 + half, 1 - half, short), atol=1e-15)
    np.testing.assert_allclose(x, -x.flip(1), atol=0)
    np.testing.assert_allclose(y, -y.flip(0), atol=0)


def test_x_goes_right_y_goes_down_and_pixels_are_square() -> None:
    x, y = View(width=6, height=4).plane()
    assert bool((x.diff(dim=1) > 0).all())
    assert bool((y.diff(dim=0) > 0).all())
    torch.testing.assert_close(x.diff(dim=1)[:3], y.diff(dim=0)[:, :5])


@pytest.mark.parametrize("centre", [(0.0, 0.0), (0.3, -1.7)])
@pytest.mark.parametrize("zoom", [1.0, 0.5, 3.0])
@pytest.mark.parametrize("angle", [0.0, 30.0, -90.0, 360.0, 725.5])
def test_the_camera_moves_as_the_formula_says(centre: tuple[float, float], zoom: float, angle: float) -> None:
    view = View(width=7, height=4, centre=centre, zoom=zoom, angle=angle)
    for ours, expected in zip(view.plane(), formula(view), strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-12)


def test_a_camera_turned_clockwise_sees_what_was_on_the_right_at_the_top() -> None:
    x, y = View(width=5, height=5, angle=90).plane()
    assert x[0, 2].item() == pytest.approx(0.8)
    assert y[0, 2].item() == pytest.approx(0.0)


def test_zooming_in_shows_the_middle_in_more_pixels() -> None:
    wide, near = View(width=12, height=12), View(width=6, height=6, zoom=2)
    for far, close in zip(wide.plane(), near.plane(), strict=True):
        torch.testing.assert_close(far[3:9, 3:9], close)


@given(width=SIDES, height=SIDES, factor=st.integers(1, 50))
@settings(max_examples=50, deadline=None)
def test_a_reduced_view_shows_the_same_picture_in_blocks(width: int, height: int, factor: int) -> None:
    whole = View(width=width, height=height)
    view = whole.reduced(factor)
    assert view.shape == (-(-height // factor), -(-width // factor))
    assert view.extent == pytest.approx(whole.extent)
    x, y = (one.numpy() for one in view.plane())
    across, down = (one.numpy() for one in whole.plane())
    row, column = (one.numpy() for one in view.fractions())
    for i, j in np.ndindex(view.shape):
        block = np.s_[i * factor : (i + 1) * factor, j * factor : (j + 1) * factor]
        assert (x[i, j], y[i, j]) == pytest.approx((across[block].mean(), down[block].mean()), abs=1e-12)
        assert (row[i, j], column[i, j]) == pytest.approx((i * factor / height, j * factor / width))
    last = view.tile(view.shape[1] - 1, 0, 1, 1)
    assert last.plane()[0].item() == x[0, -1]
    if width % factor == height % factor == 0:
        assert view == View(width=width // factor, height=height // factor)


@given(width=SIDES, height=SIDES)
@settings(max_examples=50, deadline=None)
def test_fractions_are_exactly_row_by_rows_and_column_by_columns(width: int, height: int) -> None:
    row, column = View(width=width, height=height).fractions()
    assert np.array_equal(row, np.repeat(np.arange(height)[:, None] / height, width, axis=1))
    assert np.array_equal(column, np.repeat(np.arange(width)[None] / width, height, axis=0))


@pytest.mark.parametrize("angle", [0.0, 40.0])
def test_fractions_and_the_plane_are_of_the_same_camera(angle: float) -> None:
    view = View(width=9, height=6, centre=(0.4, -0.2), zoom=1.7, angle=angle)
    row, column = view.fractions()
    x, y = formula(view)
    corner = (1 / 6 / 1.7) * np.array([1, 1])  # from a pixel's centre to its upper left corner, turned with the camera
    turn = math.radians(angle)
    across = corner @ [math.cos(turn), -math.sin(turn)]
    down = corner @ [math.sin(turn), math.cos(turn)]
    np.testing.assert_allclose(column, ((x - across) * 3 + 4.5) / 9, atol=1e-12)
    np.testing.assert_allclose(row, ((y - down) * 3 + 3) / 6, atol=1e-12)


def test_a_tile_is_a_view_with_the_same_coordinates_and_so_is_its_tile() -> None:
    view = View(width=20, height=11, centre=(0.1, 0.2), zoom=1.3, angle=17)
    tile = view.tile(4, 3, 9, 7)
    inner = tile.tile(2, 1, 5, 4)
    assert (view.shape, tile.shape, inner.shape) == ((11, 20), (7, 9), (4, 5))
    for whole, part, small in zip(
        (*view.plane(), *view.fractions()),
        (*tile.plane(), *tile.fractions()),
        (*inner.plane(), *inner.fractions()),
        strict=True,
    ):
        assert torch.equal(whole[3:10, 4:13], part)
        assert torch.equal(part[1:5, 2:7], small)


@pytest.mark.parametrize(
    "place", [(-1, 0, 2, 2), (0, -1, 2, 2), (0, 0, 0, 2), (0, 0, 2, 0), (3, 0, 2, 2), (0, 2, 2, 2), (4, 3, 1, 1)]
)
def test_a_tile_beyond_the_edges_is_refused(place: tuple[int, int, int, int]) -> None:
    view = View(width=9, height=9).tile(3, 3, 4, 3)
    with pytest.raises(ValueError, match=r"does not lie inside a view of 4 x 3"):
        view.tile(*place)


@given(width=SIDES, height=SIDES, points=st.integers(1, 200), part=st.booleans())
@settings(max_examples=100, deadline=None)
def test_tiles_cover_every_pixel_exactly_once(width: int, height: int, points: int, part: bool) -> None:
    view = View(width=width, height=height)
    if part:
        view = view.tile(width // 3, height // 2, width - width // 3, height - height // 2)
    times = np.zeros(view.shape, int)
    for rows, columns, tile in view.tiles(points):
        times[rows, columns] += 1
        assert times[rows, columns].shape == tile.shape
        assert tile.shape[0] * tile.shape[1] <= points
    assert (times == 1).all()


def test_tiles_have_the_coordinates_of_their_place() -> None:
    view = View(width=13, height=9, zoom=0.7, angle=5)
    x, y = view.plane()
    for points, (rows, columns, tile) in itertools.chain.from_iterable(
        ((points, one) for one in view.tiles(points)) for points in (5, 13, 40, 1000)
    ):
        assert torch.equal(tile.plane()[0], x[rows, columns]), points
        assert torch.equal(tile.plane()[1], y[rows, columns]), points
