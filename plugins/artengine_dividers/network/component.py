"""Divider nets: what a scene may set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from artengine import Activation, DynamicRowsNetwork, Each, LookupNetwork, Ports, named, offers, shown
from artengine.colour import Colour, parse_colour

if TYPE_CHECKING:
    from artengine_dividers.network.module import Dividers

Count = Annotated[int, Field(ge=0, le=4096)]
Sharpness = Annotated[float, Field(gt=0, le=1e9)]
SHARPNESS: list[Sharpness] = [20.0, 200.0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """Dividers drawn over the picture.

    width: of their strokes, in plane units. colour: as in #ffcc00.
    """

    width: Annotated[float, Field(gt=0, le=1)] = 0.006
    colour: Colour = "#000000"


@offers(DynamicRowsNetwork, LookupNetwork)
def dividers(
    ports: Ports,
    /,
    *,
    lines: Count = 64,
    circles: Count = 0,
    sigmoids: Count = 0,
    form: Literal["offset", "centre"] = "offset",
    hidden: Annotated[int, Field(ge=1, le=1024)] = 20,
    structure: Annotated[int, Field(ge=0, le=1024)] = 0,
    colour_activation: Each[Activation] = named("tanh"),
    sharpness: Sharpness | None = None,
    gradient_sharpness: Annotated[list[Sharpness], Field(min_length=1, max_length=2)] = SHARPNESS,
    outline: Annotated[Outline | None, shown] = None,
) -> Dividers:
    """Lines across the whole plane, circles, and one colour in every region between them, at any scale.

    sigmoids: lines over which the colour changes softly. form: a line is an angle and an offset, or, as in
    scalefree_image, a centre and an angle, from which the cosine is taken. hidden: units that choose the colour.
    structure: relu units before them, 0 for none. sharpness: of the step from one side to the other, tanh(sharpness x);
    left out, it has no width. gradient_sharpness: of the surrogate gradient by which dividers learn, or two: at the
    beginning and at the end of a training. outline: lines and circles drawn over the picture.
    Source: scalefree_image, whose network this is.
    Raises `ValueError` where coordinates are not those of the plane.
    """
    from artengine_dividers.network.module import Dividers

    if ports.inputs != 2:
        raise ValueError(f"found coordinates of {ports.inputs} numbers, expected two; leave coordinates at grid")
    network = Dividers(
        ports,
        lines=lines,
        circles=circles,
        sigmoids=sigmoids,
        centred=form == "centre",
        hidden=hidden,
        structure=structure,
        activation=colour_activation(),
        sharpness=sharpness,
        gradient_sharpness=gradient_sharpness,
    )
    if outline:
        network.set_outline(outline.width, [level / 255 for level in parse_colour(outline.colour)])
    return network
