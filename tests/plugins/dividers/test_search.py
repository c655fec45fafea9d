"""The search for dividers: gains against brute force, and pictures with a known answer recovered."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.support.divider_scenes import Numbers, learnt, live, photo, plane, scene, state
from tests.support.torch_threads import threads_of

from artengine.training.centre import CentreFalloff
from artengine.training.session import TrainingSession
from artengine_dividers.network.partition import Divider, Partition, is_beyond
from artengine_dividers.search.compiled_scorer import CompiledScorer
from artengine_dividers.search.greedy import Search, SearchConfig, downscale_factors
from artengine_dividers.search.means import region_means
from artengine_dividers.search.scorer import Kind, SplitScorer, bin_count, bin_families
from artengine_dividers.search.target import Synthetic, centred, make_target_image, painted
from artengine_dividers.search.tensor_scorer import TensorScorer
from artengine_dividers.training.colour_fit import ColourFitPhase
from artengine_dividers.training.search_phase import SearchPhase

Make = Callable[[Numbers, Numbers], SplitScorer]

SCORERS: dict[str, Make] = {
    "compiled": lambda image, weight: CompiledScorer(centred(image, weight), 1),
    "two threads": lambda image, weight: CompiledScorer(centred(image, weight), 2),
    "tensors": lambda image, weight: TensorScorer(centred(image, weight), torch.device("cpu")),
}
each_scorer = pytest.mark.parametrize("make", SCORERS.values(), ids=SCORERS)
each_kind = pytest.mark.parametrize("kind", ["line", "circle"])

PLACED: list[Divider] = [(0.4, 0.1), (2.0, -0.3), (0.2, 0.1, 0.6)]  # in pictures that are not empty to begin with


def noise(width: int, height: int, seed: int = 0) -> tuple[Numbers, Numbers]:
    """A photo of which every pixel differs, and weights of which every one differs."""
    random = np.random.RandomState(seed)
    weight = random.uniform(0.3, 3, (height, width)).astype(np.float32)
    return random.uniform(0, 1, (height, width, 3)).astype(np.float32), weight / weight.mean()


def error(image: Numbers, weight: Numbers, dividers: list[Divider]) -> tuple[float, int]:
    """The squared error of the regions' means, and how many regions there are; region by region, in float64."""
    x, y = plane(image.shape[1], image.shape[0])
    codes = np.stack([is_beyond(one, x, y) for one in dividers] or [np.zeros(len(x), bool)], axis=1)
    colours, share = image.reshape(-1, 3).astype(np.float64), weight.reshape(-1).astype(np.float64)
    total, regions = 0.0, np.unique(codes, axis=0)
    for region in regions:
        inside = (codes == region).all(axis=1)
        mean = (colours[inside] * share[inside, None]).sum(axis=0) / share[inside].sum()
        total += (share[inside, None] * (colours[inside] - mean) ** 2).sum()
    return total, len(regions)


def families(kind: Kind, count: int = 5, seed: int = 2) -> Numbers:
    random = np.random.RandomState(seed)
    return random.uniform(0, math.pi, (count, 1)) if kind == "line" else random.uniform(-1.3, 1.3, (count, 2))


def filled(scorer: SplitScorer, dividers: list[Divider]) -> SplitScorer:
    for number, divider in enumerate(dividers):
        scorer.flip_side(divider, 0x9E3779B97F4A7C15 * (number + 1) % 2**63)
    return scorer


@each_scorer
@each_kind
@pytest.mark.parametrize("size", [(12, 9), (9, 14), (2, 2), (1, 7), (1, 1)], ids=str)
@pytest.mark.parametrize("placed", [0, 3])
def test_gain_of_a_split_is_what_the_error_falls_by(placed: int, size: tuple[int, int], kind: Kind, make: Make) -> None:
    image, weight = noise(*size)
    scorer = filled(make(image, weight), PLACED[:placed])
    before, regions = error(image, weight, PLACED[:placed])
    assert scorer.error == pytest.approx(before, rel=1e-5, abs=1e-9)
    assert scorer.regions == regions
    given = families(kind)
    gains, places = scorer.score_splits(kind, given)
    for family, gain, place in zip(given, gains, places, strict=True):
        divider = (*family.tolist(), float(place))
        after, _ = error(image, weight, [*PLACED[:placed], divider])
        assert gain == pytest.approx(before - after, rel=1e-4, abs=1e-5)
        scorer.flip_side(divider, 77)
        assert scorer.error == pytest.approx(after, rel=1e-5, abs=1e-6)
        scorer.flip_side(divider, 77)  # and away again
    assert scorer.error == pytest.approx(before, rel=1e-5, abs=1e-9)


@functools.cache
def best_gains(kind: Kind) -> list[float]:
    """By how much the best member of each of three families lets the error of a picture fall, one tried by one."""
    image, weight = noise(11, 8, seed=4)
    before, _ = error(image, weight, PLACED)
    given, far, count = families(kind, 3), (11 / 8, 1.0), bin_count(centred(np.zeros((8, 11, 3), np.float32)))
    bins = bin_families(kind, given, far, count)
    best = []
    for number, family in enumerate(given):
        edges = (
            bins.low[number] + np.arange(1, count, 4) / bins.scale[number]
        )  # every fourth: no gain depends on 1/16 of a pixel
        best.append(max(before - error(image, weight, [*PLACED, (*family.tolist(), float(edge))])[0] for edge in edges))
    return best


@each_scorer
@each_kind
def test_best_member_of_a_family_is_the_best_of_all(kind: Kind, make: Make) -> None:
    image, weight = noise(11, 8, seed=4)
    scorer = filled(make(image, weight), PLACED)
    gains, _ = scorer.score_splits(kind, families(kind, 3))
    for gain, best in zip(gains, best_gains(kind), strict=True):
        assert gain >= best - 1e-5
        assert gain <= best * 1.1


@each_kind
@pytest.mark.parametrize("size", [(16, 12), (7, 30), (2, 2)], ids=str)
def test_scorers_agree(size: tuple[int, int], kind: Kind) -> None:
    image, weight = noise(*size, seed=1)
    given = families(kind, 40)
    scores = [filled(make(image, weight), PLACED).score_splits(kind, given) for make in SCORERS.values()]
    for gains, places in scores[1:]:
        assert np.allclose(gains, scores[0][0], rtol=1e-3, atol=1e-5)
        sure = scores[0][0] > 1e-3
        assert np.isclose(places, scores[0][1], atol=1e-5)[sure].mean() > 0.9  # of two that gain as much, any will do
    assert np.array_equal(scores[0], scores[1])  # to the bit, with another thread


def test_scores_are_the_same_to_the_bit_with_more_threads() -> None:
    image, weight = noise(200, 150, seed=6)  # so large that threads share the work
    kinds: tuple[Kind, ...] = ("line", "circle")
    results = []
    for threads in (1, 2, 3):
        scorer = filled(CompiledScorer(centred(image, weight), threads), PLACED)
        scores = [scorer.score_splits(kind, families(kind, 33)) for kind in kinds]
        results.append([part.tobytes() for pair in scores for part in pair])
    assert results[0] == results[1] == results[2]


@each_scorer
def test_insert_and_reinsert_never_raise_the_error(make: Make) -> None:
    image, weight = noise(18, 13, seed=3)
    scorer = make(image, weight)
    search = Search(SearchConfig(lines=4, circles=3, candidates=12, seed=5), scorer, scorer, (18 / 13, 1.0))
    errors = [search.error]
    for _ in range(7):
        search.insert()
        errors.append(search.error)
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.9 * errors[0]
    inserted = list(search.dividers)
    for cycle, place in product((1, 2), range(7)):
        search.reinsert(place, cycle)
        errors.append(search.error)
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.995 * errors[7]
    assert search.dividers != inserted
    assert errors[-1] == pytest.approx(error(image, weight, search.dividers)[0], rel=1e-4)
    kinds = [len(one) for one in search.all_dividers()]
    assert kinds == [2] * 4 + [3] * 3
    search.perturb(3)
    assert [len(one) for one in search.all_dividers()] == kinds
    assert search.error == pytest.approx(error(image, weight, search.dividers)[0], rel=1e-4)
    search.set_dividers(PLACED)
    assert search.error == pytest.approx(error(image, weight, PLACED)[0], rel=1e-4)


@each_scorer
@pytest.mark.parametrize("key", [1, 2**62 + 5, 2**63, 2**64 - 1])
def test_keys_have_all_64_bits(key: int, make: Make) -> None:
    image, weight = noise(12, 9)
    scorer = make(image, weight)
    before = scorer.error
    scorer.flip_side(PLACED[0], key)
    after, regions = error(image, weight, PLACED[:1])
    assert (scorer.error, scorer.regions) == (pytest.approx(after, rel=1e-5), regions)
    scorer.flip_side(PLACED[0], key)
    assert (scorer.error, scorer.regions) == (before, 1)


@each_kind
def test_tensor_scores_are_the_same_in_batches(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    image, weight = noise(12, 9)
    scorer = filled(SCORERS["tensors"](image, weight), PLACED)
    gains, places = scorer.score_splits(kind, families(kind, 7))
    monkeypatch.setattr("artengine_dividers.search.tensor_scorer.MAX_ELEMENTS", 2 * 12 * 9)
    in_batches = scorer.score_splits(kind, families(kind, 7))
    assert np.array_equal(in_batches[0], gains)
    assert np.array_equal(in_batches[1], places)


def test_dividers_stay_where_they_were_rather_than_raise_the_error() -> None:
    image, weight = noise(18, 13, seed=3)
    scorer = CompiledScorer(centred(image, weight), 1)
    search = Search(SearchConfig(lines=3, circles=2, candidates=8, seed=1), scorer, scorer, (18 / 13, 1.0))
    for _ in range(5):
        search.insert()
    placed, before = list(search.dividers), search.error
    score = scorer.score_splits

    def misplace(kind: Kind, tried: Numbers) -> tuple[Numbers, Numbers]:
        gains, places = score(kind, tried)
        return gains, places + 100

    scorer.score_splits = misplace  # type: ignore[method-assign]  # a scorer that is wrong
    for place in range(5):
        search.reinsert(place, 1)
        search.refine_local(place, 0.1)
    assert (search.dividers, search.error) == (placed, before)


def test_dividers_that_are_not_placed_yet_are_out_of_sight() -> None:
    image, weight = noise(12, 9)
    scorer = CompiledScorer(centred(image, weight), 1)
    search = Search(SearchConfig(lines=2, circles=2, candidates=4, seed=0), scorer, scorer, (12 / 9, 1.0))
    search.insert()
    dividers = search.all_dividers()
    assert [len(one) for one in dividers] == [2, 2, 3, 3]
    assert error(image, weight, dividers) == error(image, weight, search.dividers)


@pytest.mark.parametrize(
    ("shape", "dividers", "factors"),
    [
        ((64, 64), 10, (1, 1, 1)),
        ((64, 65), 10, (1, 1, 1)),  # so few more pixels are no reason to halve it
        ((64, 70), 10, (2, 1, 1)),
        ((128, 128), 0, (2, 1, 1)),
        ((1024, 1024), 64, (16, 8, 2)),
        ((1024, 1024), 410, (16, 4, 2)),
        ((1024, 1024), 4096, (16, 2, 2)),
        ((1, 1), 4096, (1, 1, 1)),
    ],
)
def test_photos_are_downscaled_to_as_many_pixels_as_dividers_need(
    shape: tuple[int, int], dividers: int, factors: tuple[int, int, int]
) -> None:
    assert downscale_factors(shape, dividers) == factors


def test_coarse_scorer_only_preselects_families() -> None:
    """What counts is the fine one: with another coarse one the error still falls at every step."""
    image, weight = noise(24, 16, seed=7)
    fine, coarse = (CompiledScorer(one, 1) for one in (centred(image, weight), centred(image, weight).downscaled(4)))
    search = Search(SearchConfig(lines=5, circles=0, candidates=8, seed=0), fine, coarse, (1.5, 1.0))
    errors = []
    for _ in range(5):
        search.insert()
        errors.append(fine.error)
    assert errors == sorted(errors, reverse=True)
    assert fine.error == pytest.approx(error(image, weight, search.dividers)[0], rel=1e-4)


ANSWERS = {"three lines": (3, 0), "two circles": (0, 2), "two of each": (2, 2)}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("answer", ANSWERS)
def test_search_recovers_a_synthetic_partition(answer: str, seed: int, tmp_path: Path) -> None:
    lines, circles = ANSWERS[answer]
    given = f"synthetic: {{lines: {lines}, circles: {circles}, size: 32}}"
    path = scene(tmp_path, f"{given}, colours: mean", f"lines: {lines}, circles: {circles}", seed=seed)
    picture, told = learnt(path)
    assert told[-1].psnr is not None
    assert told[-1].psnr >= 45
    image, partition = painted(Synthetic(lines=lines, circles=circles, size=32), seed)
    assert len(picture.network.table) == len(np.unique(partition.sides(*plane(32, 32)), axis=0))
    x, y = (torch.from_numpy(one) for one in plane(32, 32))
    with torch.inference_mode():
        found = picture.network(torch.stack([x, y], dim=1)).numpy().reshape(32, 32, 3)
    assert -10 * math.log10(max(((found - image) ** 2).mean(), 1e-12)) == pytest.approx(told[-1].psnr, abs=0.01)


@pytest.mark.parametrize("answer", ANSWERS)
def test_network_layers_learn_a_synthetic_partition(answer: str, tmp_path: Path) -> None:
    lines, circles = ANSWERS[answer]
    given = f"synthetic: {{lines: {lines}, circles: {circles}, size: 32}}, fit: 150"
    picture, told = learnt(scene(tmp_path, given, f"lines: {lines}, circles: {circles}", seed=2))
    assert told[-1].psnr is not None
    assert told[-1].psnr >= 45
    assert len(picture.network.table) == 0


def test_training_ends_in_the_same_bytes_with_more_threads(tmp_path: Path) -> None:
    photo(tmp_path, 64, 48)
    ends = []
    for count in (1, 2):
        with threads_of(count):
            ends.append(state(learnt(scene(tmp_path, "cycles: 1, fit: 20", "lines: 8, circles: 2, sigmoids: 1"))[0]))
    assert ends[0] == ends[1]


@pytest.mark.parametrize("stop", [3, 7, 8, 15])
def test_search_resumes_from_its_state(stop: int, tmp_path: Path) -> None:
    photo(tmp_path)
    picture = live(scene(tmp_path, network="lines: 4, circles: 2, sigmoids: 1"))
    target_image = make_target_image(picture.scene.training.options["target"], None, 1, CentreFalloff(), 3)  # type: ignore[union-attr]
    first = SearchPhase(TrainingSession(picture), target_image, 3, 8)
    for _ in range(stop):
        first.advance()
    kept = json.loads(json.dumps(first.state()))  # as a checkpoint holds it
    second = SearchPhase(TrainingSession(picture), target_image, 3, 8)
    second.restore(kept)
    assert (second.done, second.loss) == (first.done, first.loss)
    while first.done < first.steps:
        first.advance()
        second.advance()
        assert second.state() == first.state()
        assert second.loss == first.loss
    first.show()
    told = state(picture)
    second.show()
    assert state(picture) == told


def test_search_shows_the_best_partition_so_far(tmp_path: Path) -> None:
    """A divider that was put elsewhere to find another order may have made it worse for a while."""
    photo(tmp_path)
    picture = live(scene(tmp_path, network="lines: 3"))
    target_image = make_target_image(picture.scene.training.options["target"], None, 1, None, 3)  # type: ignore[union-attr]
    search = SearchPhase(TrainingSession(picture), target_image, 0, 8)
    shown, worse = [], 0
    for _ in range(60):
        search.advance()
        search.show()
        shown.append(region_means(target_image, picture.network.partition()).error)  # type: ignore[union-attr, operator]
        worse += search.loss > min(shown) * 1.0001
    assert search.endless
    assert worse > 0
    for before, after in pairwise(shown[3:]):
        assert after <= before * 1.0001


def test_region_means_equal_brute_force() -> None:
    image, weight = noise(13, 10, seed=9)
    partition = Partition(np.array(PLACED[:2]), np.array(PLACED[2:]))
    found = region_means(centred(image, weight), partition)
    wanted, regions = error(image, weight, PLACED)
    assert found.error == pytest.approx(wanted / (3 * weight.sum()), rel=1e-5)
    assert len(found.weight) == len(found.sides) == len(found.colours) == regions
    assert found.weight.sum() == pytest.approx(weight.sum(), rel=1e-5)
    sides = partition.sides(*plane(13, 10))
    for side, share, colour in zip(found.sides, found.weight, found.colours, strict=True):
        inside = (sides == side).all(axis=1)
        assert share == pytest.approx(weight.reshape(-1)[inside].sum(), rel=1e-5)
        mean = np.average(image.reshape(-1, 3)[inside], axis=0, weights=weight.reshape(-1)[inside])
        assert np.allclose(colour, mean, atol=1e-5)


@pytest.mark.parametrize("network", ["lines: 6, circles: 2", "lines: 3, sigmoids: 3, structure: 4", "lines: 0"])
def test_colour_fit_on_regions_is_the_error_of_all_pixels(network: str, tmp_path: Path) -> None:
    photo(tmp_path)
    picture = learnt(scene(tmp_path, "cycles: 1, fit: 10", network))[0]
    target_image = make_target_image(picture.scene.training.options["target"], None, 1, CentreFalloff(most=9), 3)  # type: ignore[union-attr]
    fitting = ColourFitPhase(TrainingSession(picture), target_image, 30)
    for step in range(4):
        with torch.inference_mode():
            found = picture.network(torch.from_numpy(np.stack(target_image.points, axis=1))).numpy()
        apart = np.square(found.reshape(target_image.image.shape) - target_image.image).mean(axis=2)
        assert fitting.loss == pytest.approx(np.average(apart, weights=target_image.weights), rel=1e-4)
        before = fitting.loss
        if step < 3:
            fitting.advance()
            assert fitting.loss <= before


@pytest.mark.parametrize("past", [0, 1, 5])
def test_local_refinement_on_the_photo_resumes_from_its_state(past: int, tmp_path: Path) -> None:
    photo(tmp_path, 200, 160)
    picture = live(scene(tmp_path, network="lines: 3, circles: 1"))
    target_image = make_target_image(picture.scene.training.options["target"], None, 1, None, 3)  # type: ignore[union-attr]
    first, second = (SearchPhase(TrainingSession(picture), target_image, 1, 8) for _ in range(2))
    sought = 4 * 2
    for _ in range(sought + past):
        first.advance()
    assert first.steps > sought  # or else nothing settles
    second.restore(json.loads(json.dumps(first.state())))
    before = first.loss
    while first.done < first.steps:
        first.advance()
        second.advance()
        assert (second.state(), second.loss) == (first.state(), first.loss)
    assert first.loss <= before


def test_random_draw_of_regions_is_fitted_where_they_exceed_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo(tmp_path)
    monkeypatch.setattr("artengine_dividers.training.colour_fit.ROOM", 12 * 8)
    picture = learnt(scene(tmp_path, "cycles: 1, fit: 10", "lines: 8"))[0]
    target_image = make_target_image(picture.scene.training.options["target"], None, 1, None, 3)  # type: ignore[union-attr]
    assert len(region_means(target_image, picture.network.partition()).sides) > 12  # type: ignore[operator]
    one, other = (ColourFitPhase(TrainingSession(picture), target_image, 50) for _ in range(2))
    assert [len(part) for part in one._rows] == [12] * 5
    assert all(torch.equal(a, b) for a, b in zip(one._rows, other._rows, strict=True))  # the same draw every time
    before = one.loss
    while one.done < one.steps:
        one.advance()
    assert one.loss < before
