"""A network over a view, in tiles, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from artengine.view import View

POINTS = 8192  # pixels at a time: the hidden layers of a slice stay in the processor's cache


def tiles(network: nn.Module, coordinates: Callable[[View], Tensor], view: View, colours: Tensor) -> Iterator[int]:
    """Paint the view into `colours`, (H, W, C) on the processor, yielding the pixels painted so far.

    Raises `ValueError` where the network gives something else than a colour for every point.
    """
    done = 0
    for rows, columns, tile in view.tiles(POINTS):
        with torch.inference_mode():
            points = coordinates(tile)
            painted = network(points.reshape(-1, points.shape[-1]))
            expected = (points.shape[0] * points.shape[1], colours.shape[-1])
            if tuple(painted.shape) != expected:
                raise ValueError(f"gave colours of shape {tuple(painted.shape)}, expected {expected}")
            colours[rows, columns] = painted.reshape(*points.shape[:-1], -1)
        done += points.shape[0] * points.shape[1]
        yield done
