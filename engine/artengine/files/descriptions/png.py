"""PNG: texts in chunks, before the pixels or after them, which are passed over."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from artengine.files.descriptions import markup, tags
from artengine.files.descriptions.bounds import MAX_RECIPE_BYTES, BoundedFile, overlook_damage, recipe_place

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KINDS = (b"tEXt", b"zTXt", b"iTXt", b"eXIf")


def texts(file: BoundedFile) -> Iterator[bytes]:
    """The texts of all its chunks, and of the EXIF and XMP in them.

    Raises `ValueError` where a recipe does not agree with its checksum.
    """
    place = len(SIGNATURE)
    while True:
        file.seek(place)
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        place += 12 + length
        if kind in _KINDS and length <= 2 * MAX_RECIPE_BYTES:
            data = file.read_block(length)
            for text in _texts(kind, data, file):
                if recipe_place(text) and len(data) == length and zlib.crc32(kind + data) != _checksum(file):
                    raise ValueError("the picture is damaged: its text does not agree with its checksum")
                yield text


def _checksum(file: BoundedFile) -> int:
    return int.from_bytes(file.read_exactly(4), "big")


def _texts(kind: bytes, data: bytes, file: BoundedFile) -> Iterator[bytes]:
    if kind == b"eXIf":
        yield from tags.exif_texts(file.within(data))
        return
    keyword, _, text = data.partition(b"\0")
    packed = kind == b"zTXt"
    if kind == b"iTXt":
        packed, text = text[:1] == b"\1", text[2:].split(b"\0", 2)[-1]  # after its language and translated keyword
    elif packed:
        text = text[1:]
    with overlook_damage():
        text = file.inflate(text) if packed else text
        if keyword == b"XML:com.adobe.xmp":
            yield from markup.texts(file.within(text))
        elif keyword.startswith(b"Raw profile type "):
            yield from _profile_texts(text, file)
        else:
            yield text


def _profile_texts(text: bytes, file: BoundedFile) -> Iterator[bytes]:
    """The texts of a profile as ImageMagick writes it: its name, its length and its bytes as hexadecimal digits."""
    profile = bytes.fromhex(b"".join(text.split()[2:]).decode("ascii"))
    yield from tags.segment_texts(profile, file)
