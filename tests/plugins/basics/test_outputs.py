"""Still pictures: what is in the file is what was painted."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from artengine import Frame, View
from artengine.files.targets import OutputTarget
from artengine.making import recipe as recipes
from artengine_basics.outputs import stills, tiff_writer

Write = Callable[..., Any]

PNG16 = functools.partial(stills.png, bits=16)
TIFF8 = functools.partial(stills.tiff, bits=8)
FORMATS: dict[str, Write] = {
    "png": stills.png,
    "png of 16 bits": PNG16,
    "jpeg": stills.jpeg,
    "webp": stills.webp,
    "tiff": stills.tiff,
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
    (path,) = written(functools.partial(stills.png, bits=bits, rounding=rounding), tmp_path, image)
    assert np.array_equal(read(path), how(image * (2**bits - 1)))


@pytest.mark.parametrize(("bits", "dtype"), [(8, np.uint8), (16, np.uint16)])
def test_a_tiff_holds_every_colour_exactly(bits: int, dtype: Any, tmp_path: Path) -> None:
    image = np.random.RandomState(0).random_sample((9, 7, 3)).astype(np.float32)
    (path,) = written(functools.partial(stills.tiff, bits=bits), tmp_path, image)
    found = pixels(path)
    assert found.dtype == dtype
    assert np.array_equal(found, np.rint(image.astype(np.float64) * (2**bits - 1)))


def test_a_lossless_webp_holds_every_colour_exactly(tmp_path: Path) -> None:
    image = np.random.RandomState(0).random_sample((9, 7, 3))
    (path,) = written(functools.partial(stills.webp, lossless=True), tmp_path, image)
    assert np.array_equal(pixels(path), np.rint(image * 255))


@pytest.mark.parametrize("write", [stills.jpeg, stills.webp])
def test_jpeg_and_webp_come_close(write: Write, tmp_path: Path) -> None:
    image = smooth()
    (path,) = written(write, tmp_path, image)
    assert np.abs(pixels(path) - image * 255.0).mean() < 2
    (coarse,) = written(functools.partial(write, quality=5), tmp_path / ".", image)
    assert np.abs(pixels(coarse) - image * 255.0).mean() > 2


def test_a_jpeg_keeps_the_colours_at_full_resolution(tmp_path: Path) -> None:
    image = np.zeros((16, 16, 3))
    image[:, ::2, 0] = image[:, 1::2, 2] = 1  # red and blue columns, each a pixel wide
    (path,) = written(functools.partial(stills.jpeg, quality=95), tmp_path, image)
    assert np.abs(pixels(path) - image * 255).mean() < 12


@pytest.mark.parametrize("quality", [1, 92, 100])
def test_the_noisiest_picture_fits_into_a_jpeg(quality: int, tmp_path: Path) -> None:
    image = np.random.RandomState(0).random_sample((300, 400, 3))
    (path,) = written(functools.partial(stills.jpeg, quality=quality), tmp_path, image)
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
    with pytest.raises(
        ValueError, match=r"^found a picture of 16384 x 1, WebP takes at most 16,383 a side; use png or tiff$"
    ):
        written(stills.webp, tmp_path, np.zeros((1, 16_384, 3)))
    assert list(tmp_path.iterdir()) == []


class Bands(Frame):
    """A frame in bands of these many rows."""

    def __init__(self, image: np.ndarray[Any, Any], *rows: int) -> None:
        super().__init__(view=View(width=image.shape[1], height=image.shape[0]), image=image)
        self.rows = rows

    def bands(self) -> Iterator[np.ndarray[Any, Any]]:
        ends = list(itertools.accumulate(self.rows))
        assert ends[-1] == len(self.image)
        for end, count in zip(ends, self.rows, strict=True):
            yield self.image[end - count : end]


@each_format
@pytest.mark.parametrize("channels", [1, 3])
def test_a_file_does_not_show_how_its_picture_came_in_bands(write: Write, channels: int, tmp_path: Path) -> None:
    image = np.random.RandomState(0).random_sample((600, 300, channels))
    (whole,) = written(write, tmp_path, image)
    data = whole.read_bytes()
    for rows in ([1] * 600, [7, 250, 1, 342], [255, 1, 1, 256, 87]):
        (path,) = write([Bands(image, *rows)], OutputTarget(tmp_path, "a", None))
        assert path.read_bytes() == data


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("rows", "columns"), [(300, 700), (513, 256), (1, 1000), (40, 1)])
def test_tiles_make_up_the_picture(rows: int, columns: int, channels: int, tmp_path: Path) -> None:
    image = np.random.RandomState(0).random_sample((rows, columns, channels))
    for write in (stills.tiff, TIFF8):
        (path,) = written(write, tmp_path, image)
        found = pixels(path)
        shown = found.reshape(rows, columns, channels) / np.iinfo(found.dtype).max
        assert np.abs(shown - image).max() <= 0.5 / np.iinfo(found.dtype).max + 1e-9
    with Image.open(path) as opened:  # 8 bits: readers that are no specialists open it too
        assert np.array_equal(np.asarray(opened), found)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_tiff_beyond_4_gb_is_a_bigtiff(channels: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiff_writer, "MAX_PLAIN_BYTES", 1000)
    monkeypatch.setattr(tiff_writer, "MAX_STRIP_PIXELS", 1000)
    image = smooth(100, 130, channels)
    (path,) = written(stills.tiff, tmp_path, image, recipe='{"artengine": "here"}')
    with tifffile.TiffFile(path) as file:
        assert file.is_bigtiff
        assert file.pages[0].tile == (16, 4096)  # type: ignore[union-attr]
    assert np.abs(pixels(path).reshape(image.shape) / 65535 - image).max() < 1e-4
    assert recipes.embedded_text(path) == '{"artengine": "here"}'


@pytest.mark.parametrize("write", [stills.png, TIFF8])
def test_the_recipe_of_a_poster_can_be_read(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 80_000)
    image = np.broadcast_to(np.zeros((1, 1, 1), np.float32), (400, 500, 1))
    (path,) = write([Bands(image, *[100] * 4)], OutputTarget(tmp_path, "a", '{"artengine": "here"}'))
    with pytest.raises(Image.DecompressionBombError):
        Image.open(path)  # more than Pillow opens unasked
    assert recipes.embedded_text(path) == '{"artengine": "here"}'


@pytest.mark.parametrize("write", [stills.png, PNG16, stills.jpeg, stills.tiff, TIFF8])
@pytest.mark.parametrize("dpi", [300, 72, 99.5, None])
def test_a_picture_for_paper_knows_its_resolution(write: Write, dpi: float | None, tmp_path: Path) -> None:
    (path,) = write([framed(smooth())], OutputTarget(tmp_path, "a", None, dpi))
    with Image.open(path) as image:
        found = image.info.get("dpi")
    if dpi is None:
        assert found is None or path.suffix == ".tif"  # TIFF has to say something: one dot, of no unit
    else:
        assert found == pytest.approx((dpi, dpi), abs=0.6 if path.suffix == ".jpg" else 0.02)


def test_a_picture_that_no_format_takes_is_refused_before_a_band_is_taken(tmp_path: Path) -> None:
    class Untouched(Frame):
        def bands(self) -> Iterator[np.ndarray[Any, Any]]:
            raise AssertionError("it was painted in vain")

    image = np.broadcast_to(np.zeros((1, 1, 3)), (65_501, 1, 3))
    for write in (stills.jpeg, stills.webp):
        with pytest.raises(ValueError, match=r"a side; use png or tiff$"):
            list(write([Untouched(view=View(width=1, height=65_501), image=image)], OutputTarget(tmp_path, "a", None)))
    assert list(tmp_path.iterdir()) == []
