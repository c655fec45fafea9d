"""A scene made live: whatever is painted fits together, and whoever gave the wrong thing is named."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.support.torch_threads import threads_of
from tests.support.trainings import training_of

from artengine import ArtengineError, InputError, Picture, View, build, load

Made = Callable[..., Picture]

PARTS = """
import numpy as np
import torch
from artengine import hookimpl

class Fixed(torch.nn.Module):
    def __init__(self, change, colours="unit"):
        super().__init__()
        self.change, self.colours = change, colours

    def forward(self, x):
        return self.change(x)

def network(change, **declared):
    def make(ports, /):
        return Fixed(change, **declared)
    return make

def three(x):
    return torch.stack((x[:, 0], x[:, 1], x[:, 0] * x[:, 1]), -1)

def holed(x):
    out = three(x)
    return torch.where(x[:, :1] > 0.5, torch.nan, torch.where(x[:, 1:2] > 0.5, torch.inf, out))

def refusing(ports, /):
    raise ValueError("found too few inputs, expected more")

@hookimpl
def register_networks():
    return {
        "unit": network(three),
        "signed": network(three, colours="signed"),
        "stretch": network(lambda x: 40 * three(x) - 7, colours="stretch"),
        "grey": network(lambda x: x[:, :1]),
        "holed": network(holed),
        "holed_stretch": network(holed, colours="stretch"),
        "nothing": network(lambda x: three(x) * torch.nan, colours="stretch"),
        "flat": network(lambda x: three(x) * 0 + 5, colours="stretch"),
        "two": network(lambda x: x[:, :2]),
        "sums": network(lambda x: three(x).sum()),
        "halves": network(lambda x: three(x)[: (len(x) + 1) // 2]),
        "refusing": refusing,
        "decided": network(lambda x: three(x).sin() if x[0, 0] > 5 else three(x) * 0.5 + 0.5),
        "no_module": lambda ports, /: print,
    }

@hookimpl
def register_sources():
    return {
        "turned": lambda view, /: torch.zeros(view.shape[1] + 1, view.shape[0], 2),
        "flat": lambda view, /: torch.zeros(view.shape),
        "upset": upset,
    }

def upset(view, /):
    raise ValueError("found no horizon")

@hookimpl
def register_filters():
    return {
        "double_width": lambda image, /: np.repeat(image, 2, axis=1),
        "darker": lambda image, /: image * 0.5,
        "brighter": lambda image, /: image + 3,
        "torn": lambda image, /: image[:, :, :2],
        "bytes": lambda image, /: (image * 255).astype(np.uint8),
        "lost": lambda image, /: None,
        "empty": lambda image, /: image[:0],
        "holes": lambda image, /: np.where(image > 0.5, np.nan, image),
        "upset": upset,
    }
"""

VIEWS = {
    "plain": "",
    "zoomed": "camera: {zoom: 3.7, centre: [0.3, -0.2]}",
    "turned": "camera: {angle: 33, zoom: 0.4}",
    "upside down": "camera: {angle: 180}",
}
PAINTER = "neural_painter: {hidden_size: 12, nr_hidden: 2}"
SIREN = "mlp: {width: 16, depth: 2}"
NETWORKS = [  # painted from a trace of their operations, all but the last, which has to be called as it stands
    "neural_painter: {hidden_size: 100, nr_hidden: 4, nonlin: [log_abs, sin, tanh, xlogx_abs, abs]}",
    "neural_painter: {hidden_size: 20, nr_hidden: 5, pool: all, use_bias: true, batch_norm: true}",
    "neural_painter: {hidden_size: 33, nr_hidden: 2, nonlin: [sort, softmax, logsoftmax], nr_channel: 1}",
    "mlp: {width: 31, depth: 3, activation: tanh}",
    "decided: {}",
]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """Make a scene live."""
    (tmp_path / "parts.py").write_text(PARTS)

    def make(network: str = PAINTER, *lines: str, seed: int = 3, size: str = "37, height: 23") -> Picture:
        path = tmp_path / "scene.yaml"
        path.write_text("\n".join((f"canvas: {{width: {size}}}", f"network: {{{network}}}", *lines)))
        return build(load(path, seed=seed, plugins=[str(tmp_path / "parts.py")]), "cpu")

    return make


@pytest.mark.parametrize("network", [PAINTER, SIREN, "signed: {}"])
@pytest.mark.parametrize("camera", VIEWS.values(), ids=VIEWS)
def test_a_tile_shows_what_the_whole_shows_there(camera: str, network: str, made: Made) -> None:
    picture = made(network, camera)
    whole, view = picture.paint(), picture.scene.view
    assert whole.shape == (23, 37, 3)
    assert whole.std() > 0.05
    for left, top, columns, rows in ((0, 0, 37, 23), (5, 2, 9, 11), (36, 22, 1, 1), (0, 7, 37, 1)):
        tile = picture.paint(view.tile(left, top, columns, rows))
        assert np.allclose(tile, whole[top : top + rows, left : left + columns], atol=2e-5)
    nested = view.tile(3, 4, 20, 15).tile(2, 1, 7, 9)
    assert np.allclose(picture.paint(nested), whole[5:14, 5:12], atol=2e-5)


PRECISIONS = ["draft", "float32", "float64"]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("network", NETWORKS)
def test_picture_has_the_same_bits_in_tiles_and_on_threads(network: str, precision: str, made: Made) -> None:
    # a camera moves points and nothing else: every precision meets all of them, every network three
    place = NETWORKS.index(network) + PRECISIONS.index(precision)
    camera = list(VIEWS.values())[place % len(VIEWS)]
    whole = made(network, camera, size=f"120, height: 80, precision: {precision}").paint()
    for points, threads in ((1000, 1), (4096, 2), (65_536, 3)):
        picture = made(network, camera, size=f"120, height: 80, precision: {precision}")
        with threads_of(threads):
            for rows, columns, tile in picture.scene.view.tiles(points):
                assert picture.paint(tile).tobytes() == whole[rows, columns].tobytes()


def test_parts_report_progress(made: Made) -> None:
    parts = list(made(PAINTER, size="700, height: 300").painting())
    done = [part.done for part in parts]
    assert done == sorted(done)
    assert len(set(done)) > 2
    assert done[-1] == parts[0].total == 700 * 300
    assert [part.shape for part in parts] == [(300, 700, 3)] * len(parts)
    bands = [part.band for part in parts if part.band is not None]
    assert sum(map(len, bands)) == 300


def test_the_stretch_is_measured_once_and_kept(made: Made) -> None:
    picture = made("stretch: {}")
    whole = picture.paint()
    assert (whole.min(), whole.max()) == (0, pytest.approx(1))
    closer = picture.paint(replace(picture.scene.view, zoom=4))
    assert 0.3 < closer.min() < closer.max() < 0.8  # not stretched anew: no flicker in a film
    assert np.array_equal(picture.paint(), whole)
    assert made("stretch: {}", "camera: {zoom: 4}").paint().max() == pytest.approx(1)


def test_other_weights_are_painted_anew_with_colours_of_their_own(made: Made) -> None:
    picture, other = made(PAINTER), made(PAINTER)
    deep = replace(picture.scene.view, zoom=1e6)
    for view in (picture.scene.view, deep):
        picture.paint(view)
    for changed in (picture, other):
        with torch.no_grad():
            for weight in changed.network.parameters():
                weight.mul_(3)
    for view in (picture.scene.view, deep):  # painted before, and with a plan each
        assert picture.paint(view).tobytes() == other.paint(view).tobytes()


@pytest.mark.parametrize("network", ["unit", "signed", "stretch"])
def test_a_network_has_the_range_it_declares(network: str, made: Made) -> None:
    picture = made(f"{network}: {{}}")
    x, y = picture.coordinates(picture.scene.view).unbind(-1)
    colours = torch.stack((x, y, x * y), -1)
    if network == "signed":
        colours = (colours + 1) / 2
    elif network == "stretch":
        low, high = colours.amin((0, 1)), colours.amax((0, 1))
        colours = (colours - low) / (high - low)
    assert np.allclose(picture.paint(), colours.clamp(0, 1), atol=1e-5)


def test_a_stretched_network_that_learns_has_the_colours_of_the_photo(learning_scene: Path) -> None:
    scene = load(learning_scene, overrides={"network": {"mlp": {"width": 8, "colours": "stretch"}}})
    picture = build(scene, "cpu")
    assert picture.colours == "unit"
    untrained = picture.paint()
    list(training_of(picture))
    points = picture.coordinates(scene.view).reshape(-1, 2)
    with torch.inference_mode():
        expected = picture.network(points).reshape(12, 16, 3).clamp(0, 1)
    assert np.allclose(picture.paint(), expected, atol=1e-5)
    assert not np.allclose(picture.paint(), untrained)


def test_colours_that_are_not_finite_are_painted_and_counted(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    picture = made("holed: {}", size="40, height: 40")
    with caplog.at_level(logging.WARNING, "artengine"):
        image = picture.paint()
    assert caplog.messages == ["700 of 1600 pixels are not finite; they are painted black or white"]
    assert image[:, 30:].max() == 0
    assert image[30:, :29].min() == 1


@pytest.mark.parametrize("network", ["holed_stretch", "nothing", "flat"])
def test_stretch_is_measured_on_finite_colours(network: str, made: Made, caplog: pytest.LogCaptureFixture) -> None:
    image = made(f"{network}: {{}}").paint()
    assert np.isfinite(image).all()
    assert bool(caplog.messages) == (network != "flat")
    if network == "holed_stretch":
        assert image[:10, :20].std() > 0.1


def test_one_channel_is_a_grey_picture(made: Made, tmp_path: Path) -> None:
    picture = made("grey: {}")
    assert picture.channels == 1
    assert picture.paint().shape == (23, 37, 1)


@pytest.mark.parametrize("network", ["unit: {}", PAINTER, SIREN])
def test_a_picture_has_the_precision_of_its_canvas(network: str, made: Made) -> None:
    exact = made(network, size="37, height: 23, precision: float64").paint()
    assert exact.dtype == np.float64
    for precision in ("float32", "draft"):
        image = made(network, size=f"37, height: 23, precision: {precision}").paint()
        assert image.dtype == np.float32
        assert np.mean(np.abs(image - exact) < 2 / 255) > (0.99 if precision == "float32" else 0.5)


def test_filters_are_applied_in_turn_and_may_change_the_size(made: Made) -> None:
    plain = made("unit: {}").paint()
    picture = made("unit: {}", "filters: [darker, double_width]")
    assert np.allclose(picture.paint(), np.repeat(plain * 0.5, 2, axis=1))
    assert picture.paint().shape == (23, 74, 3)
    assert made("unit: {}", "filters: [brighter, darker]").paint().max() == 0.5  # in [0, 1] after every one


def test_filter_that_gives_nan_is_named(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    image = made("unit: {}", "filters: holes").paint()
    assert np.isfinite(image).all()
    assert caplog.messages[0].startswith("filters.holes: ")
    assert caplog.messages[0].endswith(" of 851 pixels are NaN; they are painted black")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("torn", r"filters\.torn: gave float32 \(23, 37, 2\), expected an image"),
        ("bytes", r"filters\.bytes: gave uint8 \(23, 37, 3\), expected an image"),
        ("lost", r"filters\.lost: gave NoneType, expected an image"),
        ("empty", r"filters\.empty: gave float32 \(0, 37, 3\), expected an image"),
        ("upset", r"scene\.yaml:3:10: filters\.upset: found no horizon"),
    ],
)
def test_a_filter_that_gives_no_image_is_named(name: str, told: str, made: Made) -> None:
    with pytest.raises(ArtengineError, match=told):
        made("unit: {}", f"filters: {name}").paint()


@pytest.mark.parametrize(
    ("network", "told"),
    [
        ("two", r"scene\.yaml:2:11: network\.two: gave colours of shape \(1, 2\) for one pixel, expected \(1, 3\), or"),
        ("sums", r"scene\.yaml:2:11: network\.sums: gave colours of shape \(\) for one pixel, expected \(1, 3\), or"),
        ("no_module", r"scene\.yaml:2:11: network\.no_module: gave a \w+, expected a torch\.nn\.Module"),
        ("refusing", r"scene\.yaml:2:11: network\.refusing: found too few inputs, expected more"),
    ],
)
def test_a_network_that_does_not_fit_is_named_with_its_place(network: str, told: str, made: Made) -> None:
    with pytest.raises(InputError, match=told):
        made(f"{network}: {{}}")


def test_a_network_that_loses_pixels_is_named(made: Made) -> None:
    with pytest.raises(ArtengineError, match=r"network\.halves: gave colours of shape \(\d+, 3\), expected \(\d+, 3\)"):
        made("halves: {}").paint()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("turned", r"gave coordinates of shape \(2, 1, 2\) for \(1, 1\) pixels, expected \(H, W, D\)"),
        ("flat", r"gave coordinates of shape \(1, 1\) for \(1, 1\) pixels, expected \(H, W, D\); add .unsqueeze\(-1\)"),
        ("upset", "found no horizon"),
    ],
)
def test_a_source_that_does_not_fit_is_named_with_its_place(source: str, told: str, made: Made) -> None:
    with pytest.raises(InputError, match=rf"scene\.yaml:3:2\d: coordinates\.1\.{source}: {told}"):
        made("unit: {}", f"coordinates: [grid, {source}]")


def test_sources_are_joined(made: Made) -> None:
    picture = made(SIREN, "coordinates: [grid, radius]")
    points = picture.coordinates(picture.scene.view)
    assert points.shape == (23, 37, 3)
    assert torch.allclose(points[..., 2], points[..., :2].norm(dim=-1), atol=1e-6)


@pytest.mark.parametrize("network", [PAINTER, SIREN])
def test_seed_decides_the_picture(network: str, made: Made) -> None:
    one, again, other = (made(network, seed=seed).paint().tobytes() for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_a_picture_that_does_not_fit_into_memory_is_one_line(made: Made) -> None:
    picture = made("unit: {}")
    with pytest.raises(ArtengineError, match=r"^a picture of 9000000 x 9000000 does not fit into memory; make the"):
        picture.paint(View(width=9_000_000, height=9_000_000))


def test_a_canvas_that_is_too_large_is_refused_before_any_work(made: Made) -> None:
    with pytest.raises(
        InputError, match=r"found a canvas of 400000 x 400000, 160,000 megapixels, expected at most 50,000"
    ):
        made("unit: {}", size="400000, height: 400000")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is such a device here")
def test_a_device_that_is_not_there_is_refused(tiny_scene: Path) -> None:
    with pytest.raises(InputError, match=r"^--device cuda: torch finds no such device here; use --device cpu$"):
        build(load(tiny_scene), "cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no such device here")
@pytest.mark.parametrize("network", [PAINTER.replace("2}", "2, nonlin: tanh}"), SIREN])
def test_a_graphics_card_paints_the_same(network: str, made: Made) -> None:
    scene = made(network, size="640, height: 400").scene
    here, there = (build(scene, device).paint() for device in ("cpu", "cuda"))
    assert np.mean(np.abs(here - there).max(axis=-1) <= 2 / 255) >= 0.999
