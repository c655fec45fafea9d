"""The grid of features: what a scene may set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from artengine import Activation, Each, LatticeNetwork, PhotoExtentNetwork, Ports, named, offers

if TYPE_CHECKING:
    from artengine_regression.network.module import FeatureGrid

Level = Annotated[int, Field(ge=2, le=4096)]
LEVELS: list[Level] = [16, 32, 64, 128]
Width = Annotated[int, Field(ge=1, le=1024)]
WIDTHS: list[Width] = [48, 32]


@offers(LatticeNetwork, PhotoExtentNetwork)
def feature_grid(
    ports: Ports,
    /,
    *,
    levels: Annotated[list[Level], Field(min_length=1, max_length=16)] = LEVELS,
    features: Annotated[int, Field(ge=1, le=64)] = 4,
    width: Annotated[list[Width], Field(min_length=1, max_length=16)] = WIDTHS,
    activation: Each[Activation] = named("relu"),
) -> FeatureGrid:
    """Features learnt at the points of several grids, smooth in between, and a small network that reads them.

    Faithful to the last freckle and quick to learn, but it imagines nothing: beyond the edges of what it has learnt the
    picture is mirrored. levels: points a side of each grid. features: numbers at each point. width: of the hidden
    layers that turn them into colours.
    Source: after Mueller et al. 2022, "Instant neural graphics primitives with a multiresolution hash encoding",
    section 3, with every level dense and cubic interpolation.
    Raises `ValueError` where coordinates are not two numbers.
    """
    from artengine_regression.network.module import FeatureGrid

    if ports.inputs != 2:
        raise ValueError(f"found coordinates of {ports.inputs} numbers, expected two; leave coordinates at grid")
    return FeatureGrid(ports, levels, features, width, activation)
