"""The multilayer perceptron as a torch module."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import torch
from torch import Tensor, nn

from artengine import Activation, ColourRange, Ports

#: How much larger weights have to be for numbers to keep their spread through an activation: He et al. 2015 for relu,
#: torch.nn.init.calculate_gain for tanh. Gabor keeps it with any: with 1 networks learn a photo less well, and with 2
#: those of eight layers are noise that learns nothing.
GAINS = {"relu": math.sqrt(2), "tanh": 5 / 3, "gabor": math.sqrt(2)}
#: The frequency where a scene says none, 1 else: Sitzmann et al. 2020 for siren; measured on a photo for the others.
FREQUENCIES = {"siren": 30.0, "finer": 6.0, "gabor": 3.0, "gaussian": 8.0}
#: As far as the first biases of finer reach, which Liu et al. 2024 call k.
FINER_REACH = 3.0


class Mlp(nn.Module):
    """(N, inputs) to (N, outputs) through hidden layers of so many units each."""

    def __init__(
        self,
        ports: Ports,
        widths: list[int],
        activations: list[Activation],
        output: Activation,
        *,
        initialisation: str,
        frequency: float | None,
        colours: ColourRange,
    ) -> None:
        super().__init__()
        self.colours = colours
        self.activations = [*activations, output]
        self.learning = nn.ModuleList(one for one in self.activations if isinstance(one, nn.Module))
        self.layers = nn.ModuleList()
        random = ports.random()
        sizes = itertools.pairwise([ports.inputs, *widths, ports.outputs])
        for index, (inputs, outputs) in enumerate(sizes):
            name = _function_name(self.activations[index])
            scheme = initialisation if initialisation != "auto" else "siren" if name == "sin" else name
            weight, bias = _draw_layer(random, scheme, inputs, outputs, first=index == 0, frequency=frequency)
            layer = nn.Linear(inputs, outputs, device="meta")
            layer.weight = nn.Parameter(torch.from_numpy(weight).float())
            layer.bias = nn.Parameter(torch.from_numpy(bias).float())
            self.layers.append(layer)

    def forward(self, x: Tensor) -> Tensor:
        """Colours of coordinates."""
        for layer, activation in zip(self.layers, self.activations, strict=True):
            x = activation(layer(x))
        return x


def _function_name(activation: Activation) -> str:
    """What an activation is called where it was written."""
    while isinstance(activation, functools.partial):
        activation = activation.func
    return getattr(activation, "__name__", "")


def _draw_layer(
    random: np.random.RandomState, scheme: str, inputs: int, outputs: int, *, first: bool, frequency: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (outputs, inputs) and biases (outputs) of a layer.

    siren: Sitzmann et al. 2020, "Implicit neural representations with periodic activation functions", section 3.2, its
    omega multiplied into the first layer's weights, the phases even. finer: Liu et al. 2024, "FINER", first biases that
    reach beyond the slow waves near zero; the other layers with half of siren's variance, for the waves are steeper.
    xavier: Glorot and Bengio 2010, section 4.2. Else normal, kept in size by the gain of the activation. Where it is
    neither siren nor finer, the first layer's biases reach as far as its weights do, so that its units change course
    all over the plane. The other biases are zero but for siren.
    """
    shape = (outputs, inputs)
    size = frequency or FREQUENCIES.get(scheme, 1.0)
    if scheme == "siren":
        bound = size / inputs if first else math.sqrt(6 / inputs)
        return random.uniform(-bound, bound, shape), random.uniform(-math.pi, math.pi, outputs)
    if scheme == "finer":
        bound = size / inputs if first else math.sqrt(3 / inputs)
        weight = random.uniform(-bound, bound, shape)
        return weight, random.uniform(-FINER_REACH, FINER_REACH, outputs) if first else np.zeros(outputs)
    gain = GAINS.get("relu" if scheme == "kaiming" else scheme, 1.0)
    if scheme == "xavier":
        bound = math.sqrt(6 / (inputs + outputs))
        weight = random.uniform(-bound, bound, shape)
    else:
        weight = random.randn(*shape) * gain / math.sqrt(inputs)
    if not first:
        return weight, np.zeros(outputs)
    return weight * size, random.uniform(-1, 1, outputs) * gain * size
