"""Names in a gallery: of files, on any system, short ones of settings, and what a seed is called."""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from collections.abc import Collection, Iterable

from artengine.errors import InputError
from artengine.scene import describe_seed, parse_seed, parse_yaml


def unique_name(name: str, names: Collection[str]) -> str:
    """The name with a number that makes it another one than these, on systems too that take A for a."""
    numbers = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
    return next(one for one in (name + number for number in numbers) if one.lower() not in names)


def readable_seed(text: str) -> str:
    """A seed that a scene has on one line, as people say it, see `describe_seed`; what is no grown seed stays."""
    if not text.startswith(("{", "[")):  # a number, as most are
        return text
    with contextlib.suppress(InputError):
        node, _ = parse_yaml(text, "a seed")
        if seed := parse_seed(node, "seed", lambda *_: None):
            return describe_seed(seed)
    return text


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """For each path of a setting the fewest of its last parts that tell it from the others: std, or mlp.width."""
    paths = sorted(set(keys))
    counts = Counter(end for path in paths for end in _ends(path))
    return {path: next((end for end in _ends(path) if counts[end] == 1), path) for path in paths}


def _ends(path: str) -> list[str]:
    """The last part of a path, the last two, and so on."""
    parts = path.split(".")
    return [".".join(parts[start:]) for start in range(len(parts) - 1, -1, -1)]
