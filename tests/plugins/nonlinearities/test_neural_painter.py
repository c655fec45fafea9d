"""The neural painter: against numpy with all its options, and against the pictures of the original."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.support import painter_oracle as oracle
from tests.support.common import ROOT

import artengine
from artengine.events import Wrote
from artengine.kinds import Ports
from artengine.making.pipeline import make_files
from artengine_nonlinearities.painter import neural_painter
from artengine_nonlinearities.painter_module import Painter
from artengine_nonlinearities.pools import ALL

DATA = ROOT.parent / "shared" / "data"
OPTIONS = [
    "hidden_size",
    "nr_hidden",
    "nonlin",
    "coord_bias",
    "use_bias",
    "recurrent",
    "batch_norm",
    "batch_norm_position",
    "output_nonlin",
]


def maker(name: str, **options: Any) -> Callable[[], Any]:
    """What the engine hands in for an option that takes a component."""
    return lambda: functools.partial(ALL[name], **options) if options else ALL[name]


def painter(seed: int = 0, inputs: int = 2, **options: Any) -> Painter:
    """The painter as the engine would make it, with nonlinearities given by name."""
    for key in ("nonlin", "pool"):
        if isinstance(options.get(key), list):
            options[key] = [maker(name) for name in options[key]]
    options["output_nonlin"] = maker(options.get("output_nonlin", "identity"))
    network = neural_painter(Ports(inputs=inputs, seed=seed), **options)
    assert isinstance(network, Painter)
    return network


def features(rows: int, columns: int) -> np.ndarray[Any, Any]:
    """The coordinates of the original: (rows * columns, 2) float32, at the upper left corners of the pixels."""
    row, column = np.meshgrid(np.arange(rows) / rows, np.arange(columns) / columns, indexing="ij")
    return np.stack([row, column], axis=-1).reshape(-1, 2).astype(np.float32)


# The painter against numpy

NORMS: list[dict[str, Any]] = [
    {},
    {"batch_norm": True},
    {"batch_norm": True, "batch_norm_position": "after_nonlin"},
    {"batch_norm_position": "after_nonlin"},
]

VARIANTS: list[dict[str, Any]] = [
    *(
        {"nonlin": nonlin, "recurrent": recurrent, "use_bias": bias, **norm}
        for nonlin, recurrent, bias, norm in itertools.product(
            ("random_every_time", "random_once", ["tanh"], ["sin", "sort", "log_abs_p1", "xlogx_square"]),
            (False, True),
            (False, True),
            NORMS,
        )
    ),
    *({"pool": pool} for pool in ("published", "all", ["mod"], ["sin", "triangle", "gaussian"])),
    {"pool": "all", "nonlin": "random_once"},
    {"coord_bias": False},
    {"coord_bias": False, "use_bias": True},
    {"nr_channel": 1},
    {"nr_channel": 1, "output_nonlin": "softmax"},
    {"output_nonlin": "sort"},
    {"output_nonlin": "sgn", "use_bias": True},
    {"mean": 0.3, "std": 0.5},
    {"mean": -0.1, "std": 2.0, "use_bias": True, "recurrent": True},
    {"nr_hidden": 0, "nonlin": "random_every_time"},
    {"nr_hidden": 0, "recurrent": True, "use_bias": True},
    {"nr_hidden": 7, "recurrent": True},
    {"hidden_size": 1},
]


@pytest.mark.parametrize("options", VARIANTS, ids=lambda options: "-".join(f"{k}={v}" for k, v in options.items()))
def test_the_painter_agrees_with_numpy(options: dict[str, Any]) -> None:
    options = {"hidden_size": 9, "nr_hidden": 3, **options}
    x = features(16, 12)
    for seed in (0, 5, 2**32 - 1):
        expected, names = oracle.paint(x, seed, **options)
        network = painter(seed, **options)
        with torch.no_grad():
            colours = network(torch.from_numpy(x)).numpy()
        assert colours.shape == expected.shape
        scale = np.nanmax(np.abs(expected)) if np.isfinite(expected).any() else 1.0
        np.testing.assert_allclose(colours, expected, rtol=1e-7, atol=1e-7 * scale)
        assert list(network.drawn) == (names if isinstance(options.get("nonlin", ""), str) else [])


def test_different_seeds_paint_different_pictures() -> None:
    x = torch.from_numpy(features(16, 12))
    pictures = [painter(seed, nonlin=["tanh"])(x) for seed in (0, 1, 0)]
    assert torch.equal(pictures[0], pictures[2])
    assert not torch.allclose(pictures[0], pictures[1])


def test_units_that_are_all_equal_have_no_deviation_and_so_no_colour_as_in_the_original() -> None:
    network = painter(nonlin=["sgn"], hidden_size=1, batch_norm=True, batch_norm_position="after_nonlin")
    assert network(torch.ones(3, 2)).isnan().all()


# The painter as a module


@pytest.mark.parametrize("precision", [torch.float32, torch.float64])
def test_it_paints_in_its_precision_whatever_the_coordinates_are(precision: torch.dtype) -> None:
    network = painter(1, use_bias=True)
    assert network.colours == "stretch"
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float64}  # as it was drawn
    network.to(precision)
    for dtype in (torch.float32, torch.float64):
        assert network(torch.zeros(4, 2, dtype=dtype)).dtype == precision


@pytest.mark.parametrize("shape", [(3,), (5, 3), (4, 5, 3), (0, 3)])
@pytest.mark.parametrize("channels", [1, 3])
def test_it_takes_any_number_of_inputs_and_axes(shape: tuple[int, ...], channels: int) -> None:
    network = painter(inputs=3, nr_channel=channels)
    assert network(torch.rand(shape)).shape == (*shape[:-1], channels)


def test_its_own_channels_count_whatever_the_ports_say() -> None:
    network = neural_painter(Ports(inputs=2, outputs=7), output_nonlin=maker("identity"), nr_channel=1)
    assert network(torch.rand(5, 2)).shape == (5, 1)


def test_pixels_do_not_depend_on_their_neighbours() -> None:
    x = torch.from_numpy(features(16, 12))
    network = painter(3)
    torch.testing.assert_close(
        torch.cat([network(part) for part in torch.split(x, 7)]), network(x), rtol=1e-9, atol=1e-9
    )


def test_a_recurrent_painter_has_one_hidden_matrix() -> None:
    shapes = [tuple(weight.shape) for weight in painter(recurrent=True, nr_hidden=6, hidden_size=8).parameters()]
    assert shapes == [(3, 8), (8, 8), (8, 3)]


def test_its_weights_can_be_saved_loaded_and_trained() -> None:
    x = torch.from_numpy(features(16, 12))
    network, other = (painter(seed, nonlin=["sin"], hidden_size=8, use_bias=True) for seed in (1, 2))
    other.load_state_dict(network.state_dict())
    assert torch.equal(network(x), other(x))
    network(x).square().mean().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in network.parameters())


def test_nonlinearities_with_state_are_made_for_each_layer_and_join_the_module() -> None:
    network = neural_painter(Ports(inputs=2), nonlin=[torch.nn.PReLU], output_nonlin=torch.nn.PReLU, nr_hidden=2)
    slopes = [weight for name, weight in network.named_parameters() if "activation" in name]
    assert len({id(slope) for slope in slopes}) == 4
    assert network(torch.rand(5, 2)).dtype == torch.float64


def test_drawn_names_are_those_that_scenes_use() -> None:
    pool = [maker("abs"), maker("mod", period=2), torch.nn.PReLU]
    network = neural_painter(Ports(inputs=2), pool=pool, output_nonlin=maker("sin"), nr_hidden=20)
    assert isinstance(network, Painter)
    assert set(network.drawn) == {"abs", "mod", "PReLU"}
    assert len(network.drawn) == 21
    assert len(set(painter(nonlin="random_once").drawn)) == 1


@pytest.mark.parametrize("count", [0, 2, 4, 6])
def test_as_many_nonlinearities_as_layers_or_one(count: int) -> None:
    with pytest.raises(ValueError, match=rf"nonlin: {count} nonlinearities for 5 nonlinear layers"):
        painter(nonlin=["sin"] * count)


def test_a_pool_is_not_empty() -> None:
    with pytest.raises(ValueError, match="pool: the list is empty"):
        painter(pool=[])


# The pictures of the original, through the scene that says how they were made


def pictures(folder: str) -> list[Any]:
    """A test parameter for each picture that an index of the data folder lists."""
    index = DATA / folder / "index.json"
    if not index.is_file():
        return [pytest.param({}, marks=pytest.mark.skip(reason=f"the pictures of {folder} are not on this machine"))]
    entries = json.loads(index.read_text())
    entries = entries["images"] if isinstance(entries, dict) else entries
    return [pytest.param({**entry, "path": index.with_name(entry["file"])}, id=entry["file"]) for entry in entries]


def differences(entry: dict[str, Any], out: Path) -> np.ndarray[Any, Any]:
    """By how many levels the picture that the scene gives differs from the original, for each pixel."""
    with Image.open(entry["path"]) as image:
        original, size = np.atleast_3d(np.asarray(image)).astype(int), image.size
    channels = entry.get("channels", entry.get("nr_channel"))
    settings = {"canvas.width": size[0], "canvas.height": size[1], "network.neural_painter.nr_channel": channels}
    settings |= {f"network.neural_painter.{key}": entry[key] for key in OPTIONS if key in entry}
    scene = artengine.load(ROOT / "scenes" / "neural-painter.yaml", seed=entry["seed"], overrides=settings)
    drawn = artengine.build(scene, "cpu").network.drawn
    assert list(drawn) == entry.get("nonlinearities_drawn", list(drawn))
    (path,) = [event.path for event in make_files(scene, out, device="cpu") if isinstance(event, Wrote)]
    with Image.open(path) as image:
        ours = np.atleast_3d(np.asarray(image)).astype(int)
    worst: np.ndarray[Any, Any] = np.abs(ours - original).max(axis=-1)
    return worst


@pytest.mark.parametrize("entry", pictures("neural-painter-gallery"))
def test_the_published_pictures_come_out_to_the_byte(entry: dict[str, Any], tmp_path: Path) -> None:
    unequal = differences(entry, tmp_path) > 0
    # saturated logarithms in seed 11 show the last bit of the logarithm in the library that is used
    assert unequal.mean() <= (0.01 if entry["seed"] == 11 else 0)


@pytest.mark.parametrize("entry", pictures("neural-painter-options"))
def test_every_option_paints_what_it_paints_in_the_original(entry: dict[str, Any], tmp_path: Path) -> None:
    assert (differences(entry, tmp_path) <= 1).mean() >= 0.999
