"""A network of faces: from latents to images, back from images to latents, and an opinion of images."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from artengine_gan.networks.generator_module import Generator
from artengine_gan.networks.judge import Judge
from artengine_gan.networks.mapping import Mapping
from artengine_gan.networks.shape import Shape
from artengine_gan.networks.trunk import Trunk

CRITIC_HIDDEN = 64  # numbers between the critic's last image and its opinion


class LatentImages(nn.Module):
    """An `ImageNetwork` whose latents are drawn from a normal distribution, with all that its training needs.

    mapping, generator: from z, (N, D), to w and to images. encoder: from images to w. critic: an opinion of each image,
    (N, 1), higher for a photo than for what only looks like one. judge: names the factors of drawn faces, if asked for.
    """

    colours = "signed"

    def __init__(self, random: np.random.RandomState, shape: Shape, sheet: tuple[int, int]) -> None:
        super().__init__()
        size, width = shape.size, shape.width
        self.shape = shape
        self.sheet = sheet
        self.mapping = Mapping(random, shape.latent)
        self.generator = Generator(random, size, width, shape.latent)
        self.encoder = Trunk(random, size, width, shape.latent)
        self.critic = Trunk(random, size, width, 1, hidden=CRITIC_HIDDEN)
        self.judge = Judge(random, size) if shape.judge else None

    def check_inputs(self, inputs: int) -> None:
        """See that coordinates of so many numbers are latents: z, or a w for each layer, with detail perhaps.

        Raises `ValueError` where they are not.
        """
        latent, layers = self.shape.latent, self.shape.layers
        if inputs not in (latent, latent * layers, latent * layers + self.shape.values):
            expected = (
                f"{latent}, as its latents have, or {latent * layers}, for a latent of each of its {layers} layers"
            )
            raise ValueError(f"found coordinates of {inputs} numbers, expected {expected}")

    def images(self, latents: Tensor) -> Tensor:
        """Images (N, 3, size, size), nominally in [-1, 1], of z (N, D), or of a w for each layer (N, layers D).

        Behind the latter there may be the values of an image, which are added: what the generator lacks of a photo.
        """
        latent, each = self.shape.latent, self.shape.latent * self.shape.layers
        if latents.shape[1] == latent:
            drawn: Tensor = self.generator(self.mapping(latents))
            return drawn
        images: Tensor = self.generator(latents[:, :each].reshape(len(latents), -1, latent))
        return images + latents[:, each:].view_as(images) if latents.shape[1] > each else images

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """So many latents, (count, D), as the training draws them."""
        return torch.randn(count, self.shape.latent, generator=random)
