"""How torch computes while something is learnt: on how many threads, and how near to nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch


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
