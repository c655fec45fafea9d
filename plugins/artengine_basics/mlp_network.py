"""The multilayer perceptron as a torch module."""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import torch
from torch import Tensor, nn

from artengine import Activation, Ports
from artengine.kinds import ColourRange

#: How much larger weights have to be for numbers to keep their spread through an activation: He et al. 2015 for relu,
#: torch.nn.init.calculate_gain for tanh.
GAINS = {"relu": math.sqrt(2), "tanh": 5 / 3}


class Mlp(nn.Module):
    """(N, inputs) to (N, outputs) through hidden layers of the widths given."""

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
            name = _name(self.activations[index])
            way = initialisation if initialisation != "auto" else "siren" if name == "sin" else name
            weight, bias = _drawn(random, way, inputs, outputs, first=index == 0, frequency=frequency)
            layer = nn.Linear(inputs, outputs, device="meta")
            layer.weight = nn.Parameter(torch.from_numpy(weight).float())
            layer.bias = nn.Parameter(torch.from_numpy(bias).float())
            self.layers.append(layer)

    def forward(self, x: Tensor) -> Tensor:
        """Colours of coordinates."""
        for layer, activation in zip(self.layers, self.activations, strict=True):
            x = activation(layer(x))
        return x


def _name(activation: Activation) -> str:
    """What an activation is called where it was written."""
    while isinstance(activation, functools.partial):
        activation = activation.func
    return getattr(activation, "__name__", "")


def _drawn(
    random: np.random.RandomState, way: str, inputs: int, outputs: int, *, first: bool, frequency: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (outputs, inputs) and biases (outputs) of a layer.

    siren: Sitzmann et al. 2020, "Implicit neural representations with periodic activation functions", section 3.2, its
    omega multiplied into the first layer's weights, the phases even. xavier: Glorot and Bengio 2010, section 4.2. Else
    normal, kept in size by the gain of the activation. Where it is not siren, the first layer's biases reach as far as
    its weights do, so that its units change course all over the plane; the other biases are zero.
    """
    shape = (outputs, inputs)
    if way == "siren":
        bound = (frequency or 30.0) / inputs if first else math.sqrt(6 / inputs)
        return random.uniform(-bound, bound, shape), random.uniform(-math.pi, math.pi, outputs)
    gain = GAINS.get("relu" if way == "kaiming" else way, 1.0)
    if way == "xavier":
        bound = math.sqrt(6 / (inputs + outputs))
        weight = random.uniform(-bound, bound, shape)
    else:
        weight = random.randn(*shape) * gain / math.sqrt(inputs)
    if not first:
        return weight, np.zeros(outputs)
    size = frequency or 1.0
    return weight * size, random.uniform(-1, 1, outputs) * gain * size
