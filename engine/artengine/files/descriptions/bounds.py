"""How much of an untrusted file is looked through, and what in it is a recipe."""

from __future__ import annotations

import contextlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from artengine.files.metadata import RECIPE_START

#: Bytes of a recipe's text at most: a scene of 1 MB where all is escaped has four, learnt weights come to it.
MAX_RECIPE_BYTES = 1 << 24
MAX_READS = 300_000  # of one file; a poster of 1.6 GB that others have saved comes in 200,000 chunks
MAX_READ_BYTES = 1 << 26  # of one file, what is unpacked counts too

_MAX_PREFIX = 16  # bytes: formats put lengths, languages and encodings before a text
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")
_HEAD_BYTES = _MAX_PREFIX + 2 * len(RECIPE_START)


class ExhaustedError(ValueError):
    """More would have to be looked through than we do."""


@contextlib.contextmanager
def overlook_damage() -> Iterator[None]:
    """Pass over what is damaged in the block, since it is another program's, but not that there is too much of it."""
    try:
        yield
    except ExhaustedError:
        raise
    except (ValueError, zlib.error):
        pass


@dataclass(slots=True)
class Budget:
    """What may still be read of a file, and of all that is unpacked from it: how often, and how many bytes."""

    reads: int
    length: int

    def spend(self, length: int, reads: int = 0) -> None:
        """Take so many bytes off, and so many reads.

        Raises `ExhaustedError` where nothing is left.
        """
        self.reads -= reads
        self.length -= length
        if self.reads < 0 or self.length < 0:
            raise ExhaustedError("it has more in it than is looked through for a recipe")


class BoundedFile:
    """An untrusted file of which no more is read than its budget has; that raises `ExhaustedError`."""

    def __init__(self, file: IO[bytes], budget: Budget | None = None) -> None:
        self._file = file
        self.budget = budget or Budget(MAX_READS, MAX_READ_BYTES)
        self.size = file.seek(0, io.SEEK_END)
        file.seek(0)

    def seek(self, place: int) -> None:
        """Go to a place, however far beyond the end a stranger's number is."""
        self._file.seek(min(place, self.size))

    def read(self, length: int = -1, /) -> bytes:
        """So many bytes, or as many as there are."""
        longest = max(0, self.budget.length) + 1
        data = self._file.read(longest if length < 0 else min(length, longest))
        self.budget.spend(len(data), reads=1)
        return data

    def read_exactly(self, length: int) -> bytes:
        """So many bytes.

        Raises `ValueError` where the file ends before.
        """
        data = self.read(length)
        if len(data) < length:
            raise ValueError("the file is cut off")
        return data

    def read_block(self, length: int) -> bytes:
        """So many bytes; of more than a recipe may have, one more than that."""
        return self.read_exactly(min(max(0, length), MAX_RECIPE_BYTES + 1))

    def read_recipe(self, length: int) -> bytes:
        """So many bytes as with `read_block` where a recipe begins in them, else only the first of them."""
        head = self.read_exactly(min(max(0, length), _HEAD_BYTES))
        return head + self.read_block(length - len(head)) if recipe_place(head) else head

    def within(self, data: bytes) -> BoundedFile:
        """A file that lies in this one, with the same budget."""
        return BoundedFile(io.BytesIO(data), self.budget)

    def inflate(self, data: bytes) -> bytes:
        """What zlib has packed, or a byte more than a recipe may have.

        Raises `zlib.error` for what it has not.
        """
        unpacked = zlib.decompressobj().decompress(data, MAX_RECIPE_BYTES + 1)
        self.budget.spend(len(unpacked))
        return unpacked


def recipe_place(data: bytes) -> tuple[int, str] | None:
    """Where a recipe begins in the data, and its encoding; None where none begins early enough."""
    for encoding in _ENCODINGS:
        start = RECIPE_START.encode(encoding)
        place = data.find(start, 0, _MAX_PREFIX + len(start))
        if place >= 0 and (
            encoding == "utf-8" or place % 2 == 0
        ):  # a byte further on, the other order seems to be there
            return place, encoding
    return None


def recipe_in(data: bytes) -> str:
    """The text of the recipe that begins in the data; empty where none does.

    Raises `ValueError` where it is too long.
    """
    found = recipe_place(data)
    if not found:
        return ""
    if len(data) - found[0] > MAX_RECIPE_BYTES:
        raise ValueError(f"found a recipe of more than {MAX_RECIPE_BYTES:,} bytes, which is the most that is read")
    return data[found[0] :].decode(found[1], "replace").rstrip("\0 \t\r\n")
