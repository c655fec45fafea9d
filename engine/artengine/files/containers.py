"""Where films and vectors keep a description: found in mp4, webm, gif, svg and pdf, put into gif.

The few boxes on the way to it are walked here, by the books of the formats, rather than by a program that would open
everything an untrusted file makes it believe in. Nothing is read that is not on the way, nor longer than
MAX_DESCRIPTION_BYTES.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

MAX_DESCRIPTION_BYTES = 1 << 23  # bytes: twice what a recipe may have
MAX_STEPS = 50_000  # steps on the way; beyond lies film, or malice

_Box = tuple[bytes, int, int]  # its name; where its contents begin and end in the file
_Steps = Iterator[int]  # those that are left; all that walk in one file share them

_Walk = Callable[[IO[bytes], int, int, _Steps], Iterator[_Box]]

COMMENT = b"\x21\xfe"  # of gif: an extension, with that label
MAX_HEAD_BYTES = 1 << 16  # bytes of svg and pdf: where no description has begun, there is none


def read_description(path: Path) -> str | None:
    """The text that a film or vectors have with them; empty where there is none, None for other formats.

    Raises `ValueError` for a damaged file and `OSError` where it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(12)
        end, steps = file.seek(0, 2), iter(range(MAX_STEPS))
        if start[4:8] == b"ftyp":
            return _mp4(file, end, steps)
        if start[:4] == b"\x1aE\xdf\xa3":
            return _webm(file, end, steps)
        if start[:6] in (b"GIF87a", b"GIF89a"):
            return _gif(file, steps)
        if start[:5] == b"%PDF-":
            return _pdf(file)
        if start.startswith((b"<?xml", b"<svg")):
            return _svg(file)
    return None


def gif_comment(text: str) -> bytes:
    """A text of ASCII as the block that a gif keeps it in."""
    data = text.encode("ascii")
    parts = (data[place : place + 255] for place in range(0, len(data), 255))
    return COMMENT + b"".join(bytes([len(part)]) + part for part in parts) + b"\0"


def gif_head(file: IO[bytes]) -> bytes:
    """The beginning of a gif, as far as its global colours reach; blocks follow.

    Raises `ValueError` where it ends before.
    """
    head = _exactly(file, 13)
    colours = 3 << ((head[10] & 7) + 1) if head[10] & 0x80 else 0
    return head + _exactly(file, colours)


def _mp4(file: IO[bytes], end: int, steps: _Steps) -> str:
    boxes: Iterable[_Box] = [(b"", 0, end)]
    for name in (b"moov", b"udta", b"meta", b"ilst", b"\xa9cmt", b"data"):
        boxes = _below(_atoms, file, boxes, name, steps)
    for _, begin, stop in boxes:
        return _text(file, begin + 8, stop)  # after its type and language
    return ""


def _below(walk: _Walk, file: IO[bytes], boxes: Iterable[_Box], name: bytes, steps: _Steps) -> Iterator[_Box]:
    """The boxes of that name inside those boxes."""
    for _, begin, stop in boxes:
        yield from (box for box in walk(file, begin, stop, steps) if box[0] == name)


def _atoms(file: IO[bytes], begin: int, end: int, steps: _Steps) -> Iterator[_Box]:
    """The boxes between two places, ISO/IEC 14496-12, 4.2: a size of 1 stands before a longer one, 0 for the rest."""
    for _ in steps:
        if begin + 8 > end:
            return
        file.seek(begin)
        head = _exactly(file, 8)
        size, name, inside = int.from_bytes(head[:4], "big"), head[4:], begin + 8
        if size == 1:
            size, inside = int.from_bytes(_exactly(file, 8), "big"), begin + 16
        stop = begin + size if size else end
        if not inside <= stop <= end:
            raise ValueError("the film is damaged: a box of it is longer than what it lies in")
        yield name, inside + 4 * (name == b"meta"), stop  # after its version and flags
        begin = stop


_SEGMENT, _TAGS, _TAG, _SIMPLE = b"\x18\x53\x80\x67", b"\x12\x54\xc3\x67", b"\x73\x73", b"\x67\xc8"
_NAME, _STRING = b"\x45\xa3", b"\x44\x87"


def _webm(file: IO[bytes], end: int, steps: _Steps) -> str:
    boxes: Iterable[_Box] = [(b"", 0, end)]
    for name in (_SEGMENT, _TAGS, _TAG, _SIMPLE):
        boxes = _below(_elements, file, boxes, name, steps)
    for _, begin, stop in boxes:
        inner = {name: (inside, past) for name, inside, past in _elements(file, begin, stop, steps)}
        if _NAME in inner and _STRING in inner and _text(file, *inner[_NAME]) == "COMMENT":
            return _text(file, *inner[_STRING])
    return ""


def _elements(file: IO[bytes], begin: int, end: int, steps: _Steps) -> Iterator[_Box]:
    """The elements between two places, RFC 8794, 5 and 6: a number says by its leading zeros how long it is."""
    for _ in steps:
        if begin + 2 > end:
            return
        file.seek(begin)
        name = _number(file, 4)
        digits = _number(file, 8)
        inside = begin + len(name) + len(digits)
        value = int.from_bytes(digits, "big") - (1 << 7 * len(digits))
        unknown = value == (1 << 7 * len(digits)) - 1  # a film that was sent while it was made
        stop = end if unknown else inside + value
        if not inside <= stop <= end:
            raise ValueError("the film is damaged: an element of it is longer than what it lies in")
        yield name, inside, stop
        begin = stop


def _number(file: IO[bytes], longest: int) -> bytes:
    first = _exactly(file, 1)
    length = 9 - first[0].bit_length()
    if length > longest:
        raise ValueError("the film is damaged: found a number that is longer than numbers may be")
    return first + _exactly(file, length - 1)


def _gif(file: IO[bytes], steps: _Steps) -> str:
    file.seek(0)
    gif_head(file)
    while (kind := _exactly(file, 2))[:1] == COMMENT[:1]:
        text = bytearray()
        for _ in steps:
            length = _exactly(file, 1)[0]
            if not length:
                break
            text += _exactly(file, length)
        else:
            return ""
        if kind == COMMENT:
            return text.decode("ascii", "replace")
    return ""


_ELEMENT, _ENTRY = b'<metadata id="artengine">', b"/artengine ("


def _svg(file: IO[bytes]) -> str:
    """What stands in an element that only we write; no parser of XML is at work, so no entity grows."""
    return html.unescape(_after(file, _ELEMENT, rb"([^<]*+)</metadata>"))


def _pdf(file: IO[bytes]) -> str:
    """What stands in an entry of the information dictionary that only we write."""
    return re.sub(r"\\(.)", r"\1", _after(file, _ENTRY, rb"((?:[^\\()]++|\\[\\()])*+)\)"))


def _after(file: IO[bytes], words: bytes, rest: bytes) -> str:
    """What a pattern finds behind words that stand early in a file."""
    file.seek(0)
    begin = file.read(MAX_HEAD_BYTES).find(words)
    if begin < 0:
        return ""
    file.seek(begin + len(words))
    match = re.match(rest, file.read(MAX_DESCRIPTION_BYTES))
    return match[1].decode("ascii", "replace") if match else ""


def _text(file: IO[bytes], begin: int, end: int) -> str:
    if end - begin > MAX_DESCRIPTION_BYTES:
        raise ValueError(f"found a text of {end - begin:,} bytes, expected at most {MAX_DESCRIPTION_BYTES:,}")
    file.seek(begin)
    return _exactly(file, max(0, end - begin)).rstrip(b"\0").decode("utf-8", "replace")


def _exactly(file: IO[bytes], length: int) -> bytes:
    data = file.read(length)
    if len(data) < length:
        raise ValueError("the film is cut off")
    return data
