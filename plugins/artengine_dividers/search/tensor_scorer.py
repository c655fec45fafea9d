"""Scoring splits with tensors: on GPUs, and on CPUs that numba does not compile for."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from artengine.training import TargetImage
from artengine_dividers.network import Divider, Numbers, is_beyond
from artengine_dividers.search.scorer import Kind, bin_count, bin_families

MAX_ELEMENTS = 1 << 23  # pixels times families in memory at a time


class TensorScorer:
    """A `SplitScorer` for any torch device; many families at a time."""

    def __init__(self, target_image: TargetImage, device: torch.device) -> None:
        self._plane = target_image.points
        self._x, self._y = (torch.from_numpy(one).to(device) for one in self._plane)
        self._colours = torch.from_numpy(np.ascontiguousarray(target_image.image.reshape(-1, 3))).to(
            device, torch.float32
        )
        self._weight = torch.from_numpy(np.ascontiguousarray(target_image.weights.reshape(-1))).to(
            device, torch.float32
        )
        self._min_weight = float(self._weight.min()) / 2
        self._reach = target_image.reach
        self._bins = bin_count(target_image)
        self._codes = torch.zeros(len(self._x), dtype=torch.int64, device=device)
        self._stale = True

    def score_splits(self, kind: Kind, families: Numbers) -> tuple[Numbers, Numbers]:
        """See `SplitScorer`."""
        self._label()
        bins = bin_families(kind, families, self._reach, self._bins)
        size = max(1, MAX_ELEMENTS // len(self._x))
        columns = (torch.from_numpy(one).to(self._x.device) for one in (bins.heads, bins.low, bins.scale))
        batches = zip(*(torch.split(column, size) for column in columns), strict=True)
        parts = [self._score(kind, *batch) for batch in batches]
        gains, places = (torch.cat(part) for part in zip(*parts, strict=True))
        return gains.double().cpu().numpy(), places.double().cpu().numpy()

    def flip_side(self, divider: Divider, key: int) -> None:
        """See `SplitScorer`."""
        beyond = torch.from_numpy(is_beyond(divider, *self._plane)).to(self._codes.device)
        self._codes[beyond] ^= key - (1 << 64) if key >> 63 else key
        self._stale = True

    @property
    def error(self) -> float:
        """See `SplitScorer`."""
        self._label()
        return float((self._residual.square().sum(dim=1, dtype=torch.float64) / self._weight).sum())

    @property
    def regions(self) -> int:
        """See `SplitScorer`."""
        self._label()
        return len(self._total)

    def _label(self) -> None:
        if not self._stale:
            return
        self._region = torch.unique(self._codes, return_inverse=True)[1]
        count = int(self._region.max()) + 1
        self._total = torch.zeros(count, device=self._x.device).index_add_(0, self._region, self._weight)
        weighted = self._colours * self._weight[:, None]
        sums = torch.zeros(count, 3, dtype=torch.float64, device=self._x.device)
        means = (sums.index_add_(0, self._region, weighted.double()) / self._total[:, None]).float()
        self._residual = (self._colours - means[self._region]) * self._weight[:, None]
        self._stale = False

    def _score(self, kind: Kind, heads: Tensor, low: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
        """The gain and the place of the best member of each family; see `kernels.score_splits` for the formula."""
        across, down = heads[:, :1], heads[:, 1:]
        if kind == "line":
            at = across * self._x + down * self._y
        else:
            at = ((self._x - across).square() + (self._y - down).square()).sqrt()
        index = ((at - low[:, None]) * scale[:, None]).long().clamp(0, self._bins - 1)
        order = (self._region * self._bins + index).argsort(dim=1)  # region by region, in each as the family sweeps it
        region = self._region[order]
        # a region's residuals add up to zero, so that the running sums need not begin anew with each region
        sums = self._residual[order].double().cumsum(dim=1)
        total = self._total.double()
        before = total.cumsum(dim=0) - total
        m = self._weight[order].double().cumsum(dim=1) - before[region]
        rest = total[region] - m
        gain = sums.square().sum(dim=2) * total[region] / (m * rest).clamp_min(self._min_weight**2)
        gain = torch.where(rest > self._min_weight, gain, 0.0)
        earlier = torch.cat([torch.zeros_like(gain[:, :1]), gain[:, :-1]], dim=1)  # 0 where a region ends
        steps = torch.zeros(len(heads), self._bins, dtype=torch.float64, device=heads.device)
        steps.scatter_add_(1, index.gather(1, order), gain - earlier)
        best, best_bin = steps.cumsum(dim=1).max(dim=1)
        return best, low + (best_bin + 1) / scale
