"""Seeds, and what grows from them: mutations, crossings, and walks from one to the next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from artengine.scene.document import Plain

SEED_LIMIT = 2**32


@dataclass(frozen=True, slots=True)
class PlainSeed:
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


Seed: TypeAlias = PlainSeed | Mutation | Cross | Walk

MUTATION_STRENGTH = 0.2  # of a mutation that does not say: kin at first sight, and not the same


def first_number(seed: Seed) -> int:
    """The number that comes first in it: what everything besides the weights is drawn from."""
    match seed:
        case PlainSeed(number):
            return number
        case Mutation(parent):
            return first_number(parent)
        case Cross((parent, _)):
            return first_number(parent)
        case Walk(seeds):
            return first_number(seeds[0])


def all_numbers(seed: Seed) -> Iterator[int]:
    """All numbers in it."""
    match seed:
        case PlainSeed(number):
            yield number
        case Mutation(parent):
            yield from all_numbers(parent)
        case Cross(parents) | Walk(parents):
            for parent in parents:
                yield from all_numbers(parent)


def seed_to_plain(seed: Seed) -> Plain:
    """The seed as a scene writes it."""
    match seed:
        case PlainSeed(number):
            return number
        case Mutation(parent, by, strength):
            return {"mutate": seed_to_plain(parent), "by": by, "strength": strength}
        case Cross((one, other), by):
            return {"cross": [seed_to_plain(one), seed_to_plain(other)], "by": by}
        case Walk(seeds):
            return [seed_to_plain(one) for one in seeds]


def describe_seed(seed: Seed) -> str:
    """The seed as people say it: ``mutation 3 of 22``, with its strength where that is not the usual one."""
    match seed:
        case PlainSeed(number):
            return str(number)
        case Mutation(parent, by, strength):
            how = "" if strength == MUTATION_STRENGTH else f" (strength {strength:g})"
            return f"mutation {by} of {describe_seed(parent)}{how}"
        case Cross((one, other), by):
            return f"crossing {by} of {describe_seed(one)} and {describe_seed(other)}"
        case Walk(seeds):
            return " to ".join(map(describe_seed, seeds))
