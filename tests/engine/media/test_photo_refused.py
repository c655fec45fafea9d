"""Files that are no photo, or half of one, or far too large: a reason each, at no cost."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from tests.support.photo_files import chunk, opened, packed_zeros, png_by_hand, ramp, saved
from tests.support.platforms import PEAK_MEMORY, on_posix
from tests.support.tiff_files import Layout, tiff

from artengine.media.photo import open_photo

PNG = saved(Image.fromarray(ramp()), "PNG")


def noise(height: int, width: int) -> Any:
    return np.random.RandomState(0).randint(0, 256, (height, width, 3)).astype(np.uint8)


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description"
    return exif


def samples() -> dict[str, bytes]:
    photo = Image.fromarray(ramp())
    film = [Image.fromarray(ramp()[:, ::-1])]
    return {
        "PNG": saved(photo, "PNG", exif=turned()),
        "palette": saved(photo.convert("P"), "PNG", transparency=3),
        "JPEG": saved(photo, "JPEG", exif=turned()),
        "progressive": saved(photo, "JPEG", progressive=True),
        "WEBP": saved(photo, "WEBP", exif=turned()),
        "TIFF": saved(photo, "TIFF", exif=turned()),
        "packed TIFF": saved(photo, "TIFF", compression="packbits"),
        "GIF": saved(photo, "GIF", save_all=True, append_images=film),
        "BMP": saved(photo, "BMP"),
    }


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "found no picture, expected one of PNG, JPEG, WEBP, TIFF, GIF, BMP"),
        (b"hello, I am a text\n" * 99, "found no picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n", "found no picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", "found an SVG drawing, expected one"),
        (b"P6 2 2 255 " + bytes(12), "found no picture"),
        (b"\x89PNG\r\n\x1a\n", "found "),
        (b"\xff\xd8\xff\xe0", "found no picture"),
        (b"BM" + bytes(60), "found "),
        (png_by_hand(0, 9, 8, 0), "found "),
    ],
)
def test_data_of_no_picture_are_refused(data: bytes, words: str, tmp_path: Path) -> None:
    for name in ("photo.png", "photo.jpg", "photo"):
        with pytest.raises(ValueError, match=words):
            opened(data, tmp_path, name)


@pytest.mark.parametrize("form", ["EPS", "PDF", "PPM", "TGA", "ICO", "PCX", "SGI", "DDS", "JPEG2000", "ICNS"])
def test_rare_formats_never_reach_their_parser(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.init()
    if form not in Image.SAVE:
        pytest.skip(f"this Pillow does not write {form}")
    data = saved(Image.fromarray(ramp()).resize((16, 16)), form)
    if form in Image.OPEN:

        def never(*_: object) -> None:
            raise AssertionError(f"{form} was opened")

        monkeypatch.setitem(Image.OPEN, form, (never, None))
    with pytest.raises(ValueError, match="found no picture"):
        opened(data, tmp_path, "photo.png")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"])
def test_truncated_photo_is_refused(form: str, tmp_path: Path) -> None:
    whole = saved(Image.fromarray(noise(40, 60)), form)
    end = len(whole) - (20 if form == "PNG" else 2)  # the last bytes of a PNG are a checksum and a closing mark
    for at in range(50):
        with pytest.raises(ValueError, match=r"^found "):
            opened(whole[: at * end // 50], tmp_path)


def test_hundreds_of_damaged_files_raise_nothing_but_value_errors(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(5)
    files = samples()
    said: list[str] = []
    for _ in range(400):
        data = bytearray(chance.choice(list(files.values())))
        for _ in range(chance.randint(1, 5)):
            at = chance.randrange(len(data) if chance.random() < 0.5 else min(300, len(data)))
            match chance.randrange(3):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at : at + chance.randint(1, 8)]
                case 2:
                    data[at:at] = chance.randbytes(chance.randint(1, 8))
        try:
            assert opened(bytes(data), tmp_path).pixels.shape[2] == 3
        except ValueError as error:
            said.append(str(error))
    assert len(said) > 160
    assert all(one.startswith("found ") and "\n" not in one for one in said)
    assert capfd.readouterr().err == ""  # one line is enough


def measured(path: Path, *arguments: float) -> tuple[str, int]:
    """What opening says, and the kilobytes it took, in a process of its own."""
    program = PEAK_MEMORY + (
        "from pathlib import Path\nimport numpy\nfrom PIL import Image\n"
        "from artengine.media.photo import open_photo\nImage.preinit()\n"
        "before = peak_memory()\n"
        "try:\n    said = str(open_photo(Path(sys.argv[1]), 'photo', *map(float, sys.argv[2:])).pixels.shape)\n"
        "except ValueError as error:\n    said = str(error)\n"
        "print(said)\nprint(peak_memory() - before)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(path), *map(str, arguments)],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    said, grown = run.stdout.splitlines()
    return said, int(grown)


@on_posix
@pytest.mark.parametrize(("side", "bits", "colour"), [(30_000, 1, 0), (13_300, 8, 2), (9_400, 8, 2), (8_001, 1, 0)])
def test_a_picture_far_too_large_is_refused_before_it_is_decoded(
    side: int, bits: int, colour: int, tmp_path: Path
) -> None:
    (tmp_path / "bomb.png").write_bytes(png_by_hand(side, side, bits, colour))
    said, grown = measured(tmp_path / "bomb.png")
    assert "expected at most 64" in said
    assert grown < 20_000


@on_posix
def test_whoever_raises_the_limit_gets_the_picture(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(png_by_hand(9_000, 9_000, 1, 0))
    with pytest.raises(ValueError, match=r"9000 x 9000, 81 megapixels, expected at most 64; .* --max-megapixels 82$"):
        open_photo(tmp_path / "large.png", "large.png")
    assert measured(tmp_path / "large.png", 82)[0] == "(9000, 9000, 3)"
    assert opened(PNG, tmp_path, max_megapixels=16 * 12 / 1e6).pixels.shape == (12, 16, 3)
    with pytest.raises(ValueError, match=r"expected at most 0\.00019; make it smaller"):
        opened(PNG, tmp_path, max_megapixels=0.00019)


def test_the_limit_is_ours_and_that_of_pillow_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 99)
    (tmp_path / "bomb.png").write_bytes(png_by_hand(30_000, 30_000, 1, 0))
    with pytest.raises(
        ValueError, match=r"30000 x 30000, 900 megapixels, expected at most 899; .* --max-megapixels 901"
    ):
        open_photo(tmp_path / "bomb.png", "bomb.png", 899)
    assert Image.MAX_IMAGE_PIXELS == 99
    opened(saved(Image.new("1", (900, 900)), "PNG"), tmp_path, max_megapixels=0.9)
    assert Image.MAX_IMAGE_PIXELS == 99


@on_posix
@pytest.mark.parametrize(
    "bomb",
    [
        chunk(b"zTXt", b"a\0\0" + packed_zeros(100 * 2**20)),
        chunk(b"iTXt", b"a\0\1\0\0\0" + packed_zeros(100 * 2**20)),
        chunk(b"zTXt", b"a\0\0" + packed_zeros(2**20)) * 100,
        chunk(b"iCCP", b"a\0\0" + packed_zeros(100 * 2**20)),
    ],
    ids=["zTXt", "iTXt", "many zTXt", "iCCP"],
)
def test_bomb_in_a_metadata_chunk_is_harmless(bomb: bytes, tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(png_by_hand(4, 4, 8, 2, bomb))
    said, grown = measured(tmp_path / "bomb.png")
    assert said == "(4, 4, 3)" or said.startswith("found a damaged picture")
    assert grown < 90_000


def test_odd_metadata_is_no_reason_to_refuse(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "x" * 9_999, zip=True)
    for options in ({"pnginfo": info}, {"icc_profile": b"no profile at all"}, {"dpi": (0, 0)}):
        assert opened(saved(Image.fromarray(ramp()), "PNG", **options), tmp_path).pixels.shape == (12, 16, 3)
    broken = saved(Image.fromarray(ramp()), "JPEG", exif=b"Exif\0\0II*\0" + struct.pack("<I", 99_999))
    assert opened(broken, tmp_path).pixels.shape == (12, 16, 3)


@on_posix
def test_path_that_is_no_regular_file_is_refused_as_photo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    no_file, folder = "no regular file", "a folder"
    for path, what in {tmp_path / "fifo": no_file, tmp_path: folder, Path("/dev/zero"): no_file}.items():
        with pytest.raises(ValueError, match=f"which is {what}, expected a picture"):
            open_photo(path, "photo")
    with pytest.raises(ValueError, match=r"cannot read '.*none.png': No such file or directory"):
        open_photo(tmp_path / "none.png", "photo")
    with (tmp_path / "vast").open("wb") as file:
        file.truncate(513 * 2**20)
    with pytest.raises(ValueError, match="found 'vast' of 513 MB, expected at most 512 MB"):
        open_photo(tmp_path / "vast", "photo")


def test_photo_that_vanished_or_changed_is_reported(tmp_path: Path) -> None:
    photo = opened(PNG, tmp_path)
    again = open_photo(photo.path, photo.name)
    assert again == photo
    (tmp_path / "photo").write_bytes(PNG[: len(PNG) // 2])
    assert photo.pixels.shape == (12, 16, 3)  # decoded when it was opened
    with pytest.raises(ValueError, match="found a damaged picture"):
        open_photo(photo.path, photo.name)


@pytest.mark.parametrize("size", [(1, 1 << 18), (1 << 18, 1)])
def test_sides_are_bounded_since_every_row_costs_memory_of_its_own(size: tuple[int, int], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"^found a photo of {size[0]} x {size[1]}, expected at most 131072 pixels a"):
        opened(png_by_hand(*size, 8, 2), tmp_path)


def test_numbers_that_take_far_more_than_pixels_are_refused_before_they_are_unpacked(tmp_path: Path) -> None:
    values = np.zeros((40, 50, 3))
    data = tiff(values, Layout(packing="deflate"))
    told = r"^found a TIFF of 0 MB when it is unpacked, expected at most 0 MB; save it in 16 bits, make it sm"
    with pytest.raises(ValueError, match=told):
        opened(data, tmp_path, max_megapixels=0.002)
    assert opened(data, tmp_path, max_megapixels=0.006).pixels.shape == values.shape
    assert opened(tiff(values.astype(np.uint16), Layout()), tmp_path, max_megapixels=0.002).pixels.shape == values.shape


def test_a_packed_bmp_is_refused_where_it_would_take_minutes(tmp_path: Path) -> None:
    def packed(side: int) -> bytes:
        rows = (bytes([side % 256, 7]) + b"\0\0") * side + b"\0\1"
        head = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(rows), 0, 0, 256, 0)
        return b"BM" + struct.pack("<IHHI", 1078 + len(rows), 0, 0, 1078) + head + bytes(range(256)) * 4 + rows

    assert opened(packed(9), tmp_path).pixels.shape == (9, 9, 3)
    with pytest.raises(ValueError, match=r"^found a packed BMP of 9 megapixels, expected at most 4; save it as PNG$"):
        opened(packed(3000), tmp_path)
