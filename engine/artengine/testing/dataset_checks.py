"""The checks of datasets: pictures of the size that was asked for, each the same whichever others are read with it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from artengine.components import ConfiguredComponent, with_article
from artengine.kinds import Dataset
from artengine.testing.checks import Bench, Checks, expect

SIZES = (16, 33)
MAX_READ = 5  # pictures, from both ends


def _gives_pictures(bound: ConfiguredComponent, bench: Bench) -> None:
    dataset: Dataset = bound.make()
    expect(len(dataset) > 0, "has no pictures")
    text = dataset.description
    expect(isinstance(text, str), f"describes itself with {with_article(type(text).__name__)}, expected a text")
    for size in SIZES:
        for numbers in (_numbers(dataset), []):
            pictures = dataset.read(numbers, size)
            shape = (len(numbers), size, size, 3)
            good = isinstance(pictures, np.ndarray) and pictures.dtype == np.uint8 and pictures.shape == shape
            found = f"{getattr(pictures, 'dtype', type(pictures).__name__)} {getattr(pictures, 'shape', '')}".strip()
            expect(good, f"gave {found}, expected uint8 {shape}")


def _same_in_any_company(bound: ConfiguredComponent, bench: Bench) -> None:
    dataset: Dataset = bound.make()
    numbers = _numbers(dataset)
    if not numbers:  # which is another promise
        return
    for size in SIZES:
        together = _read(dataset, numbers, size)
        alone = np.concatenate([_read(dataset, [number], size) for number in numbers])
        expect(np.array_equal(alone, together), "a picture alone comes out differently than among others")
        twice = _read(dataset, [*reversed(numbers), *numbers], size)
        expected = np.concatenate([together[::-1], together])
        expect(np.array_equal(twice, expected), "in another order, or twice, pictures are others")
        anew = _read(bound.make(), numbers, size)
        expect(np.array_equal(anew, together), "made anew, it has other pictures")


def _read(dataset: Dataset, numbers: list[int], size: int) -> npt.NDArray[np.uint8]:
    return np.asarray(dataset.read(numbers, size)).copy()  # whatever it is, and none that changes later


def _numbers(dataset: Dataset) -> list[int]:
    """The numbers of a few pictures, the first and the last among them."""
    return sorted({round(at) for at in np.linspace(0, len(dataset) - 1, MAX_READ) if at >= 0})


DATASET_CHECKS: Checks = {
    "gives pictures": _gives_pictures,
    "a picture is the same in any company": _same_in_any_company,
}
