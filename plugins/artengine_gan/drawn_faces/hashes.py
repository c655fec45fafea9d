"""Numbers that look random, from counters: the same for ever, in whatever order they are asked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_STEP = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio, the step of splitmix64


def _mixed(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele, Lea and Flood, 2014), on every word."""
    words = words + np.uint64(_STEP)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _of_text(text: str) -> int:
    """The FNV-1a hash of a text, 64 bits."""
    word = 0xCBF29CE484222325
    for byte in text.encode():
        word = (word ^ byte) * 0x100000001B3 % 2**64
    return word


def uniform(seed: int, numbers: npt.NDArray[np.int64], name: str) -> npt.NDArray[np.float64]:
    """A number in [0, 1) for each of `numbers` (N,), which depends on it, on the seed and on the name alone."""
    words = _mixed(np.array([seed % 2**64], np.uint64))
    words = _mixed(words ^ np.uint64(_of_text(name)))
    words = _mixed(words ^ numbers.astype(np.uint64))
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
