"""Photos of every format come out upright, in colour and whole; everything else is refused with a reason."""

from __future__ import annotations

import hashlib
import io
import random
import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image
from tests.support.photo_files import opened, ramp, saved


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


def deep(values: Any, **options: Any) -> bytes:
    """A TIFF of more than 8 bits."""
    file = io.BytesIO()
    tifffile.imwrite(file, values, **options)
    return file.getvalue()


def grey(values: Any, dtype: Any) -> bytes:
    return deep(np.asarray(values, dtype=dtype))


def in_mode(mode: str, colour: Any, form: str = "PNG", **options: Any) -> bytes:
    return saved(Image.new(mode, (2, 2), colour), form, **options)


def palette(**options: Any) -> bytes:
    image = Image.new("P", (2, 2), 1)
    image.putpalette([0, 0, 0, 200, 100, 50])
    return saved(image, "PNG", **options)


NOTHING, CUBE = np.array([[[900, 0, 0, 0]]], np.uint16), np.full((16, 16, 16), 7, np.uint16)
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
    "16-bit colour over white": (deep(NOTHING, photometric="rgb", extrasamples=["unassalpha"]), (65535, 65535, 65535)),
    "16-bit volume": (deep(CUBE, photometric="minisblack", volumetric=True, tile=CUBE.shape), (7, 7, 7)),
    "16-bit grey with a clear one": (in_mode("I;16", 900, transparency=900), (65535, 65535, 65535)),
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


HELD: list[dict[str, Any]] = [
    {}, {"byteorder": ">"}, {"compression": "zlib"}, {"compression": "zlib", "predictor": True}, {"bigtiff": True},
    {"tile": (16, 16)}, {"tile": (32, 32), "compression": "zlib"}, {"rowsperstrip": 5, "compression": "zlib"},
    {"planarconfig": "separate"}, {"planarconfig": "separate", "compression": "zlib", "rowsperstrip": 5},
]  # fmt: skip


def held(colour: Any, **options: Any) -> bytes:
    return deep(colour.transpose(2, 0, 1).copy() if "planarconfig" in options else colour, photometric="rgb", **options)


@pytest.mark.parametrize("options", HELD)
def test_a_tiff_of_colour_keeps_sixteen_bits(options: dict[str, Any], tmp_path: Path) -> None:
    colour = ramp(21, 16).astype(np.uint16) * 250 + 100
    files = [held(colour, **options)]
    if "predictor" not in options:
        files += [held(colour.astype(kind) / 65535, **options) for kind in (np.float32, np.float64)]
    for data in files:
        pixels = opened(data, tmp_path).pixels
        assert pixels.dtype == np.uint16
        assert np.array_equal(pixels, colour)
        for at in range(0, 100, 7):
            with pytest.raises(ValueError, match=r"^found "):
                opened(data[: at * (len(data) - 2) // 100], tmp_path)


def test_a_thousand_damaged_tiffs_are_refused_or_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(7)
    files = [held(ramp().astype(np.uint16) * 257, **options) for options in HELD]
    files += [held(ramp().astype(np.float32) / 255, iccprofile=PROFILES["Display P3"][0])]
    said = []
    for _ in range(1_000):
        data = bytearray(chance.choice(files))
        for _ in range(chance.randint(1, 5)):
            data[chance.randrange(min(300, len(data)))] = chance.randrange(256)
        try:
            assert opened(bytes(data), tmp_path).pixels.shape[2] == 3
        except ValueError as error:
            said.append(str(error))
    assert sum(one.startswith("found ") and "\n" not in one for one in said) == len(said) > 200
    assert not caplog.records  # one line is enough


def test_a_strip_is_of_its_size_neither_nothing_nor_a_bomb(tmp_path: Path) -> None:
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(300)) + packer.flush()
    data = bytearray(held(ramp().astype(np.uint16), compression="zlib"))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        start, count = (file.pages.first.tags[code].valueoffset for code in (273, 279))
    for size in (len(bomb), 0):
        data[start : start + 4] = struct.pack("<I", len(data))
        data[count : count + 4] = struct.pack("<I", size)
        tracemalloc.start()
        with pytest.raises(ValueError, match="found a damaged picture"):
            opened(bytes(data) + bomb, tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 80 * 2**20


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_photo_with_nan_or_infinity_is_refused(value: float, tmp_path: Path) -> None:
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


def test_first_frame_of_an_animated_photo_counts(tmp_path: Path) -> None:
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


@pytest.mark.parametrize(("downscale", "shape"), [(1, (12, 16, 3)), (2, (6, 8, 3)), (5, (3, 4, 3)), (64, (1, 1, 3))])
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
    pillow = np.asarray(Image.fromarray(ramp()).reduce(downscale))
    assert np.abs(image * 255 - pillow).max() <= 0.51  # which rounds


SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))  # XYZ under D50
P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))


def fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def gamma(power: float) -> bytes:
    return b"para" + bytes(8) + fixed(power)


def profile(spaces: bytes, kind: bytes = b"mntr", **tags: bytes) -> bytes:
    """An ICC profile, by hand: ICC.1:2010, section 7."""
    start, table, body = 144 + 12 * len(tags), b"", b""
    for name, data in {"wtpt": b"XYZ " + bytes(4) + fixed(0.9642, 1, 0.8249), **tags}.items():
        table += name.encode() + struct.pack(">2I", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4xI4s8s", start + len(body), 0x02400000, kind, spaces).ljust(36, b"\0")
    head += b"acsp" + bytes(28) + fixed(0.9642, 1, 0.8249)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags) + 1) + table + body


def of_primaries(primaries: Any, curve: bytes) -> bytes:
    tags = {f"{letter}XYZ": b"XYZ " + bytes(4) + fixed(*one) for letter, one in zip("rgb", primaries, strict=True)}
    return profile(b"RGB XYZ ", **tags, **{f"{letter}TRC": curve for letter in "rgb"})


def of_inks() -> bytes:
    """Inks that are none of the usual: the first is red, the second green, the third blue, the fourth black."""
    lab = {0: (255, 128, 128), 8: (139, 209, 198), 4: (224, 49, 209), 2: (75, 196, 16)}
    cube = b"".join(bytes(lab.get(corner, (0, 128, 128))) for corner in range(16))
    head = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    return profile(b"CMYKLab ", b"prtr", A2B0=head + bytes(range(256)) * 4 + cube + bytes(range(256)) * 3)


def light(values: Any) -> Any:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


SRGB_CURVE = b"para" + bytes(4) + b"\0\3\0\0" + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
PROFILES: dict[str, tuple[bytes, Any, Any]] = {  # with its primaries, and from code values to light
    "Display P3": (of_primaries(P3, SRGB_CURVE), P3, light),
    "Adobe RGB": (of_primaries(ADOBE, gamma(563 / 256)), ADOBE, lambda values: values ** (563 / 256)),
}


def shown(values: Any, primaries: Any, curve: Any) -> Any:
    """What a screen of sRGB shows of values under a profile, by the book: IEC 61966-2-1."""
    linear = (curve(values) @ np.array(primaries) @ np.linalg.inv(SRGB)).clip(0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "palette"])
def test_colours_are_those_that_the_profile_means(form: str, name: str, tmp_path: Path) -> None:
    icc, primaries, curve = PROFILES[name]
    image = Image.fromarray(ramp()).quantize(200) if form == "palette" else Image.fromarray(ramp())
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(form, {})
    data = saved(image, "PNG" if form == "palette" else form, icc_profile=icc, **options)
    wanted = shown(np.asarray(image.convert("RGB")) / 255, primaries, curve) * 255
    assert np.abs(wanted - ramp()).mean() > 4
    off = np.abs(opened(data, tmp_path).pixels - wanted)
    assert (off.mean() if form == "JPEG" else off.max()) <= 2.5


def test_grey_and_inks_have_profiles_too(tmp_path: Path) -> None:
    linear = profile(b"GRAYXYZ ", kTRC=gamma(1))
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    wanted = shown(values[:, :, None] / 255 * np.ones(3), SRGB, lambda values: values) * 255
    for data in (
        saved(Image.merge("LA", (Image.fromarray(values), Image.new("L", (16, 16), 255))), "PNG", icc_profile=linear),
        saved(Image.fromarray(values.astype(np.uint16) * 257), "PNG", icc_profile=linear),
        deep(values.astype(np.float32) / 255, iccprofile=linear),
    ):
        assert np.abs(opened(data, tmp_path).pixels - wanted).max() <= 2
    for ink, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)]):
        full = Image.new("CMYK", (2, 2), tuple(255 * (ink == one) for one in range(4)))
        found = opened(saved(full, "JPEG", icc_profile=of_inks()), tmp_path).pixels[0, 0]
        assert found.tolist() == pytest.approx(colour, abs=16), ink


@pytest.mark.parametrize("icc", [of_primaries(SRGB, SRGB_CURVE), b"none", PROFILES["Display P3"][0][:200],
                                 profile(b"GRAYXYZ ", kTRC=gamma(3)), of_inks()],
                         ids=["sRGB", "none", "half", "grey", "inks"])  # fmt: skip
def test_a_profile_that_says_nothing_new_or_nothing_at_all_leaves_every_pixel(icc: bytes, tmp_path: Path) -> None:
    assert np.array_equal(opened(saved(Image.fromarray(ramp()), "PNG", icc_profile=icc), tmp_path).pixels, ramp())
    colour = ramp().astype(np.uint16) * 255 + 99
    assert np.array_equal(opened(deep(colour, photometric="rgb", iccprofile=icc), tmp_path).pixels, colour)
