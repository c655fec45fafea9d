"""GIF: a text in a block for comments, before its frames or after them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from artengine.files.descriptions.bounds import MAX_RECIPE_BYTES, BoundedFile

COMMENT = b"\x21\xfe"  # an extension, with that label


class _Readable(Protocol):
    def read(self, length: int = -1, /) -> bytes: ...


def gif_comment(text: str) -> bytes:
    """A text of ASCII as the block that a gif keeps it in."""
    data = text.encode("ascii")
    parts = (data[place : place + 255] for place in range(0, len(data), 255))
    return COMMENT + b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def gif_head(file: _Readable) -> bytes:
    """The beginning of a gif, as far as its global colours reach; blocks follow.

    Raises `ValueError` where it ends before.
    """
    head = file.read(13)
    colours = file.read(_colours(head[10])) if len(head) == 13 else b""
    if len(head) < 13 or len(colours) < _colours(head[10]):
        raise ValueError("the file is cut off")
    return head + colours


def texts(file: BoundedFile) -> Iterator[bytes]:
    """All comments of a gif.

    Raises `ValueError` where it is damaged.
    """
    gif_head(file)
    while kind := file.read(1):
        if kind == b"\x21":
            label = file.read_exactly(1)
            text = _blocks(file)
            if kind + label == COMMENT:
                yield text
        elif kind == b"\x2c":  # a frame: where it lies, its own colours, its pixels
            head = file.read_exactly(9)
            file.read_exactly(_colours(head[8]) + 1)
            _blocks(file)
        else:
            return


def _blocks(file: BoundedFile) -> bytes:
    """The bytes that follow in blocks, as many of them as a recipe may have."""
    data = bytearray()
    while length := file.read_exactly(1)[0]:
        block = file.read_exactly(length)
        if len(data) <= MAX_RECIPE_BYTES:
            data += block
    return bytes(data)


def _colours(flags: int) -> int:
    """How many bytes of colours the flags of a gif or of a frame announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
