"""The curve of a training: few points, the same after interruptions, and none that an untrusted file makes up."""

from __future__ import annotations

import itertools
import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch

from artengine import build, load
from artengine.curve import MAX_POINTS, Curve, Point, psnr, read, rows
from artengine.events import Training
from artengine.making import recipe
from artengine.making.pipeline import make_files
from artengine.training import weights
from artengine.training.persistence import train_to_file

GOOD: list[Any] = [[50, 0.5, 20.0, 0.01], [100, 0.25, None, None]]


def extended_curve(count: int, curve: Curve | None = None, start: int = 0) -> Curve:
    curve = curve or Curve()
    for number in range(start, count):
        curve.add(number * 50, 1 / (number + 1), psnr=number / 10, rate=1e-3)
    return curve


@pytest.mark.parametrize("count", [0, 1, 2, MAX_POINTS - 1, MAX_POINTS, MAX_POINTS + 1, 2 * MAX_POINTS, 5000])
def test_curve_of_any_length_is_evenly_spaced_and_holds_the_last_step(count: int) -> None:
    points = extended_curve(count).points
    assert len(points) == count if count < MAX_POINTS else MAX_POINTS / 2 <= len(points) <= MAX_POINTS
    steps = [point.step for point in points]
    assert steps[:1] == [0][:count]
    assert steps[-1:] == [(count - 1) * 50][:count]
    assert len({after - before for before, after in itertools.pairwise(steps[:-1])}) <= 1
    for point in points:
        number = point.step // 50
        assert point.loss == pytest.approx(1 / (number + 1), rel=1e-5)
        assert (point.psnr, point.rate) == (pytest.approx(number / 10, rel=1e-5), 1e-3)


def test_curve_resumed_from_its_state_is_the_same() -> None:
    whole = extended_curve(1500).points
    chance = random.Random(0)
    for _ in range(20):
        curve, done = Curve(), 0
        while done < 1500:
            stop = min(1500, done + chance.randint(1, 600))
            curve, done = Curve(json.loads(json.dumps(extended_curve(stop, curve, done).state()))), stop
        assert curve.points == whole
        assert extended_curve(3000, curve, 1500).points == extended_curve(3000).points


def test_earlier_step_replaces_the_points_after_it() -> None:
    curve = extended_curve(10)
    curve.add(200, 0.5)
    curve.add(250, 0.4)
    assert [point.step for point in curve.points] == [0, 50, 100, 150, 200, 250]
    assert curve.points[-2:] == (Point(200, 0.5), Point(250, 0.4))


def test_values_that_are_not_finite_are_passed_over() -> None:
    curve = Curve()
    curve.add(1, math.nan)
    curve.add(2, 0.5, psnr=math.inf, rate=math.nan)
    curve.add(3, math.inf)
    assert curve.points == (Point(2, 0.5),)


def test_curve_read_is_the_curve_written() -> None:
    points = extended_curve(700).points
    assert read(json.loads(json.dumps(rows(points)))) == points
    assert read(GOOD) == (Point(50, 0.5, 20.0, 0.01), Point(100, 0.25))


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        "curve",
        [1],
        [[]],
        [GOOD[0], GOOD[0]],
        GOOD[::-1],
        [[50, 0.5, 20.0]],
        [[50, 0.5, 20.0, 0.01, 1]],
        [[-1, 0.5, None, None]],
        [[2**63, 0.5, None, None]],
        [[True, 0.5, None, None]],
        [[1.5, 0.5, None, None]],
        [["1", 0.5, None, None]],
        [[1, None, None, None]],
        [[1, math.nan, None, None]],
        [[1, 10**400, None, None]],
        [[1, 0.5, math.inf, None]],
        [[1, 0.5, None, [0.5]]],
        [[number, 0.5, None, None] for number in range(MAX_POINTS + 1)],
    ],
    ids=lambda data: repr(data)[:40],
)
def test_invalid_points_of_an_untrusted_file_are_an_empty_curve(data: Any) -> None:
    assert read(data) == ()


def changed(path: Path, data: Any) -> None:
    """Put another curve into a file of weights."""
    about = {name: value for name, value in weights.about(path).items() if name not in ("curve", "sha256")}
    tensors = safetensors.torch.load(path.read_bytes())
    with path.open("wb") as file:
        weights.write(file, tensors, about if data is None else about | {"curve": data})


def test_picture_has_the_curve_of_its_training_from_its_weights(learning_scene: Path, tmp_path: Path) -> None:
    scene = load(learning_scene, overrides=("training.regression.until.steps=230",))
    path = tmp_path / "learning.safetensors"

    def learnt(*, fresh: bool = False) -> tuple[Point, ...]:
        picture = build(scene, "cpu")
        assert picture.curve == ()
        list(train_to_file(picture, tmp_path, fresh=fresh, describe=recipe.of_weights))
        return picture.curve

    first = learnt()
    assert [point.step for point in first] == [50, 100, 150, 200, 230]
    losses, rates = [point.loss for point in first], [point.rate for point in first]
    assert losses == sorted(losses, reverse=True)
    assert rates == sorted(rates, reverse=True)
    assert all(point.psnr is not None and 5 < point.psnr < 60 for point in first)
    bytes_, read_at = path.read_bytes(), path.stat().st_mtime_ns
    assert learnt() == first
    assert path.stat().st_mtime_ns == read_at  # not trained again
    assert learnt(fresh=True) == first
    assert path.read_bytes() == bytes_
    for nonsense in (None, "curve", [[1, 2, 3, 4]]):
        changed(path, nonsense)
        before = path.read_bytes()
        assert learnt() == ()
        assert path.read_bytes() == before


def test_reports_by_the_clock_are_not_in_the_curve(
    learning_scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = load(learning_scene, overrides=("training.regression.until.steps=120",))
    list(make_files(scene, tmp_path / "calm", device="cpu"))
    monkeypatch.setattr("artengine_regression.training.learning.PATIENCE", 0)
    events = list(make_files(scene, tmp_path / "hasty", device="cpu"))
    assert sum(isinstance(event, Training) for event in events) == 120
    curves = [weights.about(tmp_path / name / "learning.safetensors")["curve"] for name in ("calm", "hasty")]
    assert curves[0] == curves[1]
    assert [row[0] for row in curves[0]] == [50, 100, 120]


@pytest.mark.parametrize(("error", "decibels"), [(1.0, 0.0), (0.01, 20.0), (0.0, 120.0), (1e-30, 120.0)])
def test_psnr_is_bounded(error: float, decibels: float) -> None:
    assert psnr(error) == pytest.approx(decibels)
