"""Filters applied to an image, with what they return checked."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from artengine.components import ConfiguredComponent
from artengine.errors import ArtengineError
from artengine.painting.bands import Image

_log = logging.getLogger("artengine")


def apply_filters(
    image: Image, filters: Sequence[Callable[[Image], Any]], components: Sequence[ConfiguredComponent]
) -> Image:
    """An image after all filters, in [0, 1]; components: the filters as the scene has them.

    Raises `ArtengineError` naming a filter that refuses the image or returns something else than one.
    """
    for apply, component in zip(filters, components, strict=True):
        try:
            image = _checked(apply(image), component.path)
        except ValueError as error:
            raise component.refused(error) from error
    return image


def _checked(image: Any, path: str) -> Image:
    """The image that a filter has returned, in [0, 1].

    Raises `ArtengineError` that names the filter where it is not an image.
    """
    fits = isinstance(image, np.ndarray) and image.ndim == 3 and image.shape[2] in (1, 3) and image.size > 0
    if not fits or image.dtype.kind != "f":
        kind = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise ArtengineError(f"{path}: gave {kind}, expected an image: floats (H, W, 3) in [0, 1]")
    if count := int(np.isnan(image).any(axis=2).sum()):
        _log.warning("%s: %d of %d pixels are NaN; they are painted black", path, count, image[..., 0].size)
        image = np.nan_to_num(image)
    clipped: Image = image.clip(0.0, 1.0)
    return clipped
