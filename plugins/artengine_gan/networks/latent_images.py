"""A network of faces: from latents to images, back from images to latents, and an opinion of images."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from artengine import Ports
from artengine_gan.networks.generator_module import Generator
from artengine_gan.networks.judge import Judge
from artengine_gan.networks.mapping import Mapping
from artengine_gan.networks.trunk import Trunk

CRITIC_HIDDEN = 64  # numbers between the critic's last image and its opinion


class LatentImages(nn.Module):
    """An `ImageNetwork` whose latents are drawn from a normal distribution, with all that its training needs.

    mapping, generator: from z, (N, D), to w and to images. encoder: from images to w. critic: an opinion of each image,
    (N, 1), higher for a photo than for what only looks like one. judge: names the factors of drawn faces, if asked for.
    """

    colours = "signed"

    def __init__(self, ports: Ports, size: int, width: int, sheet: tuple[int, int], *, judge: bool = False) -> None:
        super().__init__()
        random = ports.random()
        self.size = size
        self.sheet = sheet
        self.latent = ports.inputs
        self.mapping = Mapping(random, ports.inputs)
        self.generator = Generator(random, size, width, ports.inputs)
        self.encoder = Trunk(random, size, width, ports.inputs)
        self.critic = Trunk(random, size, width, 1, hidden=CRITIC_HIDDEN)
        self.judge = Judge(random, size) if judge else None

    def images(self, latents: Tensor) -> Tensor:
        """Images (N, 3, size, size), nominally in [-1, 1], of latents (N, D)."""
        images: Tensor = self.generator(self.mapping(latents))
        return images

    def draw(self, count: int, random: torch.Generator) -> Tensor:
        """So many latents, (count, D), as the training draws them."""
        return torch.randn(count, self.latent, generator=random)
