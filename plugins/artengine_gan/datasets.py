"""Datasets: drawn faces."""

from __future__ import annotations

import functools
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

    @property
    def label_names(self) -> Sequence[str]:
        """The factors that are amounts, those that are there or not, and every value of those that have several."""
        return list(_labels())

    def label(self, name: str, numbers: Sequence[int], /) -> npt.NDArray[np.float64]:
        """How much of a factor these faces have, 0 to 1."""
        import numpy as np

        from artengine_gan.drawn_faces import FACTORS, Choice

        factor_name, wanted = _labels()[name]
        values, factor = self.factors(numbers).values[factor_name], FACTORS[factor_name]
        if isinstance(factor, Choice):
            return (values >= 1 if wanted is None else values == wanted).astype(np.float64)
        return (values.astype(np.float64) - factor.low) / (factor.high - factor.low)


@functools.cache
def _labels() -> dict[str, tuple[str, int | None]]:
    """The factor of each label; of a name among several its number, None for any but the first."""
    from artengine_gan.drawn_faces import FACTORS, Choice

    labels: dict[str, tuple[str, int | None]] = {}
    for name, factor in FACTORS.items():
        if not isinstance(factor, Choice) or factor.names[0] == "none":
            labels[name] = name, None
        if isinstance(factor, Choice) and factor.names != ("none", factor.names[-1]):
            labels |= {f"{name}_{word.replace(' ', '_')}": (name, number) for number, word in enumerate(factor.names)}
    return labels
