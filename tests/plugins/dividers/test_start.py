"""Dividers that an earlier training has left, to begin with: as many as there are, and nothing that cannot be."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.support.divider_scenes import changed, learnt, live, photo, scene, state
from tests.support.trainings import always, training_of
from torch import Tensor

from artengine import InputError, build, load
from artengine.making.pipeline import make_files
from artengine.training import weights
from artengine_dividers.network.partition import Partition

BOTH = ["cycles: 1, fit: 10", "way: gradient, cycles: 1, batch: 96, fit: 0"]
SAME = "lines: 4, circles: 2"
each_way = pytest.mark.parametrize("options", BOTH, ids=["search", "gradient"])

H = torch.tensor


def turned(own: dict[str, Tensor]) -> dict[str, Tensor]:
    return {"lines.angle": own["lines.angle"] + 1}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what a training of 4 lines and 2 circles has left, start.safetensors."""
    folder = tmp_path_factory.mktemp("trained")
    photo(folder)
    list(make_files(load(scene(folder, "cycles: 3, fit: 100", SAME, name="first")), folder / "out", device="cpu"))
    (folder / "out" / "first.safetensors").rename(folder / "start.safetensors")
    return folder


@pytest.fixture
def earlier(trained: Path, tmp_path: Path) -> Path:
    """As `trained`, for one test."""
    return shutil.copytree(trained, tmp_path, dirs_exist_ok=True)


def placed(folder: Path) -> Partition:
    """The dividers in start.safetensors."""
    picture = build(load(folder / "first.yaml"), "cpu")
    weights.load(folder / "start.safetensors", picture.network)
    found: Partition = picture.network.partition()  # type: ignore[operator]
    return found


def first(folder: Path, options: str, network: str) -> Partition:
    """The dividers at the first report."""
    picture = live(scene(folder, f"start: start.safetensors, {options}", network))
    next(training_of(picture, should_report=always))
    found: Partition = picture.network.partition()  # type: ignore[operator]
    return found


@pytest.mark.parametrize("network", [SAME, "lines: 4, circles: 2, structure: 5", "lines: 7, circles: 3"])
def test_all_that_are_there_are_there_to_begin_with(network: str, earlier: Path) -> None:
    given = placed(earlier)
    found = first(earlier, "cycles: 2", network)
    assert np.allclose(found.lines[:4], given.lines, atol=1e-6)
    assert np.allclose(found.circles[:2], given.circles, atol=1e-6)
    slid = first(earlier, "way: gradient, cycles: 100, batch: 96, rate: 1e-6", network)
    assert np.allclose(slid.lines[:4], given.lines, atol=1e-4)
    assert np.allclose(slid.circles[:2], given.circles, atol=1e-4)


def test_those_beyond_the_number_that_is_wanted_are_left_out(earlier: Path) -> None:
    given = placed(earlier)
    for options in ("cycles: 2", "way: gradient, cycles: 100, batch: 96, rate: 1e-6"):
        found = first(earlier, options, "lines: 3, circles: 1")
        assert np.allclose(found.lines, given.lines[:3], atol=1e-4)
        assert np.allclose(found.circles, given.circles[:1], atol=1e-4)


def test_a_search_begins_where_the_earlier_one_has_ended(earlier: Path) -> None:
    picture = live(scene(earlier, "start: start.safetensors, cycles: 2, colours: mean", "lines: 6, circles: 2"))
    told = list(training_of(picture))
    assert told[0].step == 6  # before anything is done
    assert told[-1].step == 8 * 3
    alone = learnt(scene(earlier, "cycles: 3, colours: mean", SAME))[1][-1]
    assert told[0].loss == pytest.approx(alone.loss, rel=1e-3)
    assert told[-1].loss < told[0].loss


@pytest.mark.parametrize("options", ["cycles: 1, fit: 10", "way: gradient, cycles: 1, fit: 0, rate: 1e-6"])
def test_colours_are_there_too_where_all_units_are(options: str, earlier: Path) -> None:
    about = load(scene(earlier, f"start: start.safetensors, {options}", SAME))
    whole = build(about, "cpu")
    *_, last = training_of(whole)
    anew = learnt(scene(earlier, options, SAME))[1][-1]
    before = learnt(earlier / "first.yaml")[1][-1]
    assert last.loss < before.loss * 1.02
    assert last.loss < anew.loss * 0.9


def test_an_earlier_training_decides_what_a_later_one_comes_to(earlier: Path) -> None:
    with_start = load(scene(earlier, f"start: start.safetensors, {BOTH[0]}")).training_key
    assert with_start != load(scene(earlier, BOTH[0])).training_key
    (earlier / "copy.safetensors").write_bytes((earlier / "start.safetensors").read_bytes())
    assert load(scene(earlier, f"start: copy.safetensors, {BOTH[0]}")).training_key == with_start
    changed(earlier / "start.safetensors", turned, earlier / "copy.safetensors")
    assert load(scene(earlier, f"start: copy.safetensors, {BOTH[0]}")).training_key != with_start


FAR: dict[str, Callable[[dict[str, Tensor]], dict[str, Tensor]]] = {
    "lines far away": lambda own: {"lines.offset": H([1e30, -1e38, 1e4, 0.1])},
    "circles far away": lambda own: {"circles.centre": H([[1e30, -1e38], [1e5, 0.0]])},
    "points": lambda own: {"circles.log_radius": H([-1e30, -200.0])},
    "a circle around all": lambda own: {"circles.log_radius": H([1e30, 90.0])},
    "angles of many turns": lambda own: {"lines.angle": H([1e30, 1e5, -1e5, 0.0])},
    "none at all": lambda own: {
        "lines.angle": torch.zeros(0),
        "lines.offset": torch.zeros(0),
        "circles.centre": torch.zeros(0, 2),
        "circles.log_radius": torch.zeros(0),
    },
    "a million": lambda own: {"lines.angle": torch.zeros(1_000_000), "lines.offset": torch.zeros(1_000_000)},
}


@each_way
@pytest.mark.parametrize("far", FAR)
def test_dividers_that_help_nobody_do_no_harm(far: str, options: str, earlier: Path) -> None:
    changed(earlier / "start.safetensors", FAR[far], earlier / "start.safetensors")
    for network in (SAME, "lines: 5, circles: 3"):
        picture, told = learnt(scene(earlier, f"start: start.safetensors, {options}", network))
        assert all(math.isfinite(one.loss) for one in told)
        assert all(tensor.isfinite().all() for tensor in picture.network.state_dict().values())
        partition = picture.network.partition()  # type: ignore[operator]
        assert np.isfinite(partition.lines).all()
        assert np.isfinite(partition.circles).all()
        assert np.isfinite(picture.paint()).all()


def test_a_wide_photos_wide_circles_come_back_as_they_were(tmp_path: Path) -> None:
    photo(tmp_path)
    path = scene(tmp_path, "cycles: 1, fit: 10", "lines: 1, circles: 1", name="first")
    list(make_files(load(path), tmp_path / "out", device="cpu"))
    radius = {"circles.centre": H([[300.0, 0.0]]), "circles.log_radius": H([math.log(300.5)])}
    changed(tmp_path / "out" / "first.safetensors", lambda own: radius, tmp_path / "start.safetensors")
    assert np.allclose(first(tmp_path, "cycles: 1", "lines: 1, circles: 1").circles, [[300, 0, 300.5]], rtol=1e-5)


WRONG: dict[str, tuple[Callable[[dict[str, Tensor]], dict[str, Tensor]], str]] = {
    "fewer angles": (lambda own: {"lines.angle": torch.zeros(3)}, "holds dividers that are not whole"),
    "a number": (lambda own: {"lines.angle": H(1.0)}, "lines.angle is F32 [], expected torch.float32"),
    "numbers": (lambda own: {"lines.angle": H(1.0), "lines.offset": H(1.0)}, "expected torch.float32"),
    "deep": (lambda own: {"circles.centre": torch.zeros(2, 5)}, "circles.centre is F32 [2, 5], expected torch.float32"),
    "long": (lambda own: {"lines.angle": torch.zeros(4).double()}, "lines.angle is F64 [4], expected torch.float32"),
    "no numbers": (lambda own: {"lines.angle": torch.full((4,), math.nan)}, "holds values that are not numbers"),
}


@each_way
@pytest.mark.parametrize("wrong", WRONG)
def test_files_that_make_no_sense_are_refused(wrong: str, options: str, earlier: Path) -> None:
    change, told = WRONG[wrong]
    changed(earlier / "start.safetensors", change, earlier / "start.safetensors")
    with pytest.raises(InputError) as caught:
        learnt(scene(earlier, f"start: start.safetensors, {options}", SAME))
    place = f"{earlier / 'a.yaml'}:4:12: training.dividers: start.safetensors: "
    assert str(caught.value).startswith(place)
    assert told in str(caught.value)


def test_files_of_others_are_refused_where_they_are_named(earlier: Path) -> None:
    def refused(name: str, data: bytes) -> str:
        (earlier / name).write_bytes(data)
        with pytest.raises(InputError) as caught:
            learnt(scene(earlier, f"start: {name}", SAME))
        return str(caught.value)

    whole = (earlier / "start.safetensors").read_bytes()
    assert "it does not" not in refused("cut.safetensors", whole[:-7])
    assert "start: found no weights file of artengine's, expected a .safetensors" in refused(
        "a.safetensors", b"hello " * 9
    )
    assert "start: found no weights file" in refused("b.safetensors", (earlier / "photo.png").read_bytes())
    assert "not a whole safetensors file" in refused("c.safetensors", whole[:-7])
    assert "do not match the sha256" in refused("d.safetensors", whole[:-1] + bytes([whole[-1] ^ 1]))
    mlp = earlier / "m.yaml"
    mlp.write_text("network: {mlp: {width: 8}}\ntraining: {regression: {target: photo.png, until: {steps: 3}}}\n")
    list(make_files(load(mlp, overrides=["canvas.width=8", "canvas.height=8"]), earlier / "out", device="cpu"))
    foreign = (earlier / "out" / "m.safetensors").read_bytes()
    assert "m.safetensors: it holds the weights of another network; expected" in refused("m.safetensors", foreign)
    with pytest.raises(InputError, match="it holds the weights of another network"):
        learnt(scene(earlier, "start: start.safetensors", "lines: 4, circles: 2, form: centre"))


def test_lines_by_centre_start_from_their_own_kind(tmp_path: Path) -> None:
    photo(tmp_path)
    network = "lines: 4, form: centre"
    list(make_files(load(scene(tmp_path, "cycles: 1, fit: 10", network, name="first")), tmp_path / "out", device="cpu"))
    shutil.copy(tmp_path / "out" / "first.safetensors", tmp_path / "start.safetensors")
    given = placed(tmp_path)
    for options in ("cycles: 2", "way: gradient, cycles: 100, batch: 96, rate: 1e-6"):
        found = first(tmp_path, options, network)
        normals = [np.stack([np.cos(one.lines[:, 0]), np.sin(one.lines[:, 0])]) for one in (found, given)]
        assert np.allclose(normals[0], normals[1], atol=1e-4)
        assert np.allclose(found.lines[:, 1], given.lines[:, 1], atol=1e-4)


def test_a_file_that_changes_after_it_was_named_is_refused(earlier: Path) -> None:
    picture = live(scene(earlier, "start: start.safetensors", SAME))
    before = state(picture)
    changed(
        earlier / "start.safetensors",
        turned,
        earlier / "start.safetensors",
    )
    with pytest.raises(InputError, match="it has changed since the scene was loaded"):
        list(training_of(picture))
    assert state(picture) == before
