"""What can go wrong, told to the person at the keyboard: where, what was found, what was expected, what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass


class ArtengineError(Exception):
    """Something failed while working; shown as one line, without a traceback."""

    exit_code = 1


class OutputError(ArtengineError):
    """A file could not be written."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake of a user: ``where: path: message``.

    where: ``file:line:column``, a command line option, or empty. path: the place in the scene, ``network.mlp.width``.
    """

    where: str
    path: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.path, self.message) if part)


class InputError(ArtengineError):
    """What the user gave cannot be used; carries every problem found, a line each."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        self.problems = (Problem("", "", problems),) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """``; did you mean 'width'?`` where one of the words is close to this one, nothing otherwise."""
    close = difflib.get_close_matches(word[:100], list(words), n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(repr(one) for one in close)}?" if close else ""


def quoted(text: str, limit: int = 60) -> str:
    """An untrusted text as a message shows it: in quotes, on one line, not too long."""
    return repr(text[:limit]) + ("..." if len(text) > limit else "")


def printable(text: str) -> str:
    """An untrusted text, line by line, without what would steer a terminal; tabs and line ends stay."""
    kept = re.split(r"(\t|\r?\n)", text)
    kept[::2] = ["".join(sign if sign.isprintable() else "?" for sign in part) for part in kept[::2]]
    return "".join(kept)


def listed(words: Iterable[str], limit: int = 12) -> str:
    """``a, b and 3 more``: names for a message, in their order, not too many."""
    names = list(words)
    rest = len(names) - limit
    return ", ".join(names) if rest <= 0 else ", ".join(names[:limit]) + f" and {rest} more"


def is_out_of_memory(error: Exception) -> bool:
    """Whether there was not enough memory: torch says so in its message alone."""
    return isinstance(error, MemoryError) or any(word in str(error) for word in ("out of memory", "allocate memory"))
