"""The layers that generators, critics and encoders are made of; none of them looks from one image to another."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.2  # of leaky ReLU below zero
GAIN = math.sqrt(2 / (1 + SLOPE**2))  # that keeps the size of what goes through it: He et al. 2015, section 2.2


class ModulatedConvolution(nn.Module):
    """A convolution whose filters each latent scales in its own way: (N, C, h, w) and (N, D) to (N, outputs, h, w).

    demodulated: filters are brought back to the size that they had, as suits all layers but those that give colours.
    The scales go into what comes in and what goes out, so that all images of a batch share one convolution.
    Source: Karras et al. 2020, "Analyzing and improving the image quality of StyleGAN", section 2.2.
    """

    def __init__(
        self, random: np.random.RandomState, inputs: int, outputs: int, latent: int, *, side: int = 3, gain: float = 1.0
    ) -> None:
        super().__init__()
        self.weight = normal(random, (outputs, inputs, side, side), gain / math.sqrt(inputs * side**2))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = linear(random, latent, inputs, gain=0.5)
        with torch.no_grad():
            self.scale.bias.fill_(1.0)

    def forward(self, x: Tensor, latent: Tensor, *, demodulated: bool) -> Tensor:
        """What the filters find, in the precision of x."""
        scale = self.scale(latent)
        found = functional.conv2d(
            x * scale[:, :, None, None].to(x.dtype), self.weight.to(x.dtype), padding=self.weight.shape[-1] // 2
        )
        bias = self.bias[:, None, None].to(x.dtype)
        if not demodulated:
            return found + bias
        sizes = scale.square() @ self.weight.square().sum((2, 3)).T
        return torch.addcmul(bias, found, (GAIN * (sizes + 1e-8).rsqrt())[:, :, None, None].to(x.dtype))


class Halving(nn.Module):
    """Two convolutions that halve images, and a way past them: (N, inputs, h, w) to (N, outputs, h / 2, w / 2)."""

    def __init__(self, random: np.random.RandomState, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = convolution(random, inputs, inputs)
        self.second = convolution(random, inputs, outputs)
        self.past = normal(random, (outputs, inputs, 1, 1), 1 / math.sqrt(inputs))

    def forward(self, x: Tensor) -> Tensor:
        """The smaller image."""
        y = functional.leaky_relu(apply(self.first, x), SLOPE)
        y = functional.leaky_relu(apply(self.second, y, stride=2), SLOPE)
        past = functional.conv2d(functional.avg_pool2d(x, 2), self.past.to(x.dtype))
        return (y + past) * math.sqrt(0.5)


def apply(layer: nn.Conv2d, x: Tensor, stride: int = 1) -> Tensor:
    """A 3 x 3 convolution in the precision of x."""
    assert layer.bias is not None  # noqa: S101 - all of ours have one
    return functional.conv2d(x, layer.weight.to(x.dtype), layer.bias.to(x.dtype), stride, padding=1)


def normal(random: np.random.RandomState, shape: tuple[int, ...], deviation: float) -> nn.Parameter:
    """Weights drawn from a normal distribution around zero."""
    return nn.Parameter(torch.from_numpy(random.standard_normal(shape) * deviation).float())


def convolution(random: np.random.RandomState, inputs: int, outputs: int, side: int = 3) -> nn.Conv2d:
    """A convolution followed by leaky ReLU, its biases zero."""
    layer = nn.Conv2d(inputs, outputs, side, padding=side // 2, device="meta")
    layer.weight = normal(random, (outputs, inputs, side, side), GAIN / math.sqrt(inputs * side**2))
    layer.bias = nn.Parameter(torch.zeros(outputs))
    return layer


def linear(random: np.random.RandomState, inputs: int, outputs: int, *, gain: float = 1.0) -> nn.Linear:
    """A linear layer, its biases zero."""
    layer = nn.Linear(inputs, outputs, device="meta")
    layer.weight = normal(random, (outputs, inputs), gain / math.sqrt(inputs))
    layer.bias = nn.Parameter(torch.zeros(outputs))
    return layer
