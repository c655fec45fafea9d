"""Untrusted labels: tables of what photos show, read when a scene is loaded."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artengine.errors import printable, quoted
from artengine.media.base import Media, read_untrusted

if TYPE_CHECKING:
    import numpy as np

WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0, "-1": 0.0, "": math.nan}  # -1: as CelebA has it
MAX_CELLS = 100_000_000

_EXPECTED = "expected a table in CSV: a head such as file,smile,glasses, and a row for each photo"


@dataclass(frozen=True)
class Labels(Media):
    """A table that a scene names, of what photos show.

    names: of the labels, in their order. rows: the place of each photo in values, by the name of its file. values:
    (photos, labels) float32, how much of it each shows, 0 to 1; NaN where that is not known.
    """

    names: tuple[str, ...] = field(default=(), repr=False, compare=False)
    rows: Mapping[str, int] = field(default_factory=dict, repr=False, compare=False)
    values: np.ndarray[Any, Any] | None = field(default=None, repr=False, compare=False)


def is_labels(start: bytes) -> bool:
    """Whether a file that begins like this is a table: text, with a comma in its first line."""
    head = start.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].rstrip(b"\r")
    try:
        return "," in (text := head.decode()) and text.isprintable()
    except UnicodeDecodeError:
        return False


def open_labels(path: Path, name: str) -> Labels:
    """The table at path.

    Raises `ValueError` saying what was found and what to do.
    """
    import numpy as np

    data = read_untrusted(path, "table")
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        head = [word.strip() for word in next(reader, [])]
        names = head[1:]
        if not names or not all(names) or len({*names}) < len(names):
            raise ValueError(f"found the head {quoted(printable(','.join(head)))}, {_EXPECTED}")
        rows: dict[str, int] = {}
        values = np.fromiter(_values(reader, names, rows), np.float32)
    except UnicodeDecodeError:
        raise ValueError(f"found no text in UTF-8, {_EXPECTED}") from None
    except csv.Error as error:
        raise ValueError(f"found no table ({error}), {_EXPECTED}") from None
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
            raise ValueError(f"found {len(row)} values {where}, expected {len(names) + 1}, as the head has")
        if row[0] in rows:
            raise ValueError(f"found {quoted(printable(row[0]))} again {where}, expected each photo once")
        if (len(rows) + 1) * len(names) > MAX_CELLS:
            raise ValueError(f"found more than {MAX_CELLS:,} values, expected fewer; leave out labels")
        rows[row[0]] = len(rows)
        for label, word in zip(names, row[1:], strict=True):
            yield _value(word, f"for {quoted(label)} {where}")


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
