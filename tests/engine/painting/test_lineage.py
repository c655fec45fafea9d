"""What grows from seeds: walks that pass through every one of them, mutations, crossings; and how scenes write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.support.scene_folder import TRAINED, Desk
from torch import Tensor

from artengine import InputError
from artengine.painting.lineage import grow_weights, walk_position
from artengine.painting.picture import build
from artengine.scene.seeds.expression import Cross, Mutation, PlainSeed, Seed, Walk, first_number, seed_to_plain

Array = np.ndarray[Any, Any]


def drawn(seed: int) -> dict[str, Tensor]:
    random = np.random.RandomState(seed)
    shapes = {"0.weight": (6, 5), "0.bias": (5,), "1.weight": (5, 3), "scale": (), "none": (0, 4)}
    found = {
        name: torch.from_numpy(np.asarray(random.standard_normal(shape))).float() for name, shape in shapes.items()
    }
    return {**found, "steps": torch.tensor(seed)}


def norms(path: Array) -> Array:
    return np.linalg.norm(path.reshape(len(path), -1), axis=1)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 12, 49])
def test_a_walk_passes_through_every_station_and_closes(count: int) -> None:
    stations = np.random.RandomState(count).standard_normal((count, 30, 7))
    for index, station in enumerate(stations):
        assert walk_position(stations, index / count) == pytest.approx(station, abs=1e-12)
        assert np.array_equal(walk_position(stations, index / count), walk_position(stations, 1 + index / count))
    assert np.array_equal(walk_position(stations, 1.0), walk_position(stations, 0.0))
    for tiny in (1e-3, 1e-6):
        before, after = walk_position(stations, 1 - tiny), walk_position(stations, tiny)
        assert np.abs(after - before).max() < 200 * tiny * count


@pytest.mark.parametrize("count", [2, 3, 4, 9])
def test_a_walk_has_no_kinks(count: int) -> None:
    """Second differences of a smooth path fall with the square of the step; those of a path with a kink do not."""
    stations = np.random.RandomState(count).standard_normal((count, 200))
    coarse, fine = (
        np.array([walk_position(stations, step / steps) for step in range(steps)])
        for steps in (60 * count, 240 * count)
    )

    def bends(path: Array) -> float:
        return float(np.abs(np.roll(path, -1, 0) - 2 * path + np.roll(path, 1, 0)).max())

    assert bends(fine) < bends(coarse) / 12
    speeds = np.linalg.norm(np.diff(fine, axis=0), axis=1)
    assert np.abs(np.diff(speeds)).max() < 0.05 * speeds.max()


@pytest.mark.parametrize("count", [2, 3, 5, 8])
def test_a_walk_comes_no_nearer_to_zero_than_its_stations(count: int) -> None:
    stations = np.random.RandomState(count).standard_normal((count, 4000))
    found = norms(np.array([walk_position(stations, step / 400) for step in range(400)]))
    assert found.min() > 0.97 * norms(stations).min()
    assert found.max() < 1.03 * norms(stations).max()
    halfway = np.linalg.norm((stations[0] + stations[1]) / 2)
    assert halfway < 0.75 * norms(stations).min()  # where a straight line would have been


def test_a_walk_between_a_place_and_its_opposite_stays_finite() -> None:
    one = np.random.RandomState(0).standard_normal(50)
    for stations in (np.stack([one, -one]), np.zeros((3, 5)), np.stack([one, 0 * one, one])):
        for phase in np.linspace(0, 1, 101):
            assert np.isfinite(walk_position(stations, float(phase))).all()


def test_weights_of_a_walk_are_those_of_its_seeds_at_its_stations() -> None:
    seed = Walk((PlainSeed(3), PlainSeed(7), PlainSeed(12)))
    for index, number in enumerate((3, 7, 12)):
        found, expected = grow_weights(seed, index / 3, drawn), drawn(number)
        assert list(found) == list(expected)
        for name, values in expected.items():
            if values.is_floating_point():
                assert torch.allclose(found[name], values, rtol=2e-7, atol=0)
                assert found[name].dtype == values.dtype
    assert int(grow_weights(seed, 0.4, drawn)["steps"]) == 3  # what is counted is not mixed


def test_a_walk_of_one_stands_still() -> None:
    found = [grow_weights(Walk((PlainSeed(5),)), phase, drawn) for phase in (0.0, 0.3, 0.99)]
    assert all(torch.allclose(one["0.weight"], drawn(5)["0.weight"], rtol=2e-7) for one in found)


def test_mutation_is_near_its_parent_and_reproducible() -> None:
    parent = drawn(18)
    one, again = (grow_weights(Mutation(PlainSeed(18), 3, 0.2), 0.0, drawn) for _ in range(2))
    other = grow_weights(Mutation(PlainSeed(18), 4, 0.2), 0.0, drawn)
    assert all(torch.equal(one[name], again[name]) for name in parent)
    assert not torch.equal(one["0.weight"], other["0.weight"])
    for strength in (0.01, 0.2, 3.0):
        change = grow_weights(Mutation(PlainSeed(18), 3, strength), 0.0, drawn)["0.weight"] - parent["0.weight"]
        size = float(change.std() / parent["0.weight"].square().mean().sqrt())
        assert size == pytest.approx(strength, rel=0.4)


@pytest.mark.parametrize(("network", "axis"), [("neural_painter", 0), ("mlp", 1)])
def test_a_crossing_takes_whole_units(network: str, axis: int, desk: Desk) -> None:
    def weights(seed: str) -> list[Array]:
        scene = desk.load(f"seed: {seed}\nnetwork: {network}\n")
        return [one.numpy() for one in build(scene).network.state_dict().values()]

    one, other, child = weights("3"), weights("7"), weights("{cross: [3, 7], by: 5}")
    matrices = [index for index, values in enumerate(child) if values.ndim == 2]
    assert matrices
    for index in matrices:  # what goes into a unit comes from one parent: along the other axis
        from_one = (child[index] == one[index]).all(axis=axis)
        from_other = (child[index] == other[index]).all(axis=axis)
        assert (from_one ^ from_other).all()
    kept = [(child[index] == one[index]).all(axis=axis) for index in matrices]
    assert all(0 < units.sum() < len(units) for units in kept if len(units) > 10)


def test_a_crossing_has_every_number_from_one_parent_or_the_other() -> None:
    one, other, child = drawn(3), drawn(7), grow_weights(Cross((PlainSeed(3), PlainSeed(7)), 5), 0.0, drawn)
    for name in ("0.weight", "0.bias", "1.weight"):
        from_one, from_other = child[name] == one[name], child[name] == other[name]
        assert (from_one | from_other).all()
        if child[name].ndim == 2:  # a unit as a whole
            assert (from_one.all(0) | from_other.all(0)).all()
    assert any(not torch.equal(child[name], one[name]) for name in child)
    assert any(not torch.equal(child[name], other[name]) for name in child)


def test_crossing_networks_of_different_shapes_is_refused() -> None:
    def unlike(seed: int) -> dict[str, Tensor]:
        return {"0.weight": torch.zeros(3, 4 + seed % 2)}

    for seed in (Walk((PlainSeed(1), PlainSeed(2))), Cross((PlainSeed(1), PlainSeed(2)), 0)):
        with pytest.raises(ValueError, match="the seeds give networks of different shapes"):
            grow_weights(seed, 0.0, unlike)


# ---------------------------------------------------------------------------------------------------------------------
# in scenes

PAINTER = (
    "canvas: {width: 24, height: 16}\nnetwork: {neural_painter: {hidden_size: 6, nr_hidden: 1, nonlin: [sin, abs]}}\n"
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_picture_of_a_walk_is_every_seeds_in_turn(desk: Desk) -> None:
    picture = build(desk.load("seed: [3, 7, 12]\n" + PAINTER), "cpu")
    for index, seed in enumerate((3, 7, 12)):
        picture.grow(index / 3)
        plain = build(desk.load(PAINTER, seed=seed), "cpu")
        assert np.abs(picture.paint() - plain.paint()).max() < 1e-3
    picture.grow(1 / 6)
    assert np.abs(picture.paint() - build(desk.load(PAINTER, seed=3), "cpu").paint()).mean() > 0.01


def test_seeds_whose_networks_differ_in_more_than_weights_are_listed(desk: Desk) -> None:
    assert build(desk.load("seed: [3, {mutate: 7}]\n" + PAINTER), "cpu").unlike() == []
    other = build(desk.load("seed: [3, {mutate: 7}, 12]\n" + PAINTER.replace(", nonlin: [sin, abs]", "")), "cpu")
    assert other.unlike() == [7, 12]


def test_still_of_a_walk_is_that_of_its_first_seed(desk: Desk) -> None:
    walk = build(desk.load("seed: [3, 7]\n" + PAINTER), "cpu").paint()
    assert np.abs(walk - build(desk.load(PAINTER, seed=3), "cpu").paint()).max() < 1e-3


def test_networks_that_do_not_fit_are_a_mistake_of_the_user(desk: Desk, plugin_file: Any) -> None:
    plugin_file("""
        import torch
        from artengine import hookimpl

        def uneven(ports, /):
            width = 3 + ports.seed % 2
            return torch.nn.Sequential(torch.nn.Linear(ports.inputs, width), torch.nn.Linear(width, 3))

        @hookimpl
        def register_networks():
            return {"uneven": uneven}
        """)
    text = "network: uneven\n"
    for seed in ("[2, 3]", "{cross: [2, 3]}"):
        scene = desk.load(f"seed: {seed}\n{text}", plugins=[str(desk.folder / "mine.py")])
        with pytest.raises(InputError, match="seed: the seeds give networks of different shapes"):
            build(scene, "cpu")


SEEDS: dict[str, Seed] = {
    "7": PlainSeed(7),
    "[3, 7]": Walk((PlainSeed(3), PlainSeed(7))),
    "[5]": Walk((PlainSeed(5),)),
    "{mutate: 18}": Mutation(PlainSeed(18), 0, 0.2),
    "{mutate: 18, by: 3, strength: 2}": Mutation(PlainSeed(18), 3, 2.0),
    "{cross: [3, 7], by: 5}": Cross((PlainSeed(3), PlainSeed(7)), 5),
    "[{mutate: {cross: [1, {mutate: 2}]}}, 4294967295]": Walk(
        (Mutation(Cross((PlainSeed(1), Mutation(PlainSeed(2), 0, 0.2)), 0), 0, 0.2), PlainSeed(4294967295))
    ),
}


@pytest.mark.parametrize("text", SEEDS)
def test_a_scene_writes_its_seed_and_reads_it_again(desk: Desk, text: str) -> None:
    scene = desk.load(f"seed: {text}\nnetwork: mlp\n")
    assert scene.lineage == SEEDS[text]
    assert scene.seed == first_number(SEEDS[text])
    again = desk.load("network: mlp\n", overrides={"seed": seed_to_plain(scene.lineage)})
    assert again.lineage == scene.lineage


REFUSED = {
    "-1": "1:7: seed: found -1, expected at least 0",
    "4294967296": "1:7: seed: found 4294967296, expected less than 4294967296",
    "1.5": "1:7: seed: found 1.5, expected a whole number, a list of seeds",
    "true": "1:7: seed: found true, expected a whole number",
    "[]": "1:7: seed: found an empty list, expected",
    "[3, x]": "1:11: seed.1: found the text 'x', expected",
    "[3, [4]]": "1:11: seed.1: found a list of 1, expected",
    "{mutate: [3, 4]}": "1:16: seed.mutate: found a list of 2, expected",
    "{mutate: 3, strength: 0}": "1:29: seed.strength: found 0, expected more than 0, at most 10",
    "{mutate: 3, strength: .nan}": "1:29: seed.strength: found nan, expected more than 0",
    "{mutate: 3, by: -1}": "1:23: seed.by: found -1, expected at least 0",
    "{mutate: 3, by: x}": "1:23: seed.by: found the text 'x', expected a whole number",
    "{mutate: 3, strenght: 1}": "1:19: seed.strenght: no such option; did you mean 'strength'?",
    "{cross: 3}": "1:15: seed.cross: found 3, expected a list of two seeds",
    "{cross: [3]}": "1:15: seed.cross: found a list of 1, expected a list of two seeds",
    "{cross: [3, 4, 5]}": "1:15: seed.cross: found a list of 3, expected a list of two seeds",
    "{cross: [3, -4]}": "1:19: seed.cross.1: found -4, expected at least 0",
    "{keys: {0s: 1}}": "1:7: seed: found a mapping, expected a whole number",
    "[" + "1, " * 1001 + "]": "1:7: seed: found more than 1000 seeds in one",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:30])
def test_invalid_seed_is_an_error_with_its_place(desk: Desk, text: str) -> None:
    (mistake,) = desk.mistakes(f"seed: {text}\nnetwork: mlp\n")
    assert mistake.startswith(REFUSED[text])


def test_size_of_a_grown_seed_is_limited(desk: Desk) -> None:
    """Every generation is written once and stands for twice as many."""
    text = "1"
    for _ in range(12):
        text = f"{{cross: [{text}, {text}]}}"
    (mistake,) = desk.mistakes(f"seed: {text}\nnetwork: mlp\n")
    assert "seed: found more than 1000 seeds in one" in mistake


def test_seed_of_a_scene_with_training_grows_from_one_number(desk: Desk) -> None:
    for seed in ("[3, 7]", "{cross: [3, 7]}", "{mutate: {cross: [3, {mutate: 7}]}}"):
        (mistake,) = desk.mistakes(f"seed: {seed}\n{TRAINED}")
        found = "1:1: seed: found a seed that has grown from several numbers in a scene with a training"
        assert mistake.startswith(found)
