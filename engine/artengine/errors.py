"""The errors that users see, and the words of their messages: where, found what, expected what, what to do."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


class ArtengineError(Exception):
    """Something failed while working; shown as one line, without a traceback."""

    exit_code = 1


class PicturedError(ValueError):
    """A component refuses something, and shows why; picture: (H, W, 3) in 8 bits, written beside the outputs."""

    def __init__(self, message: str, picture: np.ndarray[Any, Any]) -> None:
        self.picture = picture
        super().__init__(message)


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
    """The user's input cannot be used; problems: all of them, a line each in the message."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        self.problems = (Problem("", "", problems),) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """``; did you mean 'width'?`` where one of the words is close to this one, else an empty text."""
    close = difflib.get_close_matches(word[:100], list(words), n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(repr(match) for match in close)}?" if close else ""


def quoted(text: str, limit: int = 60) -> str:
    """An untrusted text as a message shows it: in quotes, on one line, not too long."""
    return repr(text[:limit]) + ("..." if len(text) > limit else "")


def printable(text: str) -> str:
    """An untrusted text with question marks for what would steer a terminal; tabs and line ends stay."""
    parts = re.split(r"(\t|\r?\n)", text)  # every other one is a separator
    parts[::2] = ["".join(sign if sign.isprintable() else "?" for sign in part) for part in parts[::2]]
    return "".join(parts)


def is_unicode(text: str) -> bool:
    """Whether a text, such as the name of a file, can be written in UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def listed(words: Iterable[str], limit: int = 12) -> str:
    """Names for a message, in their order and at most `limit` of them: ``a, b and 3 more``."""
    names = list(words)
    rest = len(names) - limit
    return ", ".join(names) if rest <= 0 else ", ".join(names[:limit]) + f" and {rest} more"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there was not enough memory; torch's says so in its message alone."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY)


#: What allocators, loaders of libraries and starters of threads say where there is no memory.
_OUT_OF_MEMORY = ("out of memory", "allocate memory", "failed to map segment", "can't start new thread")
