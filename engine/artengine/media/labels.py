"""Untrusted labels: tables of what photos show, read when a scene is loaded."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artengine.errors import printable, quoted
from artengine.media.base import Media, read_untrusted

if TYPE_CHECKING:
    import numpy as np

MAX_HEAD = 1 << 16  # bytes of the first line
WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0, "-1": 0.0, "": math.nan}  # -1: as CelebA has it
MAX_CELLS = 100_000_000
NO_WORD = re.compile(r"\W+")

_EXPECTED = "expected a table in CSV: a head such as file,smile,glasses, and a row for each photo"
_LINE_END = re.compile(rb"\r|\n")


@dataclass(frozen=True)
class Labels(Media):
    """A table that a scene names, of what photos show.

    names: of the labels, in their order, in letters, digits and _. rows: the place of each photo in values, by the
    name of its file. values: (photos, labels) float32, how much of it each shows, 0 to 1; NaN where that is not known.
    """

    names: tuple[str, ...] = field(default=(), repr=False, compare=False)
    rows: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)
    values: np.ndarray[Any, Any] | None = field(default=None, repr=False, compare=False)

    def of(self, name: str, files: Sequence[str]) -> np.ndarray[Any, Any]:
        """How much of a label the photos in these files show, (N,); NaN for those that have no row.

        Raises `KeyError` for a label that is not there.
        """
        import numpy as np

        if self.values is None or name not in self.names:
            raise KeyError(name)
        column = np.append(self.values[:, self.names.index(name)], np.nan).astype(np.float64)
        return column[[self.rows.get(_key(file), -1) for file in files]]

    def known(self, files: Iterable[str]) -> int:
        """How many of the photos in these files have a row."""
        return sum(_key(file) in self.rows for file in files)


def is_labels(start: bytes) -> bool:
    """Whether a file that begins like this is a table: its first line is text that can be printed, with a comma."""
    head = _LINE_END.split(start[: MAX_HEAD + 1].removeprefix(codecs.BOM_UTF8), maxsplit=1)[0]
    try:
        return len(head) <= MAX_HEAD and "," in (text := head.decode()) and text.isprintable()
    except UnicodeDecodeError:
        return False


def open_labels(path: Path, name: str) -> Labels:
    """The table at path.

    Raises `ValueError` saying what was found and what to do.
    """
    import numpy as np

    data = read_untrusted(path, "table")
    if not is_labels(data):
        start = printable(_LINE_END.split(data[:100], maxsplit=1)[0].decode(errors="replace"))
        raise ValueError(f"found the first line {quoted(start)}, {_EXPECTED}, all in UTF-8, with commas between")
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    except UnicodeDecodeError:
        raise ValueError(f"found no text in UTF-8, {_EXPECTED}") from None
    rows: dict[str, int] = {}
    try:
        names = [NO_WORD.sub("_", word.strip()) for word in next(reader)[1:]]
        if twice := [name for name, count in Counter(names).items() if count > 1 or not name]:
            raise ValueError(f"found {quoted(twice[0])} in the head, expected each label once, and with a name")
        values = np.fromiter(_values(reader, names, rows), np.float32)
    except csv.Error as error:
        raise ValueError(f"found no table ({error} in line {reader.line_num}), {_EXPECTED}") from None
    if not rows:
        raise ValueError(f"found a table without rows, {_EXPECTED}")
    sha256 = hashlib.sha256(data).hexdigest()
    return Labels(path, sha256, name, tuple(names), rows, values.reshape(len(rows), len(names)))


def _values(reader: Any, names: list[str], rows: dict[str, int]) -> Iterator[float]:
    """The values of all rows, one after the other; rows: gets the number of each by its first word."""
    for row in reader:
        if not row:
            continue
        where = f"in line {reader.line_num}"
        if len(row) != len(names) + 1:
            found = f"{len(row)} value{'s' if len(row) > 1 else ''}"
            raise ValueError(f"found {found} {where}, expected {len(names) + 1}, as the head has")
        photo = _key(row[0])
        if photo in rows:
            raise ValueError(f"found {quoted(printable(photo))} again {where}, expected each photo once")
        if (len(rows) + 1) * len(names) > MAX_CELLS:
            raise ValueError(f"found more than {MAX_CELLS:,} values, expected fewer; leave out labels")
        rows[photo] = len(rows)
        for label, word in zip(names, row[1:], strict=True):
            yield _value(word, f"for {quoted(label)} {where}")


def _key(name: str) -> str:
    """The name of a file as rows have it: letters with accents are written in two ways."""
    return unicodedata.normalize("NFC", name.strip())


def _value(word: str, where: str) -> float:
    found = WORDS.get(word.strip().lower())
    if found is not None:
        return found
    try:
        found = float(word)
    except ValueError:
        found = math.inf
    if not 0 <= found <= 1:
        expected = "expected a number from 0 to 1, yes, no, or nothing where it is not known"
        raise ValueError(f"found {quoted(printable(word))} {where}, {expected}")
    return found
