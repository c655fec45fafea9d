"""What of a photo is hidden from a training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from artengine import Photo

Share = Annotated[float, Field(ge=0, le=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """What of a photo is hidden from the training: white parts of a picture, a rectangle, a share of all pixels.

    picture: of the photo's proportions. rectangle: left, top, width and height, as parts of the photo's. random: how
    large a part of the pixels, drawn with the scene's seed.
    """

    picture: Photo | None = None
    rectangle: tuple[Share, Share, Share, Share] | None = None
    random: Share | None = None
