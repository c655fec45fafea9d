"""Pictures in formats that an extra package reads, or nothing here: told by their names, with what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.support.photo_files import opened, ramp, saved

from artengine.media.formats.png_colours import code_points_profile

HEIC = b"\0\0\0\x1cftypheic" + bytes(16)
TOLD = "expected one of PNG, JPEG, WEBP, TIFF, GIF, BMP"


@pytest.fixture
def heif() -> None:
    pytest.importorskip("pillow_heif", reason="needs pillow-heif (the extra heif)").register_heif_opener()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\0\0\0\x1cftypmif1" + bytes(4) + b"mif1avifmiaf", f"^found an AVIF picture, {TOLD}; save it as PNG$"),
        (b"\0\0\0\x20ftypavif" + bytes(20), f"^found an AVIF picture, {TOLD}; save it as PNG$"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', f"^found an SVG drawing, {TOLD}; export it as PNG, as large as"),
        (
            b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a\nb --><!DOCTYPE svg PUBLIC "x">\n<svg:svg>',
            "^found an SVG drawing",
        ),
        (b"<?xml version='1.0'?><html><svg></svg></html>", f"^found no picture, {TOLD}$"),
        (b"\0\0\0\x20ftypisom" + bytes(20), f"^found no picture, {TOLD}$"),
    ],
)
def test_what_is_not_read_is_named(data: bytes, told: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=told):
        opened(data, tmp_path)


def test_without_its_package_heic_is_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)  # as where it is not installed
    told = f"^found a HEIC photo, {TOLD}; save it as JPEG, or install what reads it: pip install pillow-heif$"
    with pytest.raises(ValueError, match=told):
        opened(HEIC, tmp_path)


@pytest.mark.usefixtures("heif")
def test_heic_is_a_photo_as_others_are(tmp_path: Path) -> None:
    image = Image.fromarray(ramp()).resize((64, 40), Image.Resampling.BICUBIC)
    found = opened(saved(image, "HEIF", quality=95), tmp_path).pixels
    assert np.abs(found.astype(int) - np.asarray(image)).mean() < 6
    clear = Image.new("RGBA", (16, 16), (9, 9, 9, 0))
    assert opened(saved(clear, "HEIF", quality=-1), tmp_path).pixels.min() >= 254
    data = saved(image, "HEIF", quality=95)
    with pytest.raises(ValueError, match=r"^found a photo of 64 x 40, 0 megapixels, expected at most 0\.001; "):
        opened(data, tmp_path, max_megapixels=0.001)
    for at in range(12, 100, 17):
        with pytest.raises(ValueError, match=r"^found "):
            opened(data[: at * len(data) // 100], tmp_path)


@pytest.mark.usefixtures("heif")
def test_heic_has_a_profile_too(tmp_path: Path) -> None:
    red = Image.new("RGB", (16, 16), (63, 191, 63))
    p3 = code_points_profile(12, 13, None, grey=False)
    found = opened(saved(red, "HEIF", quality=100, icc_profile=p3), tmp_path).pixels[8, 8]
    assert found.tolist() == pytest.approx((0, 194, 30), abs=6)
    assert opened(saved(red, "HEIF", quality=100), tmp_path).pixels[8, 8].tolist() == pytest.approx(
        (63, 191, 63), abs=4
    )
