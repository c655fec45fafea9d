"""JPEG: texts in EXIF, XMP and comments, and one of any length in as many segments as it needs, ITU-T T.81, B.2.4.6.

EXIF is one segment and ends at 64 kB. The segments of our own are full but for the last, so that programs which join
segments of a kind and part them again, as ImageMagick does, leave them as they are.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator

from artengine.files.descriptions.bounds import BoundedFile
from artengine.files.descriptions.tags import segment_texts
from artengine.files.metadata import WEIGHTS_FIELD, exif

MAX_SEGMENTS = 128  # 8 MB
MAX_EXIF_TEXT = 60_000  # EXIF is kept in one segment of 64 kB
_MAX_BYTES = 65533  # of what a segment holds
_APP1, _APP11, _COMMENT = 0xE1, 0xEB, 0xFE
_HEAD = struct.Struct(">10sHH")  # whose it is; its number, from 0; how many there are
_OURS = b"artengine\0"
_ROOM = _MAX_BYTES - _HEAD.size
_START_OF_SCAN, _END = 0xDA, 0xD9
_ALONE = (0x01, *range(0xD0, 0xD9))  # markers without a length


def jpeg_fields(text: str | None) -> dict[str, bytes]:
    """A recipe as Pillow's writer of JPEG takes it: in EXIF; one that is too long for that in segments of its own.

    In EXIF, which other programs care for more than for our segments, there is then what fits of it: all but weights.
    """
    if text is None or len(text) <= MAX_EXIF_TEXT:
        return {"exif": exif(text)}
    short = _without_weights(text)
    return {"exif": exif(short if len(short) <= MAX_EXIF_TEXT else None), "extra": write_segments(text)}


def _without_weights(text: str) -> str:
    fields = json.loads(text)
    return json.dumps({name: fields[name] for name in fields if name != WEIGHTS_FIELD})


def write_segments(text: str) -> bytes:
    """A text of ASCII as segments, to stand before the picture's own.

    Raises `ValueError` for one that is too long.
    """
    data = text.encode("ascii")
    parts = [data[place : place + _ROOM] for place in range(0, len(data), _ROOM)]
    if len(parts) > MAX_SEGMENTS:
        raise ValueError(f"found a text of {len(data):,} bytes, expected at most {MAX_SEGMENTS * _ROOM:,}")
    heads = (_HEAD.pack(_OURS, number, len(parts)) for number in range(len(parts)))
    segments = (head + part for head, part in zip(heads, parts, strict=True))
    return b"".join(bytes([0xFF, _APP11]) + struct.pack(">H", 2 + len(one)) + one for one in segments)


def texts(file: BoundedFile) -> Iterator[bytes]:
    """The text in our own segments, and those of EXIF, XMP and comments.

    Raises `ValueError` for a damaged file, after the texts before the damage.
    """
    segments, damage = [], None
    try:
        for segment in _segments(file):
            segments.append(segment)
    except ValueError as error:
        damage = error
    yield _join_ours(data for marker, data in segments if marker == _APP11 and data.startswith(_OURS))
    for marker, data in segments:
        if marker == _APP1:
            yield from segment_texts(data, file)
        elif marker == _COMMENT:
            yield data
    if damage:
        raise damage


def _segments(file: BoundedFile) -> Iterator[tuple[int, bytes]]:
    """The segments that stand before the pixels: the second byte of the marker, and what is in it."""
    file.seek(2)
    while True:
        if file.read_exactly(1) != b"\xff":
            raise ValueError("the picture is damaged: found no segment where one has to begin")
        marker = 0xFF
        while marker == 0xFF:  # the others fill
            marker = file.read_exactly(1)[0]
        if marker in (_START_OF_SCAN, _END):
            return
        if marker not in _ALONE:
            length = int.from_bytes(file.read_exactly(2), "big") - 2
            if length < 0:
                raise ValueError("the picture is damaged: found a segment that is shorter than nothing")
            yield marker, file.read_exactly(length)


def _join_ours(segments: Iterable[bytes]) -> bytes:
    """The text in segments that `write_segments` has written; nothing where not all of them are there."""
    parts: dict[int, bytes] = {}
    count = 0
    for data in segments:
        if len(data) >= _HEAD.size:
            _, number, count = _HEAD.unpack_from(data)
            parts[number] = data[_HEAD.size :]
    if count > MAX_SEGMENTS or sorted(parts) != list(range(count)):
        return b""
    return b"".join(parts[number] for number in range(count))
