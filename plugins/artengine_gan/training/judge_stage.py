"""The last stage: a judge learns to name the factors of drawn faces, whatever has happened to their pictures."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from artengine import Session
from artengine_gan.datasets import DrawnFaces
from artengine_gan.networks import Judge, LatentImages, judging_error
from artengine_gan.training.batches import Batches
from artengine_gan.training.learner import Learner

RATE = 2e-3
BETAS = (0.9, 0.99)
BLURRED, NOISY = 0.35, 0.5  # parts of the pictures
SOFTEST, NOISIEST = 1.9, 0.15  # deviations of the blur, in pixels of 64, and of the noise
REACH = 4  # pixels on each side that a blur looks at


class JudgeStage(Learner):
    """The judge learns faces that are drawn, blurred and covered with noise, so that no haze passes for glasses."""

    def __init__(
        self, session: Session, batches: Batches, faces: DrawnFaces, *, steps: int, before: int, dtype: torch.dtype
    ) -> None:
        super().__init__(session, batches, steps=steps, before=before, dtype=dtype)
        network = session.network
        assert isinstance(network, LatentImages)  # noqa: S101 - the trainer has looked
        assert isinstance(network.judge, Judge)  # noqa: S101 - as above
        self._judge = network.judge
        self._faces = faces
        self.optimisers = {"judge": (torch.optim.Adam(self._judge.parameters(), betas=BETAS, fused=True), RATE)}

    def begin(self) -> None:
        """Nothing is needed."""

    def end(self) -> None:
        """Nothing is left to do."""

    def take_step(self, photos: Tensor, random: torch.Generator) -> float:
        """Bring the judge's words nearer to what the faces are."""
        faces = self._faces.factors(self.batches.numbers(self.before + self.done))
        loss = judging_error(self._judge(spoilt(photos, random), self.dtype), faces)
        self.follow("judge", loss)
        return float(loss.detach())


def spoilt(images: Tensor, random: torch.Generator) -> Tensor:
    """Images, (N, C, h, w), some of them blurred, some with noise on them: drawn at random."""
    count, channels, _, width = images.shape
    softness = torch.rand((), generator=random).item() * SOFTEST * width / 64 + 1e-3
    offsets = torch.arange(-REACH, REACH + 1, dtype=torch.float32, device=images.device)
    weights = torch.exp(-(offsets**2) / (2 * softness**2))
    weights = (weights / weights.sum()).expand(channels, 1, 1, -1)
    padded = functional.pad(images, (REACH,) * 4, mode="replicate")
    soft = functional.conv2d(padded, weights, groups=channels)
    soft = functional.conv2d(soft, weights.transpose(2, 3), groups=channels)
    chances = torch.rand(3, count, 1, 1, 1, generator=random).to(images.device)
    spoilt = torch.where(chances[0] < BLURRED, soft, images)
    noise = torch.randn(images.shape, generator=random).to(images.device)
    return spoilt + torch.where(chances[1] < NOISY, chances[2] * NOISIEST, 0.0) * noise
