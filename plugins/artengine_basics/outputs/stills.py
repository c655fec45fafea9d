"""Still pictures: each frame a file, the recipe in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from artengine import Frame, LoadedScene, Target, expects, writes
from artengine.files import exif, jpeg_fields
from artengine_basics.outputs.quantise import Rounding, quantise, quantise_whole

if TYPE_CHECKING:
    from PIL.Image import Image

Quality = Annotated[int, Field(ge=1, le=100)]

MAX_JPEG_SIDE, MAX_WEBP_SIDE = 65_500, 16_383


@writes(".png")
def png(
    frames: Iterable[Frame], target: Target, /, *, bits: Literal[8, 16] = 8, rounding: Rounding = "nearest"
) -> Iterator[Path]:
    """PNG, without loss; 8 or 16 bits a channel, of any size.

    rounding: how a colour becomes one of the levels, to the nearest or, as the neural painter did, cut.
    """
    from artengine_basics.outputs import png_writer

    for suffix, frame in _suffixed(frames, ".png"):
        with target.create(suffix) as file:
            png_writer.write(file, quantise(frame, bits, rounding), frame.shape, bits, target)
        yield target.path(suffix)


def _expects_sides(limit: int, format_name: str) -> Callable[[LoadedScene, Mapping[str, Any]], None]:
    """A check that a format takes a canvas; filters may change the size of the picture, so only without them."""

    def check(scene: LoadedScene, options: Mapping[str, Any]) -> None:
        if not scene.filters:
            _check_sides(*scene.size, limit, format_name)

    return check


@writes(".jpg")
@expects(_expects_sides(MAX_JPEG_SIDE, "JPEG"))
def jpeg(frames: Iterable[Frame], target: Target, /, *, quality: Quality = 92) -> Iterator[Path]:
    """JPEG, small, with the colours at full resolution. At most 65,500 pixels a side."""
    dots = {} if target.dpi is None else {"dpi": (round(target.dpi), round(target.dpi))}
    for suffix, frame in _suffixed(frames, ".jpg"):
        _check_sides(frame.shape[1], frame.shape[0], MAX_JPEG_SIDE, "JPEG")
        with target.create(suffix) as file:
            image = _pillow(frame)
            image.save(file, "JPEG", quality=quality, subsampling=0, **jpeg_fields(target.recipe), **dots)
        yield target.path(suffix)


@writes(".webp")
@expects(_expects_sides(MAX_WEBP_SIDE, "WebP"))
def webp(
    frames: Iterable[Frame], target: Target, /, *, quality: Quality = 90, lossless: bool = False
) -> Iterator[Path]:
    """WebP, smaller still; lossless on request. At most 16,383 pixels a side."""
    for suffix, frame in _suffixed(frames, ".webp"):
        _check_sides(frame.shape[1], frame.shape[0], MAX_WEBP_SIDE, "WebP")
        with target.create(suffix) as file:
            image = _pillow(frame).convert("RGB")
            image.save(file, "WEBP", quality=quality, lossless=lossless, method=4, exif=exif(target.recipe))
        yield target.path(suffix)


@writes(".tif")
def tiff(frames: Iterable[Frame], target: Target, /, *, bits: Literal[8, 16] = 16) -> Iterator[Path]:
    """TIFF for print and further work, without loss; 16 bits a channel, or 8; of any size."""
    from artengine_basics.outputs import tiff_writer

    for suffix, frame in _suffixed(frames, ".tif"):
        with target.create(suffix) as file:
            tiff_writer.write(file, quantise(frame, bits), frame.shape, bits, target)
        yield target.path(suffix)


def _check_sides(columns: int, rows: int, limit: int, format_name: str) -> None:
    if max(rows, columns) > limit:
        found = f"found a picture of {columns} x {rows}, {format_name} takes at most {limit:,} a side"
        raise ValueError(f"{found}; use png or tiff")


def _pillow(frame: Frame) -> Image:
    from PIL import Image

    return Image.fromarray(quantise_whole(frame))


def _suffixed(frames: Iterable[Frame], ending: str) -> Iterator[tuple[str, Frame]]:
    """Frames with the end of their file's name: a number from the second on."""
    for index, frame in enumerate(frames, start=1):
        yield (ending if index == 1 else f"-{index}{ending}"), frame
