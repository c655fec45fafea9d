"""What a check is: it tries a component on a test bench and raises what it finds broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from artengine.components import ConfiguredComponent, Registry


class BrokenError(Exception):
    """A promise that a component breaks, and how."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a component is tried with: other components, and a folder of its own."""

    registry: Registry
    folder: Path


#: Tries a component with its options; raises `BrokenError` where the component breaks the promise that is checked.
Check = Callable[[ConfiguredComponent, Bench], None]

#: The checks of a kind, each by the promise that it is about, in the order in which they run.
Checks = Mapping[str, Check]


def expect(condition: bool, problem: str) -> None:
    """Raise `BrokenError` with the problem unless the condition holds."""
    if not condition:
        raise BrokenError(problem)
