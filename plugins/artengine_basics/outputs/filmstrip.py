"""A film at a glance: some of its frames side by side in one picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from artengine import Frame, Target, films, writes
from artengine.files import jpeg_fields
from artengine_basics.outputs.quantise import quantise_whole
from artengine_basics.outputs.stills import Quality

if TYPE_CHECKING:
    from PIL.Image import Image

GAP = 4  # pixels between frames
OVERSAMPLING = 16  # as many times as many frames as are shown are remembered: they lie evenly to a sixteenth
BACKGROUND = (16, 16, 18)


@films
@writes(".jpg")
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
    chosen = _sample_evenly(frames, count, wide, loop=target.loop)
    high = chosen[0].height
    rows = -(-len(chosen) // across)
    sheet = Pillow.new("RGB", (across * (wide + GAP) - GAP, rows * (high + GAP) - GAP), BACKGROUND)
    for index, image in enumerate(chosen):
        row, column = divmod(index, across)
        sheet.paste(image, (column * (wide + GAP), row * (high + GAP)))
    with target.create(".jpg") as file:
        sheet.save(file, "JPEG", quality=quality, **jpeg_fields(target.recipe))
    yield target.path(".jpg")


def _sample_evenly(frames: Iterable[Frame], count: int, width: int, *, loop: bool) -> list[Image]:
    """So many frames, evenly from the first to the last, or around a loop, shrunk to a width.

    How many there are is known only after the last one: of those seen, `OVERSAMPLING` times `count` at most are
    remembered, evenly, and the last.
    """
    samples: list[Image] = []
    every, seen = 1, 0
    last: Image | None = None
    for frame in frames:
        last = _shrink(frame, width)
        if seen % every == 0:
            samples.append(last)
            if len(samples) > OVERSAMPLING * count:
                samples, every = samples[::2], 2 * every
        seen += 1
    if last is None:
        raise ValueError("found no frame, expected at least one")
    if (seen - 1) % every and not loop:
        samples.append(last)
    shown = min(count, len(samples))
    step = len(samples) / shown if loop else (len(samples) - 1) / max(shown - 1, 1)
    return [samples[round(index * step)] for index in range(shown)]


def _shrink(frame: Frame, width: int) -> Image:
    from PIL import Image as Pillow

    image = Pillow.fromarray(quantise_whole(frame)).convert("RGB")
    return image.resize(
        (width, max(1, round(width * image.height / image.width))), Pillow.Resampling.LANCZOS, reducing_gap=2
    )
