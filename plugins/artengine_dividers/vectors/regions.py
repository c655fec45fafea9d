"""The regions of a still, and the colour of each."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from artengine import Frame
from artengine_dividers.vectors.geometry import Arrangement, arranged, on_the_plane, seen

if TYPE_CHECKING:
    from artengine import Picture

Numbers = np.ndarray[Any, Any]

BATCH = 1 << 13  # points at a time: with thousands of dividers, memory stays flat


def regions(frame: Frame) -> tuple[Arrangement, Numbers]:
    """The regions that a still shows, and their colours, (F, 3) floats in [0, 1].

    Raises `ValueError` where its picture is no such thing.
    """
    if frame.picture is None:
        raise ValueError("draws the regions of a still, found a film; leave the film out, or take this output away")
    picture, view = frame.picture, frame.view
    network = picture.network
    if not hasattr(network, "partition"):
        found = f"draws the regions of a dividers network, found {picture.scene.network.path}"
        raise ValueError(f"{found}; set network: dividers")
    if network.counts[2]:  # type: ignore[index]  # what has a partition counts its dividers
        raise ValueError("draws regions of one colour, found sigmoids, which colour softly; set sigmoids to 0")
    if picture.scene.filters:
        raise ValueError("draws regions, which filters do not reach; leave the filters out, or this output")
    if not picture.on_plane(view):
        raise ValueError("draws regions of the plane, found other coordinates; leave coordinates at grid")
    arrangement = arranged(seen(network.partition(), view), view.width, view.height)  # type: ignore[operator]
    return arrangement, _colours(picture, on_the_plane(arrangement.inner, view))


def _colours(picture: Picture, points: Numbers) -> Numbers:
    """The colours of points of the plane, (N, 2): (N, 3), worked out in float64, without a softening sharpness."""
    with torch.inference_mode():
        network: Any = copy.deepcopy(picture.network).double()
        network.sharpness = None  # inside a region, it would change nothing but the edges
        parts = torch.split(torch.from_numpy(points).to(picture.device), BATCH)
        colours = torch.cat([picture.to_unit(network.colours_at(part)) for part in parts])
        unit = colours.nan_to_num(0.0, 0.0, 0.0).clamp(0.0, 1.0).cpu().numpy()
    return np.repeat(unit, 3, axis=1) if unit.shape[1] == 1 else unit
