"""A drawing of paths in layers on a sheet, as data: for any format of vectors."""

from __future__ import annotations

from dataclasses import dataclass

from artengine import LoadedScene, Target
from artengine_dividers.network import Numbers
from artengine_dividers.vectors.decimals import MM_PER_INCH
from artengine_dividers.vectors.geometry import Curves, Paths


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is drawn on: width and height in pixels, not rounded; unit: pixels to a millimetre, None without paper."""

    width: float
    height: float
    unit: float | None

    def pixels(self, length: float) -> float:
        """A length in pixels of one that is in millimetres on paper, and in pixels else."""
        return length * (self.unit or 1.0)


def sheet_of(size: tuple[int, int], target: Target | LoadedScene) -> Sheet:
    """The sheet of a target, whose paper is not a whole number of pixels wide; without paper, so many pixels."""
    if target.dpi is None or target.sheet is None:
        return Sheet(*size, None)
    unit = target.dpi / MM_PER_INCH
    return Sheet(target.sheet[0] * unit, target.sheet[1] * unit, unit)


@dataclass(frozen=True, slots=True)
class Layer:
    """What is drawn in one go.

    name: a word. label: what people read. paths: those of a label are one shape. colours: (K, 3) uint8, of each label.
    filled: or else only stroked. width: of the stroke, pixels, 0 for none; thin: of the screen, however far one zooms.
    """

    name: str
    label: str
    paths: Paths
    colours: Numbers
    filled: bool
    width: float
    thin: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """Layers, the lowest first, around the middle of a sheet; curves: those that the paths follow.

    window: width and height, pixels, of what is shown of them; None for all.
    """

    sheet: Sheet
    curves: Curves
    layers: tuple[Layer, ...]
    window: tuple[float, float] | None = None
