"""How regions are drawn: what a scene may set, and of which pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from artengine_dividers.network import Setting, setting_of

if TYPE_CHECKING:
    from artengine import LoadedScene
    from artengine_dividers.vectors.drawing import Sheet

PEN_MM = 0.4  # millimetres: a fineliner
PEN_PIXELS = 1.0  # where the canvas has no resolution
MARGIN_MM = 10.0  # millimetres that plotters need for their clamps
MAX_MARGIN_PART = 0.1  # of the shorter side of a small sheet, unless somebody says otherwise


@dataclass(frozen=True, slots=True)
class Style:
    """The options of both outputs; `outputs.svg` says what each of them is.

    Raises `ValueError` where they do not go together.
    """

    palette: int | None = None
    merge: bool = False
    strokes: bool = False
    hatching: bool = True
    pen: float | None = None
    pens: list[str] | None = None
    margin: float | None = None

    def __post_init__(self) -> None:
        for name in ("pen", "pens"):
            if getattr(self, name) is not None and not self.strokes:
                raise ValueError(f"found {name}, expected strokes: true beside it, or none")

    def pen_on(self, sheet: Sheet) -> float:
        """How wide the pen is on a sheet, in pixels."""
        return sheet.pixels(self.pen or (PEN_MM if sheet.unit else PEN_PIXELS))

    def margin_on(self, sheet: Sheet) -> float:
        """How wide the margin of a sheet is, in pixels.

        Raises `ValueError` where nothing is left between the margins.
        """
        short = min(sheet.width, sheet.height)
        if self.margin is None:
            return min(sheet.pixels(MARGIN_MM), short * MAX_MARGIN_PART) if self.strokes and sheet.unit else 0.0
        margin = sheet.pixels(self.margin)
        if margin >= short / 2:
            most = short / 2 / sheet.pixels(1.0)
            raise ValueError(f"found a margin of {self.margin:g}, expected less than {most:g}, half of the sheet")
        return margin


def expects_regions(scene: LoadedScene, options: Mapping[str, Any]) -> None:
    """Raise `ValueError` where a scene has no regions to draw, or the options of an output do not go together."""
    from artengine_dividers.vectors.drawing import sheet_of

    Style(**options).margin_on(sheet_of(scene.size, scene))
    setting = setting_of(scene)
    if setting:
        check_regions(setting, has_filters=bool(scene.filters))


def check_regions(setting: Setting, *, has_filters: bool) -> None:
    """Raise `ValueError` where a picture has no regions to draw."""
    if setting.counts is None:
        found = f"draws the regions of a dividers network, found the network {setting.network}"
        raise ValueError(f"{found}; set network: dividers")
    if setting.counts[2]:
        raise ValueError("draws regions of one colour, found sigmoids, which colour softly; set sigmoids to 0")
    if has_filters:
        raise ValueError("draws regions, which filters do not reach; leave the filters out, or this output")
    if not setting.on_plane:
        raise ValueError("draws regions of the plane, found other coordinates; leave coordinates at grid")
