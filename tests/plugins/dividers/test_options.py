"""What a scene may say of a training with dividers: each option does what it says, or is refused with a reason."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.support.common import PluginFile
from tests.support.divider_scenes import Numbers, learnt, live, photo, plane, scene, state
from tests.support.trainings import always, result_of, total_of, training_of

from artengine import InputError, Result, View, build, load
from artengine.making.pipeline import make_files
from artengine.training.centre import CentreFalloff, centre_weights
from artengine_dividers.search.means import region_means
from artengine_dividers.search.target import Synthetic, make_target_image

QUICK = "cycles: 1, fit: 20"


@pytest.fixture
def end(tmp_path: Path) -> Callable[..., Result]:
    """The result of a training with these options."""
    photo(tmp_path)

    def of(options: str, network: str = "lines: 5") -> Result:
        return result_of(live(scene(tmp_path, options, network)))

    return of


@pytest.mark.parametrize(
    ("options", "network", "steps"),
    [
        ("colours: mean", "lines: 45", 45 * 5),  # four cycles after the first time
        ("colours: mean", "lines: 3, circles: 2", 5 * 41),  # and 200 placements at least
        ("colours: mean, cycles: 3", "lines: 3, circles: 2", 5 * 4),
        ("cycles: 3", "lines: 5", 5 * 4 + 100),  # a step of the fit is ten iterations
        ("cycles: 3, fit: 11", "lines: 5", 5 * 4 + 2),
        ("cycles: 2, fit: 10", "lines: 3, sigmoids: 2", 5 * 3 + 1),
        ("way: gradient, cycles: 7, fit: 0", "lines: 5", 7),
        ("way: gradient, cycles: 7, epochs: 3, batch: 100, fit: 0", "lines: 5", 7 * 3 * 4),
        ("way: gradient, fit: 0", "lines: 2", 100),
        ("way: gradient, cycles: 2", "lines: 2", 2 + 40),
        ("way: gradient, cycles: 2, optimiser: adadelta", "lines: 2", 2 * 12),  # batches of 32, and no fit
        ("way: gradient, cycles: 2, colours: mean", "lines: 2", 2),
        ("", "lines: 0", 100),
        ("colours: mean", "lines: 0", 0),
    ],
)
def test_a_training_takes_as_many_steps_as_its_options_say(
    options: str, network: str, steps: int, end: Callable[..., Result]
) -> None:
    last = end(options, network)
    assert last.step == steps
    assert last.pixels == 24 * 16


def test_it_tells_how_far_it_is_and_what_one_sees(tmp_path: Path) -> None:
    pixels = photo(tmp_path)
    for options in ("fit: 100", "colours: mean, cycles: 2", "way: gradient, cycles: 24, fit: 60"):
        picture = live(scene(tmp_path, options, "lines: 9"))
        *told, last = training_of(picture, should_report=lambda step, total: step % 3 == 0)
        assert len(told) > 8
        assert all(one.step < two.step for one, two in pairwise([*told, last]))
        assert {total_of(one) for one in told} == {last.step}
        assert all(math.isfinite(one.loss) and one.psnr is not None for one in (*told, last))
        error = np.square(picture.paint() - pixels / 255).mean()
        assert isinstance(last, Result)
        assert last.loss == pytest.approx(error, rel=1e-3)
        assert last.psnr == pytest.approx(-10 * math.log10(error), abs=0.01)
        assert last.curve[-1].step == last.step
        assert last.curve[-1].loss == pytest.approx(error, rel=1e-3)


def test_of_whose_colours_there_are(tmp_path: Path, end: Callable[..., Result]) -> None:
    picture, told = learnt(scene(tmp_path, "colours: mean, cycles: 2"))
    best = region_means(
        make_target_image(picture.scene.training.options["target"], None, 1, None, 3), picture.network.partition()
    )  # type: ignore[union-attr, operator]
    assert told[-1].loss == pytest.approx(best.error, rel=1e-4)
    assert told[-1].note == f"{len(best.weight)} regions"
    layers = end("cycles: 2, fit: 300")
    assert layers.note == f"{told[-1].note}; a colour of its own for each would come to {told[-1].psnr:.2f} dB"
    assert layers.loss >= told[-1].loss * 0.9999
    assert layers.loss < told[-1].loss * 1.2


def test_more_is_better(end: Callable[..., Result]) -> None:
    for less, more, network in [
        ("colours: mean, cycles: 1", "colours: mean, cycles: 6", "lines: 12"),
        ("colours: mean, cycles: 4, candidates: 1", "colours: mean, cycles: 4, candidates: 64", "lines: 12"),
        ("cycles: 1, fit: 10", "cycles: 1, fit: 200", "lines: 6"),
        ("way: gradient, cycles: 2, fit: 0", "way: gradient, cycles: 15, fit: 0", "lines: 6"),
        ("way: gradient, cycles: 2, fit: 0, epochs: 1", "way: gradient, cycles: 2, fit: 0, epochs: 8", "lines: 6"),
        ("way: gradient, cycles: 5, fit: 0", "way: gradient, cycles: 5, fit: 50", "lines: 6"),
        ("way: gradient, cycles: 4, fit: 0, batch: 384", "way: gradient, cycles: 4, fit: 0, batch: 16", "lines: 6"),
    ]:
        assert end(more, network).loss < end(less, network).loss * 0.99, more


def test_dividers_move_by_the_gradient(tmp_path: Path) -> None:
    photo(tmp_path)
    for optimiser in ("adam", "adadelta"):
        options = f"way: gradient, optimiser: {optimiser}, cycles: 10, colours: mean"
        before = live(scene(tmp_path, options, "lines: 4, circles: 2")).network.partition()  # type: ignore[operator]
        after = learnt(scene(tmp_path, options, "lines: 4, circles: 2"))[0].network.partition()  # type: ignore[operator]
        assert (np.abs(after.lines - before.lines).max(axis=0) > 1e-3).all()
        assert (np.abs(after.circles - before.circles).max(axis=0) > 1e-3).all()


def test_the_rate_goes_from_one_end_to_the_other(end: Callable[..., Result]) -> None:
    def rates(options: str) -> tuple[float | None, ...]:
        curve = end(f"way: gradient, cycles: 100, fit: 0, {options}").curve
        return curve[0].rate, curve[-1].rate

    assert rates("rate: 0.1, rate_end: 0.001") == pytest.approx((0.1, 0.001), rel=0.06)
    assert rates("rate: 0.1") == pytest.approx((0.1, 0.002), rel=0.06)  # a fiftieth, by Adam
    assert rates("optimiser: adadelta, batch: 384, rate: 0.5") == pytest.approx((0.5, 0.5))
    assert rates("optimiser: adadelta, batch: 384") == pytest.approx((1.0, 1.0))


def test_the_false_gradient_is_as_sharp_as_the_network_says(tmp_path: Path) -> None:
    photo(tmp_path)
    seen = []
    for sharpness, ends in (("5", (5, 5)), ("[10, 1000]", (10, 1000))):
        network = f"lines: 4, gradient_sharpness: {sharpness}"
        picture = live(scene(tmp_path, "way: gradient, cycles: 100, batch: 384, fit: 0", network))
        reports = training_of(picture, should_report=always)
        seen = [picture.network.gradient_sharpness for _ in reports]
        assert (seen[0], seen[-1]) == pytest.approx(ends, rel=0.06)


def test_downscaled_a_photo_is_learnt_in_fewer_pixels(tmp_path: Path) -> None:
    pixels = photo(tmp_path, 50, 31)
    last = result_of(live(scene(tmp_path, "downscale: 4, colours: mean, cycles: 1")))
    assert last.pixels == 13 * 8
    assert last.note.endswith("; the PSNR is of the photo's pixels averaged 4 x 4 into one, 13 x 8 in all")
    target_image = make_target_image(load(scene(tmp_path, QUICK)).training.options["target"], None, 4, None, 3)  # type: ignore[union-attr]
    assert np.allclose(target_image.image[2, 3], pixels[8:12, 12:16].mean(axis=(0, 1)) / 255, atol=1e-6)
    assert np.allclose(target_image.image[7, 12], pixels[28:31, 48:50].mean(axis=(0, 1)) / 255, atol=1e-6)
    assert target_image.axes[0][-1] == pytest.approx((49 - 25) / 15.5)  # the middle of the last two columns
    assert learnt(scene(tmp_path, "synthetic: {size: 32}, downscale: 4, colours: mean, cycles: 1"))[1][-1].pixels == 64


@pytest.mark.parametrize("factor", [2, 7, 10, 16])
def test_the_edge_of_a_downscaled_photo_stays_where_it_is(factor: int, tmp_path: Path) -> None:
    edge = 3 * factor  # columns to the left of it; the last block is a column wide
    pixels = np.zeros((2 * factor + 1, edge + 1, 3), np.uint8)
    pixels[:, edge:] = 255, 0, 0
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    picture, told = learnt(scene(tmp_path, f"downscale: {factor}, colours: mean, cycles: 1", "lines: 1"))
    assert told[-1].loss < 1e-12
    painted = picture.paint(View(width=pixels.shape[1], height=pixels.shape[0]))
    assert np.allclose(painted[:, -1], (1, 0, 0))
    assert np.allclose(painted[:, : edge - factor // 2], 0)  # the middle of the block before it


def test_a_photo_of_many_pixels_is_learnt_in_four_million(tmp_path: Path) -> None:
    Image.new("RGB", (2400, 1800), "teal").save(tmp_path / "photo.png")
    target = load(scene(tmp_path, QUICK)).training.options["target"]  # type: ignore[union-attr]
    assert make_target_image(target, None, 1, None, 3).image.shape == (900, 1200, 3)
    assert make_target_image(target, None, 2, None, 3).image.shape == (900, 1200, 3)


def test_the_centre_counts_as_much_more_as_it_says(tmp_path: Path) -> None:
    centre = CentreFalloff(most=9, inner=0.3, outer=0.8, x=0.4, y=-0.1)
    weight = make_target_image(None, Synthetic(size=64), 1, centre, 3).weight.reshape(-1)
    x, y = plane(64, 64)
    away = np.hypot(x - 0.4, y + 0.1)
    assert weight.mean() == pytest.approx(1, rel=1e-5)
    outside = weight[away > 0.8]
    assert np.allclose(outside, outside[0])
    assert np.allclose(weight[away < 0.3], 9 * outside[0], rtol=1e-5)
    half = np.abs(away - 0.55).argmin()
    assert weight[half] / outside[0] == pytest.approx(9 - 8 * (away[half] - 0.3) / 0.5, rel=1e-4)

    random = np.random.RandomState(0)
    Image.fromarray(random.randint(0, 256, (32, 32, 3), dtype=np.uint8)).save(tmp_path / "photo.png")
    near = np.hypot(*plane(32, 32)).reshape(32, 32) < 0.3
    errors = []
    for weigh in ("", ", weigh_centre: {most: 1000, inner: 0.3, outer: 0.3}"):
        picture = learnt(scene(tmp_path, f"colours: mean, cycles: 2{weigh}"))[0]
        with torch.inference_mode():
            told = picture.network(torch.stack([torch.from_numpy(one) for one in plane(32, 32)], dim=1)).numpy()
        wanted = make_target_image(picture.scene.training.options["target"], None, 1, None, 3).image  # type: ignore[union-attr]
        errors.append(np.square(told.reshape(32, 32, 3) - wanted)[near].mean())
    assert errors[1] < errors[0] * 0.8

    picture = live(scene(tmp_path, "way: gradient, cycles: 1, fit: 9, weigh_centre: {most: 9}"))
    seen: list[Any] = []
    picture.network.register_forward_hook(lambda _, given, colours: seen.append((given[0], colours.detach().clone())))
    first = next(training_of(picture, should_report=always))
    column, row = ((seen[0][0] + 1) * 16 - 0.5).round().long().unbind(dim=1)
    target_image = make_target_image(picture.scene.training.options["target"], None, 1, CentreFalloff(most=9), 3)  # type: ignore[union-attr]
    apart = np.square(seen[0][1].numpy() - target_image.image[row, column]).mean(axis=1)
    assert first.loss == pytest.approx((target_image.weights[row, column] * apart).mean(), rel=1e-5)
    assert first.loss != pytest.approx(apart.mean(), rel=1e-3)


def test_what_the_means_would_come_to_is_said_only_where_it_is_the_same_error(end: Callable[..., Result]) -> None:
    assert end(f"{QUICK}, weigh_centre: {{}}").note == end("colours: mean, cycles: 1, weigh_centre: {}").note
    assert "would come to" in end(f"{QUICK}, weigh_centre: {{most: 1}}").note


@pytest.mark.parametrize("value", ["4", "{most: 4, inner: 0.4, outer: 0.8, y: -0.3}"])
def test_weight_of_the_centre_is_that_of_the_engine_and_one_on_average(value: str, tmp_path: Path) -> None:
    photo(tmp_path, 40, 30)
    options = load(scene(tmp_path, f"{QUICK}, weigh_centre: {value}")).training.options  # type: ignore[union-attr]
    weights = centre_weights(options["weigh_centre"], View(width=40, height=30))
    assert weights is not None
    target_image = make_target_image(options["target"], None, 1, options["weigh_centre"], 3)
    assert np.array_equal(target_image.weights, weights / weights.mean())


REFUSED = {
    "synthetic: {lines: 3}, target: photo.png": "found both target and synthetic, expected one of them",
    "target: ~": "found neither target nor synthetic, expected one of them",
    "epochs: 2": "found epochs with way: search, where it means nothing; leave it out",
    "optimiser: adam": "found optimiser with way: search",
    "rate: 0.1": "found rate with way: search",
    "rate_end: 0.1": "found rate_end with way: search",
    "batch: 5": "found batch with way: search",
    "way: gradient, candidates: 5": "found candidates with way: gradient, where it means nothing; leave it out",
    "colours: mean, fit: 5": "found fit with colours: mean, where no colours are fitted; leave it out",
    "fit: 0": "found fit: 0 with way: search, whose colours come of the fit alone; say colours: mean",
}


@pytest.mark.parametrize("options", REFUSED)
def test_options_that_do_not_go_together_are_refused(options: str, tmp_path: Path) -> None:
    photo(tmp_path)
    with pytest.raises(InputError) as caught:
        load(scene(tmp_path, options))
    assert f"{tmp_path / 'a.yaml'}:4:12: training.dividers: {REFUSED[options]}" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "network", "more", "told"),
    [
        ("colours: mean", "lines: 3, sigmoids: 1", "", "found colours: mean with sigmoids, over which colours change"),
        ("way: gradient", "lines: 0", "", "found no dividers to move; say lines: 64, or way: search"),
        (QUICK, "lines: 3", "coordinates: unit_square\n", "coordinates that are not x and y of the plane"),
    ],
)
def test_scenes_whose_parts_do_not_go_together_are_refused(
    options: str, network: str, more: str, told: str, tmp_path: Path
) -> None:
    photo(tmp_path)
    with pytest.raises(InputError, match=r"a\.yaml:4:12: training\.dividers: ") as caught:
        load(scene(tmp_path, options, network, more))
    assert told in str(caught.value)


def test_scenes_with_parts_of_strangers_are_refused_before_the_first_step(
    tmp_path: Path, plugin_file: PluginFile
) -> None:
    photo(tmp_path)
    plugins = [str(plugin_file(STRANGERS))]
    path = scene(tmp_path, QUICK)
    told = {
        "network=theirs": "found the network theirs, expected dividers",
        "coordinates=doubled": "found coordinates that are not x and y of the plane",
    }
    for override, words in told.items():
        picture = build(load(path, plugins=plugins, overrides=[override]), "cpu")
        before = state(picture)
        with pytest.raises(InputError, match=rf"a\.yaml:4:12: training\.dividers: {words}"):
            list(training_of(picture))
        assert state(picture) == before
    same = build(load(path, plugins=plugins, overrides=["network=ours", "coordinates=same"]), "cpu")
    assert next(iter(training_of(same))) is not None


STRANGERS = """
    import torch
    from artengine import hookimpl
    from artengine_dividers.network import dividers

    @hookimpl
    def register_networks():
        return {
            "theirs": lambda ports, /: torch.nn.Linear(ports.inputs, 3),
            "ours": lambda ports, /: dividers(ports, lines=2, colour_activation=lambda: torch.tanh),
        }

    @hookimpl
    def register_sources():
        return {
            "doubled": lambda view, /: 2 * torch.stack(view.plane(), dim=-1),
            "same": lambda view, /: torch.stack(view.plane(), dim=-1),
        }
"""


@pytest.mark.parametrize("film", ["learning: even, length: 5f", "learning: 30"])
@pytest.mark.parametrize("way", ["search", "gradient"])
def test_a_training_without_an_end_is_not_filmed(way: str, film: str, tmp_path: Path) -> None:
    photo(tmp_path)
    path = scene(tmp_path, f"way: {way}, cycles: 0", "lines: 3", f"film: {{{film}}}\noutputs: gif\n")
    with pytest.raises(InputError, match=r"^film\.learning: found a training that has no end of its own, expected one"):
        list(make_files(load(path), tmp_path / "out", device="cpu"))
    assert not list((tmp_path / "out").glob("a*"))


def test_another_network_is_refused(tmp_path: Path) -> None:
    photo(tmp_path)
    path = scene(tmp_path, QUICK)
    path.write_text(path.read_text().replace("dividers: {lines: 5}", "mlp: {width: 8}", 1))
    with pytest.raises(InputError, match=r"found the network mlp, expected dividers: network: \{dividers: "):
        load(path)


ODD: dict[str, tuple[int, int]] = {"one pixel": (1, 1), "four": (2, 2), "wide": (600, 2), "high": (1, 200)}
WAYS = [
    QUICK,
    "colours: mean, cycles: 1",
    "way: gradient, cycles: 2, fit: 20",
    "way: gradient, optimiser: adadelta, cycles: 1",
]
NETWORKS = ["lines: 4, circles: 2", "lines: 3, form: centre, sigmoids: 1"]


@pytest.mark.parametrize("options", WAYS)
@pytest.mark.parametrize("odd", [*ODD, "flat"])
def test_odd_photos_are_told_too(odd: str, options: str, tmp_path: Path) -> None:
    pixels: Numbers = np.full((9, 7, 3), 90, np.uint8)
    if odd == "flat":
        Image.fromarray(pixels).save(tmp_path / "photo.png")
    else:
        pixels = photo(tmp_path, *ODD[odd])
    flat = 10 * math.log10(1 / max((pixels / 255).var(axis=(0, 1)).mean(), 1e-12))
    for network in NETWORKS[: 1 if "mean" in options else 2]:
        picture, told = learnt(scene(tmp_path, options, network))
        assert told[-1].psnr is not None
        if "adadelta" not in options:  # which has hardly begun
            assert told[-1].psnr > min(flat, 42) - 0.5, network
        assert all(tensor.isfinite().all() for tensor in picture.network.state_dict().values())
        assert np.isfinite(picture.paint()).all()


def test_over_a_thousand_dividers_are_no_trouble(tmp_path: Path) -> None:
    photo(tmp_path, 5, 4)
    picture, told = learnt(scene(tmp_path, "colours: mean, cycles: 1, candidates: 1", "lines: 1200"))
    assert told[-1].psnr == 120
    assert len(picture.network.table) == 20
    assert picture.paint().shape == (16, 24, 3)
    *_, last = learnt(scene(tmp_path, "way: gradient, cycles: 1, colours: mean", "lines: 0, circles: 1200"))[1]
    assert math.isfinite(last.loss)
