"""Matroska and WebM: texts in tags."""

from __future__ import annotations

from collections.abc import Iterator

from artengine.files.descriptions.bounds import BoundedFile

SIGNATURE = b"\x1aE\xdf\xa3"
_SEGMENT, _TAGS, _TAG, _SIMPLE_TAG = b"\x18\x53\x80\x67", b"\x12\x54\xc3\x67", b"\x73\x73", b"\x67\xc8"
_CLUSTER, _STRING = b"\x1f\x43\xb6\x75", b"\x44\x87"
_MAX_DEPTH = 8  # tags may stand in tags


def texts(file: BoundedFile) -> Iterator[bytes]:
    """The texts of all its tags.

    Raises `ValueError` where it is damaged.
    """
    yield from _texts(file, 0, file.size, 0)


def _texts(file: BoundedFile, begin: int, end: int, depth: int) -> Iterator[bytes]:
    for name, inside, stop in _elements(file, begin, end):
        if name in (_SEGMENT, _TAGS, _TAG, _SIMPLE_TAG) and depth < _MAX_DEPTH:
            yield from _texts(file, inside, stop, depth + 1)
        elif name == _STRING:
            file.seek(inside)
            yield file.read_recipe(stop - inside)


def _elements(file: BoundedFile, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The elements between two places, RFC 8794, 5 and 6: a number says by its leading zeros how long it is."""
    while begin + 2 <= end:
        file.seek(begin)
        name = _number(file, 4)
        digits = _number(file, 8)
        inside = begin + len(name) + len(digits)
        value = int.from_bytes(digits, "big") - (1 << 7 * len(digits))
        unknown = value == (1 << 7 * len(digits)) - 1  # a film that was sent while it was made
        stop = end if unknown else inside + value
        if not inside <= stop <= end:
            raise ValueError("the film is damaged: an element of it is longer than what it lies in")
        if unknown and name == _CLUSTER:  # what is in it cannot be told from what follows it
            stop = inside
        yield name, inside, stop
        begin = stop


def _number(file: BoundedFile, longest: int) -> bytes:
    first = file.read_exactly(1)
    length = 9 - first[0].bit_length()
    if length > longest:
        raise ValueError("the film is damaged: found a number that is longer than numbers may be")
    return first + file.read_exactly(length - 1)
