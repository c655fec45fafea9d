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
        frequency: float,
        colours: ColourRange,
    ) -> None:
        super().__init__()
        self.colours = colours
        self.activations = [*activations, output]
        random = ports.random()
        sizes = [ports.inputs, *widths, ports.outputs]
        self.layers = nn.ModuleList()
        for index, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
            # the last layer feeds no sine, but its inputs come from one
            feeds = activations[min(index, len(activations) - 1)] if activations else output
            way = initialisation if initialisation != "auto" else "siren" if _is_sine(feeds) else "kaiming"
            layer = nn.Linear(inputs, outputs, device="meta")
            weight, bias = _drawn(random, way, inputs, outputs, first=index == 0, frequency=frequency)
            last = index == len(sizes) - 2
            if last and way == "siren":
                weight, bias = weight / frequency, bias / frequency  # the paper's last layer has no omega in it
            layer.weight = nn.Parameter(torch.from_numpy(weight).float())
            layer.bias = nn.Parameter(torch.from_numpy(bias).float())
            self.layers.append(layer)

    def forward(self, x: Tensor) -> Tensor:
        """Colours of coordinates."""
        for layer, activation in zip(self.layers, self.activations, strict=True):
            x = activation(layer(x))
        return x


def _is_sine(activation: Activation) -> bool:
    while isinstance(activation, functools.partial):
        activation = activation.func
    return getattr(activation, "__name__", "") == "sin"


def _drawn(
    random: np.random.RandomState, way: str, inputs: int, outputs: int, *, first: bool, frequency: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (outputs, inputs) and biases (outputs) of a layer.

    siren: Sitzmann et al. 2020, "Implicit neural representations with periodic activation functions", section 3.2, its
    omega multiplied into the weights. kaiming: He et al. 2015, biases as torch has them. xavier: Glorot and Bengio
    2010. normal: deviation 1 / sqrt(inputs), biases too.
    """
    shape = (outputs, inputs)
    if way == "siren":
        bound = frequency / inputs if first else math.sqrt(6 / inputs)
        return random.uniform(-bound, bound, shape), random.uniform(-1, 1, outputs) * math.sqrt(1 / inputs)
    if way == "kaiming":
        bound = math.sqrt(6 / inputs)
        return random.uniform(-bound, bound, shape), random.uniform(-1, 1, outputs) * math.sqrt(1 / inputs)
    if way == "xavier":
        bound = math.sqrt(6 / (inputs + outputs))
        return random.uniform(-bound, bound, shape), np.zeros(outputs)
    return random.randn(*shape) / math.sqrt(inputs), random.randn(outputs) / math.sqrt(inputs)
