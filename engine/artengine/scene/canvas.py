"""The size of a picture, and how precisely it is painted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from artengine.scene.paper import INCH, Orientation, Paper, inches, pixels

MAX_CANVAS_MEGAPIXELS = 50_000  # 4A0, four sheets of A0, at 2400 dpi is 36,000; more is a slip of the finger
DPI = 300  # of a paper that says nothing: what print shops ask for

Side = Annotated[int, Field(ge=1, le=1_000_000)]

#: How the numbers of a picture are worked out: draft multiplies in bfloat16 where the CPU can.
Precision = Literal["draft", "float32", "float64"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """The size of the picture, in pixels or as a sheet of paper, and how precisely it is painted."""

    width: Side | None = None
    height: Side | None = None
    paper: Paper | None = None
    dpi: Annotated[float, Field(ge=1, le=9600)] | None = None
    orientation: Orientation | None = None
    precision: Precision = "float32"
    samples: Annotated[int, Field(ge=1, le=64)] = 1

    def __post_init__(self) -> None:
        sides = [name for name in ("width", "height") if getattr(self, name) is not None]
        if self.paper and sides:
            hint = f"leave {' and '.join(sides)} out, or set the whole: --set 'canvas={{paper: {self.paper}}}'"
            raise ValueError(f"found {' and '.join(sides)} beside paper, expected one or the other; {hint}")
        if self.orientation and not self.paper:
            raise ValueError("found an orientation without a paper, expected both; or set width and height")
        width, height = self.size
        if width * height > MAX_CANVAS_MEGAPIXELS * 1e6:
            size = f"{width} x {height}, {width * height / 1e6:,.0f} megapixels"
            raise ValueError(f"found a canvas of {size}, expected at most {MAX_CANVAS_MEGAPIXELS:,}")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        if self.paper:
            return pixels(self.paper, self.dpi or DPI, self.orientation)
        return self.width or 512, self.height or 512

    @property
    def resolution(self) -> float | None:
        """Pixels an inch where the picture is meant for paper."""
        return self.dpi or (DPI if self.paper else None)

    @property
    def sheet(self) -> tuple[float, float] | None:
        """Width and height in millimetres where the picture is meant for paper: those of the paper itself.

        The picture has whole pixels, so that its own sides may be off by half a pixel.
        """
        if self.paper:
            width, height = inches(self.paper, self.orientation)
        elif self.dpi:
            width, height = (side / self.dpi for side in self.size)
        else:
            return None
        return width * INCH, height * INCH
