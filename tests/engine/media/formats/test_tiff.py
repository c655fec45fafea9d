"""TIFFs keep their levels and channels, however they are packed, or are refused; nothing is cut in silence."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from tests.support.photo_files import opened, ramp, saved
from tests.support.tiff_files import Layout, Pixels, layouts, tiff

COLOUR = ramp(21, 37).astype(np.uint16) * 250 + 101
ALPHA = (np.arange(21 * 37).reshape(21, 37, 1) * 83).astype(np.uint16)


@pytest.mark.parametrize("layout", list(layouts()), ids=str)
def test_all_levels_are_there_however_they_are_packed(layout: Layout, tmp_path: Path) -> None:
    pixels = opened(tiff(COLOUR, layout), tmp_path).pixels
    assert pixels.dtype == np.uint16
    assert np.array_equal(pixels, COLOUR)
    grey = opened(tiff(COLOUR[:, :, :1], replace(layout, photometric=1)), tmp_path).pixels
    assert np.array_equal(grey, COLOUR[:, :, :1].repeat(3, axis=2))


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("packing", ["none", "lzw", "deflate"])
@pytest.mark.parametrize("predictor", [1, 2, 3])
def test_floats_are_parts_of_one(predictor: int, packing: str, kind: type, tmp_path: Path) -> None:
    values = (COLOUR / 65535).astype(kind)
    for order in "<>":
        layout = Layout(packing=packing, predictor=predictor, order=order, tile=(16, 16))
        assert np.array_equal(opened(tiff(values, layout), tmp_path).pixels, np.rint(values.astype(float) * 65535))


@pytest.mark.parametrize("packing", ["none", "lzw", "packbits", "deflate"])
def test_what_is_transparent_lies_over_white(packing: str, tmp_path: Path) -> None:
    share = ALPHA / 65535
    wanted = COLOUR * share + 65535 * (1 - share)
    plain = tiff(np.concatenate([COLOUR, ALPHA], axis=2), Layout(packing=packing, extra=(2,)))
    assert np.abs(opened(plain, tmp_path).pixels - wanted).max() <= 0.5
    multiplied = np.rint(COLOUR * share).astype(np.uint16)
    data = tiff(np.concatenate([multiplied, ALPHA], axis=2), Layout(packing=packing, extra=(1,), separate=True))
    assert np.abs(opened(data, tmp_path).pixels - wanted).max() <= 2
    unsaid = tiff(np.concatenate([COLOUR, ALPHA], axis=2), Layout(packing=packing, extra=(0,)))
    assert np.array_equal(opened(unsaid, tmp_path).pixels, COLOUR)  # as of 8 bits: it may be anything
    grey = tiff(np.concatenate([COLOUR[:, :, :1], ALPHA], axis=2), Layout(packing=packing, extra=(2,), photometric=1))
    assert np.abs(opened(grey, tmp_path).pixels - wanted[:, :, :1]).max() <= 0.5


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photo_is_upright_as_pillow_has_it(orientation: int, tmp_path: Path) -> None:
    from PIL import ImageOps

    grey = Image.fromarray(ramp(5, 7)[:, :, 0])
    grey.getexif()[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(grey))
    values = ramp(5, 7)[:, :, :1].repeat(3, axis=2).astype(np.uint16) * 257
    data = tiff(values, Layout(packing="lzw", orientation=orientation))
    assert np.array_equal(opened(data, tmp_path).pixels[:, :, 0], upright.astype(np.uint16) * 257)


def test_inks_and_white_that_is_zero_keep_their_levels(tmp_path: Path) -> None:
    inks = np.array([[[0, 0, 0, 0], [65535, 0, 0, 0], [0, 0, 0, 30_001], [0, 65535, 0, 32768]]], np.uint16)
    wanted = [[65535] * 3, [0, 65535, 65535], [35534] * 3, [32767, 0, 32767]]
    assert opened(tiff(inks, Layout(packing="lzw", photometric=5)), tmp_path).pixels[0].tolist() == wanted
    grey = np.array([[[0], [65535], [1001]]], np.uint16)
    assert opened(tiff(grey, Layout(photometric=0)), tmp_path).pixels[0, :, 0].tolist() == [65535, 0, 64534]


SEPARATE = [Layout(separate=True), Layout(separate=True, packing="lzw", tile=(16, 16), order=">")]


@pytest.mark.parametrize("layout", [Layout(), Layout(packing="lzw", predictor=2), *SEPARATE], ids=str)
@pytest.mark.parametrize(
    ("photometric", "kind"), [(0, 0), (0, 2), *((colours, kind) for colours in (1, 2, 5) for kind in (0, 1, 2))]
)
def test_channels_beyond_the_colours_are_read_in_eight_bits_too(
    photometric: int, kind: int, layout: Layout, tmp_path: Path
) -> None:
    count = {0: 1, 1: 1, 2: 3, 5: 4}[photometric]
    values = np.random.default_rng(3).integers(0, 256, (21, 37, count + 1)).astype(np.uint8)
    share = np.ones((21, 37, 1)) if kind == 0 else values[:, :, count:] / 255
    shown = values[:, :, :count] / 255
    if kind == 1:  # multiplied by alpha
        values[:, :, :count] = np.rint(shown * share * 255)
        shown = (values[:, :, :count] / 255 / np.maximum(share, 1e-9)).clip(0, 1)
    shown = 1 - shown if photometric == 0 else (1 - shown[:, :, :3]) * (1 - shown[:, :, 3:]) if count == 4 else shown
    photo = opened(tiff(values, replace(layout, photometric=photometric, extra=(kind,))), tmp_path)
    off = np.abs(photo.image() - (shown * share + 1 - share))
    assert off.max() <= 2.01 / 255
    assert off.mean() <= 0.5 / 255


@pytest.mark.parametrize("tag", [0, 1])
@pytest.mark.parametrize("mode", ["1", "L"])
def test_one_channel_that_is_said_to_lie_apart_is_not_inverted(mode: str, tag: int, tmp_path: Path) -> None:
    image = Image.fromarray(ramp()[:, :, 0]).convert(mode)
    data = bytearray(saved(image, "TIFF", tiffinfo={284: 2}))
    photometric = data.index(struct.pack("<HHI", 262, 3, 1)) + 8
    data[photometric] = tag
    grey = np.asarray(image.convert("L"))
    assert (opened(bytes(data), tmp_path).pixels[:, :, 0] == (grey if tag else 255 - grey)).all()


def test_grey_of_thirty_two_bits_is_never_black_for_being_bright(tmp_path: Path) -> None:
    bright = np.array([[[0], [1 << 16], [1 << 31], [(1 << 32) - 1]]], np.uint32)
    for layout in (Layout(photometric=1), Layout(photometric=1, packing="lzw", predictor=2, order=">")):
        assert opened(tiff(bright, layout), tmp_path).pixels[0, :, 1].tolist() == [0, 1, 32768, 65535]
        small = opened(tiff(bright // 70_000, layout), tmp_path).pixels  # a program that counts in few levels
        assert small[0, :, 1].tolist() == [0, 0, 30678, 61356]


@pytest.mark.parametrize("bits", [8, 16])
def test_a_palette_has_its_colours_in_eight_bits_too(bits: int, tmp_path: Path) -> None:
    image = Image.fromarray(ramp()).quantize(50)
    data = bytearray(saved(image, "TIFF"))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        colours = file.pages.first.tags[320]
    values = (colours.value // (256 if bits == 8 else 1)).astype("<u2").tobytes()
    data[colours.valueoffset : colours.valueoffset + len(values)] = values
    assert np.array_equal(opened(bytes(data), tmp_path).pixels, np.asarray(image.convert("RGB")))


def with_preview(kind: int, *, sub: bool) -> bytes:
    """A TIFF of a small picture and a large one, beside it or belonging to it."""
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(ramp(3, 4), photometric="rgb", subfiletype=kind, subifds=1 if sub else None, metadata=None)
        writer.write(ramp(), photometric="rgb", metadata=None)
    return file.getvalue()


@pytest.mark.parametrize("sub", [False, True])
def test_a_preview_is_not_taken_for_the_photo(sub: bool, tmp_path: Path) -> None:
    told = r"^found a TIFF that begins with a preview, as raw photos of cameras do, .+; develop it, and save it as TIFF"
    with pytest.raises(ValueError, match=told):
        opened(with_preview(1, sub=sub), tmp_path)
    assert np.array_equal(opened(with_preview(0, sub=sub), tmp_path).pixels, ramp(3, 4))  # it is no preview
    plain = saved(Image.fromarray(ramp()), "TIFF", tiffinfo={254: 1})  # there is nothing else
    assert np.array_equal(opened(plain, tmp_path).pixels, ramp())
    canon = plain[:4] + struct.pack("<I", len(plain)) + b"CR\2\0" + plain[12:]
    with pytest.raises(ValueError, match=told):
        opened(canon + plain[8:], tmp_path)


def test_what_cannot_be_read_with_all_its_levels_is_refused_in_one_line(tmp_path: Path) -> None:
    told = r"^found a TIFF of more than 8 bits with .+, expected grey, RGB or CMYK; save it anew as RGB, .+ LZW$"
    for photometric in (6, 8):  # YCbCr, Lab
        with pytest.raises(ValueError, match=told):
            opened(tiff(COLOUR, Layout(photometric=photometric)), tmp_path)
    with pytest.raises(ValueError, match=told):
        opened(tiff(COLOUR.astype(np.uint32), Layout()), tmp_path)
    packed = bytearray(tiff(COLOUR, Layout()))
    packed[packed.index(b"\x03\x01\x03\0\x01\0\0\0") + 8] = 7  # JPEG
    with pytest.raises(ValueError, match=told):
        opened(bytes(packed), tmp_path)


@pytest.mark.parametrize("packing", ["none", "lzw", "packbits", "deflate"])
def test_half_a_tiff_is_refused(packing: str, tmp_path: Path) -> None:
    for layout in (Layout(packing=packing), Layout(packing=packing, tile=(16, 16)), Layout(packing=packing, rows=99)):
        data = tiff(COLOUR, layout)
        for at in range(8, 100, 13):
            with pytest.raises(ValueError, match=r"^found (a damaged|no) picture"):
                opened(data[: at * (len(data) - 2) // 100], tmp_path)


def test_nothing_but_one_line_is_said_of_a_damaged_tiff(tmp_path: Path) -> None:
    whole = tiff(COLOUR, Layout(packing="lzw", rows=99))
    middle = len(whole) // 2
    photo = tmp_path / "photo.tif"
    small: Pixels = COLOUR[:, :, :1].astype(np.uint8)
    eight = tiff(small, Layout(packing="lzw", photometric=1))  # which Pillow reads
    for data in (whole[:middle] + bytes(50) + whole[middle + 50 :], eight[:-40] + b"\xff" * 40, eight[:-60]):
        photo.write_bytes(data)
        code = (
            "import sys\nfrom pathlib import Path\nfrom artengine.media import open_photo\n"
            "try:\n    open_photo(Path(sys.argv[1]), 'photo')\nexcept ValueError as error:\n    print(error)"
        )
        run = subprocess.run([sys.executable, "-c", code, str(photo)], capture_output=True, text=True, check=True)
        assert run.stdout.startswith("found a damaged picture")
        assert run.stdout.count("\n") == 1
        assert run.stderr == ""
