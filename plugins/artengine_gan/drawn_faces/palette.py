"""The colours of the faces: few of each kind, chosen to go together, as sRGB values in [0, 1]."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Colours = npt.NDArray[np.float64]

SKINS = {
    "porcelain": "fbe2d5",
    "ivory": "f6d0b8",
    "peach": "f0bd9a",
    "sand": "e2a67c",
    "honey": "cf9060",
    "caramel": "b6774a",
    "chestnut": "97603c",
    "umber": "7b4a30",
    "cocoa": "5f3826",
    "ebony": "47291d",
}
HAIRS = {
    "black": "24202a",
    "espresso": "40291f",
    "brown": "63402a",
    "auburn": "8c3f2b",
    "ginger": "cc6a30",
    "blond": "e3b866",
    "platinum": "efe0bd",
    "silver": "a7a8b2",
    "rose": "d9597f",
    "teal": "2b8088",
}
EYES = {"brown": "6b3d20", "hazel": "b07d2a", "green": "4c9a58", "blue": "3a8ad0", "grey": "8798ab"}
SHIRTS = {
    "navy": "2f4a73",
    "coral": "e7694f",
    "mustard": "e2a72e",
    "forest": "3d7a5c",
    "plum": "72477a",
    "cream": "f3e8d3",
    "charcoal": "3c404b",
    "sky": "6aa6cb",
}
HATS = {  # of who wears which shirt
    "navy": "d9563f",
    "coral": "2f4a73",
    "mustard": "355f6b",
    "forest": "e2a72e",
    "plum": "e9a0a0",
    "cream": "3d7a5c",
    "charcoal": "c9413f",
    "sky": "30405f",
}
BACKGROUNDS = {
    "cream": "f7e9d6",
    "mint": "dcebdf",
    "sky": "d8e5f1",
    "blush": "f6dbd5",
    "lilac": "e4dcf0",
    "butter": "f8edc0",
    "aqua": "d2eae9",
    "linen": "e9e2da",
}
DISCS = {
    "peach": "f4b798",
    "sage": "a5cbb0",
    "blue": "98bddc",
    "sun": "f3cb6c",
    "lavender": "c2aede",
    "coral": "ea978a",
    "sea": "84c1bd",
    "clay": "d6b597",
}
LIPSTICK = "c4203c"
TONGUE = "e0707a"
MOUTH = "5a1a22"
TOOTH = "fdf9f2"
EYEBALL = "fdfbf7"
INK = "2a2026"
GOLD = "f0b429"
GREY = "b9b8bd"


def colour(text: str) -> Colours:
    """The colour (3,) of six hexadecimal digits."""
    return np.array([int(text[i : i + 2], 16) / 255 for i in (0, 2, 4)])


def table(colours: Mapping[str, str]) -> Colours:
    """All colours (n, 3) of one kind."""
    return np.stack([colour(text) for text in colours.values()])


def mixed(one: Colours, other: Colours, amount: float | npt.NDArray[np.float64]) -> Colours:
    """Colours on the way from one to the other; an amount may be given for each face (N,)."""
    amount = np.asarray(amount)
    return one + (other - one) * (amount[:, None] if amount.ndim else amount)
