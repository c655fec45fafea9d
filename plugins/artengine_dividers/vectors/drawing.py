"""A drawing of paths in layers, as data: for any format of vectors."""

from __future__ import annotations

from dataclasses import dataclass

from artengine_dividers.network import Numbers
from artengine_dividers.vectors.geometry import Curves, Paths


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
    """Layers, the lowest first; width, height: pixels; curves: those that the paths follow."""

    width: int
    height: int
    curves: Curves
    layers: tuple[Layer, ...]
