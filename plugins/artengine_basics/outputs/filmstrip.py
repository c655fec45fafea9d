"""A film at a glance: some of its frames side by side in one picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from artengine import Frame, Target, films
from artengine.files import exif
from artengine_basics.outputs.levels import whole
from artengine_basics.outputs.stills import Quality

if TYPE_CHECKING:
    from PIL.Image import Image

GAP = 4  # pixels between two frames
SPARE = 16  # times as many frames are remembered as are shown, at most: they lie evenly to a sixteenth
WALL = (16, 16, 18)  # behind them


@films
def filmstrip(
    frames: Iterable[Frame],
    target: Target,
    /,
    *,
    count: Annotated[int, Field(ge=2, le=400)] = 12,
    columns: Annotated[int, Field(ge=1, le=20)] = 4,
    width: Annotated[int, Field(ge=16, le=16_000)] = 1280,
    quality: Quality = 85,
) -> Iterator[Path]:
    """Frames of a film side by side, row by row, in one JPEG.

    count: so many, evenly from the first to the last; of a loop, evenly all around. columns: in a row. width: of the
    whole, in pixels.
    """
    from PIL import Image as Pillow

    across = min(columns, count)
    wide = max(1, (width - GAP * (across - 1)) // across)
    kept = _some(frames, count, wide, loop=target.loop)
    high = kept[0].height
    rows = -(-len(kept) // across)
    sheet = Pillow.new("RGB", (across * (wide + GAP) - GAP, rows * (high + GAP) - GAP), WALL)
    for index, image in enumerate(kept):
        row, column = divmod(index, across)
        sheet.paste(image, (column * (wide + GAP), row * (high + GAP)))
    with target.create(".jpg") as file:
        sheet.save(file, "JPEG", quality=quality, exif=exif(target.recipe))
    yield target.path(".jpg")


def _some(frames: Iterable[Frame], count: int, width: int, *, loop: bool) -> list[Image]:
    """So many frames, evenly from the first to the last, or around a loop, in small.

    How many there are is known after the last one: of those seen, many times `count` are remembered, evenly, and the
    last.
    """
    kept: list[Image] = []
    every, seen = 1, 0
    last: Image | None = None
    for frame in frames:
        last = _small(frame, width)
        if seen % every == 0:
            kept.append(last)
            if len(kept) > SPARE * count:
                kept, every = kept[::2], 2 * every
        seen += 1
    if last is None:
        raise ValueError("found no frame, expected at least one")
    if (seen - 1) % every and not loop:
        kept.append(last)
    chosen = min(count, len(kept))
    step = len(kept) / chosen if loop else (len(kept) - 1) / max(chosen - 1, 1)
    return [kept[round(index * step)] for index in range(chosen)]


def _small(frame: Frame, width: int) -> Image:
    from PIL import Image as Pillow

    image = Pillow.fromarray(whole(frame)).convert("RGB")
    return image.resize(
        (width, max(1, round(width * image.height / image.width))), Pillow.Resampling.LANCZOS, reducing_gap=2
    )
