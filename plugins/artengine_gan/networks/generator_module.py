"""From latents to images: a generator whose every layer is told the latent."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from artengine_gan.networks.layers import SLOPE, ModulatedConvolution, normal

START = 4  # pixels a side of the first layers
SHARES = {4: 3.0, 8: 2.0, 16: 1.5, 32: 1.0, 64: 0.5}  # channels of layers of so many pixels a side, over the width


def channels(width: int, side: int) -> int:
    """How many channels layers of so many pixels a side have."""
    return round(width * SHARES[side])


class Generator(nn.Module):
    """From w, (N, D), or a w for each layer, (N, layers, D), to images (N, 3, size, size), nominally in [-1, 1].

    Layers work at half of the size and below; the last one gives four pixels' colours at each of its places.
    Source: after Karras et al. 2020 (see `ModulatedConvolution`), without noise and with a single addition of colours.
    """

    def __init__(self, random: np.random.RandomState, size: int, width: int, latent: int) -> None:
        super().__init__()
        self.start = normal(random, (1, channels(width, START), START, START), 1.0)
        self.convolutions = nn.ModuleList()
        inputs, side = channels(width, START), START
        while side < size:
            outputs = channels(width, side)
            if side > START:
                self.convolutions.append(ModulatedConvolution(random, inputs, outputs, latent))
            self.convolutions.append(ModulatedConvolution(random, outputs, outputs, latent))
            inputs, side = outputs, 2 * side
        self.colours = ModulatedConvolution(random, inputs, 3, latent, side=1)
        self.details = ModulatedConvolution(random, inputs, 12, latent, gain=0.3)
        self.layers = len(self.convolutions) + 1

    def forward(self, w: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Images, in float32; dtype: the precision of what is between."""
        each = self.for_each_layer(w)
        x = self.start.expand(len(w), -1, -1, -1).to(dtype, memory_format=torch.channels_last)
        for layer, convolution in enumerate(self.convolutions):
            if layer % 2:
                x = functional.interpolate(x, scale_factor=2, mode="nearest")
            x = functional.leaky_relu(convolution(x, each[:, layer], demodulated=True), SLOPE)
        colours = self.colours(x, each[:, -1], demodulated=False)
        colours = functional.interpolate(colours, scale_factor=2, mode="bilinear", align_corners=False)
        details = smoothed(functional.pixel_shuffle(self.details(x, each[:, -1], demodulated=False), 2))
        return (colours + details).float()

    def for_each_layer(self, w: Tensor) -> Tensor:
        """A w for each layer, (N, layers, D), where there may be one for all of them, (N, D)."""
        return w if w.ndim == 3 else w[:, None].expand(-1, self.layers, -1)


def smoothed(images: Tensor) -> Tensor:
    """Images without the chequers of single pixels, which four values at each place of a layer easily make."""
    padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    across = (padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]) / 4
    return (across[..., :-2, :] + 2 * across[..., 1:-1, :] + across[..., 2:, :]) / 4
