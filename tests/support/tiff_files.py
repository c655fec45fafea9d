"""TIFFs of 16 bits and more, written by hand in every way that the format has for them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

Pixels = np.ndarray[Any, Any]

#: What strips and tiles are packed with: the number in the file, and Pillow's word for it.
PACKINGS = {"none": (1, None), "lzw": (5, "tiff_lzw"), "packbits": (32773, "packbits"), "deflate": (8, None)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the numbers lie in the file; tile: rows and columns of each. extra: kinds of channels beyond the colours."""

    packing: str = "none"
    order: str = "<"
    predictor: int = 1
    separate: bool = False
    rows: int = 5
    tile: tuple[int, int] | None = None
    photometric: int = 2
    extra: tuple[int, ...] = ()
    orientation: int = 1
    reversed_bits: bool = False
    profile: bytes = b""


def tiff(values: Pixels, layout: Layout) -> bytes:
    """A file of numbers, (H, W, channels)."""
    height, width, channels = values.shape
    high, wide = layout.tile or (layout.rows, width)
    pieces = []
    for some in np.split(values, channels, axis=2) if layout.separate else [values]:
        for top in range(0, height, high):
            for left in range(0, width, wide):
                part = some[top : top + high, left : left + wide]
                if layout.tile:
                    part = np.pad(part, ((0, high - part.shape[0]), (0, wide - part.shape[1]), (0, 0)))
                pieces.append(_packed(part, layout))
    number, _ = PACKINGS[layout.packing]
    bits, sort = values.dtype.itemsize * 8, 3 if values.dtype.kind == "f" else 1
    tags: list[tuple[int, str, list[int]]] = [
        (256, "I", [width]), (257, "I", [height]), (258, "H", [bits] * channels), (259, "H", [number]),
        (262, "H", [layout.photometric]), (266, "H", [2 if layout.reversed_bits else 1]),
        (274, "H", [layout.orientation]), (277, "H", [channels]), (284, "H", [2 if layout.separate else 1]),
        (317, "H", [layout.predictor]), (338, "H", list(layout.extra)), (339, "H", [sort] * channels),
        (34675, "B", list(layout.profile)),
    ]  # fmt: skip
    where = (324, 325) if layout.tile else (273, 279)
    tags += [(322, "I", [wide]), (323, "I", [high])] if layout.tile else [(278, "I", [high])]
    tags += [(where[0], "I", [0] * len(pieces)), (where[1], "I", [len(piece) for piece in pieces])]
    return _file(sorted(tag for tag in tags if tag[2]), where[0], pieces, layout.order)


def _file(tags: list[tuple[int, str, list[int]]], where: int, pieces: list[bytes], order: str) -> bytes:
    start = 8 + 2 + 12 * len(tags) + 4
    beyond = b""
    sizes = {tag: struct.calcsize(f"{order}{len(numbers)}{kind}") for tag, kind, numbers in tags}
    at = start + sum(size + size % 2 for size in sizes.values() if size > 4)
    offsets = []
    for piece in pieces:
        offsets.append(at)
        at += len(piece) + len(piece) % 2
    entries = b""
    for tag, kind, numbers in tags:
        data = struct.pack(f"{order}{len(numbers)}{kind}", *(offsets if tag == where else numbers))
        if len(data) > 4:
            entries_value = struct.pack(f"{order}I", start + len(beyond))
            beyond += data + bytes(len(data) % 2)
        else:
            entries_value = data.ljust(4, b"\0")
        entries += struct.pack(f"{order}2HI", tag, {"B": 7, "H": 3, "I": 4}[kind], len(numbers)) + entries_value
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HIH", 42, 8, len(tags))
    return head + entries + bytes(4) + beyond + b"".join(piece + bytes(len(piece) % 2) for piece in pieces)


def _packed(part: Pixels, layout: Layout) -> bytes:
    """A strip or tile as it is in the file."""
    data = _predicted(part, layout)
    word = PACKINGS[layout.packing][1]
    if word:
        file = io.BytesIO()
        rows = Image.frombytes("L", (len(data) // len(part), len(part)), data)
        rows.save(file, "TIFF", compression=word, tiffinfo={278: len(part)})
        with Image.open(file) as image:
            (start,), (count,) = image.tag_v2[273], image.tag_v2[279]  # type: ignore[attr-defined]
        data = file.getvalue()[start : start + count]
    elif layout.packing == "deflate":
        data = zlib.compress(data)
    reverse = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
    return data.translate(reverse) if layout.reversed_bits else data


def _predicted(part: Pixels, layout: Layout) -> bytes:
    if layout.predictor == 2:
        unsigned = part.view(f"u{part.dtype.itemsize}")
        part = np.diff(unsigned, axis=1, prepend=unsigned.dtype.type(0))
    if layout.predictor == 3:
        rows, _, channels = part.shape
        planes = np.ascontiguousarray(part.astype(part.dtype.newbyteorder(">"))).view(np.uint8)
        planes = planes.reshape(rows, -1, part.dtype.itemsize).transpose(0, 2, 1).reshape(rows, -1, channels)
        return bytes(np.diff(planes, axis=1, prepend=np.uint8(0)).tobytes())
    return bytes(part.astype(part.dtype.newbyteorder(layout.order)).tobytes())


def layouts() -> Iterator[Layout]:
    """Every packing with every way to lie."""
    for packing in PACKINGS:
        for order in "<>":
            for predictor in (1, 2):
                yield Layout(packing=packing, order=order, predictor=predictor)
        yield Layout(packing=packing, separate=True, predictor=2)
        yield Layout(packing=packing, tile=(16, 16))
        yield Layout(packing=packing, tile=(16, 32), separate=True, order=">")
        yield Layout(packing=packing, reversed_bits=True, rows=99)
