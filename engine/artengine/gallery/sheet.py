"""Small pictures of a gallery: a thumbnail of each, and contact sheets of all of them with their labels."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artengine.charts import shorten
from artengine.files import DERIVED, Replacing, convert_os_errors, create_file
from artengine.gallery.naming import short_names
from artengine.gallery.page import PagePicture, label_of
from artengine.media import MAX_MEGAPIXELS, open_photo

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

THUMBNAIL_SIDE = 384  # pixels of the longer side: sharp on a wall of medium size, on fine screens too
PICTURES_PER_SHEET = 240  # some 20 megapixels: what every viewer opens

_CELL_SIDE, _GAP, _MARGIN = 240, 24, 64
_TEXT_SIZE, _TITLE_SIZE = 15, 30  # of the letters, in pixels
_LABEL_HEIGHT, _HEAD_HEIGHT = 36, 96  # pixels
SHEET_FILE = "contact-sheet.png"
_BACKGROUND, _OUTLINE_COLOUR = (22, 22, 23), (58, 58, 60)
_TITLE_COLOUR, _LABEL_COLOUR = (232, 229, 223), (164, 159, 150)


def write_thumbnail(pixels: np.ndarray[Any, Any], path: Path) -> None:
    """Write a small WebP of an image, a frame of a film perhaps: (H, W, 3 or 1) in [0, 1] or unsigned integers.

    Raises `OutputError` where the file cannot be written.
    """
    small = _shrink(_to_image(pixels), THUMBNAIL_SIDE)
    with convert_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with create_file(path) as file:
        small.save(file, "WEBP", quality=82, method=4)


def write_thumbnail_of(picture: Path, path: Path, max_megapixels: float = MAX_MEGAPIXELS) -> tuple[int, int]:
    """Write a small WebP of a picture file; the width and height of the picture, in pixels.

    Raises `ValueError` where it is no picture, a damaged or a larger one; `OutputError` as `thumbnail`.
    """
    pixels = open_photo(picture, picture.name, max_megapixels).pixels
    write_thumbnail(pixels, path)
    return pixels.shape[1], pixels.shape[0]


def write_contact_sheets(
    folder: Path, shown: Sequence[PagePicture], title: str = "", replacing: Replacing = DERIVED
) -> list[Path]:
    """Write contact-sheet.png and, for more than `PICTURES_PER_SHEET` pictures, contact-sheet-2.png and so on.

    They are made of thumbnails. One sheet is in memory at a time. A thumbnail that is missing or damaged leaves its
    cell empty. Sheets beyond these, from when the gallery was larger, are removed. replacing: what becomes of other
    files there. Raises `OutputError` where a sheet cannot be written.
    """
    short = short_names(key for one in shown for key in one.settings)
    count = max(1, -(-len(shown) // PICTURES_PER_SHEET))
    each = max(1, -(-len(shown) // count))
    columns = _column_count(each, shown)
    each = -(-each // columns) * columns  # whole rows
    starts = range(0, len(shown), each)
    paths = []
    for number, start in enumerate(starts, start=1):
        place = f"{number} of {len(starts)}" if len(starts) > 1 else ""
        paths.append(folder / (f"contact-sheet-{number}.png" if number > 1 else SHEET_FILE))
        sheet = _draw_sheet(folder, shown[start : start + each], short, columns, (title, place))
        with create_file(paths[-1], replacing=replacing) as file:
            sheet.save(file, "PNG", compress_level=1)  # a quarter of the time, a fifth larger
    for path in _sheet_files(folder):
        if path not in paths:
            with convert_os_errors(path):
                replacing.remove(path)
    return paths


def _sheet_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.glob("contact-sheet*.png")):
        if re.fullmatch(r"contact-sheet(-[1-9]\d*)?\.png", path.name):
            yield path


def _column_count(number: int, shown: Sequence[PagePicture]) -> int:
    """As many columns as make a sheet of about four by three, with few empty cells in its last row."""
    cell = _cell_size(shown)

    def badness(columns: int) -> float:
        rows = -(-number // columns)
        width, height = _sheet_size(cell, columns, rows)
        return abs(math.log(width / height * 3 / 4)) + 1 - number / (columns * rows)

    return min(range(1, number + 1), key=badness)


def _sheet_size(cell: tuple[int, int], columns: int, rows: int) -> tuple[int, int]:
    """The width and height of a sheet, in pixels."""
    wide, high = cell
    return 2 * _MARGIN - _GAP + columns * (wide + _GAP), _MARGIN + _HEAD_HEIGHT + rows * (high + _LABEL_HEIGHT + _GAP)


def _cell_size(shown: Sequence[PagePicture]) -> tuple[int, int]:
    """The width and height of a cell: those of the widest and the highest picture at that size."""
    sizes = {_fit_size(one.width, one.height, (_CELL_SIDE, _CELL_SIDE)) for one in shown} or {(_CELL_SIDE, _CELL_SIDE)}
    return max(wide for wide, _ in sizes), max(high for _, high in sizes)


def _fit_size(width: int, height: int, box: tuple[int, int]) -> tuple[int, int]:
    scale = min(box[0] / width, box[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _draw_sheet(
    folder: Path, shown: Sequence[PagePicture], short: dict[str, str], columns: int, head: tuple[str, str]
) -> Image:
    from PIL import Image, ImageDraw, ImageFont

    wide, high = _cell_size(shown)
    across, down = wide + _GAP, high + _LABEL_HEIGHT + _GAP
    sheet = Image.new("RGB", _sheet_size((wide, high), columns, -(-len(shown) // columns)), _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    _write_head(draw, head, sheet.width)
    font = ImageFont.load_default(_TEXT_SIZE)

    def fitted(one: PagePicture) -> tuple[tuple[int, int], Image.Image | None]:
        inner, picture = _fit_size(one.width, one.height, (wide, high)), _open_thumbnail(folder / one.thumbnail)
        return inner, picture.resize(inner, Image.Resampling.LANCZOS, reducing_gap=3) if picture else None

    with ThreadPoolExecutor() as pool:
        pictures = list(pool.map(fitted, shown))  # small ones, as many as there are on a sheet
    for index, (one, (inner, picture)) in enumerate(zip(shown, pictures, strict=True)):
        left, top = _MARGIN + index % columns * across, _HEAD_HEIGHT + _MARGIN // 2 + index // columns * down
        at = left, top + high - inner[1]  # all stand on one line, above their labels
        if picture:
            sheet.paste(picture, at)
        else:
            draw.rectangle((*at, at[0] + inner[0] - 1, at[1] + inner[1] - 1), outline=_OUTLINE_COLOUR)
        draw.text((left, top + high + 9), shorten(label_of(one, short), font, wide), _LABEL_COLOUR, font)
    return sheet


def _write_head(draw: ImageDraw, head: tuple[str, str], width: int) -> None:
    from PIL import ImageFont

    title, place = head
    small, large = ImageFont.load_default(_TEXT_SIZE), ImageFont.load_default(_TITLE_SIZE)
    right = draw.textlength(place, small)
    baseline = _MARGIN + _TITLE_SIZE // 2
    draw.text(
        (_MARGIN, baseline),
        shorten(title, large, int(width - 2.5 * _MARGIN - right)),
        _TITLE_COLOUR,
        large,
        anchor="ls",
    )
    draw.text((width - _MARGIN, baseline), place, _LABEL_COLOUR, small, anchor="rs")


def _open_thumbnail(path: Path) -> Image | None:
    with contextlib.suppress(ValueError):
        return _to_image(open_photo(path, path.name).pixels)
    return None


def _to_image(pixels: np.ndarray[Any, Any]) -> Image:
    import numpy as np
    from PIL import Image

    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    elif pixels.dtype != np.uint8:
        pixels = np.rint(np.clip(np.nan_to_num(pixels), 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else np.ascontiguousarray(pixels))


def _shrink(image: Image, side: int) -> Image:
    from PIL import Image as Images

    if max(image.size) <= side:
        return image
    return image.resize(_fit_size(*image.size, (side, side)), Images.Resampling.LANCZOS, reducing_gap=3)
