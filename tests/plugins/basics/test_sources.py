"""Where we look: every source against its formula in numpy, and what each is there for."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import artengine
from artengine import InputError, Ports, View
from artengine_basics import sources
from artengine_basics.mlp import mlp

VIEWS = {
    "square": View(width=8, height=8),
    "wide": View(width=12, height=7, zoom=0.6, centre=(0.3, -0.4)),
    "tall": View(width=5, height=8, angle=25, zoom=2),
    "tile": View(width=12, height=7, centre=(-1, 0.2), angle=-10).tile(3, 2, 6, 4),
}

every_view = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)

Array = np.ndarray[Any, Any]


def plane(view: View) -> tuple[Array, Array]:
    x, y = view.plane()
    return x.numpy(), y.numpy()


def stacked(*parts: Array) -> Array:
    return np.stack(parts, axis=-1)


def octaves(x: Array, y: Array, bands: int, scale: float) -> Array:
    angles = [math.pi * scale * 2**band * axis for band in range(bands) for axis in (x, y)]
    return stacked(*map(np.cos, angles), *map(np.sin, angles))


def waves(x: Array, y: Array, bands: int, scale: float, seed: int) -> Array:
    directions = np.random.RandomState(seed).randn(2, bands) * scale
    angles = 2 * math.pi * (stacked(x, y) @ directions)
    return np.concatenate((np.cos(angles), np.sin(angles)), axis=-1)


def spiral(x: Array, y: Array, period: float, arms: int) -> Array:
    angle = np.arctan2(y, x)
    depth = 2 * math.pi * np.log(np.hypot(x, y)) / math.log(period) + arms * angle
    return stacked(np.cos(depth), np.sin(depth), np.cos(angle), np.sin(angle))


FORMULAS: dict[str, tuple[Callable[..., torch.Tensor], dict[str, Any], Callable[[Array, Array], Array]]] = {
    "grid": (sources.grid, {}, stacked),
    "radius": (sources.radius, {}, lambda x, y: np.sqrt(x * x + y * y)[..., None]),
    "polar": (
        sources.polar,
        {"folds": 5},
        lambda x, y: stacked(np.hypot(x, y), np.cos(5 * np.arctan2(y, x)), np.sin(5 * np.arctan2(y, x))),
    ),
    "fourier octaves": (sources.fourier, {"bands": 3, "scale": 0.5}, lambda x, y: octaves(x, y, 3, 0.5)),
    "fourier random": (
        sources.fourier,
        {"kind": "random", "bands": 10, "scale": 2.0, "seed": 4},
        lambda x, y: waves(x, y, 10, 2.0, 4),
    ),
    "log_polar": (sources.log_polar, {"period": 3.0, "spiral": 2}, lambda x, y: spiral(x, y, 3.0, 2)),
    "constant": (
        sources.constant,
        {"values": [1.5, -2.0]},
        lambda x, y: stacked(np.full_like(x, 1.5), np.full_like(x, -2.0)),
    ),
}


@every_view
@pytest.mark.parametrize("name", FORMULAS)
def test_agrees_with_the_formula(name: str, view: View) -> None:
    source, options, formula = FORMULAS[name]
    coordinates = source(view, **options)
    assert coordinates.dtype == torch.float64
    np.testing.assert_allclose(coordinates.numpy(), formula(*plane(view)), rtol=1e-10, atol=1e-10)


@every_view
@pytest.mark.parametrize("axes", ["both", "x", "y"])
def test_a_torus_is_a_circle_for_each_axis_that_is_rolled_up(axes: str, view: View) -> None:
    expected = []
    for axis, across, side in zip("xy", plane(view), (view.width, view.height), strict=True):
        length = 2 * side / min(view.width, view.height)  # of the whole picture, in plane units
        turn = 2 * math.pi * across / length
        circle = [length / (2 * math.pi) * np.cos(turn), length / (2 * math.pi) * np.sin(turn)]
        expected += circle if axes in ("both", axis) else [across]
    np.testing.assert_allclose(sources.torus(view, axes=axes), stacked(*expected), rtol=1e-10, atol=1e-10)


def test_unit_square_has_float32_fractions_as_the_neural_painter_had() -> None:
    rows, columns = np.meshgrid(np.arange(7) / 7, np.arange(12) / 12, indexing="ij")
    coordinates = sources.unit_square(View(width=12, height=7))
    assert coordinates.dtype == torch.float32
    assert np.array_equal(coordinates, stacked(rows, columns).astype(np.float32))


@pytest.mark.parametrize("axes", ["both", "x", "y"])
def test_what_is_painted_on_a_torus_tiles_without_a_seam(axes: str) -> None:
    size = {"width": 12, "height": 8}  # 3 by 2 plane units
    paint = mlp(
        Ports(inputs=4 if axes == "both" else 3),
        width=[16],
        activation=[lambda: torch.sin],
        output=lambda: torch.sigmoid,
    ).double()
    here, right, below = (
        paint(sources.torus(View(**size, centre=centre), axes=axes)) for centre in ((0.1, 0.2), (3.1, 0.2), (0.1, 2.2))
    )
    assert here.std() > 0.01
    assert torch.allclose(here, right, rtol=0, atol=1e-9) == (axes in ("both", "x"))
    assert torch.allclose(here, below, rtol=0, atol=1e-9) == (axes in ("both", "y"))
    whole = paint(sources.torus(View(**size), axes=axes))
    steps = {axis: whole.diff(dim=dim).abs().max() for dim, axis in enumerate("yx")}
    seams = {"x": (whole[:, -1] - whole[:, 0]).abs().max(), "y": (whole[-1] - whole[0]).abs().max()}
    assert all(seams[axis] < 1.5 * steps[axis] for axis in "xy" if axes in ("both", axis))


@pytest.mark.parametrize("turns", [0, 3])
def test_a_log_polar_picture_zoomed_by_its_period_is_the_same_picture(turns: int, tmp_path: Path) -> None:
    path = tmp_path / "endless.yaml"
    path.write_text(
        f"canvas: {{width: 16, height: 12}}\ncoordinates: {{log_polar: {{period: 2.5, spiral: {turns}}}}}\n"
        "network: {mlp: {width: 16, output: sigmoid}}\n"
    )
    picture = artengine.build(artengine.load(path), device="cpu")
    near, far, between = (picture.paint(View(width=16, height=12, zoom=zoom)) for zoom in (1.0, 2.5, 1.5))
    np.testing.assert_allclose(near, far, atol=1e-4)
    assert abs(near - between).max() > 0.01


def test_log_polar_and_polar_are_numbers_at_the_origin() -> None:
    middle = View(width=3, height=3)
    assert bool(torch.isfinite(sources.log_polar(middle)).all())
    assert bool(torch.isfinite(sources.polar(middle, folds=3)).all())


@pytest.mark.parametrize("folds", [1, 2, 7])
def test_a_folded_picture_looks_the_same_after_a_part_of_a_turn(folds: int) -> None:
    size = {"width": 9, "height": 6}
    before = sources.polar(View(**size), folds=folds)
    after = sources.polar(View(**size, angle=360 / folds), folds=folds)
    torch.testing.assert_close(before, after)
    assert not torch.allclose(before, sources.polar(View(**size, angle=180 / folds), folds=folds))


def test_fourier_gives_four_numbers_an_octave_and_two_a_random_wave() -> None:
    view = View(width=5, height=4)
    assert sources.fourier(view).shape == (4, 5, 24)
    assert sources.fourier(view, bands=2).shape == (4, 5, 8)
    assert sources.fourier(view, kind="random", bands=7).shape == (4, 5, 14)
    one, same, other = (sources.fourier(view, kind="random", seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.allclose(one, other)
    assert bool(torch.isfinite(sources.fourier(view, bands=sources.MAX_OCTAVES)).all())


def test_constant_is_the_same_everywhere_and_another_for_another_seed() -> None:
    view = View(width=5, height=4)
    one, same, other = (sources.constant(view, seed=seed, length=6, scale=0.5) for seed in (1, 1, 2))
    assert one.shape == (4, 5, 6)
    assert bool((one == one[0, 0]).all())
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert one.abs().max() <= 0.5
    np.testing.assert_array_equal(one[0, 0], np.random.RandomState(1).uniform(-0.5, 0.5, 6))
    assert sources.constant(view, values=[1, 2]).dtype == torch.float64


@pytest.mark.parametrize("turns", [1, -3, 100, 0])
def test_time_runs_around_a_circle_and_ends_where_it_began(turns: int) -> None:
    def at(phase: float) -> torch.Tensor:
        return sources.time(View(width=5, height=4, phase=phase), radius=2.5, turns=turns)

    assert at(0.0).shape == (4, 5, 2)
    assert at(0.0)[0, 0].tolist() == [2.5, 0.0]
    assert bool((at(0.3) == at(0.3)[0, 0]).all())
    assert torch.allclose(at(0.3).norm(dim=-1), torch.tensor(2.5, dtype=torch.float64), rtol=1e-12)
    assert torch.equal(at(1.0), at(0.0))
    x, y = at(0.1)[0, 0].tolist()
    assert x == pytest.approx(2.5 * np.cos(0.2 * np.pi * turns), abs=1e-9)
    assert y == pytest.approx(2.5 * np.sin(0.2 * np.pi * turns), abs=1e-9)
    assert torch.equal(sources.time(View(width=5, height=4, time=7.0)), sources.time(View(width=5, height=4)))


def test_time_comes_to_rest_at_its_stops_and_passes_between_them() -> None:
    def at(phase: float, stops: int = 3) -> torch.Tensor:
        return sources.time(View(width=1, height=1, phase=phase), stops=stops)[0, 0]

    for number in range(4):
        assert torch.allclose(at(number / 3), at(number / 3, stops=0), rtol=0, atol=1e-12)  # it is there in time
        near = (at(number / 3 + 0.01) - at(number / 3)).norm()
        assert near < 0.02 * (at(number / 3 + 0.01, 0) - at(number / 3, 0)).norm()  # and stays a while
    assert torch.allclose(at(1 / 6), at(1 / 6, stops=0))  # half way between two of them
    along = [torch.atan2(*at(phase).flip(0)).item() % (2 * np.pi) for phase in np.linspace(0, 0.99, 50)]
    assert along == sorted(along)


def test_constant_walks_through_the_vectors_of_its_seeds() -> None:
    def at(phase: float) -> torch.Tensor:
        return sources.constant(View(width=3, height=2, phase=phase), seed=[1, 2, 3], length=50)[0, 0]

    single = [sources.constant(View(width=3, height=2), seed=seed, length=50)[0, 0] for seed in (1, 2, 3)]
    for index, expected in enumerate(single):
        assert torch.allclose(at(index / 3), expected, rtol=1e-12)
    assert torch.equal(at(0.0), at(1.0))
    steps = torch.stack([at(step / 100) - at((step - 1) / 100) for step in range(1, 101)]).norm(dim=1)
    assert steps.max() < 2 * steps.min()
    lengths = torch.stack([at(step / 100) for step in range(100)]).norm(dim=1)
    assert lengths.min() > 0.95 * min(float(one.norm()) for one in single)
    still = sources.constant(View(width=3, height=2, phase=0.4), seed=[2], length=50)[0, 0]
    assert torch.allclose(still, single[1], rtol=1e-12)


@pytest.mark.parametrize(
    ("coordinates", "message"),
    [
        ("{constant: {values: []}}", r"values: found an empty list, expected a list of at least 1"),
        ("{fourier: {bands: 40}}", r":1:15: coordinates.fourier: found 40 octaves, expected at most 32"),
        ("{polar: {folds: 0}}", r"folds: found 0, expected at least 1"),
        ("{log_polar: {period: 1}}", r"period: found 1, expected more than 1"),
        ("{constant: {seed: []}}", r"seed: found an empty list, expected"),
        ("{constant: {seed: [1, -2]}}", r"seed"),
        ("{time: {radius: 0}}", r"radius: found 0, expected more than 0"),
        ("{time: {turns: 0.5}}", r"turns: found 0\.5, expected a whole number"),
    ],
)
def test_options_without_a_picture_are_refused(coordinates: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "scene.yaml"
    path.write_text(f"coordinates: {coordinates}\nnetwork: mlp\n")
    with pytest.raises(InputError, match=message):
        artengine.build(artengine.load(path), device="cpu")
