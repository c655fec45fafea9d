"""Colours: as scenes write them, from sRGB code values to linear light and back, and in OKLab."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

#: A colour as an option of a scene or of a component takes it.
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]

# Björn Ottosson, "A perceptual color space for image processing", 2020: linear sRGB to the responses of the eye's long,
# medium and short cones, and their cube roots to OKLab.
_TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_OKLAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


def parse_colour(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of a `Colour`, #rrggbb."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def format_colour(red: int, green: int, blue: int) -> str:
    """The `Colour`, #rrggbb, of red, green and blue, 0 to 255."""
    return f"#{red:02x}{green:02x}{blue:02x}"


def srgb_to_linear(values: Array) -> Array:
    """Linear light of sRGB code values, both in [0, 1], in the precision of the values: IEC 61966-2-1."""
    import numpy as np

    linear: Array = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return linear


def linear_to_srgb(light: Array) -> Array:
    """SRGB code values of linear light, both in [0, 1], in the precision of the light: IEC 61966-2-1."""
    import numpy as np

    values: Array = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return values


def linear_to_oklab(light: Array) -> Array:
    """OKLab of linear sRGB, both (..., 3): lightness in [0, 1], green to red, blue to yellow; Ottosson 2020."""
    import numpy as np

    lab: Array = np.cbrt(light @ np.array(_TO_CONES).T) @ np.array(_TO_OKLAB).T
    return lab


def oklab_to_linear(lab: Array) -> Array:
    """Linear sRGB of OKLab, both (..., 3); colours outside sRGB are clipped to [0, 1]."""
    import numpy as np

    cones = (lab @ np.linalg.inv(np.array(_TO_OKLAB)).T) ** 3
    light: Array = np.clip(cones @ np.linalg.inv(np.array(_TO_CONES)).T, 0, 1)
    return light
