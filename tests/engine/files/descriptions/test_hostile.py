"""Whatever a stranger did to a file, reading its recipe ends soon, with a text or with one line about it."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zlib
from pathlib import Path

import pytest
from tests.support.embedded_files import (
    RECIPE,
    atom,
    chunk,
    exif_block,
    jpeg,
    mp4,
    packed_pdf,
    pdf,
    picture,
    png,
    svg,
    webm,
    xmp,
)

from artengine import InputError
from artengine.files import gif_comment, read_embedded
from artengine.files.descriptions import bounds
from artengine.making import recipe

TEXT = RECIPE.encode()
FILES: dict[str, bytes] = {
    "PNG": png(chunk(b"zTXt", b"a\0\0" + zlib.compress(TEXT))),
    "PNG with EXIF": png(chunk(b"eXIf", exif_block(RECIPE))),
    "PNG with XMP": png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(RECIPE))),
    "JPEG": jpeg((0xE1, b"Exif\0\0" + exif_block(RECIPE, 0x9286, 7)))[:400],
    "JPEG with segments of ours": jpeg((0xEB, b"artengine\0\0\0\0\1" + TEXT)),
    "WebP": picture("WEBP"),
    "TIFF": picture("TIFF"),
    "GIF": b"GIF89a"
    + bytes([1, 0, 1, 0, 0x80, 0, 0])
    + bytes(6)
    + b"\x2c"
    + bytes(9)
    + b"\2\1x\0"
    + gif_comment(RECIPE),
    "MP4": mp4(TEXT),
    "MOV": atom(b"moov", atom(b"udta", atom(b"\xa9cmt", struct.pack(">HH", len(TEXT), 0), TEXT))),
    "WebM": webm(TEXT),
    "SVG": svg(),
    "SVGZ": gzip.compress(svg()),
    "PDF": pdf(),
    "packed PDF": packed_pdf(),
}
each_file = pytest.mark.parametrize("data", FILES.values(), ids=FILES)


class Opened:
    """Has every file that is opened be the data, and counts how often it is read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.data, self.reads, self.longest = b"", 0, 0
        opened = self

        class Counted(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                opened.reads += 1
                return super().read(size)

        monkeypatch.setattr(Path, "open", lambda *_: Counted(self.data))

    def outcome(self, data: bytes) -> str | None:
        """What is read from the data; None where it is refused."""
        self.data = data
        try:
            return read_embedded(Path("a"))
        except ValueError as error:
            self.longest = max(self.longest, len(str(error)))
            return None


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    return Opened(monkeypatch)


@each_file
def test_files_cut_off_at_every_byte(data: bytes, opened: Opened) -> None:
    assert opened.outcome(data) == RECIPE
    outcomes = {opened.outcome(data[:length]) for length in range(len(data))}
    assert outcomes <= {RECIPE, "", None}
    assert outcomes & {"", None}
    assert opened.longest < 200


@each_file
def test_files_with_bits_flipped(data: bytes, opened: Opened) -> None:
    random_ = random.Random(0)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << random_.randrange(8)
        opened.outcome(bytes(changed))
        changed[random_.randrange(len(data))] = random_.choice((0, 1, 0x7F, 0x80, 0xFF))
        opened.outcome(bytes(changed))


@each_file
def test_a_damaged_file_is_the_users_mistake(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "made"
    path.write_bytes(data[:60])
    with pytest.raises(
        InputError, match=r"^\S+made: (cannot be read: |found no recipe in it; looked in the \w+)"
    ) as caught:
        recipe.read(path)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def bombs() -> bytes:
    """Packed 40 times 50 kB of nothing."""
    stream = b"<< /Type /ObjStm /Filter /FlateDecode >>\nstream\n%b\nendstream\n" % zlib.compress(bytes(50_000), 9)
    return b"%PDF-1.6\n" + stream * 40


ENDLESS: dict[str, bytes] = {
    "boxes": atom(b"ftyp", b"isom") + atom(b"free") * 4000 + mp4(TEXT),
    "boxes in boxes": atom(b"ftyp", b"isom") + atom(b"moov", atom(b"udta") * 100) * 40,
    "elements": b"\x1aE\xdf\xa3\x80" + b"\xec\x80" * 2000,
    "elements in elements": b"\x1aE\xdf\xa3\x80\x18\x53\x80\x67\x01" + b"\xff" * 7 + b"\x12\x54\xc3\x67\x80" * 2000,
    "bytes of a comment": b"GIF89a" + bytes(7) + b"\x21\xf9" + b"\1x" * 2000 + b"\0",
    "extensions": b"GIF89a" + bytes(7) + b"\x21\xf9\0" * 2000,
    "chunks": png(chunk(b"IDAT", b"") * 4000),
    "packed texts": png(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(50_000))) * 40),
    "packed texts of a packet": png(chunk(b"zTXt", b"XML:com.adobe.xmp\0\0" + zlib.compress(bytes(50_000))) * 40),
    "segments": b"\xff\xd8\xff\xe0\0\2" + b"\xff\xe0\0\2" * 2000,
    "directories": b"MM\0*\0\0\0\x08" + b"".join(struct.pack(">HI", 0, 8 + 6 * number) for number in range(1, 4000)),
    "values": b"MM\0*\0\0\0\x08\x03\xff" + struct.pack(">HHII", 700, 1, 10_000, 8) * 1023 + bytes(20_000),
    "entries": b"%PDF-1.6\n" + b"/artengine (" * 4000,
    "entries that begin well": b"%PDF-1.6\n" + b'/artengine ({"artengine"' * 2000,
    "brackets": pdf(b'({"artengine"' + b"(" * 4000),
    "octal digits": pdf(b'({"artengine"' + b"\\0" * 4000 + b")"),
    "objects": b"%PDF-1.6\n" + b"/ObjStm\nstream\n" * 2000 + b"endstream",
    "packed objects": bombs(),
    "a packed drawing": gzip.compress(b"<svg>" + b" " * 2_000_000),
}


@pytest.mark.parametrize("data", ENDLESS.values(), ids=ENDLESS)
def test_what_is_looked_through_is_bounded(data: bytes, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_READS", 3000)
    monkeypatch.setattr(bounds, "MAX_READ_BYTES", 1_000_000)
    opened.data = data
    with pytest.raises(ValueError, match=r"^it has more in it than is looked through"):
        read_embedded(Path("a"))
    assert opened.reads < 3010


def test_boxes_as_deep_as_they_like(opened: Opened) -> None:
    data = b""
    for _ in range(3000):
        data = atom(b"udta", data)
    assert opened.outcome(atom(b"moov", data)) == ""
    tags = b"".join(b"\x67\xc8" + (0x200000 + 5 * left).to_bytes(3, "big") for left in reversed(range(3000)))
    assert opened.outcome(b"\x1aE\xdf\xa3\x80\x18\x53\x80\x67\xff\x12\x54\xc3\x67\xff\x73\x73\xff" + tags) == ""


@pytest.mark.parametrize("extra", [0, 1])
def test_a_recipe_has_so_many_bytes_and_no_more(extra: int, opened: Opened) -> None:
    text = RECIPE + " " * ((1 << 24) - len(RECIPE) - 1 + extra) + "}"
    data = {
        "PNG": png(chunk(b"zTXt", b"a\0\0" + zlib.compress(text.encode(), 1))),
        "MP4": mp4(text.encode()),
        "SVG": svg(text),
        "PDF": pdf(b"(" + text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode() + b")"),
    }
    for one in data.values():
        assert opened.outcome(one) == (None if extra else text)


def test_other_files_are_told_apart(opened: Opened) -> None:
    for data in (
        b"",
        b"x",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"#EXTM3U\n/etc/passwd",
        b"PK\3\4",
        b"BM" + bytes(99),
    ):
        opened.data = data
        with pytest.raises(
            ValueError, match=r"^found none of the formats that keep a recipe: PNG, JPEG, .*, safetensors$"
        ):
            read_embedded(Path("a"))
