"""Numbers as vector files have them."""

from __future__ import annotations

from typing import Any

import numpy as np

THOUSAND = 1000  # parts of a pixel: on no printer are they seen


def parts(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Numbers to the nearest thousandth, counted in them."""
    thousandths: np.ndarray[Any, Any] = np.rint(values * THOUSAND).astype(np.int64)
    return thousandths


def texts(thousandths: np.ndarray[Any, Any]) -> list[str]:
    """Thousandths as decimals, as short as may be."""
    words = map(repr, (thousandths / THOUSAND).tolist())
    return [word[:-2] if word.endswith(".0") else word for word in words]


def short(value: float) -> str:
    """A number to seven digits."""
    return f"{value:.7g}"
