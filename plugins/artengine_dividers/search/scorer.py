"""What one more divider gains: the photo at one resolution, its pixels labelled with the region that they are in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from artengine.training import TargetImage
from artengine_dividers.network import Divider, Numbers

Kind = Literal["line", "circle"]

BINS_PER_PIXEL = 64  # with fewer, lines that could separate every two pixels stop short of it


class SplitScorer(Protocol):
    """What the search asks of one resolution of a photo."""

    def score_splits(self, kind: Kind, families: Numbers) -> tuple[Numbers, Numbers]:
        """The best member of each family, (F,): how much the squared error falls with it, and its offset or radius.

        families: (F, 1), the angles of parallel lines, or (F, 2), the centres of concentric circles.
        """
        ...

    def flip_side(self, divider: Divider, key: int) -> None:
        """Add a divider, or remove it again; key: its own random number of 64 bits."""
        ...

    @property
    def error(self) -> float:
        """The squared error of the regions' means, summed over pixels, by their weights, and channels."""
        ...

    @property
    def regions(self) -> int:
        """How many regions have pixels."""
        ...


@dataclass(frozen=True, slots=True)
class FamilyBins:
    """How the members of F families are numbered: equally wide bins of offsets or radii, the same number for each.

    heads: (F, 2) float32, normals of lines or centres of circles. low: (F,) float32, where the first bin begins, plane
    units. scale: (F,) float32, bins per plane unit.
    """

    heads: Numbers
    low: Numbers
    scale: Numbers

    def __len__(self) -> int:
        return len(self.heads)

    def __getitem__(self, chosen: slice) -> FamilyBins:
        return FamilyBins(self.heads[chosen], self.low[chosen], self.scale[chosen])


def bin_count(target_image: TargetImage) -> int:
    """How many bins a family has: `BINS_PER_PIXEL` for every pixel of the photo's diagonal."""
    return math.ceil(BINS_PER_PIXEL * math.hypot(*target_image.shape))


def bin_families(kind: Kind, families: Numbers, reach: tuple[float, float], bins: int) -> FamilyBins:
    """The bins of families, over all offsets or radii whose member crosses the photo.

    families: as `SplitScorer.score_splits` takes them. reach: of the photo from the origin, along x and y.
    """
    if kind == "line":
        heads = np.concatenate([np.cos(families), np.sin(families)], axis=1)
        half = np.abs(heads) @ np.array(reach)
        low, high = -half, half
    else:
        heads = families
        outside = np.maximum(np.abs(heads) - reach, 0)
        low, high = np.hypot(*outside.T), np.hypot(*(np.abs(heads) + reach).T)
    scale = bins / np.maximum(high - low, 1e-6)
    return FamilyBins(heads.astype(np.float32), low.astype(np.float32), scale.astype(np.float32))
