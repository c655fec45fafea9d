"""The colours of single regions, looked up by the sides of all dividers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from artengine_dividers.network.hamming_index import BITS_PER_GROUP, HammingIndex, pack_bits


class RegionColours(nn.Module):
    """A colour for each known region; any other has that of the known one with the fewest dividers between.

    codes: (R, ceil(D / 8)) uint8, a bit for each divider, 1 beyond it. colours: (R, C).
    """

    codes: Tensor
    colours: Tensor

    def __init__(self, dividers: int, channels: int) -> None:
        super().__init__()
        self._dividers = dividers
        self.register_buffer("codes", torch.empty(0, -(-dividers // 8), dtype=torch.uint8))
        self.register_buffer("colours", torch.empty(0, channels))
        self._index: HammingIndex | None = None

    def __len__(self) -> int:
        return len(self.codes)

    def fill(self, beyond: Tensor, colours: Tensor) -> None:
        """Take regions by the sides of all dividers, (R, D) bools, with their colours, (R, C)."""
        self.codes = pack_bits(beyond).to(self.codes.device)
        self.colours = colours.to(self.colours)
        self._index = None

    def clear(self) -> None:
        """Forget all regions."""
        self.fill(torch.empty(0, self._dividers, dtype=torch.bool), self.colours[:0])

    def powers(self) -> Tensor:
        """The weights that make keys of the sides of points, 1 beyond a divider and else 0: (ceil(D / 16), D).

        A key is a whole number, the sides of sixteen dividers.
        """
        number = torch.arange(self._dividers, device=self.colours.device)
        powers = self.colours.new_zeros(-(-self._dividers // BITS_PER_GROUP), self._dividers)
        powers[number // BITS_PER_GROUP, number] = (2.0 ** (number % BITS_PER_GROUP)).to(powers)
        return powers

    def forward(self, keys: Tensor) -> Tensor:
        """Colours of points by their keys, (N, ceil(D / 16)): (N, C)."""
        if self._index is None or self._index.device != keys.device:
            self._index = HammingIndex(self.codes.to(keys.device), self._dividers)
        return self.colours[self._index.nearest(keys.long())].to(keys.dtype)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Take as many regions as the file has."""
        codes, colours = state_dict.get(prefix + "codes"), state_dict.get(prefix + "colours")
        if codes is not None and colours is not None and len(codes) == len(colours):
            self.codes = self.codes.new_empty(len(codes), *self.codes.shape[1:])
            self.colours = self.colours.new_empty(len(colours), *self.colours.shape[1:])
        self._index = None
        super()._load_from_state_dict(state_dict, prefix, *rest)
