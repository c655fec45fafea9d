"""The regions of a still, the colour of each, and the outline over them."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from artengine import Frame
from artengine_dividers.network import Dividers, Numbers, Setting
from artengine_dividers.vectors.geometry import Arrangement, arrange, curves_in_view, to_plane
from artengine_dividers.vectors.style import check_regions

if TYPE_CHECKING:
    from artengine import StillPicture

POINTS_PER_BATCH = 1 << 13  # with thousands of dividers, memory stays flat

#: A width in plane units, and a colour, numbers in [0, 1].
Outline = tuple[float, list[float]]


@dataclass(frozen=True, slots=True)
class Regions:
    """What a still shows.

    arrangement: its faces, F of them; colours: (F, 3) floats in [0, 1]; outline: or None; pitch: plane units a pixel.
    """

    arrangement: Arrangement
    colours: Numbers
    outline: Outline | None
    pitch: float


def find_regions(frame: Frame, width: float, height: float) -> Regions:
    """The regions that a still shows in a picture of so many pixels, whose shorter side is what the still's is.

    Raises `ValueError` where its picture has none.
    """
    if frame.picture is None:
        raise ValueError("draws the regions of a still, found a film; leave the film out, or take this output away")
    picture, view = frame.picture, frame.view
    network = picture.network
    counts = network.counts if isinstance(network, Dividers) else None
    name = picture.network_path.rpartition(".")[2]
    check_regions(Setting(name, counts, picture.on_plane(view)), has_filters=picture.has_filters)
    assert isinstance(network, Dividers)  # noqa: S101 - it has counts
    fitted = replace(view, zoom=view.zoom * (min(width, height) / min(view.width, view.height)))
    arrangement = arrange(curves_in_view(network.partition(), fitted), width, height)
    colours = _colours(picture, network, to_plane(arrangement.inner, fitted))
    return Regions(arrangement, colours, network.outline, fitted.pitch)


def _colours(picture: StillPicture, network: Dividers, points: Numbers) -> Numbers:
    """The colours of points of the plane, (N, 2): (N, 3), computed in float64, without a softening sharpness."""
    with torch.inference_mode():
        sharp = copy.deepcopy(network).double()
        sharp.sharpness = None  # inside a region, it would change nothing but the edges
        batches = torch.split(torch.from_numpy(points).to(picture.device), POINTS_PER_BATCH)
        colours = torch.cat([picture.to_unit(sharp.colours_at(batch)) for batch in batches])
        unit = colours.nan_to_num(0.0, 0.0, 0.0).clamp(0.0, 1.0).cpu().numpy()
    return np.repeat(unit, 3, axis=1) if unit.shape[1] == 1 else unit
