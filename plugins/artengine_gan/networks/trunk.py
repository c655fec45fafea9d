"""From images to numbers: what critics, encoders and judges are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from artengine_gan.networks.generator_module import START, channels
from artengine_gan.networks.layers import GAIN, SLOPE, Halving, apply, convolution, linear


class Trunk(nn.Module):
    """Images (N, 3, size, size) to numbers (N, outputs), each image by itself.

    hidden: numbers between the last image and the outputs; none where it is 0.
    """

    def __init__(self, random: np.random.RandomState, size: int, width: int, outputs: int, hidden: int = 0) -> None:
        super().__init__()
        side = size // 2
        self.first = convolution(random, 12, channels(width, side))
        self.halvings = nn.ModuleList()
        while side > START:
            self.halvings.append(Halving(random, channels(width, side), channels(width, side // 2)))
            side //= 2
        numbers = channels(width, START) * START**2
        self.hidden = linear(random, numbers, hidden, gain=GAIN) if hidden else None
        self.last = linear(random, hidden or numbers, outputs)

    def layers(self, images: Tensor, dtype: torch.dtype = torch.float32) -> Iterator[Tensor]:
        """What each layer sees, (N, C, h, w), from half of the size to the smallest; dtype: its precision."""
        x = functional.pixel_unshuffle(images.to(dtype), 2).contiguous(memory_format=torch.channels_last)
        x = functional.leaky_relu(apply(self.first, x), SLOPE)
        yield x
        for halving in self.halvings:
            x = halving(x)
            yield x

    def features(self, images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """The numbers before the last layer: (N, hidden)."""
        *_, x = self.layers(images, dtype)
        x = x.float().flatten(1)
        return x if self.hidden is None else functional.leaky_relu(self.hidden(x), SLOPE)

    def forward(self, images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """The numbers, in float32."""
        numbers: Tensor = self.last(self.features(images, dtype))
        return numbers

    @torch.no_grad()
    def begin_with(self, other: Trunk) -> None:
        """Take the layers of another trunk for a start, all but the last ones."""
        self.first.load_state_dict(other.first.state_dict())
        self.halvings.load_state_dict(other.halvings.state_dict())
