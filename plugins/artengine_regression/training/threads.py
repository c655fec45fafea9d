"""How many threads of the processor a training is worth."""

from __future__ import annotations

import os

from torch import nn

WORK = 4e9  # operations of a step from which on a second thread is worth it; every so many more, another one


def threads_for(network: nn.Module, batch: int) -> int:
    """How many threads of the processor a training is worth.

    For small steps one: two take 2.5 ms where one takes 4, but many times as long where another program wants a core.
    And as long as it is one, the weights are the same bytes however many cores there are.
    """
    weights = sum(one.numel() for one in network.parameters())
    work = 6.0 * weights * batch  # two operations a weight and pixel, forward, and twice as many backward
    return max(1, min(os.cpu_count() or 1, int(work / WORK)))
