"""MP4, MOV and their kin: texts in boxes, in the styles of QuickTime, iTunes and 3GPP."""

from __future__ import annotations

from collections.abc import Iterator

from artengine.files.descriptions import markup
from artengine.files.descriptions.bounds import BoundedFile, overlook_damage

#: The names that a file begins with; before 2001 it was any of them.
FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_FULL = (b"moov", b"trak", b"udta", b"meta", b"ilst")  # of boxes
_MAX_DEPTH = 8  # moov, trak, udta, meta, ilst, its name, data
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def texts(file: BoundedFile) -> Iterator[bytes]:
    """The texts about a film and its tracks.

    Raises `ValueError` where it is damaged.
    """
    yield from _texts(file, 0, file.size, b"", 0)


def _texts(file: BoundedFile, begin: int, end: int, around: bytes, depth: int) -> Iterator[bytes]:
    for name, inside, stop in _boxes(file, begin, end):
        if (name in _FULL or around == b"ilst") and depth < _MAX_DEPTH:
            yield from _texts(file, inside + _version_bytes(file, name, inside), stop, name, depth + 1)
        elif name in (b"uuid", b"XMP_"):
            file.seek(inside)
            data = file.read_recipe(stop - inside) if name == b"uuid" else b""
            if name == b"XMP_" or data.startswith(_XMP_UUID):
                yield from _xmp_texts(file, inside + 16 * (name == b"uuid"), stop)
        elif name == b"data" or around == b"udta":
            file.seek(inside)
            yield _without_others(name, file.read_recipe(stop - inside))


def _boxes(file: BoundedFile, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes between two places, ISO/IEC 14496-12, 4.2: a size of 1 stands before a longer one, 0 for the rest."""
    while begin + 8 <= end:
        file.seek(begin)
        head = file.read_exactly(8)
        size, name, inside = int.from_bytes(head[:4], "big"), head[4:], begin + 8
        if size == 1:
            size, inside = int.from_bytes(file.read_exactly(8), "big"), begin + 16
        stop = begin + size if size else end
        if not inside <= stop <= end:
            raise ValueError("the film is damaged: a box of it is longer than what it lies in")
        yield name, inside, stop
        begin = stop


def _version_bytes(file: BoundedFile, name: bytes, inside: int) -> int:
    """How many bytes stand before the boxes in a box: version and flags in ``meta``, but not in QuickTime's."""
    if name != b"meta":
        return 0
    file.seek(inside)
    return 4 if file.read(4) == bytes(4) else 0


def _without_others(name: bytes, data: bytes) -> bytes:
    """The first of the texts in a box; QuickTime puts length and language before each.

    The length has 16 bits; of a longer text ffmpeg writes the lower ones.
    """
    if name[:1] != b"\xa9":
        return data
    length = int.from_bytes(data[:2], "big")
    return data if (len(data) - 4 - length) % (1 << 16) == 0 else data[: 4 + length]


def _xmp_texts(file: BoundedFile, begin: int, end: int) -> Iterator[bytes]:
    file.seek(begin)
    with overlook_damage():
        yield from markup.texts(file.within(file.read_block(end - begin)))
