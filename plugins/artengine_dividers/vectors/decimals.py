"""Numbers as vector files have them."""

from __future__ import annotations

import numpy as np

from artengine_dividers.network import Numbers

PARTS_PER_PIXEL = 1000  # no printer shows smaller ones
MM_PER_INCH = 25.4


def to_thousandths(values: Numbers) -> Numbers:
    """Numbers to the nearest thousandth, as counts of them."""
    thousandths: Numbers = np.rint(values * PARTS_PER_PIXEL).astype(np.int64)
    return thousandths


def format_thousandths(thousandths: Numbers) -> list[str]:
    """Thousandths as decimals, as short as may be."""
    words = map(repr, (thousandths / PARTS_PER_PIXEL).tolist())
    return [word[:-2] if word.endswith(".0") else word for word in words]


def format_number(value: float) -> str:
    """A number to seven digits."""
    return f"{value:.7g}"
