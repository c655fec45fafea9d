"""Thumbnails and contact sheets: what hangs where, whatever the pictures and their names are."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFont

from artengine import OutputError
from artengine.charts.labels import shorten
from artengine.gallery import sheet
from artengine.gallery.page import PagePicture
from artengine.gallery.sheet import THUMBNAIL_SIDE, write_contact_sheets, write_thumbnail, write_thumbnail_of

WALL = (22, 22, 23)
ODD = [
    "\u202e\x1b[31mred\nline\r\t\0",
    "神奈川沖浪裏",
    "🎨" * 90,
    "w" * 100_000,
    "word " * 30_000,
    "\ud800",
    "e" + "\u0301" * 5000,
    "",
    "<b>%s{}\\",
]


def colour(number: int) -> tuple[int, int, int]:
    return 60 + number * 37 % 190, 60 + number * 91 % 190, 60 + number * 53 % 190


def make_gallery(folder: Path, number: int, size: tuple[int, int] = (60, 40)) -> PagePicture:
    """A picture of one colour and its thumbnail."""
    name = f"painter-seed-{number}"
    path = folder / "thumbnails" / f"{name}.webp"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour(number)).save(path, "WEBP", lossless=True)
    return PagePicture(
        name=name,
        file=f"{name}.png",
        thumbnail=f"thumbnails/{name}.webp",
        width=size[0],
        height=size[1],
        film=False,
        seed=str(number),
        settings={},
        command="",
    )


def pixels(path: Path) -> np.ndarray[Any, Any]:
    with Image.open(path) as image:
        assert image.format in ("PNG", "WEBP")
        return np.asarray(image.convert("RGB")).astype(int)


def box(image: np.ndarray[Any, Any], wanted: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Where that colour is: left, top, width, height."""
    rows, columns = np.nonzero((image == wanted).all(axis=2))
    assert rows.size, f"{wanted} is nowhere"
    left, top = int(columns.min()), int(rows.min())
    wide, high = int(columns.max()) - left + 1, int(rows.max()) - top + 1
    assert rows.size == wide * high, "something lies over it"
    return left, top, wide, high


def test_a_sheet_shows_every_picture_in_order_whole_and_apart(tmp_path: Path) -> None:
    shown = [make_gallery(tmp_path, number) for number in range(11)]
    assert write_contact_sheets(tmp_path, shown, "painter") == [tmp_path / "contact-sheet.png"]
    image = pixels(tmp_path / "contact-sheet.png")
    assert (image[0] == WALL).all()
    assert (image[:, -60:] == WALL).all()
    boxes = [box(image, colour(number)) for number in range(11)]
    assert {one[2:] for one in boxes} == {(240, 160)}
    assert boxes == sorted(boxes, key=lambda one: (one[1], one[0]))
    for left, top, wide, high in boxes:
        below = image[top + high + 4 : top + high + 36, left : left + wide]
        assert (below != WALL).any(), "its label"
    assert 1 <= image.shape[1] / image.shape[0] <= 2


def test_pictures_of_any_shape_stand_on_one_line_in_equal_cells(tmp_path: Path) -> None:
    shapes = [(400, 200), (200, 400), (300, 300), (4000, 1), (1, 4000)]
    shown = [make_gallery(tmp_path, number, size) for number, size in enumerate(shapes)]
    image = pixels(write_contact_sheets(tmp_path, shown)[0])
    boxes = [box(image, colour(number)) for number in range(5)]
    assert [one[2:] for one in boxes] == [(240, 120), (120, 240), (240, 240), (240, 1), (1, 240)]
    feet = [top + high for _, top, _, high in boxes]
    assert len({*feet[:3]}) == 1
    assert boxes[1][0] - boxes[0][0] == boxes[2][0] - boxes[1][0] == 264


def test_many_pictures_take_several_sheets_and_fewer_take_the_old_ones_away(tmp_path: Path) -> None:
    shown = [make_gallery(tmp_path, 1)] * (2 * sheet.PICTURES_PER_SHEET + 5)
    paths = write_contact_sheets(tmp_path, shown)
    assert [path.name for path in paths] == ["contact-sheet.png", "contact-sheet-2.png", "contact-sheet-3.png"]
    areas = [int((pixels(path) == colour(1)).all(axis=2).sum()) for path in paths]
    assert sum(areas) == len(shown) * 240 * 160
    assert len({*areas[:2]}) == 1
    assert areas[2] > areas[0] * 0.8, "the last is no stray row"
    mine = tmp_path / "contact-sheet-of-mine.png"
    mine.write_bytes(b"mine")
    write_contact_sheets(tmp_path, shown[:3])
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["contact-sheet-of-mine.png", "contact-sheet.png"]
    assert write_contact_sheets(tmp_path, []) == []
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["contact-sheet-of-mine.png"]


@pytest.mark.parametrize("odd", ODD)
def test_no_name_breaks_a_sheet_or_leaves_its_cell(tmp_path: Path, odd: str) -> None:
    shown = [replace(make_gallery(tmp_path, number), seed="" if number else odd, name=odd) for number in range(2)]
    shown[1] = replace(shown[1], settings={odd: odd})
    image = pixels(write_contact_sheets(tmp_path, shown, odd)[0])
    left, top, wide, high = box(image, colour(0))
    assert box(image, colour(1))[2:] == (wide, high)
    assert (image[top:, left + wide : left + wide + 20] == WALL).all(), "between the labels"
    assert (image[:, -60:] == WALL).all()


@pytest.mark.parametrize("size", [15, 30])
def test_a_label_is_shortened_in_its_middle(size: int) -> None:
    font = ImageFont.load_default(size)
    assert shorten("137 · std 1.5", font, 240) == "137 · std 1.5"
    long = shorten("painter-seed-137-with-" + "very-" * 40 + "long-std-1.5", font, 240)
    assert font.getlength(long) <= 240
    assert long.startswith("paint")
    assert long.endswith("1.5")
    assert long.count("…") == 1
    assert shorten("café\nЖ 🎨", font, 240) == "cafe ? ?"
    assert shorten("wide", font, 0) == "…"
    assert shorten(long, font, 240) == long
    assert shorten("«a» … Ⅳ ½", font, 240) == shorten("«a» … I 1", font, 240) == "«a» … I 1"


def test_what_is_gone_or_damaged_leaves_its_cell_empty(tmp_path: Path) -> None:
    shown = [make_gallery(tmp_path, number) for number in range(4)]
    (tmp_path / shown[1].thumbnail).unlink()
    (tmp_path / shown[2].thumbnail).write_bytes(b"RIFF no picture")
    image = pixels(write_contact_sheets(tmp_path, shown)[0])
    box(image, colour(0))
    box(image, colour(3))
    assert not (image == colour(1)).all(axis=2).any()


def test_a_sheet_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    shown = [make_gallery(tmp_path, 1)]
    (tmp_path / "contact-sheet.png").mkdir()
    with pytest.raises(OutputError, match=r"contact-sheet\.png: is a folder, where a file is to go; move it"):
        write_contact_sheets(tmp_path, shown)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["float32", "float64", "uint8", "uint16"])
def test_a_thumbnail_is_the_picture_made_small(tmp_path: Path, kind: str, channels: int) -> None:
    image = np.empty((300, 900, channels))
    image[:] = np.linspace(0, 1, 900)[None, :, None]
    image[0, 0] = 1.5 if kind.startswith("float") else 1
    top = {"uint8": 255, "uint16": 65535}.get(kind, 1)
    write_thumbnail((image * top).astype(kind), tmp_path / "thumbnails" / "a.webp")
    small = pixels(tmp_path / "thumbnails" / "a.webp")
    assert small.shape == (THUMBNAIL_SIDE // 3, THUMBNAIL_SIDE, 3)
    assert np.abs(small - np.linspace(0, 255, THUMBNAIL_SIDE)[None, :, None]).mean() < 3


def test_a_thumbnail_of_a_file_tells_its_size_and_a_small_one_stays_small(tmp_path: Path) -> None:
    Image.new("RGB", (1000, 500), (200, 40, 90)).save(tmp_path / "a.png")
    Image.new("L", (9, 1), 77).save(tmp_path / "b.png")
    assert write_thumbnail_of(tmp_path / "a.png", tmp_path / "a.webp") == (1000, 500)
    assert write_thumbnail_of(tmp_path / "b.png", tmp_path / "b.webp") == (9, 1)
    assert pixels(tmp_path / "a.webp").shape == (THUMBNAIL_SIDE // 2, THUMBNAIL_SIDE, 3)
    assert pixels(tmp_path / "b.webp").shape == (1, 9, 3)
    assert np.abs(pixels(tmp_path / "a.webp") - (200, 40, 90)).max() < 6


def test_a_thumbnail_is_made_of_whole_pictures_only(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    Image.new("RGB", (200, 200)).save(tmp_path / "b.png")
    (tmp_path / "c.png").write_bytes((tmp_path / "b.png").read_bytes()[:-30])
    with pytest.raises(ValueError, match="found no picture"):
        write_thumbnail_of(tmp_path / "a.png", tmp_path / "a.webp")
    with pytest.raises(ValueError, match=r"expected at most 0\.01"):
        write_thumbnail_of(tmp_path / "b.png", tmp_path / "b.webp", max_megapixels=0.01)
    with pytest.raises(ValueError, match="damaged"):
        write_thumbnail_of(tmp_path / "c.png", tmp_path / "c.webp")
    assert list(tmp_path.glob("*.webp")) == []


@pytest.mark.skipif(os.name == "nt", reason="a device file is needed")
def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "thumbnails").write_text("a file")
    with pytest.raises(OutputError, match="cannot be written"):
        write_thumbnail(np.zeros((2, 2, 3)), tmp_path / "thumbnails" / "a.webp")
