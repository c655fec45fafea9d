"""The network of the face maths of 2016: a deep convolutional generator and its critic, as published."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import Tensor, nn

from artengine_gan.networks.shape import Shape

KERNEL = 5  # pixels a side of the filters
DEVIATION = 0.02  # of the weights at the start
START = 4  # pixels a side of the first layer
SLOPE = 0.2  # of leaky ReLU below zero


class Dcgan(nn.Module):
    """An `ImageNetwork` whose latents are drawn evenly from [-1, 1], and its critic.

    generator: from z, (N, D), to images. critic: an opinion of each image, (N, 1): the logarithm of the odds that it is
    a photo. While they are trained, both look at a whole batch at once; painted, at each image by itself.
    Source: Radford et al. 2015, "Unsupervised representation learning with deep convolutional generative adversarial
    networks", section 3; filters of 5 x 5 as in its first version in Tensorflow.
    """

    colours = "signed"

    def __init__(self, random: np.random.RandomState, shape: Shape, sheet: tuple[int, int]) -> None:
        super().__init__()
        size, width = shape.size, shape.width
        self.shape = shape
        self.sheet = sheet
        sides = [START * 2**step for step in range((size // START).bit_length() - 1)]
        widths = [width * size // (2 * side) for side in sides]
        self.generator = nn.Sequential(
            _linear(random, shape.latent, widths[0] * START**2),
            nn.Unflatten(1, (widths[0], START, START)),
            _batch_norm(random, widths[0]),
            nn.ReLU(),
        )
        for inputs, outputs in itertools.pairwise([*widths, 3]):
            self.generator.append(_enlarging(random, inputs, outputs))
            if outputs != 3:
                self.generator.extend([_batch_norm(random, outputs), nn.ReLU()])
        self.generator.append(nn.Tanh())
        self.critic = nn.Sequential()
        for inputs, outputs in itertools.pairwise([3, *reversed(widths)]):
            self.critic.append(_halving(random, inputs, outputs))
            if inputs != 3:
                self.critic.append(_batch_norm(random, outputs))
            self.critic.append(nn.LeakyReLU(SLOPE))
        self.critic.extend([nn.Flatten(), _linear(random, widths[0] * START**2, 1)])

    def images(self, latents: Tensor) -> Tensor:
        """Images (N, 3, size, size) in [-1, 1] of latents (N, D)."""
        images: Tensor = self.generator(latents)
        return images

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """So many latents, (count, D), as the training draws them."""
        return torch.rand(count, self.shape.latent, generator=random) * 2 - 1


def _normal(random: np.random.RandomState, shape: tuple[int, ...], mean: float = 0.0) -> nn.Parameter:
    return nn.Parameter(torch.from_numpy(mean + random.standard_normal(shape) * DEVIATION).float())


def _linear(random: np.random.RandomState, inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs, device="meta")
    layer.weight, layer.bias = _normal(random, (outputs, inputs)), nn.Parameter(torch.zeros(outputs))
    return layer


def _enlarging(random: np.random.RandomState, inputs: int, outputs: int) -> nn.ConvTranspose2d:
    layer = nn.ConvTranspose2d(inputs, outputs, KERNEL, 2, KERNEL // 2, output_padding=1, device="meta")
    layer.weight, layer.bias = _normal(random, (inputs, outputs, KERNEL, KERNEL)), nn.Parameter(torch.zeros(outputs))
    return layer


def _halving(random: np.random.RandomState, inputs: int, outputs: int) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, KERNEL, 2, KERNEL // 2, device="meta")
    layer.weight, layer.bias = _normal(random, (outputs, inputs, KERNEL, KERNEL)), nn.Parameter(torch.zeros(outputs))
    return layer


def _batch_norm(random: np.random.RandomState, channels: int) -> nn.BatchNorm2d:
    layer = nn.BatchNorm2d(channels)
    layer.weight = _normal(random, (channels,), mean=1.0)
    return layer
