"""TIFF and WebP, and the EXIF and XMP in pictures of any format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from artengine.files.descriptions import markup
from artengine.files.descriptions.bounds import BoundedFile, overlook_damage

_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"  # what stands before them in segments
_BYTE_TYPES = (1, 2, 7, 129)  # bytes, ASCII, anything, UTF-8
_XMP_TAG, _EXIF_TAG = 700, 34665
_MAX_ENTRIES = 1 << 16  # of a directory, as classic TIFF has them


def tiff_texts(file: BoundedFile) -> Iterator[bytes]:
    """The texts in all directories of a TIFF or a BigTIFF.

    Raises `ValueError` where it is damaged.
    """
    head = file.read_exactly(8)
    order: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"
    wide = head[2:4] in (b"+\0", b"\0+")
    word, counted = (8, 8) if wide else (4, 2)
    places, seen = [int.from_bytes(file.read_exactly(8) if wide else head[4:], order)], {0}
    while places:
        place = places.pop()
        if place in seen:
            continue
        seen.add(place)
        file.seek(place)
        count = int.from_bytes(file.read_exactly(counted), order)
        if count > _MAX_ENTRIES:
            raise ValueError(f"the picture is damaged: found a directory of {count:,} entries")
        size = 4 + 2 * word
        entries = file.read_exactly(count * size)
        places.append(int.from_bytes(file.read(word), order))  # some writers leave it out after the last
        for begin in range(0, len(entries), size):
            entry = entries[begin : begin + size]
            tag, kind = int.from_bytes(entry[:2], order), int.from_bytes(entry[2:4], order)
            length, value = int.from_bytes(entry[4 : 4 + word], order), int.from_bytes(entry[4 + word :], order)
            if tag == _EXIF_TAG:
                places.append(value)
            elif kind in _BYTE_TYPES and length > word:
                yield from _value_texts(file, tag, value, length)


def _value_texts(file: BoundedFile, tag: int, place: int, length: int) -> Iterator[bytes]:
    file.seek(place)
    if tag == _XMP_TAG:
        with overlook_damage():
            yield from markup.texts(file.within(file.read_block(length)))
    elif place + length <= file.size:
        yield file.read_recipe(length)


def exif_texts(file: BoundedFile) -> Iterator[bytes]:
    """The texts of an EXIF block, which another program may have damaged."""
    with overlook_damage():
        yield from tiff_texts(file)


def segment_texts(data: bytes, file: BoundedFile) -> Iterator[bytes]:
    """The texts of EXIF or XMP, with what stands before them in a JPEG, or without."""
    if data.startswith(_EXIF):
        yield from exif_texts(file.within(data.removeprefix(_EXIF)))
    elif data.startswith((b"II", b"MM")):
        yield from exif_texts(file.within(data))
    elif data.startswith((_XMP, b"<")):
        with overlook_damage():
            yield from markup.texts(file.within(data.removeprefix(_XMP)))


def webp_texts(file: BoundedFile) -> Iterator[bytes]:
    """The texts in the EXIF and XMP chunks of a WebP, which stand after its pixels."""
    place = 12
    while True:
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:
            return
        length = int.from_bytes(head[4:], "little")
        place += 8 + length + length % 2
        if head[:4] in (b"EXIF", b"XMP "):
            yield from segment_texts(file.read_block(length), file)
