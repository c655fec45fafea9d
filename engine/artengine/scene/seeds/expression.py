"""Seeds, and what grows from them: mutations, crossings, and walks from one to the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from artengine.scene.document import Plain

LIMIT = 2**32


@dataclass(frozen=True, slots=True)
class Number:
    """A seed as it is: a whole number."""

    number: int


@dataclass(frozen=True, slots=True)
class Mutation:
    """A seed whose weights are all a little different; by: which difference, strength: how large, in deviations."""

    parent: Seed
    by: int
    strength: float


@dataclass(frozen=True, slots=True)
class Cross:
    """A seed whose units come from one parent or the other; by: which from which."""

    parents: tuple[Seed, Seed]
    by: int


@dataclass(frozen=True, slots=True)
class Walk:
    """Several seeds: a film walks through them and back to the first, a still shows the first."""

    seeds: tuple[Seed, ...]


Seed: TypeAlias = Number | Mutation | Cross | Walk

STRENGTH = 0.2  # of a mutation that does not say: kin at first sight, and not the same


def first(seed: Seed) -> int:
    """The number that comes first in it: what everything besides the weights is drawn from."""
    match seed:
        case Number(number):
            return number
        case Mutation(parent):
            return first(parent)
        case Cross((parent, _)):
            return first(parent)
        case Walk(seeds):
            return first(seeds[0])


def leaves(seed: Seed) -> Iterator[int]:
    """All numbers in it."""
    match seed:
        case Number(number):
            yield number
        case Mutation(parent):
            yield from leaves(parent)
        case Cross(parents) | Walk(parents):
            for parent in parents:
                yield from leaves(parent)


def as_plain(seed: Seed) -> Plain:
    """The seed as a scene writes it."""
    match seed:
        case Number(number):
            return number
        case Mutation(parent, by, strength):
            return {"mutate": as_plain(parent), "by": by, "strength": strength}
        case Cross((one, other), by):
            return {"cross": [as_plain(one), as_plain(other)], "by": by}
        case Walk(seeds):
            return [as_plain(one) for one in seeds]
