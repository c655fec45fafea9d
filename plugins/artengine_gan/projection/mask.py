"""What of a photo is not known, as a scene says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from artengine import Photo

Share = Annotated[float, Field(ge=0, le=1)]
Word = Literal["centre", "left", "random", "full"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """What of a photo is not known: the white parts of a picture, or a rectangle.

    picture: of the photo's proportions. rectangle: left, top, width and height, as parts of the photo's.
    """

    picture: Photo | None = None
    rectangle: tuple[Share, Share, Share, Share] | None = None
