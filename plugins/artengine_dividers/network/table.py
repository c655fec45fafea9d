"""The colours of single regions, found by the sides of all dividers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

GROUP = 16  # sides to a number: a product with powers of two is exact up to 24 in float32
NEAR = 1 << 24  # comparisons of regions at a time
MOST = 1 << 20  # regions that are remembered


class Table(nn.Module):
    """A colour for each region that is known; others have that of the known one with the fewest dividers between.

    codes: (R, ceil(D / 8)) uint8, a bit for each divider, 1 beyond it. colours: (R, C).
    """

    codes: Tensor
    colours: Tensor

    def __init__(self, dividers: int, channels: int) -> None:
        super().__init__()
        self._dividers = dividers
        self.register_buffer("codes", torch.empty(0, -(-dividers // 8), dtype=torch.uint8))
        self.register_buffer("colours", torch.empty(0, channels))
        self._known: _Known | None = None

    def __len__(self) -> int:
        return len(self.codes)

    def fill(self, beyond: Tensor, colours: Tensor) -> None:
        """Take regions by the sides of all dividers, (R, D) bools, with their colours, (R, C)."""
        self.codes = packed(beyond).to(self.codes.device)
        self.colours = colours.to(self.colours)
        self._known = None

    def clear(self) -> None:
        """Forget all regions."""
        self.fill(torch.empty(0, self._dividers, dtype=torch.bool), self.colours[:0])

    def forward(self, sides: Tensor) -> Tensor:
        """Colours of points by the sides they are on, (N, D), above zero beyond a divider."""
        if self._known is None or self._known.device != sides.device:
            self._known = _Known(self.codes.to(sides.device), self._dividers)
        return self.colours[self._known.places(sides > 0)].to(sides.dtype)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Take as many regions as the file has."""
        codes, colours = state_dict.get(prefix + "codes"), state_dict.get(prefix + "colours")
        if codes is not None and colours is not None and len(codes) == len(colours):
            self.codes = self.codes.new_empty(len(codes), *self.codes.shape[1:])
            self.colours = self.colours.new_empty(len(colours), *self.colours.shape[1:])
        self._known = None
        super()._load_from_state_dict(state_dict, prefix, *rest)


class _Known:
    """Regions that are known, to be found by the sides of all dividers; codes: see `Table`."""

    def __init__(self, codes: Tensor, dividers: int) -> None:
        self.device = codes.device
        self._codes = codes
        self._dividers = dividers
        self._steps = torch.tensor([_step(number) for number in range(dividers)], dtype=torch.int64).to(self.device)
        keys, order = torch.cat([_mixed(_summed(beyond)) for beyond in self._parts()]).sort()
        self._known = keys, order
        self._remembered = self._known  # with those that were looked for before

    def _parts(self) -> Iterator[Tensor]:
        """The sides of the regions, (R, D) bools, some at a time: all of them may be too many."""
        for codes in torch.split(self._codes, max(1, NEAR // max(self._dividers, 1))):
            yield unpacked(codes, self._dividers)

    def places(self, beyond: Tensor) -> Tensor:
        """For points, (N, D) bools, the region that each is in, or the one that differs in the fewest sides, (N,)."""
        sums = _summed(beyond)
        found, known = _looked_up(sums, self._remembered)
        strange = (~known).nonzero()[:, 0]
        if len(strange):
            which, first = _firsts(sums[strange])
            nearest = self._nearest(beyond[strange[first]], sums[strange[first]])
            found[strange] = nearest[which]
            self._remember(sums[strange[first]], nearest)
        return found

    def _remember(self, sums: Tensor, places: Tensor) -> None:
        """Know these from now on, as long as there is room: the next frame, or sample of a pixel, has most of them."""
        keys, order = self._remembered
        if len(keys) < MOST:
            more, new = torch.cat([keys, _mixed(sums)]).sort()
            self._remembered = more, torch.cat([order, places])[new]

    def _nearest(self, beyond: Tensor, sums: Tensor) -> Tensor:
        """The first of the regions that differ in the fewest sides, (N,)."""
        rows = max(1, NEAR // max(beyond.shape[1], 1))
        near, missing = [], len(self._codes)
        for some, total in zip(torch.split(beyond, rows), torch.split(sums, rows), strict=True):
            # most lie just across one divider: quicker than to compare them with all
            across = total[:, None] + torch.where(some, -self._steps, self._steps)
            found, known = _looked_up(across, self._known)
            near.append(torch.where(known, found, missing).amin(dim=1))
        nearest = torch.cat(near)
        far = (nearest == missing).nonzero()[:, 0]
        if len(far):
            nearest[far] = self._compared(beyond[far])
        return nearest

    def _compared(self, beyond: Tensor) -> Tensor:
        """The same by a look at every region."""
        signs = beyond.float() * 2 - 1
        best = torch.full((len(signs),), -math.inf, device=signs.device)
        nearest = torch.zeros(len(signs), dtype=torch.int64, device=signs.device)
        start = 0
        for known in self._parts():
            agreed, place = (signs @ (known.float() * 2 - 1).T).max(dim=1)
            closer = agreed > best
            best, nearest = torch.where(closer, agreed, best), torch.where(closer, place + start, nearest)
            start += len(known)
        return nearest


def _looked_up(sums: Tensor, among: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """The regions with these sums, and whether there are such; among: what they are found by, sorted, and places."""
    keys, order = among
    wanted = _mixed(sums)
    at = torch.searchsorted(keys, wanted).clamp_max(len(keys) - 1)
    return order[at], keys[at] == wanted


def _summed(beyond: Tensor) -> Tensor:
    """A whole number for the sides of all dividers, (N,): equal for equal ones, and next to never else.

    Each divider adds its own step to it.
    """
    total = torch.zeros(len(beyond), dtype=torch.int64, device=beyond.device)
    for number, group in enumerate(torch.split(beyond.float(), GROUP, dim=1)):
        powers = 2.0 ** torch.arange(group.shape[1], device=beyond.device)
        total += (group @ powers).long() * _mixer(number)
    return total


def _step(number: int) -> int:
    """What a divider adds to a sum, as a whole number of 64 bits with a sign."""
    step = _mixer(number // GROUP) * 2 ** (number % GROUP)
    return int((step + (1 << 63)) % (1 << 64) - (1 << 63))


def _mixed(sums: Tensor) -> Tensor:
    return sums ^ (sums >> 31)


def packed(beyond: Tensor) -> Tensor:
    """Bools, (R, D), as bytes, (R, ceil(D / 8)); the first is the lowest bit."""
    rows, count = beyond.shape
    width = -(-count // 8)
    padded = torch.zeros(rows, width * 8, dtype=torch.uint8)
    padded[:, :count] = beyond.cpu()
    powers = 2 ** torch.arange(8, dtype=torch.uint8)
    return (padded.view(rows, width, 8) * powers).sum(dim=2, dtype=torch.uint8)


def unpacked(codes: Tensor, count: int) -> Tensor:
    """The bools that `packed` was given."""
    bits = (codes[:, :, None] >> torch.arange(8, dtype=torch.uint8, device=codes.device)) & 1
    return bits.flatten(1)[:, :count].bool()


def _mixer(number: int) -> int:
    """A large odd number for each group of sides (the increment of splitmix64, and what it mixes numbers to)."""
    mask = (1 << 64) - 1
    z = ((number + 1) * 0x9E3779B97F4A7C15) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    z = (z ^ (z >> 31)) | 1
    return z - (1 << 64) if z >> 63 else z


def _firsts(values: Tensor) -> tuple[Tensor, Tensor]:
    """For each value the number of its kind, and for each kind where it comes first."""
    kinds, which = torch.unique(values, return_inverse=True)
    first = torch.full((len(kinds),), len(values), dtype=torch.int64, device=values.device)
    first.scatter_reduce_(0, which, torch.arange(len(values), device=values.device), "amin")
    return which, first
