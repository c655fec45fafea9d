"""Photos of every format come out upright, in colour and whole; everything else is refused with a reason."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from pictures import opened, ramp, saved
from PIL import Image


@pytest.mark.parametrize(
    ("form", "options", "off"),
    [
        ("PNG", {}, 0), ("BMP", {}, 0), ("TIFF", {}, 0), ("TIFF", {"compression": "tiff_lzw"}, 0), ("JPEG", {}, 24),
        ("TIFF", {"compression": "tiff_adobe_deflate"}, 0), ("WEBP", {"lossless": True}, 0),
        ("WEBP", {"quality": 95}, 24), ("JPEG", {"progressive": True, "quality": 95}, 24),
    ],
)  # fmt: skip
def test_every_format_gives_the_colours_it_was_saved_with(
    form: str, options: dict[str, Any], off: int, tmp_path: Path
) -> None:
    data = saved(Image.fromarray(ramp()), form, **options)
    photo = opened(data, tmp_path, "photo.txt")  # the bytes count, not the suffix
    assert photo.pixels.dtype == np.uint8
    assert np.abs(photo.pixels.astype(int) - ramp()).max() <= off
    assert (photo.sha256, photo.name) == (hashlib.sha256(data).hexdigest(), "photo.txt")
    image = photo.image()
    assert image.dtype == np.float32
    assert np.array_equal(image, photo.pixels / np.float32(255))


def grey(values: Any, dtype: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, np.asarray(values, dtype=dtype))
    return file.getvalue()


def in_mode(mode: str, colour: Any, form: str = "PNG", **options: Any) -> bytes:
    return saved(Image.new(mode, (2, 2), colour), form, **options)


def palette(**options: Any) -> bytes:
    image = Image.new("P", (2, 2), 1)
    image.putpalette([0, 0, 0, 200, 100, 50])
    return saved(image, "PNG", **options)


MODES: dict[str, tuple[bytes, tuple[int, int, int]]] = {
    "black and white": (in_mode("1", 1), (255, 255, 255)),
    "grey": (in_mode("L", 7), (7, 7, 7)),
    "grey over white": (in_mode("LA", (100, 0)), (255, 255, 255)),
    "grey, opaque": (in_mode("LA", (100, 255)), (100, 100, 100)),
    "16-bit grey": (in_mode("I;16", 0x1234), (0x1234, 0x1234, 0x1234)),
    "16-bit grey TIFF": (grey([[1, 65535]], np.uint16), (1, 1, 1)),
    "32-bit grey TIFF": (grey([[70_000, 5]], np.int32), (65535, 65535, 65535)),
    "colour": (in_mode("RGB", (1, 2, 3)), (1, 2, 3)),
    "transparent": (in_mode("RGBA", (9, 9, 9, 0)), (255, 255, 255)),
    "half transparent": (in_mode("RGBA", (0, 0, 0, 51)), (204, 204, 204)),
    "opaque": (in_mode("RGBA", (4, 5, 6, 255)), (4, 5, 6)),
    "one colour stands for none": (in_mode("RGB", (4, 5, 6), transparency=(4, 5, 6)), (255, 255, 255)),
    "palette": (palette(), (200, 100, 50)),
    "palette with transparency": (palette(transparency=1), (255, 255, 255)),
    "GIF": (in_mode("P", 0, "GIF"), (0, 0, 0)),
    "four inks": (in_mode("CMYK", (0, 0, 0, 255), "TIFF"), (0, 0, 0)),
    "four inks in JPEG": (in_mode("CMYK", (0, 0, 0, 0), "JPEG"), (255, 255, 255)),
    "floats to one": (grey([[0.5, 1.0]], np.float32), (32768, 32768, 32768)),
    "floats to 255": (grey([[51.0, 255.0]], np.float32), (13107, 13107, 13107)),
    "floats below nothing": (grey([[-3.0, 1.0]], np.float32), (0, 0, 0)),
}


@pytest.mark.parametrize("name", MODES)
def test_every_mode_comes_out_in_colour_over_white(name: str, tmp_path: Path) -> None:
    data, expected = MODES[name]
    pixels = opened(data, tmp_path).pixels
    assert pixels.shape[2] == 3
    assert pixels.dtype in (np.uint8, np.uint16)
    assert tuple(pixels[0, 0].tolist()) == expected


def test_sixteen_bits_of_grey_are_kept(tmp_path: Path) -> None:
    image = opened(grey([[257 * 3 + 1]], np.uint16), tmp_path).image()
    assert image[0, 0].tolist() == pytest.approx([772 / 65535] * 3)


def test_sixteen_bits_of_colour_are_read_as_eight_or_refused(tmp_path: Path) -> None:
    colour = (ramp().astype(np.uint16) * 257) + 100
    file = io.BytesIO()
    tifffile.imwrite(file, colour, photometric="rgb")
    try:
        photo = opened(file.getvalue(), tmp_path)
    except ValueError:
        return
    assert np.abs(photo.image() - colour / 65535).max() < 1 / 255


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_picture_of_what_is_no_number_is_refused(value: float, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="values that are not numbers, expected finite ones"):
        opened(grey([[0.5, value]], np.float32), tmp_path)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_stands_upright_however_the_camera_was_held(form: str, orientation: int, tmp_path: Path) -> None:
    turns = {1: (), 2: (0,), 3: (3,), 4: (1,), 5: (5,), 6: (2,), 7: (6,), 8: (4,)}  # by Pillow's numbers
    upright = Image.fromarray(ramp(16, 32))
    held = upright
    for turn in turns[orientation]:
        held = held.transpose(Image.Transpose(turn))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if form == "WEBP" else {"quality": 95, "subsampling": 0} if form == "JPEG" else {}
    pixels = opened(saved(held, form, exif=exif, **options), tmp_path).pixels
    assert pixels.shape == (16, 32, 3)
    assert np.abs(pixels.astype(int) - np.asarray(upright)).max() <= (30 if form == "JPEG" else 0)


def test_of_a_film_the_first_frame_counts(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 3), colour) for colour in ("red", "lime", "blue")]
    for form in ("GIF", "WEBP", "PNG", "TIFF"):
        data = saved(frames[0], form, save_all=True, append_images=frames[1:])
        red, green, blue = opened(data, tmp_path).pixels[1, 1].tolist()
        assert red > 250, form
        assert max(green, blue) < 5, form


def test_one_pixel_is_a_photo(tmp_path: Path) -> None:
    photo = opened(saved(Image.new("RGB", (1, 1), (10, 20, 30)), "PNG"), tmp_path)
    for downscale in (1, 2, 64):
        assert (photo.image(downscale) * 255).round().tolist() == [[[10, 20, 30]]]


@pytest.mark.parametrize(("downscale", "shape"), [(1, (12, 16, 3)), (2, (6, 8, 3)), (5, (2, 3, 3)), (64, (1, 1, 3))])
def test_downscale_averages_exactly(downscale: int, shape: tuple[int, int, int], tmp_path: Path) -> None:
    photo = opened(saved(Image.fromarray(ramp()), "PNG"), tmp_path)
    image = photo.image(downscale)
    assert image.shape == shape
    assert image.dtype == np.float32
    assert image.flags.c_contiguous
    for row in range(shape[0]):
        for column in range(shape[1]):
            block = ramp()[row * downscale : (row + 1) * downscale, column * downscale : (column + 1) * downscale]
            assert image[row, column] == pytest.approx(block.mean(axis=(0, 1)) / 255, abs=1e-6)
