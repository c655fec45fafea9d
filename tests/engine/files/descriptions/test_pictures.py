"""The recipe of a picture is found before the pixels and after them, in whatever field another program has put it."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tests.support.embedded_files import RECIPE, chunk, exif_block, jpeg, picture, png, xmp

from artengine.files import exif, read_embedded

TEXT = RECIPE.encode()
PROFILE = b"Exif\0\0" + exif_block(RECIPE)
RAW_PROFILE = b"\nexif\n%8d\n%b\n" % (len(PROFILE), PROFILE.hex().encode())

CHUNKS = {
    "tEXt": chunk(b"tEXt", b"artengine\0" + TEXT),
    "zTXt": chunk(b"zTXt", b"artengine\0\0" + zlib.compress(TEXT)),
    "iTXt": chunk(b"iTXt", b"artengine\0\0\0en\0w\xc3\xb6rds\0" + TEXT),
    "packed iTXt": chunk(b"iTXt", b"artengine\0\1\0\0\0" + zlib.compress(TEXT)),
    "another keyword": chunk(b"tEXt", b"Comment\0" + TEXT),
    "EXIF": chunk(b"eXIf", exif_block(RECIPE)),
    "XMP": chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(RECIPE)),
    "raw profile": chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(RAW_PROFILE)),
}
OTHERS = (
    chunk(b"tEXt", b"Title\0a poem")
    + chunk(b"zTXt", b"broken\0\0" + b"no zlib")
    + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x>no end")
    + chunk(b"eXIf", b"MM\0*" + b"\xff" * 30)
    + chunk(b"tEXt", b"Raw profile type exif\0\nexif\n 3\nno digits")
)


def found(folder: Path, data: bytes) -> str:
    path = folder / "made"
    path.write_bytes(data)
    return read_embedded(path)


@pytest.mark.parametrize("text", CHUNKS.values(), ids=CHUNKS)
def test_chunks_of_a_png(text: bytes, tmp_path: Path) -> None:
    assert found(tmp_path, png(before=text)) == RECIPE
    assert found(tmp_path, png(text)) == RECIPE
    assert found(tmp_path, png(OTHERS, text)) == RECIPE
    Image.open(io.BytesIO(png(text))).load()  # it is a PNG


def test_pixels_of_a_png_are_passed_over(tmp_path: Path) -> None:
    many = chunk(b"IDAT", b"no pixels") * 1000
    assert found(tmp_path, png(many, CHUNKS["tEXt"])) == RECIPE


def test_a_png_without_a_recipe_gives_none(tmp_path: Path) -> None:
    assert found(tmp_path, png(OTHERS)) == ""
    assert found(tmp_path, png(chunk(b"IEND", b""), CHUNKS["tEXt"])) == ""


def test_a_flipped_bit_in_the_recipe_of_a_png_is_noticed(tmp_path: Path) -> None:
    data = png(CHUNKS["tEXt"])
    with pytest.raises(ValueError, match="does not agree with its checksum"):
        found(tmp_path, data.replace(b"found", b"faund"))


SEGMENTS = {
    "EXIF of others": (0xE1, PROFILE),
    "user comment": (0xE1, b"Exif\0\0" + exif_block(RECIPE, 0x9286, 7)),
    "comment": (0xFE, TEXT),
    "XMP": (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(RECIPE)),
}


@pytest.mark.parametrize("segment", SEGMENTS.values(), ids=SEGMENTS)
def test_segments_of_a_jpeg(segment: tuple[int, bytes], tmp_path: Path) -> None:
    data = jpeg((0xFE, b"a poem"), (0xE1, b"Exif\0\0II"), segment)
    assert found(tmp_path, data) == RECIPE
    Image.open(io.BytesIO(data)).load()
    assert found(tmp_path, jpeg()) == ""


@pytest.mark.parametrize("profile", [{"exif": exif(RECIPE)}, {"exif": PROFILE}, {"xmp": xmp(RECIPE)}])
@pytest.mark.parametrize("lossless", [True, False])
def test_chunks_of_a_webp(profile: dict[str, bytes], lossless: bool, tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (3, 3)).save(file, "WEBP", lossless=lossless, **profile)
    assert found(tmp_path, file.getvalue()) == RECIPE


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("wide", [True, False])
def test_tags_of_a_tiff(order: str, wide: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, byteorder=order, bigtiff=wide) as file:  # type: ignore[arg-type]
        file.write(np.zeros((2, 2), np.uint8))
        file.write(np.zeros((2, 2), np.uint8), description=RECIPE, metadata=None)
    assert read_embedded(path) == RECIPE


@pytest.mark.parametrize("tag", [700, 40092])
def test_tags_that_others_put_it_into(tag: int, tmp_path: Path) -> None:
    value = {700: xmp(RECIPE), 40092: (RECIPE + "\0").encode("utf-16-le")}[tag]
    block = Image.Exif()
    block[tag] = value
    Image.new("L", (2, 2)).save(tmp_path / "a.tif", exif=block)
    assert read_embedded(tmp_path / "a.tif") == RECIPE


def test_a_user_comment_says_its_encoding(tmp_path: Path) -> None:
    assert found(tmp_path, exif_block(RECIPE, 0x9286, 7)) == RECIPE
    ascii_ = exif_block(RECIPE, 0x9286, 7).replace(b"UNICODE\0", b"ASCII\0\0\0")
    assert found(tmp_path, ascii_.replace(RECIPE.encode("utf-16-be"), TEXT + bytes(len(TEXT)))) == RECIPE


def test_directories_that_go_in_a_circle_end(tmp_path: Path) -> None:
    entry = struct.pack(">HHII", 0x8769, 4, 1, 8)
    assert found(tmp_path, b"MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 8)) == ""


@pytest.mark.parametrize("form", ["JPEG", "WEBP", "TIFF"])
def test_pictures_of_ours(form: str, tmp_path: Path) -> None:
    assert found(tmp_path, picture(form)) == RECIPE
    assert found(tmp_path, picture(form, None)) == ""


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif"])
def test_pictures_that_pillow_saves_anew(ending: str, tmp_path: Path) -> None:
    Image.new("RGB", (3, 3)).save(tmp_path / "one.jpg", exif=exif(RECIPE))
    with Image.open(tmp_path / "one.jpg") as image:
        image.save(tmp_path / f"two.{ending}", exif=image.getexif())
    assert read_embedded(tmp_path / f"two.{ending}") == RECIPE


def real(name: str) -> str:
    """A program that may be on this machine."""
    path = shutil.which(name)
    if not path or (
        name == "convert" and "ImageMagick" not in subprocess.run([path], capture_output=True, text=True).stdout
    ):
        pytest.skip(f"needs {name}")
    return path


def test_a_png_that_imagemagick_saves_anew(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("artengine", RECIPE)
    Image.new("RGB", (3, 3)).save(tmp_path / "one.png", pnginfo=info)
    subprocess.run([real("convert"), tmp_path / "one.png", tmp_path / "two.png"], check=True)
    assert read_embedded(tmp_path / "two.png") == RECIPE


@pytest.mark.parametrize("tag", ["exif:imagedescription", "exif:usercomment", "xmp:description", "comment"])
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_text_that_exiftool_puts_elsewhere(tag: str, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"one.{ending}"
    Image.new("RGB", (3, 3)).save(path)
    (tmp_path / "text").write_text(RECIPE)
    subprocess.run([real("exiftool"), "-q", "-overwrite_original", f"-{tag}<={tmp_path / 'text'}", path], check=True)
    assert read_embedded(path) == RECIPE
