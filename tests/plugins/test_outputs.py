"""Still pictures: what is in the file is what was painted."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from artengine import Frame, View
from artengine.files import OutputTarget
from artengine_basics import outputs

Write = Callable[..., Any]

PNG16 = functools.partial(outputs.png, bits=16)
TIFF8 = functools.partial(outputs.tiff, bits=8)
FORMATS: dict[str, Write] = {
    "png": outputs.png,
    "png of 16 bits": PNG16,
    "jpeg": outputs.jpeg,
    "webp": outputs.webp,
    "tiff": outputs.tiff,
    "tiff of 8 bits": TIFF8,
}

each_format = pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)


def smooth(rows: int = 40, columns: int = 50, channels: int = 3) -> np.ndarray[Any, Any]:
    y, x = np.mgrid[0:rows, 0:columns] / max(rows, columns)
    return np.stack((x, y, 1 - x * y), axis=-1)[:, :, :channels].astype(np.float32)


def framed(image: np.ndarray[Any, Any]) -> Frame:
    return Frame(view=View(width=image.shape[1], height=image.shape[0]), image=image)


def written(write: Write, folder: Path, *images: np.ndarray[Any, Any], recipe: str | None = None) -> list[Path]:
    return list(write(map(framed, images), OutputTarget(folder, "a", recipe)))


def pixels(path: Path) -> np.ndarray[Any, Any]:
    if path.suffix == ".tif":
        return np.asarray(tifffile.imread(path))
    with Image.open(path) as image:
        return np.asarray(image)


def png16(path: Path) -> np.ndarray[Any, Any]:
    """The 16-bit values of a PNG that has all rows unfiltered or filtered, decoded by the book."""
    import struct
    import zlib

    data, place, packed = path.read_bytes(), 8, b""
    while place < len(data):
        (length,), kind = struct.unpack(">I", data[place : place + 4]), data[place + 4 : place + 8]
        body = data[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            width, height, bits, colour = struct.unpack(">IIBB", body[:10])
        packed += body if kind == b"IDAT" else b""
        place += length + 12
    assert bits == 16
    step = 2 * {0: 1, 2: 3}[colour]
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * step).astype(int)
    out = np.zeros((height + 1, (width + 1) * step), int)
    for y, (way, *line) in enumerate(rows, start=1):
        for x, value in enumerate(line, start=step):
            left, up, corner = out[y, x - step], out[y - 1, x], out[y - 1, x - step]
            nearest = min((left, up, corner), key=lambda one, p=left + up - corner: abs(p - one))  # type: ignore[misc]
            out[y, x] = (value + (0, left, up, (left + up) // 2, nearest)[way]) % 256
    found = out[1:, step:].astype(np.uint8).tobytes()
    return np.frombuffer(found, ">u2").reshape((height, width, step // 2) if step > 2 else (height, width))


@pytest.mark.parametrize(("bits", "read"), [(8, pixels), (16, png16)])
@pytest.mark.parametrize(("rounding", "how"), [("nearest", np.rint), ("cut", np.floor)])
def test_a_png_holds_every_colour_exactly(
    bits: int, read: Callable[[Path], Any], rounding: str, how: Any, tmp_path: Path
) -> None:
    image = np.random.RandomState(0).random_sample((9, 7, 3))
    image[0, :5, 0] = [0, 1, 0.5, 1 / 255, 1 - 1e-9]
    (path,) = written(functools.partial(outputs.png, bits=bits, rounding=rounding), tmp_path, image)
    assert np.array_equal(read(path), how(image * (2**bits - 1)))


@pytest.mark.parametrize(("bits", "dtype"), [(8, np.uint8), (16, np.uint16)])
def test_a_tiff_holds_every_colour_exactly(bits: int, dtype: Any, tmp_path: Path) -> None:
    image = np.random.RandomState(0).random_sample((9, 7, 3)).astype(np.float32)
    (path,) = written(functools.partial(outputs.tiff, bits=bits), tmp_path, image)
    found = pixels(path)
    assert found.dtype == dtype
    assert np.array_equal(found, np.rint(image.astype(np.float64) * (2**bits - 1)))


def test_a_lossless_webp_holds_every_colour_exactly(tmp_path: Path) -> None:
    image = np.random.RandomState(0).random_sample((9, 7, 3))
    (path,) = written(functools.partial(outputs.webp, lossless=True), tmp_path, image)
    assert np.array_equal(pixels(path), np.rint(image * 255))


@pytest.mark.parametrize("write", [outputs.jpeg, outputs.webp])
def test_jpeg_and_webp_come_close(write: Write, tmp_path: Path) -> None:
    image = smooth()
    (path,) = written(write, tmp_path, image)
    assert np.abs(pixels(path) - image * 255.0).mean() < 2
    (coarse,) = written(functools.partial(write, quality=5), tmp_path / ".", image)
    assert np.abs(pixels(coarse) - image * 255.0).mean() > 2


def test_a_jpeg_keeps_the_colours_at_full_resolution(tmp_path: Path) -> None:
    image = np.zeros((16, 16, 3))
    image[:, ::2, 0] = image[:, 1::2, 2] = 1  # red and blue columns, each a pixel wide
    (path,) = written(functools.partial(outputs.jpeg, quality=95), tmp_path, image)
    assert np.abs(pixels(path) - image * 255).mean() < 12


@pytest.mark.parametrize("quality", [1, 92, 100])
def test_the_noisiest_picture_fits_into_a_jpeg(quality: int, tmp_path: Path) -> None:
    image = np.random.RandomState(0).random_sample((300, 400, 3))
    (path,) = written(functools.partial(outputs.jpeg, quality=quality), tmp_path, image)
    assert pixels(path).shape == (300, 400, 3)


@each_format
def test_black_stays_black_and_white_stays_white(write: Write, tmp_path: Path) -> None:
    image = np.zeros((16, 32, 3), np.float32)
    image[:, 16:] = 1
    (path,) = written(write, tmp_path, image)
    found = pixels(path)
    top = np.iinfo(found.dtype).max
    assert found[:, :8].max() <= top // 100
    assert found[:, 24:].min() >= top - top // 100


@each_format
def test_grey_pictures_are_grey(write: Write, tmp_path: Path) -> None:
    image = smooth(channels=1)
    (path,) = written(write, tmp_path, image)
    found = png16(path) if write is PNG16 else pixels(path)
    if path.suffix == ".webp":  # has no grey of its own
        assert np.ptp(found.astype(int), axis=2).max() <= 2
        found = found[:, :, 0]
    assert found.shape == (40, 50)
    assert np.abs(found / np.iinfo(found.dtype).max - image[:, :, 0]).max() < 0.03


@each_format
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 1, 1), (1, 9, 3), (9, 1, 3)])
def test_the_smallest_pictures_are_pictures(write: Write, shape: tuple[int, ...], tmp_path: Path) -> None:
    (path,) = written(write, tmp_path, np.full(shape, 0.5, np.float32))
    found = png16(path) if write is PNG16 else pixels(path)
    assert found.shape[:2] == shape[:2]
    assert np.abs(found / np.iinfo(found.dtype).max - 0.5).max() < 0.02


@each_format
def test_several_frames_are_numbered_from_the_second_on(write: Write, tmp_path: Path) -> None:
    paths = written(write, tmp_path, *(np.full((4, 4, 3), value) for value in (0.0, 0.5, 1.0)))
    ending = paths[0].suffix
    assert [path.name for path in paths] == [f"a{ending}", f"a-2{ending}", f"a-3{ending}"]
    means = [pixels(path).mean() / np.iinfo(pixels(path).dtype).max for path in paths]
    assert np.allclose(means, [0, 0.5, 1], atol=0.01)


@each_format
@pytest.mark.parametrize("recipe", [None, '{"artengine": "' + "x" * 50_000 + '"}'])
def test_the_same_picture_is_the_same_file(write: Write, recipe: str | None, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    (one,), (two,) = (written(write, tmp_path / folder, smooth(), recipe=recipe) for folder in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    for word in (b"Creation Time", b"Software", b"numpngw", b"tifffile", b"Pillow"):
        assert word not in one.read_bytes()


def test_what_a_format_cannot_take_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^found a recipe of 60,001 characters, a JPEG takes 60,000; use png, or"):
        written(outputs.jpeg, tmp_path, smooth(), recipe="x" * 60_001)
    with pytest.raises(ValueError, match=r"^found a picture of 16384 x 1, WebP takes at most 16,383 a side$"):
        written(outputs.webp, tmp_path, np.zeros((1, 16_384, 3)))
    assert list(tmp_path.iterdir()) == []
