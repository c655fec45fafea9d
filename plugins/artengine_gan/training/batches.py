"""The photos of a training as batches: the same ones at a step, whenever and wherever the training gets to it."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from artengine import Dataset

HELD_OUT = 256  # photos that are not learnt, to see what the training makes of them; a twentieth of few photos
COMPARED = 64  # photos of which it is known how much they differ
PURPOSES = {"photos": 0, "latents": 1}  # what random numbers are drawn for


class Batches:
    """Batches of a set's photos, (N, 3, size, size) in [-1, 1], made while the step before is computed.

    held_out: some that no batch has, evenly spread over the set. variety: the deviation of a pixel over photos.
    Raises `ValueError` for sets of fewer than two photos.
    """

    def __init__(self, photos: Dataset, size: int, batch: int, seed: int, device: torch.device) -> None:
        photos.read([0], size)  # a folder is decoded for that, and knows then how many of its files are whole
        if len(photos) < 2:
            raise ValueError(f"found {len(photos)} photo to learn from, expected some hundreds, better thousands")
        self._photos = photos
        self._size = size
        self._batch = batch
        self._seed = seed
        self._device = device
        count = min(HELD_OUT, max(1, len(photos) // 20))
        kept_back = np.linspace(0, len(photos) - 1, count).astype(int)
        self.learnt = len(photos) - count  # photos that batches are of
        self._skipped = kept_back - np.arange(count)  # how many learnt ones stand before each that is kept back
        self.held_out = self._tensor(photos.read(kept_back.tolist(), size))
        some = np.unique(np.linspace(0, len(photos) - 1, COMPARED).astype(int))
        self.variety = float(self._tensor(photos.read(some.tolist(), size)).std(0).mean())
        self._pool = ThreadPoolExecutor(1)
        self._ahead: tuple[int, Future[np.ndarray]] | None = None

    def at(self, step: int) -> Tensor:
        """The batch of a step."""
        ahead, self._ahead = self._ahead, None
        pixels = ahead[1].result() if ahead and ahead[0] == step else self._read(step)
        self._ahead = step + 1, self._pool.submit(self._read, step + 1)
        return self._tensor(pixels)

    def random(self, step: int) -> torch.Generator:
        """Where the latents of a step come from."""
        return torch.Generator().manual_seed(self._number("latents", step))

    def numbers(self, step: int) -> np.ndarray:
        """The numbers in the set of the photos in the batch of a step."""
        places = np.random.RandomState(self._number("photos", step)).randint(0, self.learnt, self._batch)
        return places + np.searchsorted(self._skipped, places, side="right")

    def _read(self, step: int) -> np.ndarray:
        return self._photos.read(self.numbers(step).tolist(), self._size)

    def _number(self, purpose: str, step: int) -> int:
        return int(np.random.SeedSequence([self._seed, PURPOSES[purpose], step]).generate_state(1)[0])

    def _tensor(self, pixels: np.ndarray) -> Tensor:
        images = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2)
        return images.float().contiguous(memory_format=torch.channels_last) / 127.5 - 1
