"""The work that is measured: a picture, the weights of its network, and when two pictures of it are the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Image = np.ndarray[Any, Any]
Paint = Callable[[], Image]

SCENE = Path(__file__).with_name("mix.yaml")
NETWORKS = {"mix": ("log_abs", "sin", "tanh", "xlogx_abs", "abs"), "tanh": ("tanh",) * 5}
SHAPES = [(3, 100), *[(100, 100)] * 4, (100, 3)]  # of the network's matrices, inputs and outputs
FLOPS = sum(2 * inputs * outputs for inputs, outputs in SHAPES)  # a pixel; multiply and add are one each
EPS = 1e-8  # joins what a logarithm is taken of, and the range that colours are stretched by
WITHIN = 2 / 255  # how far a channel may be from the reference


@dataclass(frozen=True, kw_only=True)
class Job:
    """A picture to paint, a square.

    size: pixels of a side. bends: the nonlinearity of every layer; none where the seed draws them from the pool.
    """

    size: int
    bends: tuple[str, ...] = ()
    seed: int = 0

    @property
    def flops(self) -> int:
        """What its matrices cost."""
        return FLOPS * self.size**2


def weights(job: Job, dtype: Any = np.float32) -> list[Image]:
    """The painter's matrices; the columns of the last one are turned, for the painter's are blue, green, red."""
    random = np.random.RandomState(job.seed)
    drawn = [random.randn(*shape) for shape in SHAPES]
    drawn[-1] = drawn[-1][:, ::-1]
    return [np.ascontiguousarray(matrix, dtype) for matrix in drawn]


def slice_of(job: Job, points: int) -> int:
    """The most pixels of a slice, at most `points`, for slices that are all of one size."""
    return next(size for size in range(points, 0, -1) if job.size**2 % size == 0)


def share(image: Image, reference: Image) -> float:
    """The share of pixels whose channels are all within 2/255 of the reference's.

    Raises `ValueError` where it is no picture of the same shape in [0, 1].
    """
    if image.shape != reference.shape or not (image.min() >= 0 and image.max() <= 1):
        raise ValueError(f"a picture {image.shape} in {image.min()} to {image.max()}, expected {reference.shape}")
    return float((np.abs(image - reference) <= WITHIN).all(axis=-1).mean())
