"""Datasets: drawn faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from artengine_gan.drawn_faces import Faces


class DrawnFaces:
    """Cartoon faces, each drawn from thirty random factors as it is asked for.

    count: how many faces there are; fewer of them are learnt by heart. seed: another seed, other faces.
    """

    def __init__(
        self,
        *,
        count: Annotated[int, Field(ge=1, le=10_000_000)] = 20_000,
        seed: Annotated[int, Field(ge=0, lt=2**32)] = 0,
    ) -> None:
        self._count = count
        self._seed = seed

    @property
    def description(self) -> str:
        """Nothing: they are always all there."""
        return ""

    def __len__(self) -> int:
        return self._count

    def read(self, numbers: Sequence[int], size: int, /) -> npt.NDArray[np.uint8]:
        """The faces of these numbers, (N, size, size, 3)."""
        from artengine_gan.drawn_faces import render

        return render(self.factors(numbers), size)

    def factors(self, numbers: Sequence[int] | npt.NDArray[np.int64]) -> Faces:
        """What the faces of these numbers are made of."""
        from artengine_gan.drawn_faces import draw

        if beyond := [number for number in numbers if not 0 <= number < self._count]:
            raise IndexError(f"found face {beyond[0]}, expected numbers from 0 to {self._count - 1}")
        return draw(self._seed, numbers)
