"""Names of files, on any system."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping

from artengine.errors import listed, quoted

MAX_NAME_LENGTH = 120  # characters; most systems take 255, of which an output and a temporary file add some
MAX_WORD_LENGTH = 40


def safe_name(word: str) -> str:
    """A word as a part of a file's name, on any system."""
    name = re.sub(r"[^A-Za-z0-9.+_-]+", "-", word)[:MAX_NAME_LENGTH].strip("-.")[:MAX_WORD_LENGTH]
    return name.rstrip("-.") or "x"


def filled_name(template: str, words: Mapping[str, str]) -> str:
    """The name that a template such as ``{scene}-{seed}`` gives with these words.

    Raises `ValueError` where it asks for others, or gives what is no name of a file.
    """
    known = listed(f"{{{word}}}" for word in words)
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError:
        raise ValueError(f"found {quoted(template)}, expected a name with {known} in it, or without") from None
    name = ""
    for text, word, form, conversion in parts:
        name += text
        if word is not None:
            if word not in words or form or conversion:
                raise ValueError(f"found {quoted(template)}, expected of words in braces no others than {known}")
            name += words[word]
    if not name or name[0] in ".-" or len(name) > MAX_NAME_LENGTH or re.search(r'[/\\:*?"<>|\x00-\x1f\x7f]', name):
        expected = f"expected at most {MAX_NAME_LENGTH} characters that files may have in their names everywhere"
        raise ValueError(f"found the name {quoted(name)}, {expected}, the first of them no dot or hyphen")
    return name
