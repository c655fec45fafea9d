"""The names of the parts of a picture, in the order of their labels."""

from __future__ import annotations

PARTS = (
    "background",
    "shirt",
    "neck",
    "ears",
    "skin",
    "hair",
    "nose",
    "mouth",
    "eyes",
    "brows",
    "beard",
    "glasses",
    "hat",
    "earrings",
)
BACKGROUND, SHIRT, NECK, EARS, SKIN, HAIR, NOSE, MOUTH, EYES, BROWS, BEARD, GLASSES, HAT, EARRINGS = range(len(PARTS))
