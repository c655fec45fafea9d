"""The one way from a file to the text of the recipe in it, whatever its format and whoever saved it last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from artengine.files.descriptions import gif, isobmff, jpeg, markup, matroska, pdf, png, tags
from artengine.files.descriptions.bounds import BoundedFile, recipe_in

_START_BYTES = 64  # of a file: by these it is known what it is


@dataclass(frozen=True, slots=True)
class _Format:
    """A format that keeps texts.

    begins: whether a file begins as it does. texts: those in the places where a recipe may be. places: what these are.
    """

    name: str
    begins: Callable[[bytes], bool]
    texts: Callable[[BoundedFile], Iterator[bytes]]
    places: str


def _with(*starts: bytes, at: int = 0) -> Callable[[bytes], bool]:
    return lambda start: start.startswith(starts, at)


_FORMATS = (
    _Format("PNG", _with(png.SIGNATURE), png.texts, "the text chunks, EXIF and XMP of the PNG"),
    _Format("JPEG", _with(b"\xff\xd8\xff"), jpeg.texts, "the EXIF, XMP and comments of the JPEG"),
    _Format("WebP", _with(b"WEBP", at=8), tags.webp_texts, "the EXIF and XMP of the WebP"),
    _Format("TIFF", _with(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), tags.tiff_texts, "the tags and XMP of the TIFF"),
    _Format("GIF", _with(b"GIF87a", b"GIF89a"), gif.texts, "the comments of the GIF"),
    _Format("MP4 or MOV", _with(*isobmff.FIRST_BOXES, at=4), isobmff.texts, "the tags and XMP of the film"),
    _Format("WebM or MKV", _with(matroska.SIGNATURE), matroska.texts, "the tags of the film"),
    _Format("PDF", lambda start: b"%PDF-" in start, pdf.texts, "the information of the PDF"),
    _Format("SVG", markup.begins_markup, markup.texts, "the elements of the drawing"),
    _Format("SVGZ", _with(markup.GZIP), markup.packed_texts, "the elements of the drawing"),
)


def read_embedded(path: Path) -> str:
    """The text of the recipe in a file, unchecked; empty where there is none. Its first bytes decide, not its name.

    Raises `ValueError` for a damaged file, or one of no such format, and `OSError` where it cannot be read.
    """
    with path.open("rb") as file:
        return next(filter(None, map(recipe_in, _format_of(file).texts(BoundedFile(file)))), "")


def describe_places(path: Path) -> str:
    """Where in a file a recipe is looked for, in words; raises as `read_embedded` does."""
    with path.open("rb") as file:
        return _format_of(file).places


def _format_of(file: IO[bytes]) -> _Format:
    start = file.read(_START_BYTES)
    for one in _FORMATS:
        if one.begins(start):
            return one
    names = ", ".join(one.name for one in _FORMATS)
    raise ValueError(f"found none of the formats that keep a recipe: {names}, safetensors")
