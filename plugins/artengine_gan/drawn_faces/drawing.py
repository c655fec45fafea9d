"""From faces to pictures, to the labels of their parts and to landmarks: one order of layers for all."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from artengine_gan.drawn_faces.canvas import Canvas
from artengine_gan.drawn_faces.factors import Faces
from artengine_gan.drawn_faces.features import (
    draw_back_hair,
    draw_backdrop,
    draw_beard,
    draw_brows,
    draw_earrings,
    draw_ears,
    draw_eyes,
    draw_front_hair,
    draw_glasses,
    draw_hat,
    draw_head,
    draw_moustache,
    draw_mouth,
    draw_neck,
    draw_nose,
    draw_shirt,
    draw_temples,
)
from artengine_gan.drawn_faces.layout import Look, look_of

_LAYERS = (  # from back to front
    draw_backdrop,
    draw_shirt,
    draw_back_hair,
    draw_neck,
    draw_ears,
    draw_head,
    draw_beard,
    draw_nose,
    draw_mouth,
    draw_moustache,
    draw_eyes,
    draw_brows,
    draw_temples,
    draw_front_hair,
    draw_glasses,
    draw_hat,
    draw_earrings,
)
_KEPT_BYTES = 16 * 2**20
_PIXELS = 65536  # drawn at once: so few that the planes of a window stay in the second-level cache


def _canvases(faces: Faces, size: int, labelled: bool) -> Iterator[Canvas]:
    """Canvases of a few faces each, in order."""
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ValueError(f"size: found {size!r}, expected a whole number of pixels from 1")
    # glibc goes on asking the system for every plane anew until it has seen a large block freed: a third of the time
    np.empty(_KEPT_BYTES, np.uint8)
    step = max(1, _PIXELS // size**2)
    for some in faces.chunks(step):
        yield _drawn(look_of(some), size, labelled)


def _drawn(look: Look, size: int, labelled: bool) -> Canvas:
    canvas = Canvas.blank(look, size, labelled)
    for draw_layer in _LAYERS:
        draw_layer(canvas, look)
    return canvas


def render(faces: Faces, size: int) -> npt.NDArray[np.uint8]:
    """The faces as pictures (N, size, size, 3) in 8-bit sRGB: the same bytes in any company, on any machine.

    Raises ValueError where the size is not a number of pixels.
    """
    chunks = [canvas.picture() for canvas in _canvases(faces, size, labelled=False)]
    return np.concatenate([np.zeros((0, size, size, 3), np.uint8), *chunks])


def parts(faces: Faces, size: int) -> npt.NDArray[np.uint8]:
    """What is seen in each pixel (N, size, size), as numbers of PARTS: from the same distances as the picture.

    Raises ValueError where the size is not a number of pixels.
    """
    chunks = [canvas.labels() for canvas in _canvases(faces, size, labelled=True)]
    return np.concatenate([np.zeros((0, size, size), np.uint8), *chunks])


def landmarks(faces: Faces) -> npt.NDArray[np.float64]:
    """Where LANDMARKS are (N, L, 2): x to the right and y down, both in [-1, 1] across the picture."""
    look = look_of(faces)
    rows = {
        name: np.full(len(look), down) for name, down in (("eyes", look.EYES), ("ears", look.EARS), ("top", look.TOP))
    }
    places = [
        *((look.eyes_x[:, side], rows["eyes"]) for side in (0, 1)),
        *((look.pupils_x[:, side], look.pupils_y) for side in (0, 1)),
        (look.nose_x, look.nose_y),
        *((look.mouth_x + out * look.mouth_half, look.mouth_y + look.mouth_bend) for out in (-1, 1)),
        (0.55 * look.turn, look.chin),
        *((look.ears_x[:, side], rows["ears"]) for side in (0, 1)),
        (np.zeros(len(look)), rows["top"]),
    ]
    return np.stack([look.in_picture(u, v) for u, v in places], axis=1)
