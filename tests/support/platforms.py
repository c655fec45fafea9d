"""What tests need of a system that not every system has, as marks that say so."""

from __future__ import annotations

import sys

import pytest

on_posix = pytest.mark.skipif(
    sys.platform == "win32", reason="needs fork, signals, pipes or links, which Windows lacks"
)

#: Code for a process of its own: how much memory it has taken at most so far, in kilobytes.
PEAK_MEMORY = """
import resource, sys

def peak_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "darwin" else 1)
"""
