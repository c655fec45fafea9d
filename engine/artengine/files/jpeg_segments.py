"""Texts of any length in a JPEG: in as many application segments as they need, ITU-T T.81, B.2.4.6.

EXIF is one segment and ends at 64 kB. These are full but for the last, so that programs which join segments of a kind
and part them again, as ImageMagick does, leave them as they are.
"""

from __future__ import annotations

import struct
from typing import IO

MAX_SEGMENTS = 128  # 8 MB
MAX_STEPS = 50_000  # segments that are looked at: beyond lies malice
_MAX_BYTES = 65533  # of what a segment holds
_MARKER = b"\xff\xeb"  # APP11
_HEAD = struct.Struct(">10sHH")  # whose it is; its number, from 0; how many there are
_OURS = b"artengine\0"
_ROOM = _MAX_BYTES - _HEAD.size
_START_OF_SCAN, _END = 0xDA, 0xD9
_ALONE = (0x01, *range(0xD0, 0xD9))  # markers without a length


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
    return b"".join(_MARKER + struct.pack(">H", 2 + len(one)) + one for one in segments)


def read_segments(file: IO[bytes]) -> str:
    """The text in the segments of a file; empty where there is none, or not all of it, or it is no JPEG."""
    file.seek(0)
    if file.read(2) != b"\xff\xd8":
        return ""
    parts: dict[int, bytes] = {}
    count = 0
    for _ in range(MAX_STEPS):
        marker = file.read(2)
        if len(marker) < 2 or marker[0] != 0xFF or marker[1] in (_START_OF_SCAN, _END):
            break
        if marker[1] == 0xFF:  # a byte of filling
            file.seek(-1, 1)
            continue
        if marker[1] in _ALONE:
            continue
        length = max(int.from_bytes(file.read(2), "big") - 2, 0)
        head = file.read(min(_HEAD.size, length))
        if len(head) == _HEAD.size and marker == _MARKER and head.startswith(_OURS):
            _, number, count = _HEAD.unpack(head)
            if not number < count <= MAX_SEGMENTS:
                return ""
            parts[number] = file.read(length - len(head))
        else:
            file.seek(length - len(head), 1)
    if not parts or sorted(parts) != list(range(count)):
        return ""
    return b"".join(parts[number] for number in range(count)).decode("ascii", "replace")
