"""From colours to an image: stretched, smoothed, band by band, and nowhere a seam or a step."""

from __future__ import annotations

import logging
import sys
import types
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from tests.support.torch_threads import threads_of
from torch import Tensor, nn

from artengine import View
from artengine.painting import bands, compiled
from artengine.painting.antialiasing import from_light, to_light
from artengine.painting.bands import Painting
from artengine.painting.plan import Plan
from artengine.painting.renderer import PointRenderer
from artengine.painting.stepwise import matmul
from artengine.scene.canvas import Canvas, Precision
from artengine_nonlinearities.painter_module import Affine, Bend, Painter
from artengine_nonlinearities.pools import ALL

Image = np.ndarray[Any, Any]
CPU = torch.device("cpu")


class Net(nn.Module):
    """A formula."""

    def __init__(self, formula: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.formula = formula

    def forward(self, x: Tensor) -> Tensor:
        return self.formula(x)


def plane(view: View) -> Tensor:
    return torch.stack(view.plane(), -1)


def painter(*names: str, seed: int = 4, units: int = 12) -> Painter:
    """Gentle enough to be smooth from pixel to pixel."""
    random = np.random.RandomState(seed)
    widths = [3, *[units] * len(names), 3]
    layers = [Affine(torch.from_numpy(random.randn(*shape)), None) for shape in pairwise(widths)]
    bends = [*(Bend(ALL[name]) for name in names), Bend(ALL["identity"])]
    return Painter(layers, range(len(layers)), bends, coord_bias=True, drawn=()).eval()


def made(
    network: nn.Module,
    view: View,
    *,
    colours: str = "unit",
    channels: int = 3,
    coordinates: Callable[[View], Tensor] = plane,
    **options: Any,
) -> Painting:
    canvas = Canvas(width=view.width, height=view.height, **options)
    renderer = PointRenderer(network, coordinates, 2, channels, canvas.precision, CPU)
    return Painting(renderer, colours, canvas, view)  # type: ignore[arg-type]


def plan_of(one: Painting, view: View) -> Plan:
    renderer = one._renderer
    assert isinstance(renderer, PointRenderer)
    renderer.version()
    return renderer._plan(view)


def image_of(one: Painting, view: View) -> Image:
    parts = list(one.bands(view))
    done = [part.done for part in parts]
    assert done == sorted(done)
    assert done[-1] == parts[-1].total
    image = np.concatenate([part.band for part in parts if part.band is not None])
    assert image.shape == parts[0].shape
    return image


def edge(x: Tensor) -> Tensor:
    """A bright half and a dark one, the border anything but upright."""
    bright = (x[:, :1] * 0.8 + x[:, 1:] * 0.6 + 0.05 > 0).to(x.dtype)
    return torch.cat([bright * 0.9 + 0.05, bright * 0.2 + 0.1, bright], -1)


def light_of(image: Image) -> Image:
    return to_light(torch.from_numpy(image)).numpy()


SMALL = View(width=61, height=47)


def uninstall_llvmlite(patch: pytest.MonkeyPatch) -> None:
    """Let imports of llvmlite fail, and forget what has been imported with it."""
    patch.setitem(sys.modules, "llvmlite", None)
    for name in [name for name in sys.modules if name.startswith("artengine.painting.compiled.")]:
        if not name.endswith(".errors"):
            patch.delitem(sys.modules, name)
    for name in ("compiler", "compile_trace", "CompiledNetwork"):
        patch.delitem(vars(compiled), name, raising=False)


# smooth edges


def reference(formula: Callable[[Tensor], Tensor], view: View, times: int = 16) -> Image:
    """The light of every pixel, from times x times places in it."""
    fine = replace(view, width=view.width * times, height=view.height * times)
    light = to_light(formula(plane(fine).reshape(-1, 2)).clamp(0, 1)).reshape(view.height, times, view.width, times, -1)
    return light.mean(dim=(1, 3)).numpy()


@pytest.mark.parametrize("count", [4, 9, 25])
def test_antialiasing_is_nearer_to_the_exact_light(count: int) -> None:
    truth = reference(edge, SMALL)
    rough = image_of(made(Net(edge), SMALL), SMALL)
    smooth = image_of(made(Net(edge), SMALL, samples=count), SMALL)
    off, left = (np.abs(light_of(image) - truth) for image in (rough, smooth))
    assert left.max() < off.max() * (0.7 if count < 9 else 0.4)
    assert left.sum() < off.sum() * (0.7 if count < 9 else 0.3)


@pytest.mark.parametrize("precision", ["draft", "float32", "float64"])
def test_antialiasing_changes_edges_alone(precision: Precision) -> None:
    rough = image_of(made(Net(edge), SMALL, precision=precision), SMALL)
    smooth = image_of(made(Net(edge), SMALL, samples=9, precision=precision), SMALL)
    assert smooth.dtype == rough.dtype == (np.float64 if precision == "float64" else np.float32)
    changed = (smooth != rough).any(axis=-1)
    assert 40 < changed.sum() < 200
    padded = np.pad(rough, ((1, 1), (1, 1), (0, 0)), mode="edge")
    around = [padded[down : down + 47, across : across + 61] for down in range(3) for across in range(3)]
    flat = np.all([(other == rough).all(axis=-1) for other in around], axis=0)
    assert not changed[flat].any()


def test_half_light_is_not_half_the_code_value() -> None:
    view = View(width=8, height=8, centre=(1 / 8, 0))  # the border runs through the middle of a column

    def halves(x: Tensor) -> Tensor:
        return (x[:, :1] > 0.0).to(x.dtype).expand(-1, 3)

    image = image_of(made(Net(halves), view, samples=16), view)
    values = sorted({round(float(value), 4) for value in image.flatten()})
    assert values == [0, pytest.approx(0.7354, abs=1e-3), 1]
    assert from_light(torch.tensor([0.5])).item() == pytest.approx(0.7354, abs=1e-4)


@pytest.mark.parametrize("colours", ["unit", "signed", "stretch"])
@pytest.mark.parametrize("band", [61, 300, 61 * 47])
def test_antialiased_tiles_are_those_of_the_whole(colours: str, band: int, monkeypatch: pytest.MonkeyPatch) -> None:
    network = painter("sin", "abs", "sgn") if colours == "stretch" else Net(edge)
    expected = image_of(made(network, SMALL, colours=colours, samples=5), SMALL)
    assert len(np.unique(expected)) > 12
    monkeypatch.setattr(bands, "BAND_PIXELS", band)
    one = made(network, SMALL, colours=colours, samples=5)
    if colours == "stretch":
        list(one.bands(SMALL))  # the range is that of the whole
    assert image_of(one, SMALL).tobytes() == expected.tobytes()
    for left, top, columns, rows in ((0, 0, 61, 9), (17, 11, 20, 30), (60, 46, 1, 1), (0, 0, 1, 47)):
        tile = image_of(one, SMALL.tile(left, top, columns, rows))
        assert tile.tobytes() == expected[top : top + rows, left : left + columns].tobytes()


def test_nothing_is_sampled_where_there_is_no_edge() -> None:
    looked: list[tuple[float, float]] = []

    def watched(view: View) -> Tensor:
        looked.append(view.sample)
        return plane(view)

    for formula, count in ((lambda x: x[:, :1] * 0.01 + 0.5, 1), (lambda x: (x[:, :1] > 0).to(x.dtype), 10)):
        looked.clear()
        one = made(Net(formula), SMALL, channels=1, samples=9, coordinates=watched)
        image_of(one, SMALL)
        assert len(set(looked)) in (count, count - 1)  # the middle one is where the pixel's own is


# deep zooms

DEEP_NETWORKS = {
    "tanh, sin": (("tanh", "sin"), (np.tanh, np.sin)),
    "sin, log": (("sin", "log_abs_p1"), (np.sin, lambda x: np.log(np.abs(x) + 1))),
    "square, tanh": (("square", "tanh"), (np.square, np.tanh)),
}


@pytest.mark.parametrize("zoom", [1e5, 1e8, 1e12])
@pytest.mark.parametrize("centre", [(0.0, 0.0), (0.3, -0.7)])
@pytest.mark.parametrize("name", DEEP_NETWORKS)
def test_deep_view_has_no_steps(name: str, centre: tuple[float, float], zoom: float) -> None:
    view = View(width=40, height=30, zoom=zoom, centre=centre)
    assert view.deep
    names, functions = DEEP_NETWORKS[name]
    network = painter(*names)
    image = image_of(made(network, view, colours="stretch"), view)
    assert image.dtype == np.float32

    rows, columns = np.mgrid[0:30, 0:40].astype(np.longdouble)
    pitch = np.longdouble(2) / 30 / np.longdouble(zoom)
    x = centre[0] + (columns + 0.5 - 20) * pitch
    y = centre[1] + (rows + 0.5 - 15) * pitch
    values = np.stack([x, y, np.ones_like(x)], -1)
    for layer, function in zip(network.layers, [*functions, lambda x: x], strict=True):
        values = function(values @ layer.weight.detach().numpy().astype(np.longdouble))
    values = values[..., ::-1]
    low, high = values.min((0, 1)), values.max((0, 1))
    # the width of the range has 1e-8 added to it
    expected = (values - low) / (high - low + np.longdouble(1e-8))
    stretched = [(one - one.min((0, 1))) / np.ptp(one, axis=(0, 1)) for one in (image.astype(np.float64), expected)]
    assert np.abs(stretched[0] - stretched[1].astype(np.float64)).max() < 2 / 255
    assert np.mean(np.diff(image, axis=1) != 0) > 0.99


def test_a_shallow_view_is_painted_as_the_canvas_says() -> None:
    one = made(painter("sin"), SMALL)
    assert plan_of(one, SMALL).dtype == torch.float32
    assert plan_of(one, replace(SMALL, zoom=1e7)).dtype == torch.float64
    assert plan_of(one, SMALL) is plan_of(one, replace(SMALL, zoom=2))


DEEP_VIEW = View(width=61, height=47, zoom=1e6, centre=(0.25, 0.5))


BENT = [("tanh", "sin"), ("log_abs", "sort"), ("softplus", "logsoftmax"), ("xlogx_abs", "sigmoid")]


@pytest.mark.parametrize("names", BENT)
def test_a_deep_view_is_that_of_a_canvas_of_float64_to_far_below_a_level(names: tuple[str, ...]) -> None:
    quick = made(painter(*names), DEEP_VIEW, colours="stretch")
    exact = made(painter(*names), DEEP_VIEW, colours="stretch", precision="float64")
    assert np.abs(image_of(quick, DEEP_VIEW) - image_of(exact, DEEP_VIEW)).max() < 1e-3 / 255
    assert plan_of(exact, DEEP_VIEW) is plan_of(exact, SMALL)  # one way, however deep
    assert plan_of(exact, DEEP_VIEW).backend["products"] == "torch"


@pytest.mark.parametrize("precision", ["draft", "float32"])
def test_deep_view_is_compiled_where_llvmlite_is_installed(
    precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, means = [], []
    for lacking in (False, True):
        if lacking:
            uninstall_llvmlite(monkeypatch)
        one = made(painter("log_abs", "sin"), DEEP_VIEW, colours="stretch", precision=precision)
        image.append(image_of(one, DEEP_VIEW))
        means.append([plan_of(one, view).backend["products"].startswith("LLVM") for view in (SMALL, DEEP_VIEW)])
    assert means[0][0] == means[0][1]
    assert not any(means[1])
    assert np.abs(image[0] - image[1]).max() < 1e-3 / 255


@pytest.mark.parametrize("names", [("tanh", "sin"), ("log_abs", "sort"), ("softmax", "cos")])
def test_deep_tile_is_that_of_the_whole(names: tuple[str, ...]) -> None:
    view = View(width=61, height=47, zoom=1e10, centre=(0.25, 0.5))
    one = made(painter(*names), view, colours="stretch", samples=4)
    whole = image_of(one, view)
    for count in (1, 3):
        with threads_of(count):
            for left, top, columns, rows in ((0, 0, 61, 9), (17, 11, 20, 30), (60, 46, 1, 1)):
                tile = image_of(one, view.tile(left, top, columns, rows))
                assert tile.tobytes() == whole[top : top + rows, left : left + columns].tobytes()


def test_a_network_of_one_precision_is_painted_however_deep() -> None:
    """Somebody's network with numbers of its own in float32, which do not change with its weights."""
    waves = torch.linspace(-3, 3, 6).reshape(2, 3)
    view = replace(SMALL, zoom=1e6)
    image = image_of(made(Net(lambda x: (x @ waves).sin() / 2 + 0.5), view), view)
    assert np.allclose(image, 0.5, atol=1e-4)


# the range of the colours


@pytest.mark.parametrize("samples", [1, 4])
def test_a_large_view_is_measured_on_a_small_one(samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    view = View(width=200, height=150)
    network = painter("sin", "tanh")
    exact = image_of(made(network, view, colours="stretch", samples=samples), view)
    monkeypatch.setattr(bands, "MAX_MEASURED_PIXELS", 200 * 150 - 1)
    monkeypatch.setattr(bands, "PROXY_PIXELS", 40 * 30)
    monkeypatch.setattr(bands, "BAND_PIXELS", 200 * 17)
    looked: set[tuple[int, int]] = set()

    def watched(tile: View) -> Tensor:
        looked.add((tile.width, tile.height))
        return plane(tile)

    one = made(network, view, colours="stretch", samples=samples, coordinates=watched)
    parts = list(one.bands(view))
    assert looked == {(200, 150), (40, 30)}
    assert [part.done for part in parts] == sorted(part.done for part in parts)
    assert parts[-1].done == parts[0].total
    painted = [part.band for part in parts if part.band is not None]
    assert len(painted) == 9
    image = np.concatenate(painted)
    assert np.abs(image - exact).max() < 0.05
    for rows, columns, tile in view.tiles(5000):
        assert image_of(one, tile).tobytes() == image[rows, columns].tobytes()
    again = made(network, view, colours="stretch", samples=samples)
    first, second, *_ = [tile for _, _, tile in view.tiles(5000)]
    image_of(again, second)  # whatever comes first, the range is the same
    assert image_of(again, first).tobytes() == image[:25].tobytes()


@pytest.mark.parametrize("beyond", [0, 1])
def test_view_of_as_many_pixels_as_may_be_is_measured_on_itself(beyond: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "MAX_MEASURED_PIXELS", 61 * 47 - beyond)
    monkeypatch.setattr(bands, "PROXY_PIXELS", 30 * 23)
    sizes: set[tuple[int, int]] = set()

    def watched(tile: View) -> Tensor:
        sizes.add((tile.width, tile.height))
        return plane(tile)

    image_of(made(painter("sin"), SMALL, colours="stretch", coordinates=watched), SMALL)
    assert (len(sizes) > 1) == bool(beyond)


@pytest.mark.parametrize(("zoom", "width", "resolved"), [(1e13, 61, True), (1e16, 61, False), (1.0, 1, False)])
def test_renderer_resolves_pixels_that_float64_can_tell_apart(zoom: float, width: int, resolved: bool) -> None:
    view = View(width=width, height=47, zoom=zoom, centre=(0.25, 0.5))
    renderer = PointRenderer(Net(edge), plane, 2, 3, "float32", CPU)
    assert renderer.resolves(view) == resolved


def test_smallest_proxy_view_has_a_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "MAX_MEASURED_PIXELS", 10)
    monkeypatch.setattr(bands, "PROXY_PIXELS", 10)
    view = View(width=2000, height=1)
    assert image_of(made(painter("sin"), view, colours="stretch"), view).shape == (1, 2000, 3)


# pixels that are not finite


def holed(x: Tensor) -> Tensor:
    colours = torch.cat([x, x.sum(-1, keepdim=True)], -1) * 0.001 + 0.5
    return torch.where(x[:, 1:] > 0.2, torch.nan, colours)


@pytest.mark.parametrize("colours", ["unit", "stretch"])
@pytest.mark.parametrize("band", [1 << 20, 60, 60 * 5])
@pytest.mark.parametrize("samples", [1, 4])
def test_pixels_that_are_not_finite_are_counted_once(
    samples: int, band: int, colours: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bands, "BAND_PIXELS", band)
    view = View(width=60, height=40)
    one = made(Net(holed), view, colours=colours, samples=samples)
    told = "960 of 2400 pixels are not finite; they are painted black or white"
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.WARNING, "artengine"):
            assert np.isfinite(image_of(one, view)).all()
        assert caplog.messages == [told]
    caplog.clear()
    image_of(one, view.tile(0, 0, 60, 24))
    assert caplog.messages == []
    image_of(one, view.tile(7, 23, 10, 2))
    assert caplog.messages == ["10 of 20 pixels are not finite; they are painted black or white"]


# other torches, other weights


@pytest.mark.parametrize("samples", [1, 4])
@pytest.mark.parametrize("lacking", ["machine code", "fast products", "both"])
def test_picture_is_the_same_without_llvmlite_or_fast_products(
    lacking: str, samples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = painter("tanh", "sin", units=30)
    expected = image_of(made(network, SMALL, colours="stretch", samples=samples), SMALL)
    matmul.available.cache_clear()
    with monkeypatch.context() as patch:
        if lacking != "machine code":
            patch.setattr(torch.ops, "mkldnn", types.SimpleNamespace())
        if lacking != "fast products":
            uninstall_llvmlite(patch)
        for precision in ("float32", "draft"):
            one = made(network, SMALL, colours="stretch", samples=samples, precision=precision)
            means = plan_of(one, SMALL).backend["products"].split()[0]
            assert means in {"machine code": ("oneDNN", "torch"), "fast products": ("LLVM", "torch")}.get(
                lacking, ("torch",)
            )
            whole = image_of(one, SMALL)
            assert np.abs(whole - expected).max() < (1e-3 if precision == "float32" else 0.2)
            tile = image_of(one, SMALL.tile(17, 11, 20, 30))
            assert tile.tobytes() == whole[11:41, 17:37].tobytes()
    matmul.available.cache_clear()


def test_plan_is_made_anew_after_a_training_step() -> None:
    network = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 3))
    one = made(network.eval(), SMALL)
    plan = plan_of(one, SMALL)
    before = image_of(one, SMALL)
    assert plan_of(one, SMALL) is plan
    optimiser = torch.optim.Adam(network.parameters(), 0.1, fused=True)
    network(torch.ones(4, 2)).sum().backward()
    optimiser.step()
    after = image_of(one, SMALL)
    assert plan_of(one, SMALL) is not plan
    with torch.no_grad():
        expected = network(plane(SMALL).float().reshape(-1, 2)).clamp(0, 1).reshape(47, 61, 3)
    assert np.allclose(after, expected, atol=1e-5)
    assert not np.allclose(after, before, atol=1e-3)


def test_stretch_is_measured_anew_for_other_weights() -> None:
    network = painter("sin")
    one = made(network, SMALL, colours="stretch")
    image_of(one, SMALL)
    for weight in network.parameters():
        weight.data *= 3
    assert image_of(one, SMALL).tobytes() == image_of(made(network, SMALL, colours="stretch"), SMALL).tobytes()


def test_two_paintings_at_a_time_have_a_stretch_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands, "BAND_PIXELS", 61 * 5)
    one = made(painter("sin"), SMALL, colours="stretch")
    image_of(one, SMALL)
    stretches = [(torch.full((3,), low), torch.full((3,), 9.0)) for low in (-3.0, -1.0)]
    alone = [np.concatenate([p.band for p in one.bands(SMALL, each) if p.band is not None]) for each in stretches]
    together = zip(*(one.bands(SMALL, each) for each in stretches), strict=True)
    for index, parts in enumerate(zip(*together, strict=True)):
        image = np.concatenate([part.band for part in parts if part.band is not None])
        assert image.tobytes() == alone[index].tobytes()


def test_closing_a_painting_early_leaves_it_usable() -> None:
    one = made(painter("sin"), SMALL, colours="stretch", samples=4)
    expected = image_of(made(painter("sin"), SMALL, colours="stretch", samples=4), SMALL)
    for after in range(1, 4):
        parts = one.bands(SMALL)
        for _ in range(after):
            next(parts)
        parts.close()  # type: ignore[attr-defined]
    assert image_of(one, SMALL).tobytes() == expected.tobytes()
