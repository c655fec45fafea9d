"""How regions are drawn: what a scene may set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """The options of both outputs; `outputs.svg` says what each of them is.

    Raises `ValueError` where they do not go together.
    """

    palette: int | None = None
    merge: bool = False
    strokes: bool = False
    hatching: bool = True
    pen: float | None = None

    def __post_init__(self) -> None:
        if self.pen is not None and not self.strokes:
            raise ValueError("found a pen, expected strokes: true beside it, or none")
