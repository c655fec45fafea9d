"""How torch computes while it learns: on how many threads of the processor, and how near to nothing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import torch
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


@contextlib.contextmanager
def computing(threads: int) -> Iterator[None]:
    """Compute on so many threads of the processor for a while, with numbers that are next to nothing taken for zero."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)
