"""Divider nets: what every layer comes to, by formulas of another hand; flat regions at any zoom."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.support.divider_scenes import Numbers, network, photo, points, scene
from tests.support.torch_threads import threads_of
from torch import nn

import artengine
from artengine import InputError, Picture, View, build, load
from artengine.events import Note
from artengine.making.pipeline import make_files
from artengine_dividers.network.module import Dividers


def preactivation(divider: nn.Module, name: str, number: int, x: float, y: float) -> float:
    """One excitation of one divider at one point, as books have it."""
    own = {key: value[number].tolist() for key, value in divider.state_dict().items()}
    match name:
        case "lines":
            return math.cos(own["angle"]) * x + math.sin(own["angle"]) * y - own["offset"]
        case "centred":
            way = x - own["centre"][0], y - own["centre"][1]
            return (way[0] * math.cos(own["angle"]) + way[1] * math.sin(own["angle"])) / math.hypot(*way)
        case "circles":
            return math.dist((x, y), own["centre"]) / math.exp(own["log_radius"]) - 1
    across = math.cos(own["angle"]) * x + math.sin(own["angle"]) * y - own["offset"]
    return math.tanh(math.exp(own["log_steepness"]) * across)


KINDS: dict[str, dict[str, Any]] = {
    "lines": {"lines": 6},
    "centred": {"lines": 6, "centred": True},
    "circles": {"circles": 6},
    "sigmoids": {"sigmoids": 6},
}


def part(net: Dividers, kind: str) -> Any:
    return {"circles": net.circles, "sigmoids": net.sigmoids}.get(kind, net.lines)


def expected(net: Dividers, kind: str, where: Numbers) -> Numbers:
    return np.array([[preactivation(part(net, kind), kind, number, x, y) for number in range(6)] for x, y in where])


@pytest.mark.parametrize("kind", KINDS)
def test_preactivations_equal_the_formulas(kind: str) -> None:
    net, where = network(**KINDS[kind]), points()
    given = part(net, kind)
    found = given(torch.tensor(where)) if kind == "sigmoids" else given.preactivation(torch.tensor(where))
    assert np.allclose(found.detach().numpy(), expected(net, kind, where), rtol=0, atol=1e-7)


@pytest.mark.parametrize("kind", ["lines", "centred", "circles"])
@pytest.mark.parametrize("sharpness", [None, 3.0, 200.0])
def test_a_side_is_a_step_or_a_tanh_of_its_sharpness(kind: str, sharpness: float | None) -> None:
    net, where = network(**KINDS[kind], sharpness=sharpness), points()
    across = expected(net, kind, where)
    wanted = np.tanh(sharpness * across) if sharpness else np.where(across >= 0, 1, -1)
    for mode in (net.eval(), net.train()):  # with the gradient that dividers learn by, and without
        found = torch.cat(mode.sides(torch.tensor(where)), dim=1).detach().numpy()
        assert np.allclose(found, wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", ["lines", "centred", "circles"])
@pytest.mark.parametrize("sharpness", [None, 50.0])
def test_surrogate_gradient_is_that_of_a_softer_tanh(kind: str, sharpness: float | None) -> None:
    """Told by differences of tanh(gradient_sharpness * excitation), whatever the step itself is."""
    net, where = network(**KINDS[kind], sharpness=sharpness, gradient_sharpness=[4.0]).train(), points(20)
    share = np.random.RandomState(2).randn(20, 6)
    (torch.cat(net.sides(torch.tensor(where)), dim=1) * torch.tensor(share)).sum().backward()
    tiny = 1e-6
    for weight in part(net, kind).parameters():
        slope = weight.grad
        for index in product(*map(range, weight.shape)):
            ends = []
            for step in (tiny, -2 * tiny):
                with torch.no_grad():
                    weight[index] += step
                ends.append((share * np.tanh(4.0 * expected(net, kind, where))).sum())
            with torch.no_grad():
                weight[index] += tiny
            assert slope[index].item() == pytest.approx((ends[0] - ends[1]) / (2 * tiny), rel=1e-4, abs=1e-6)


def test_surrogate_gradient_of_a_line_by_hand() -> None:
    net = network(lines=1, gradient_sharpness=[20.0]).train()
    with torch.no_grad():
        net.lines.angle.fill_(0.0)
        net.lines.offset.fill_(0.25)
    net.sides(torch.tensor([[0.3, 0.9]]).double())[0].sum().backward()
    slope = 20 * (1 - math.tanh(20 * 0.05) ** 2)  # at an excitation of 0.05
    assert net.lines.offset.grad.item() == pytest.approx(-slope)
    assert net.lines.angle.grad.item() == pytest.approx(0.9 * slope)


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_what_lies_on_a_divider_is_beyond_it(centred: bool, training: bool) -> None:
    net = network(lines=2, circles=1, centred=centred).train(training)
    with torch.no_grad():
        net.lines.set_array(np.array([[0.0, 0.0], [0.0, 0.5]]))
        net.circles.set_array(np.array([[0.0, 0.0, 1.0]]))
    on = torch.tensor([[0.0, 0.7], [0.5, -3.0], [1.0, 0.0], [0.0, -1.0]]).double()
    lines, circles, _ = net.sides(on)
    assert lines[0, 0] == lines[1, 1] == 1
    assert circles[2, 0] == circles[3, 0] == 1
    assert (net.partition().sides(on[:, 0].numpy(), on[:, 1].numpy())[[0, 1, 2, 3], [0, 1, 2, 2]]).all()


LAYERS = [
    {"lines": 5},
    {"lines": 4, "circles": 3, "sigmoids": 2},
    {"circles": 3, "structure": 6},
    {"lines": 3, "centred": True, "sigmoids": 2, "structure": 4, "sharpness": 8.0},
    {},
]


@pytest.mark.parametrize("options", LAYERS, ids=str)
def test_colours_equal_the_formulas_of_the_layers(options: dict[str, Any]) -> None:
    net, where = network(**options), points()
    own = {name: value.numpy() for name, value in net.state_dict().items()}
    hard = "centred" if options.get("centred") else "lines"
    columns = []
    for kind, given in ((hard, net.lines), ("circles", net.circles), ("sigmoids", net.sigmoids)):
        count = len(next(iter(given.state_dict().values())))
        across = np.array([[preactivation(given, kind, n, x, y) for n in range(count)] for x, y in where])
        if kind != "sigmoids":
            sharpness = options.get("sharpness")
            across = np.tanh(sharpness * across) if sharpness else np.where(across >= 0, 1, -1)
        columns.append(across.reshape(len(where), count))
    x = np.concatenate(columns, axis=1)
    if "structure" in options:
        x = np.maximum(x @ own["structure.weight"].T + own["structure.bias"], 0)
    x = np.tanh(x @ own["hidden.weight"].T + own["hidden.bias"])
    wanted = 1 / (1 + np.exp(-(x @ own["colour.weight"].T + own["colour.bias"])))
    with torch.inference_mode():
        found = net(torch.tensor(where)).numpy()
    assert np.allclose(found, wanted, rtol=0, atol=1e-7)


def test_offset_and_centred_lines_make_the_same_picture() -> None:
    one, other = network(lines=6), network(lines=6, centred=True, seed=8)
    other.set_partition(one.partition())
    assert np.allclose(other.partition().lines, one.partition().lines, atol=1e-12)
    where = torch.tensor(points())
    assert torch.equal(one.sides(where)[0], other.sides(where)[0])
    assert np.array_equal(one.partition().sides(*where.numpy().T), (one.sides(where)[0] > 0).numpy())


def painted(folder: Path, options: str, canvas: str = "width: 97, height: 61", more: str = "") -> Picture:
    path = folder / "a.yaml"
    path.write_text(f"seed: 3\ncanvas: {{{canvas}}}\nnetwork: {{dividers: {{{options}}}}}\n{more}")
    return build(load(path), "cpu")


def called(picture: Picture, dtype: torch.dtype = torch.float32) -> Numbers:
    """What the network says of the pixels, without a painting plan."""
    net = picture.network.to(dtype)
    with torch.inference_mode():
        colours = net(torch.stack(picture.scene.view.plane(), dim=-1).to(dtype).flatten(0, 1))
    return colours.reshape(*picture.scene.view.shape, 3).numpy()


PAINTED = [
    "lines: 9",
    "lines: 9, form: centre",
    "lines: 0, circles: 7",
    "lines: 4, circles: 3, sigmoids: 3, structure: 6",
    "lines: 5, circles: 3, sharpness: 30",
    "lines: 6, circles: 2, outline: {width: 0.02}",
    "lines: 300, circles: 50, colour_activation: relu",
    "lines: 0",
]


@pytest.mark.parametrize("precision", ["float32", "float64", "draft"])
@pytest.mark.parametrize("options", PAINTED)
def test_painted_picture_equals_the_network(options: str, precision: str, tmp_path: Path) -> None:
    picture = painted(tmp_path, options, f"width: 97, height: 61, precision: {precision}")
    image = picture.paint()
    exact = precision == "float64"
    apart = np.abs(image - called(picture, torch.float64 if exact else torch.float32)).max()
    assert apart < {"float64": 1e-12, "float32": 1e-5, "draft": 0.01}[precision]
    assert image.std() > 0.01 or options == "lines: 0"


def test_painting_is_the_same_with_more_threads(tmp_path: Path) -> None:
    for options in PAINTED[:4]:
        images = []
        for count in (1, 2):
            with threads_of(count):
                images.append(painted(tmp_path, options, "width: 300, height: 200").paint().tobytes())
        assert images[0] == images[1]


def test_without_dividers_there_is_one_colour(tmp_path: Path) -> None:
    picture = painted(tmp_path, "lines: 0")
    own = {name: tensor.numpy() for name, tensor in picture.network.state_dict().items()}
    bent = np.tanh(own["hidden.bias"]) @ own["colour.weight"].T + own["colour.bias"]
    assert np.allclose(picture.paint(), 1 / (1 + np.exp(-bent)), atol=1e-6)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_regions_are_flat_and_the_same_at_any_zoom(precision: str, tmp_path: Path) -> None:
    picture = painted(tmp_path, "lines: 7, circles: 3", f"width: 64, height: 48, precision: {precision}")
    for zoom in (0.01, 1, 40):
        image = picture.paint(View(width=64, height=48, centre=(0.1, 0.2), zoom=zoom)).reshape(-1, 3)
        x, y = (one.numpy() for one in View(width=64, height=48, centre=(0.1, 0.2), zoom=zoom).plane())
        sides = picture.network.partition().sides(x.reshape(-1), y.reshape(-1))
        _, region = np.unique(sides, axis=0, return_inverse=True)
        for number in range(region.max() + 1):
            inside = image[region == number]
            assert np.ptp(inside, axis=0).max() < 1e-6, zoom
        assert len(np.unique(image.round(5), axis=0)) >= (2 if zoom == 40 else 5)


def test_lines_stay_sharp_in_deep_zooms(tmp_path: Path) -> None:
    picture = painted(tmp_path, "lines: 1", "width: 60, height: 60, precision: float64")
    angle, offset = picture.network.partition().lines[0]
    centre = (math.cos(angle) * offset, math.sin(angle) * offset)
    view = View(width=60, height=60, centre=centre, zoom=1e12)
    image = picture.paint(view)
    x, y = (one.numpy() - middle for one, middle in zip(view.plane(), centre, strict=True))
    across = x * math.cos(angle) + y * math.sin(angle)
    clear = np.abs(across) > 3e-4 / 1e12 * 60  # else float64 itself cannot tell
    colours = [image[clear & side].reshape(-1, 3) for side in (across > 0, across < 0)]
    assert all(len(one) > 1000 and np.ptp(one, axis=0).max() < 1e-12 for one in colours)
    assert np.abs(colours[0][0] - colours[1][0]).max() > 0.01


def test_an_outline_is_drawn_on_dividers_and_nowhere_else(tmp_path: Path) -> None:
    plain = painted(tmp_path, "lines: 3, circles: 2")
    drawn = painted(tmp_path, "lines: 3, circles: 2, outline: {width: 0.1, colour: '#ff8000'}")
    before, image = plain.paint(), drawn.paint()
    x, y = (one.numpy() for one in plain.scene.view.plane())
    partition = plain.network.partition()
    away = [np.abs(x * math.cos(angle) + y * math.sin(angle) - offset) for angle, offset in partition.lines]
    away += [np.abs(np.hypot(x - across, y - down) - radius) for across, down, radius in partition.circles]
    on = np.min(away, axis=0) < 0.05
    sure = np.abs(np.min(away, axis=0) - 0.05) > 1e-6
    assert np.allclose(image[on & sure], [1, 128 / 255, 0], atol=1e-6)
    assert np.allclose(image[~on & sure], before[~on & sure], atol=1e-6)
    assert 100 < on.sum() < on.size - 100


def test_another_outline_does_not_repeat_the_training(tmp_path: Path) -> None:
    photo(tmp_path)
    list(make_files(load(scene(tmp_path, "cycles: 1, fit: 10")), tmp_path / "out", device="cpu"))
    learnt, plain = ((tmp_path / "out" / name).read_bytes() for name in ("a.safetensors", "a.png"))
    path = scene(tmp_path, "cycles: 1, fit: 10", "lines: 5, outline: {colour: '#ff0000'}")
    notes = [event.text for event in make_files(load(path), tmp_path / "out", device="cpu") if isinstance(event, Note)]
    assert any("trained before" in note for note in notes)
    assert (tmp_path / "out" / "a.safetensors").read_bytes() == learnt
    assert (tmp_path / "out" / "a.png").read_bytes() != plain


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("lines: 4097", "4:29: network.dividers.lines: found 4097, expected at most 4096"),
        ("lines: -1", "network.dividers.lines: found -1, expected at least 0"),
        ("form: round", "network.dividers.form: found the text 'round', expected one of offset, centre"),
        ("gradient_sharpness: [1, 2, 3]", "network.dividers.gradient_sharpness: found a list of 3"),
        ("sharpness: 0", "network.dividers.sharpness: found 0, expected more than 0"),
        ("outline: {colour: red}", "network.dividers.outline.colour: found the text 'red'"),
        ("outline: {width: 0}", "network.dividers.outline.width: found 0"),
    ],
)
def test_options_out_of_range_are_refused_at_their_place(options: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"seed: 3\n# lines\n# lines\nnetwork: {{dividers: {{{options}}}}}\n")
    with pytest.raises(InputError) as caught:
        artengine.load(path)
    assert told in str(caught.value)


def test_coordinates_other_than_the_plane_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"coordinates of 5 numbers, expected two; leave coordinates at grid"):
        painted(tmp_path, "lines: 3", more="coordinates: [grid, polar: {}]\n").paint()


def test_circles_without_a_radius_are_points() -> None:
    net = network(circles=2)
    net.circles.set_array(np.array([[0.1, 0.2, 0.0], [0.3, 0.4, 0.5]]))
    assert net.circles.to_array()[:, 2] == pytest.approx([math.exp(-16), 0.5])
    assert net(torch.tensor([[0.1, 0.2], [0.5, 0.5]], dtype=torch.float64)).isfinite().all()


@pytest.mark.parametrize("mean", [[0.0, 0.0, 0.0], [1.0, 0.5, 0.0]])
def test_colour_bias_of_black_and_white_photos_is_finite(mean: list[float]) -> None:
    net = network(lines=3)
    net.init_colour_bias(torch.tensor(mean, dtype=torch.float64))
    colours = net(torch.tensor(points()))
    assert colours.isfinite().all()
    assert (colours.mean(dim=0) - torch.tensor(mean)).abs().max() < 0.2
