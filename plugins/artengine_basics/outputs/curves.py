"""The course of a training as a chart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from artengine import Frame, LoadedScene, Target, expects, writes

SUFFIX = "-curves.png"


def _expects_training(scene: LoadedScene, options: Mapping[str, Any]) -> None:
    _check_trained(scene.training is not None)


@writes(SUFFIX)
@expects(_expects_training)
def curves(
    frames: Iterable[Frame],
    target: Target,
    /,
    *,
    width: Annotated[int, Field(ge=480, le=8000)] = 1500,
    height: Annotated[int, Field(ge=320, le=8000)] = 560,
) -> Iterator[Path]:
    """The course of a training as a chart: its loss, PSNR and rate over the steps, in a PNG of its own.

    width, height: of the chart, in pixels; whatever the canvas is. It does not tell the scene's name: made again from
    its recipe, the scene is called as the file.
    Raises `ValueError` where nothing has been trained, or nothing is known of how.
    """
    import numpy as np

    from artengine.charts import Panel, Series, draw_chart
    from artengine_basics.outputs import png_writer

    frame = next(iter(frames), None)  # whose pixels nobody needs
    picture = frame.picture if frame else None
    _check_trained(picture is not None and picture.has_training)
    assert picture is not None  # noqa: S101 - looked at above
    if not picture.curve:
        found = "found weights that do not tell how they were trained, by an earlier version or another trainer perhaps"
        raise ValueError(f"{found}; train anew with --fresh, or leave curves out of the outputs")
    steps = [point.step for point in picture.curve]

    def panel(name: str, values: Iterable[float | None], *, log: bool = False) -> Panel:
        known = [(step, value) for step, value in zip(steps, values, strict=True) if value is not None]
        line = Series(name, [step for step, _ in known], [value for _, value in known])
        return Panel("steps", name, [line], log_y=log)

    panels = [
        panel("loss", (point.loss for point in picture.curve), log=True),
        panel("PSNR in dB", (point.psnr for point in picture.curve)),
        panel("rate", (point.rate for point in picture.curve)),
    ]
    shown = draw_chart([one for one in panels if one.series[0].x], width, height)
    with target.create(SUFFIX) as file:
        png_writer.write(file, [np.asarray(shown)], (height, width, 3), 8, target)
    yield target.path(SUFFIX)


def _check_trained(trained: bool) -> None:
    if not trained:
        raise ValueError("found no training, expected a scene that has one; leave curves out of its outputs")
