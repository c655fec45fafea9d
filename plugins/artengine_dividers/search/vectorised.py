"""A board of tensors: for graphics cards, and for processors that nothing can be compiled for."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from artengine_dividers.network import Divider, Numbers, beyond
from artengine_dividers.search.board import Kind, bins, span
from artengine_dividers.search.target import Lesson

AT_ONCE = 1 << 23  # pixels times families, whose numbers are in memory together


class TensorBoard:
    """The same as `CompiledBoard`, all families of a part at a time."""

    def __init__(self, lesson: Lesson, device: torch.device) -> None:
        self._plane = lesson.points
        self._x, self._y = (torch.from_numpy(one).to(device) for one in self._plane)
        self._colours = torch.from_numpy(np.ascontiguousarray(lesson.image.reshape(-1, 3))).to(device, torch.float32)
        self._weight = torch.from_numpy(np.ascontiguousarray(lesson.weight.reshape(-1))).to(device, torch.float32)
        self._least = float(self._weight.min()) / 2
        self._reach = lesson.reach
        self._bins = bins(lesson)
        self._codes = torch.zeros(len(self._x), dtype=torch.int64, device=device)
        self._stale = True

    def scan(self, kind: Kind, families: Numbers) -> tuple[Numbers, Numbers]:
        """See `Board`."""
        self._label()
        spans = span(kind, families, self._reach, self._bins)
        size = max(1, AT_ONCE // len(self._x))
        cut = (torch.split(torch.from_numpy(part).to(self._x.device), size) for part in spans)
        parts = [self._best(kind, *some) for some in zip(*cut, strict=True)]
        gains, places = (torch.cat(part) for part in zip(*parts, strict=True))
        return gains.double().cpu().numpy(), places.double().cpu().numpy()

    def toggle(self, divider: Divider, key: int) -> None:
        """See `Board`."""
        there = torch.from_numpy(beyond(divider, *self._plane)).to(self._codes.device)
        self._codes[there] ^= key - (1 << 64) if key >> 63 else key
        self._stale = True

    @property
    def error(self) -> float:
        """See `Board`."""
        self._label()
        return float((self._residual.square().sum(dim=1, dtype=torch.float64) / self._weight).sum())

    @property
    def regions(self) -> int:
        """See `Board`."""
        self._label()
        return len(self._total)

    def _label(self) -> None:
        if not self._stale:
            return
        self._region = torch.unique(self._codes, return_inverse=True)[1]
        count = int(self._region.max()) + 1
        self._total = torch.zeros(count, device=self._x.device).index_add_(0, self._region, self._weight)
        weighed = self._colours * self._weight[:, None]
        sums = torch.zeros(count, 3, dtype=torch.float64, device=self._x.device)
        means = (sums.index_add_(0, self._region, weighed.double()) / self._total[:, None]).float()
        self._residual = (self._colours - means[self._region]) * self._weight[:, None]
        self._stale = False

    def _best(self, kind: Kind, heads: Tensor, low: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
        """The gain and the place of the best member of each family; see `compiled.scan` for the formula."""
        across, down = heads[:, :1], heads[:, 1:]
        if kind == "line":
            at = across * self._x + down * self._y
        else:
            at = ((self._x - across).square() + (self._y - down).square()).sqrt()
        index = ((at - low[:, None]) * scale[:, None]).long().clamp(0, self._bins - 1)
        order = (self._region * self._bins + index).argsort(dim=1)  # region by region, in each as the family sweeps it
        region = self._region[order]
        # residuals add up to nothing in a whole region, so that sums may run on over all of them
        sums = self._residual[order].double().cumsum(dim=1)
        total = self._total.double()
        before = total.cumsum(dim=0) - total
        m = self._weight[order].double().cumsum(dim=1) - before[region]
        rest = total[region] - m
        gain = sums.square().sum(dim=2) * total[region] / (m * rest).clamp_min(self._least**2)
        gain = torch.where(rest > self._least, gain, 0.0)
        earlier = torch.cat([torch.zeros_like(gain[:, :1]), gain[:, :-1]], dim=1)  # nothing, where a region has ended
        steps = torch.zeros(len(heads), self._bins, dtype=torch.float64, device=heads.device)
        steps.scatter_add_(1, index.gather(1, order), gain - earlier)
        best, where = steps.cumsum(dim=1).max(dim=1)
        return best, low + (where + 1) / scale
