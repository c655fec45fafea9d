"""The multilayer perceptron: its shape, the numbers it starts from, and activations that learn with it."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

import artengine
from artengine import InputError, Ports
from artengine_basics.mlp import mlp
from artengine_basics.mlp_module import Mlp
from artengine_nonlinearities import waves

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "sin": torch.sin,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "identity": lambda x: x,
    "gaussian": waves.gaussian,
    "gabor": waves.gabor,
    "ripples": functools.partial(waves.gabor, omega=5),
    "finer": waves.finer,
}

SLOPE = """
import torch
from artengine import hookimpl

class Slope(torch.nn.Module):
    def __init__(self, *, start: float = 0.5):
        super().__init__()
        self.slope = torch.nn.Parameter(torch.tensor(start))

    def forward(self, x, /):
        return torch.tanh(self.slope * x)

@hookimpl
def register_activations():
    return {"slope": Slope}
"""


def made(
    inputs: int = 2, seed: int = 0, activation: str | list[str] = "sin", output: str = "identity", **options: Any
) -> Mlp:
    names = [activation] if isinstance(activation, str) else activation
    makers = [lambda name=name: ACTIVATIONS[name] for name in names]
    return mlp(Ports(inputs=inputs, seed=seed), activation=makers, output=lambda: ACTIVATIONS[output], **options)


def weights(network: Mlp) -> list[torch.Tensor]:
    return [layer.weight.detach() for layer in network.layers]


def biases(network: Mlp) -> list[torch.Tensor]:
    return [layer.bias.detach() for layer in network.layers]


def is_even(numbers: torch.Tensor, bound: float) -> bool:
    """Whether many numbers look drawn evenly from -bound to bound."""
    inside = bool((numbers.abs() <= bound * 1.000001).all()) and float(numbers.abs().max()) > 0.98 * bound
    return inside and math.isclose(numbers.std().item(), bound / math.sqrt(3), rel_tol=0.06)


def is_normal(numbers: torch.Tensor, deviation: float) -> bool:
    """Whether many numbers look drawn from a normal distribution around zero."""
    within = (numbers.abs() < deviation).double().mean().item()
    return math.isclose(numbers.std().item(), deviation, rel_tol=0.06) and abs(within - 0.683) < 0.04


def digest_of(network: Mlp) -> str:
    """Of all weights, to the bit."""
    numbers = b"".join(tensor.numpy().astype("<f4").tobytes() for tensor in network.state_dict().values())
    return hashlib.sha256(numbers).hexdigest()[:32]


@pytest.mark.parametrize(
    ("options", "shapes"),
    [
        ({}, [(64, 2), (64, 64), (64, 64), (64, 64), (3, 64)]),
        ({"width": [8]}, [(8, 2), (8, 8), (8, 8), (8, 8), (3, 8)]),
        ({"width": [8], "depth": 1}, [(8, 2), (3, 8)]),
        ({"width": [8], "depth": 0}, [(3, 2)]),
        ({"width": [8, 4, 16]}, [(8, 2), (4, 8), (16, 4), (3, 16)]),
        ({"width": [8, 4], "depth": 2}, [(8, 2), (4, 8), (3, 4)]),
        ({"width": [8], "depth": 2, "inputs": 5}, [(8, 5), (8, 8), (3, 8)]),
    ],
)
def test_widths_and_depth_say_which_layers_there_are(options: dict[str, Any], shapes: list[tuple[int, int]]) -> None:
    network = made(**options)
    assert [tuple(weight.shape) for weight in weights(network)] == shapes
    colours = network(torch.rand(7, options.get("inputs", 2)))
    assert colours.shape == (7, 3)
    assert colours.dtype == torch.float32


def test_it_computes_what_numpy_computes() -> None:
    network = made(width=[6, 5], activation=["relu", "tanh"], output="sin").double()
    x = np.random.RandomState(0).randn(9, 2)
    expected = x
    for layer, bend in zip(network.layers, (lambda x: np.maximum(x, 0), np.tanh, np.sin), strict=True):
        expected = bend(expected @ layer.weight.detach().numpy().T + layer.bias.detach().numpy())
    np.testing.assert_allclose(network(torch.from_numpy(x)).detach(), expected, rtol=1e-12, atol=1e-12)


def test_the_first_layer_of_sines_reaches_to_its_frequency_and_the_others_to_sirens_bound() -> None:
    network = made(width=[300], depth=2)
    first, hidden, last = weights(network)
    assert is_even(first, 30 / 2)
    assert is_even(hidden, math.sqrt(6 / 300))
    assert is_normal(last, 1 / math.sqrt(300))
    assert all(is_even(bias, math.pi) for bias in biases(network)[:2])
    assert not biases(network)[2].any()
    assert is_even(weights(made(width=[300], depth=2, frequency=4.0))[0], 4 / 2)
    assert torch.equal(weights(made(width=[300], depth=2, frequency=4.0))[1], hidden)


def test_the_first_layer_of_finer_reaches_beyond_its_slow_waves_and_the_others_have_half_of_sirens_variance() -> None:
    network = made(width=[300], depth=2, activation="finer")
    first, hidden, last = weights(network)
    assert is_even(first, 6 / 2)
    assert is_even(biases(network)[0], 3)
    assert is_even(hidden, math.sqrt(3 / 300))
    assert is_normal(last, 1 / math.sqrt(300))
    assert not torch.cat(biases(network)[1:]).any()
    faster = made(width=[300], depth=2, activation="finer", frequency=10.0)
    assert is_even(weights(faster)[0], 10 / 2)
    assert torch.equal(biases(faster)[0], biases(network)[0])
    assert torch.equal(weights(faster)[1], hidden)


def test_every_activation_has_a_frequency_of_its_own_where_none_is_said() -> None:
    for name, frequency in (("sin", 30.0), ("finer", 6.0), ("gabor", 3.0), ("gaussian", 8.0), ("tanh", 1.0)):
        assert digest_of(made(activation=name)) == digest_of(made(activation=name, frequency=frequency)), name


def test_an_activation_with_options_is_known_by_its_name() -> None:
    assert digest_of(made(activation="ripples")) == digest_of(made(activation="gabor"))


@pytest.mark.parametrize(
    ("initialisation", "activation", "gain"),
    [
        ("auto", "relu", math.sqrt(2)),
        ("auto", "tanh", 5 / 3),
        ("auto", "identity", 1),
        ("normal", "identity", 1),
        ("kaiming", "identity", math.sqrt(2)),
    ],
)
def test_other_layers_are_normal_with_the_gain_of_their_activation(
    initialisation: str, activation: str, gain: float
) -> None:
    network = made(inputs=3, width=[300], depth=2, activation=activation, initialisation=initialisation)
    first, hidden, _ = weights(network)
    assert is_normal(first, gain / math.sqrt(3))
    assert is_normal(hidden, gain / math.sqrt(300))
    assert is_even(biases(network)[0], gain)
    assert not torch.cat(biases(network)[1:]).any()
    faster = made(inputs=3, width=[300], depth=2, activation=activation, initialisation=initialisation, frequency=7.0)
    torch.testing.assert_close(weights(faster)[0], 7 * first)
    torch.testing.assert_close(biases(faster)[0], 7 * biases(network)[0])
    assert torch.equal(weights(faster)[1], hidden)


def test_xavier_is_even_in_the_width_of_both_sides() -> None:
    first, hidden, last = weights(made(inputs=9, width=[300, 200], initialisation="xavier"))
    assert is_even(first, math.sqrt(6 / 309))
    assert is_even(hidden, math.sqrt(6 / 500))
    assert is_even(last, math.sqrt(6 / 203))


def test_numbers_keep_their_size_through_many_layers() -> None:
    x = torch.rand(500, 2, generator=torch.Generator().manual_seed(0)) * 2 - 1
    for activation in ("sin", "relu", "tanh", "identity", "finer", "gabor"):
        for depth in (2, 12):
            colours = made(width=[128], depth=depth, activation=activation)(x)
            assert 0.1 < colours.std().item() < 5, (activation, depth)


@pytest.mark.parametrize("activation", ["finer", "gabor"])
def test_pixels_stay_as_different_from_layer_to_layer(activation: str) -> None:
    network = made(width=[128], depth=10, activation=activation)
    x = torch.rand(500, 2, generator=torch.Generator().manual_seed(0)) * 2 - 1
    spreads = []
    for layer, bend in zip(network.layers[:-1], network.activations[:-1], strict=True):
        x = bend(layer(x))
        spreads.append(x.std(dim=0).square().mean().sqrt().item())  # over the pixels, of a unit
    assert all(0.2 < spread < 0.8 for spread in spreads), spreads
    assert spreads[-1] > 0.8 * spreads[0]


@pytest.mark.parametrize(("activation", "decibels"), [("finer", 4), ("gabor", 1), ("gaussian", 0.5)])
def test_auto_learns_a_picture_better_than_weights_of_any_activation(activation: str, decibels: float) -> None:
    y, x = torch.meshgrid(torch.linspace(-1, 1, 24), torch.linspace(-1, 1, 24), indexing="ij")
    stripes, rings = (9 * x).sin(), (24 * (x.square() + y.square())).cos()
    points = torch.stack((x, y), dim=-1).reshape(-1, 2)
    picture = torch.stack((stripes, rings, stripes * rings), dim=-1).reshape(-1, 3) * 0.5 + 0.5

    def psnr(way: str) -> float:
        network = made(seed=1, width=[32], depth=3, activation=activation, initialisation=way)
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
        for _ in range(100):
            loss = (network(points) - picture).square().mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        return -10 * math.log10(loss.item())

    assert psnr("auto") > psnr("normal") + decibels


@pytest.mark.parametrize(
    ("way", "activation", "digest"),
    [
        ("auto", "sin", "cbe2e1a9e532b217fca6f8b3274d3207"),
        ("auto", "tanh", "19be5a6ebb28223066ad821bd62b3ffc"),
        ("kaiming", "relu", "e131012fa86e1fdf29f3b8fd28fa0758"),
        ("xavier", "tanh", "6cf26733af5f7ad0db16a65a7ed5a121"),
        ("normal", "identity", "a910177164ce98242808f5ee0ecbed3a"),
        ("auto", "finer", "343ea9683ec3cb50d724193ce2907362"),
        ("auto", "gabor", "859664350c56662f1abc9dd6937e244c"),
    ],
)
def test_a_seed_is_the_same_weights_for_ever(way: str, activation: str, digest: str) -> None:
    network = made(seed=7, width=[5, 4], activation=activation, initialisation=way)
    assert digest_of(network) == digest  # numpy's streams are frozen, so these are the same for good


def test_the_published_cape_starts_from_the_weights_that_it_was_published_with() -> None:
    network = made(seed=12, width=[128, 80, 80, 80, 80, 80], activation="gaussian", frequency=4.0)
    assert digest_of(network) == "43bbf8689c1ebddde18ddaf626595dd7"


def test_other_seeds_are_other_weights() -> None:
    one, same, other = (made(seed=seed, width=[5]).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[name], same[name]) for name in one)
    assert not any(torch.equal(one[name], other[name]) for name in one if name != "layers.4.bias")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("width: [8, 8], depth: 3", "found depth 3 with 2 widths, expected one number for both; leave depth out"),
        ("depth: 2, activation: [sin, relu, tanh]", "found 3 activations for 2 hidden layers, expected one for all"),
        ("width: [8, 8, 8], activation: [sin, relu]", "found 2 activations for 3 hidden layers"),
        ("depth: 0, activation: [sin, relu]", "found 2 activations for 0 hidden layers"),
        ("activation: []", "found 0 activations for 4 hidden layers"),
    ],
)
def test_what_does_not_fit_together_is_told_with_its_place(options: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "scene.yaml"
    path.write_text(f"seed: 1\nnetwork:\n  mlp: {{{options}}}\n")
    with pytest.raises(InputError) as caught:
        artengine.load(path)
    assert str(caught.value).startswith(f"{path}:3:3: network.mlp: {message}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("width: 0", "width: found 0, expected at least 1"),
        ("width: []", "width: found an empty list, expected a list of at least 1"),
        ("depth: -1", "depth: found -1, expected at least 0"),
        ("activation: mlp", "activation: found 'mlp', expected an activation; 'mlp' is a network"),
        ("initialisation: sirene", "initialisation: found the text 'sirene', expected one of auto, siren,"),
        ("frequency: 0", "frequency: found 0, expected more than 0"),
        ("colours: loud", "colours: found the text 'loud', expected one of stretch, unit, signed"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_built(options: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "scene.yaml"
    path.write_text(f"network: {{mlp: {{{options}}}}}\n")
    with pytest.raises(InputError, match=message):
        artengine.load(path)


def test_a_class_is_made_afresh_for_every_layer_and_its_parameters_learn_and_are_saved(learning_scene: Path) -> None:
    plugin = learning_scene.with_name("slope.py")
    plugin.write_text(SLOPE)
    changes = {"network.mlp.activation": {"slope": {"start": 0.75}}, "network.mlp.output": "slope"}
    given: dict[str, Any] = {"plugins": [str(plugin)], "overrides": changes}
    picture = artengine.build(artengine.load(learning_scene, **given), "cpu")
    assert isinstance(picture.network, Mlp)
    slopes = {name: value for name, value in picture.network.named_parameters() if name.endswith("slope")}
    assert [value.item() for value in slopes.values()] == [0.75, 0.75, 0.5]

    weights_path, image_path = artengine.run(learning_scene, out=learning_scene.parent / "out", device="cpu", **given)
    saved = load_file(weights_path)
    learnt = {float(saved[name]) for name in slopes}
    assert len(learnt) == 3
    assert not learnt & {0.75, 0.5}
    before = image_path.read_bytes()
    assert artengine.run(learning_scene, out=learning_scene.parent / "out", device="cpu", **given) == [image_path]
    assert image_path.read_bytes() == before
