"""What a chart shows: series of numbers, in panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Series:
    """A line: y over x, in any order; low and high: how far each y is uncertain, a band around it.

    What is no finite number is left out; of sequences of different lengths, so much as all have counts.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None


@dataclass(frozen=True)
class Panel:
    """Series over one pair of axes, named.

    log_x, log_y: logarithmic; what is not above zero is left out then. ticks, names: the labels at some values of x,
    where those are few or stand for something else; without names, the values themselves.
    """

    x_name: str
    y_name: str
    series: Sequence[Series]
    title: str = ""
    log_x: bool = False
    log_y: bool = False
    ticks: Sequence[float] | None = None
    names: Sequence[str] | None = None
