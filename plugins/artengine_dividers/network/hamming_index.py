"""The nearest of many rows of bits, by the number of bits that differ.

Each row has a hash to which each bit adds a number of its own. So the hash of a row that differs in one bit is one
addition away, and rows that are there, or differ from one that is there in a single bit, are found by binary search.
Only the rest is compared with all rows.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

BITS_PER_GROUP = 16  # a sum of powers of two is exact up to 24 bits in float32
MAX_COMPARISONS = 1 << 24  # of single bits at a time
MAX_REMEMBERED = 1 << 20  # hashes: those of the rows, and of others that were asked for
SPLITMIX_INCREMENT = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


class HammingIndex:
    """Rows of bits, R of D each, to be searched; codes: as `pack_bits` gives them, (R, ceil(D / 8)), at least one.

    What is asked for comes as groups, the `BITS_PER_GROUP` bits of each as one whole number, the first as the lowest.
    """

    def __init__(self, codes: Tensor, bits: int) -> None:
        self.device = codes.device
        self._codes = codes
        self._bits = bits
        steps = torch.tensor([_bit_step(number) for number in range(bits)], dtype=torch.int64)
        self._steps = steps.to(self.device)
        self._rows = torch.cat([_scramble(_hash_groups(_groups_of(some))) for some in self._some_codes()]).sort()
        self._remembered: tuple[Tensor, Tensor] = self._rows  # and those that were asked for before

    def nearest(self, groups: Tensor) -> Tensor:
        """For rows in groups, (N, ceil(D / 16)) int64, the numbers of those with the fewest other bits, (N,)."""
        hashes = _hash_groups(groups)
        numbers, known = _look_up(hashes, self._remembered)
        unknown = (~known).nonzero()[:, 0]
        if len(unknown):
            which, first = _first_of_each(hashes[unknown])
            nearest = self._nearest_unknown(groups[unknown[first]], hashes[unknown[first]])
            numbers[unknown] = nearest[which]
            self._remember(hashes[unknown[first]], nearest)
        return numbers

    def _some_codes(self) -> tuple[Tensor, ...]:
        """All rows of codes, some at a time: unpacked together, they may be too many for the memory."""
        return torch.split(self._codes, max(1, MAX_COMPARISONS // max(self._bits, 1)))

    def _remember(self, hashes: Tensor, numbers: Tensor) -> None:
        """Add these, as long as there is room: the next frame, or sample of a pixel, has most of them again."""
        keys, order = self._remembered
        if len(keys) < MAX_REMEMBERED:
            sorted_keys, places = torch.cat([keys, _scramble(hashes)]).sort()
            self._remembered = sorted_keys, torch.cat([order, numbers])[places]

    def _nearest_unknown(self, groups: Tensor, hashes: Tensor) -> Tensor:
        """The first of the rows that differ in the fewest bits, for rows that are not there themselves, (N,)."""
        size = max(1, MAX_COMPARISONS // max(self._bits, 1))
        near, missing = [], len(self._codes)
        for some, hash_ in zip(torch.split(groups, size), torch.split(hashes, size), strict=True):
            # most differ in one bit: quicker than to compare them with all
            flipped = hash_[:, None] + torch.where(_bits_of(some, self._bits), -self._steps, self._steps)
            numbers, known = _look_up(flipped, self._rows)
            near.append(torch.where(known, numbers, missing).amin(dim=1))
        nearest = torch.cat(near)
        far = (nearest == missing).nonzero()[:, 0]
        if len(far):
            nearest[far] = self._nearest_of_all(_bits_of(groups[far], self._bits))
        return nearest

    def _nearest_of_all(self, rows: Tensor) -> Tensor:
        """The same by comparison with every row."""
        signs = rows.float() * 2 - 1
        best = torch.full((len(signs),), -math.inf, device=signs.device)
        nearest = torch.zeros(len(signs), dtype=torch.int64, device=signs.device)
        start = 0
        for codes in self._some_codes():
            some = unpack_bits(codes, self._bits)
            agreement, number = (signs @ (some.float() * 2 - 1).T).max(dim=1)
            closer = agreement > best
            best, nearest = torch.where(closer, agreement, best), torch.where(closer, number + start, nearest)
            start += len(some)
        return nearest


def pack_bits(rows: Tensor) -> Tensor:
    """Bools, (R, D), as bytes, (R, ceil(D / 8)); the first is the lowest bit."""
    count, bits = rows.shape
    width = -(-bits // 8)
    padded = torch.zeros(count, width * 8, dtype=torch.uint8)
    padded[:, :bits] = rows.cpu()
    powers = 2 ** torch.arange(8, dtype=torch.uint8)
    return (padded.view(count, width, 8) * powers).sum(dim=2, dtype=torch.uint8)


def unpack_bits(codes: Tensor, bits: int) -> Tensor:
    """The bools of which `pack_bits` made the codes."""
    unpacked = (codes[:, :, None] >> torch.arange(8, dtype=torch.uint8, device=codes.device)) & 1
    return unpacked.flatten(1)[:, :bits].bool()


def _look_up(hashes: Tensor, index: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """The numbers of the rows with these hashes, and whether there are such; index: sorted keys, and their rows."""
    keys, order = index
    scrambled = _scramble(hashes)
    at = torch.searchsorted(keys, scrambled).clamp_max(len(keys) - 1)
    return order[at], keys[at] == scrambled


def _groups_of(codes: Tensor) -> Tensor:
    """The groups of rows of bytes, two in one: (N, ceil(D / 16)) int64."""
    pairs = functional.pad(codes, (0, codes.shape[1] % 2)).long()
    return pairs[:, ::2] + (pairs[:, 1::2] << 8)


def _bits_of(groups: Tensor, bits: int) -> Tensor:
    """The bits of groups, (N, D) bools."""
    unpacked = (groups[:, :, None] >> torch.arange(BITS_PER_GROUP, device=groups.device)) & 1
    return unpacked.flatten(1)[:, :bits].bool()


def _hash_groups(groups: Tensor) -> Tensor:
    """A 64-bit number for each row in groups, (N,): the sum of `_bit_step` over the bits that are set."""
    total = torch.zeros(len(groups), dtype=torch.int64, device=groups.device)
    for number, group in enumerate(groups.unbind(dim=1)):
        total += group * _group_multiplier(number)
    return total


def _bit_step(number: int) -> int:
    """What a bit adds to a hash, as a whole number of 64 bits with a sign."""
    step = _group_multiplier(number // BITS_PER_GROUP) * 2 ** (number % BITS_PER_GROUP)
    return int((step + (1 << 63)) % (1 << 64) - (1 << 63))


def _scramble(hashes: Tensor) -> Tensor:
    """Hashes whose high bits hang on all others, so that they can be sorted and searched by value."""
    return hashes ^ (hashes >> 31)


def _group_multiplier(number: int) -> int:
    """A large odd number for each group of bits: an output of splitmix64 (Steele, Lea and Flood 2014), signed."""
    z = ((number + 1) * SPLITMIX_INCREMENT) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    z = (z ^ (z >> 31)) | 1
    return z - (1 << 64) if z >> 63 else z


def _first_of_each(values: Tensor) -> tuple[Tensor, Tensor]:
    """For each value the number of its distinct value, and for each distinct value where it comes first."""
    distinct, which = torch.unique(values, return_inverse=True)
    first = torch.full((len(distinct),), len(values), dtype=torch.int64, device=values.device)
    first.scatter_reduce_(0, which, torch.arange(len(values), device=values.device), "amin")
    return which, first
