"""Seeds as scenes write them: a number, a list to walk through, what was mutated or crossed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from artengine.errors import did_you_mean, listed
from artengine.scene.document import Entries, Items, Mark, Node, Scalar, describe_node, node_to_plain
from artengine.scene.seeds.expression import (
    MUTATION_STRENGTH,
    SEED_LIMIT,
    Cross,
    Mutation,
    PlainSeed,
    Seed,
    Walk,
    all_numbers,
)

Report = Callable[[Mark, str, str], None]

MAX_SEEDS = 1000  # in one walk, or in a family tree: each is a network to be built
EXPECTED = "a whole number, a list of seeds to walk through, {mutate: SEED, by: N} or {cross: [SEED, SEED], by: N}"


def parse_seed(node: Node, path: str, report: Report) -> Seed | None:
    """The seed that a node says; None where there are problems, which are reported."""
    seed = _Parser(report).seed(node, path, walks=True)
    if seed is not None and sum(1 for _ in all_numbers(seed)) > MAX_SEEDS:
        report(node.mark, path, f"found more than {MAX_SEEDS} seeds in one")
        return None
    return seed


@dataclass(frozen=True, slots=True)
class _Parser:
    report: Report

    def seed(self, node: Node, path: str, *, walks: bool = False) -> Seed | None:
        match node:
            case Scalar(value=int(number)) if not isinstance(number, bool):
                whole = self._whole(node, path)
                return None if whole is None else PlainSeed(whole)
            case Items(items=items) if items and walks:
                seeds = [self.seed(item, f"{path}.{index}") for index, item in enumerate(items)]
                known = tuple(one for one in seeds if one is not None)
                return Walk(known) if len(known) == len(items) else None
            case Entries(entries=entries) if "mutate" in entries:
                return self._mutation(node, path)
            case Entries(entries=entries) if "cross" in entries:
                return self._cross(node, path)
        self.report(node.mark, path, f"found {describe_node(node)}, expected {EXPECTED}")
        return None

    def _mutation(self, node: Entries, path: str) -> Seed | None:
        self._known(node, path, ("mutate", "by", "strength"))
        parent = self.seed(node.entries["mutate"][1], f"{path}.mutate")
        by = self._by(node, path)
        strength = MUTATION_STRENGTH
        if "strength" in node.entries:
            strength_node = node.entries["strength"][1]
            value = node_to_plain(strength_node)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 10:
                self.report(
                    strength_node.mark,
                    f"{path}.strength",
                    f"found {describe_node(strength_node)}, expected more than 0, at most 10",
                )
                return None
            strength = float(value)
        return None if parent is None or by is None else Mutation(parent, by, strength)

    def _cross(self, node: Entries, path: str) -> Seed | None:
        self._known(node, path, ("cross", "by"))
        both = node.entries["cross"][1]
        if not isinstance(both, Items) or len(both.items) != 2:
            self.report(both.mark, f"{path}.cross", f"found {describe_node(both)}, expected a list of two seeds")
            return None
        one, other = (self.seed(item, f"{path}.cross.{index}") for index, item in enumerate(both.items))
        by = self._by(node, path)
        return None if one is None or other is None or by is None else Cross((one, other), by)

    def _by(self, node: Entries, path: str) -> int | None:
        if "by" not in node.entries:
            return 0
        by = node.entries["by"][1]
        if isinstance(by, Scalar) and isinstance(by.value, int) and not isinstance(by.value, bool):
            return self._whole(by, f"{path}.by")
        self.report(by.mark, f"{path}.by", f"found {describe_node(by)}, expected a whole number")
        return None

    def _whole(self, node: Scalar, path: str) -> int | None:
        number = node.value
        if isinstance(number, int) and 0 <= number < SEED_LIMIT:
            return number
        limit = "at least 0" if isinstance(number, int) and number < 0 else f"less than {SEED_LIMIT}"
        self.report(node.mark, path, f"found {describe_node(node)}, expected {limit}")
        return None

    def _known(self, node: Entries, path: str, names: tuple[str, ...]) -> None:
        for name, (mark, _) in node.entries.items():
            if name not in names:
                self.report(
                    mark, f"{path}.{name}", f"no such option{did_you_mean(name, names)} (options: {listed(names)})"
                )
