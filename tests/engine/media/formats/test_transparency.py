"""What is transparent lies over white, in files of few bits and of many, as Chromium shows it."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.support.photo_files import Pixels, chunk, opened, saved

#: Where the lines of each pass of an interlaced PNG begin, and how far they are apart: x, y, x, y.
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(values: Pixels, bits: int, clear: list[int], *, interlaced: bool) -> bytes:
    """A PNG of levels, (H, W, C), of so many bits, with one colour that stands for none."""
    parts = [values[top::down, left::right] for left, top, right, down in PASSES] if interlaced else [values]
    rows = b"".join(b"\0" + packed(row.reshape(-1), bits) for part in parts if part.size for row in part)
    height, width, channels = values.shape
    head = struct.pack(">IIBBBBB", width, height, bits, {1: 0, 3: 2}[channels], 0, 0, interlaced)
    chunks = {b"IHDR": head, b"tRNS": struct.pack(f">{channels}H", *clear), b"IDAT": zlib.compress(rows), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in chunks.items())


def packed(row: Pixels, bits: int) -> bytes:
    digits = "".join(f"{level:0{bits}b}" for level in row)
    return bytes(int(digits[at : at + 8].ljust(8, "0"), 2) for at in range(0, len(digits), 8))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("bits", "channels"), [(1, 1), (2, 1), (4, 1), (8, 1), (16, 1), (8, 3), (16, 3)])
def test_the_clear_colour_of_a_png_is_the_one_of_its_bits(
    bits: int, channels: int, interlaced: bool, tmp_path: Path
) -> None:
    top = (1 << bits) - 1
    values = (np.arange(9 * 11 * channels).reshape(9, 11, channels) * 7919) % (top + 1)
    clear = values[4, 5].copy()
    values[0, :2] = clear ^ 1  # as near as can be, also of 16 bits
    wanted = np.where((values == clear).all(axis=2, keepdims=True), 1, values / top)
    pixels = opened(png(values, bits, clear.tolist(), interlaced=interlaced), tmp_path).pixels
    assert np.abs(pixels / np.iinfo(pixels.dtype).max - wanted).max() < 1 / 255
    assert (pixels[4, 5] == np.iinfo(pixels.dtype).max).all()


def bmp(rows: list[list[int]], header: int, mask: int, *, upwards: bool = True) -> bytes:
    """A BMP of 16 bits, with five for each colour; mask: those of alpha."""
    numbers = b"".join(
        np.array(row, "<u2").tobytes() + bytes(len(row) % 2 * 2) for row in (rows[::-1] if upwards else rows)
    )
    size = len(rows) if upwards else -len(rows)
    head = struct.pack("<IiiHHIIiiII", header, len(rows[0]), size, 1, 16, 3, len(numbers), 0, 0, 0, 0)
    head += struct.pack("<IIII", 0x7C00, 0x3E0, 0x1F, mask)[: 12 if header < 56 else 16]
    head = head.ljust(header, b"\0")
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + len(head)) + head + numbers


RED, GREEN, BLUE, WHITE = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]


@pytest.mark.parametrize("upwards", [False, True])
@pytest.mark.parametrize(("header", "mask"), [(40, 0), (52, 0), (56, 0x8000), (108, 0x8000), (124, 0x8000), (124, 0)])
def test_one_bit_of_a_bmp_is_its_alpha_where_it_says_so(header: int, mask: int, upwards: bool, tmp_path: Path) -> None:
    rows = [[0xFC00, 0x7C00, 0x83E0], [0x001F, 0x801F, 0xFC00]]
    wanted = [[RED, RED, GREEN], [BLUE, BLUE, RED]]
    if mask:
        wanted[0][1] = wanted[1][0] = WHITE
    assert opened(bmp(rows, header, mask, upwards=upwards), tmp_path).pixels.tolist() == wanted


def gif(frame: Image.Image, left: int, top: int, width: int, height: int) -> bytes:
    """A GIF with its first frame anywhere on its canvas."""
    data = bytearray(saved(frame, "GIF"))
    place = data.index(struct.pack("<B4H", 0x2C, 0, 0, *frame.size)) + 1
    data[place : place + 4] = struct.pack("<2H", left, top)
    data[6:10] = struct.pack("<2H", width, height)
    return bytes(data)


@pytest.mark.parametrize("clear", [None, 1])
@pytest.mark.parametrize("colours", [[*RED, *GREEN, *BLUE], [0, 0, 0, 128, 128, 128, 255, 255, 255]])
@pytest.mark.parametrize(("left", "top", "width", "height"), [(2, 1, 6, 4), (0, 0, 3, 3), (0, 0, 3, 2), (1, 0, 4, 2)])
def test_nothing_is_where_the_first_frame_of_a_gif_does_not_reach(
    left: int, top: int, width: int, height: int, colours: list[int], clear: int | None, tmp_path: Path
) -> None:
    frame = Image.frombytes("P", (3, 2), bytes([0, 1, 2, 2, 1, 0]))
    frame.putpalette(colours)
    shown = np.array(colours, np.uint8).reshape(3, 3)
    if clear is not None:
        frame.info["transparency"] = clear
        shown[clear] = 255
    wanted = np.full((height, width, 3), 255)
    wanted[top : top + 2, left : left + 3] = shown[np.asarray(frame)]
    assert opened(gif(frame, left, top, width, height), tmp_path).pixels.tolist() == wanted.tolist()
