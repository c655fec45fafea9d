"""Where we look: what a source says of every pixel of a view, (H, W, D) float tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from artengine import expects

if TYPE_CHECKING:
    from torch import Tensor

    from artengine import LoadedScene, View

Seed = Annotated[int, Field(ge=0, lt=2**32)]

MAX_OCTAVES = 32  # the last one has two thousand waves per pixel of the widest canvas


def grid(view: View, /) -> Tensor:
    """The plane itself: x to the right and y downwards, the shorter side spanning -1..1 at zoom 1.

    Gives (H, W, 2).
    """
    import torch

    return torch.stack(view.plane(), dim=-1)


def unit_square(view: View, /) -> Tensor:
    """Row and column as fractions of the picture, 0 to just below 1, at pixel corners: the neural painter's features.

    Gives (H, W, 2) in float32, as the neural painter does, whatever the precision of the canvas; in float64 where
    float32 cannot tell the pixels of a deep zoom apart.
    """
    import torch

    places = torch.stack(view.fractions(), dim=-1)
    return places if view.deep else places.float()


def radius(view: View, /) -> Tensor:
    """The distance from the origin, in plane units: rings and discs.

    Gives (H, W, 1).
    """
    import torch

    return torch.hypot(*view.plane()).unsqueeze(-1)


def polar(view: View, /, *, folds: Annotated[int, Field(ge=1, le=64)] = 1) -> Tensor:
    """Distance and direction; with folds, the picture repeats that many times around the origin.

    Gives (H, W, 3): the radius, cosine and sine of folds times the angle, so that there is no seam.
    """
    import torch

    x, y = view.plane()
    angle = torch.atan2(y, x) * folds
    return torch.stack((torch.hypot(x, y), angle.cos(), angle.sin()), dim=-1)


def _expects_few_octaves(scene: LoadedScene, options: Mapping[str, Any]) -> None:
    _check_octaves(options["kind"], options["bands"])


def _check_octaves(kind: str, bands: int) -> None:
    if kind == "octaves" and bands > MAX_OCTAVES:
        raise ValueError(f"found {bands} octaves, expected at most {MAX_OCTAVES}; or kind: random")


@expects(_expects_few_octaves)
def fourier(
    view: View,
    /,
    *,
    kind: Literal["octaves", "random"] = "octaves",
    bands: Annotated[int, Field(ge=1, le=1024)] = 6,
    scale: Annotated[float, Field(gt=0, le=1e9)] = 1.0,
    seed: Seed = 0,
) -> Tensor:
    """Waves over the plane, for detail that a plain network is slow to learn.

    Octaves: cosine and sine of pi scale 2^k x and y for k below bands, (H, W, 4 bands). Random: cosine and sine of
    2 pi b.(x, y), the b normal with deviation scale, (H, W, 2 bands). Source: Tancik et al. 2020, "Fourier features let
    networks learn high frequency functions in low dimensional domains", sections 2 and 5.
    Raises `ValueError` for more octaves than a picture has pixels for.
    """
    import numpy as np
    import torch

    _check_octaves(kind, bands)
    plane = torch.stack(view.plane(), dim=-1)
    if kind == "octaves":
        waves = torch.cat([plane * (math.pi * scale * 2.0**band) for band in range(bands)], dim=-1)
    else:
        directions = torch.from_numpy(np.random.RandomState(seed).randn(2, bands) * (2 * math.pi * scale))
        waves = plane[..., :1] * directions[0] + plane[..., 1:] * directions[1]
    return torch.cat((waves.cos(), waves.sin()), dim=-1)


def torus(view: View, /, *, axes: Literal["both", "x", "y"] = "both") -> Tensor:
    """The picture rolled up, so that its edges meet: what is painted on it tiles without a seam.

    Gives (H, W, 4) for both axes: a point on a circle for each; (H, W, 3) for one, the other axis left straight. The
    circles' radius is such that distances along them are those of the plane.
    """
    import torch

    x, y = view.plane()
    parts = []
    for axis, across, extent in zip(("x", "y"), (x, y), view.extent, strict=True):
        if axes not in ("both", axis):
            parts.append(across)
            continue
        around = extent / math.pi  # the side's length in plane units over 2 pi
        parts += [around * (across / around).cos(), around * (across / around).sin()]
    return torch.stack(parts, dim=-1)


def log_polar(
    view: View,
    /,
    *,
    period: Annotated[float, Field(gt=1, le=1e9)] = 4.0,
    spiral: Annotated[int, Field(ge=-16, le=16)] = 0,
) -> Tensor:
    """Direction, and distance on a logarithmic circle: a zoom by the period gives the same picture, for ever.

    Gives (H, W, 4): cosine and sine of 2 pi log(radius) / log(period), and of the angle. spiral: how many periods the
    distance gains in one turn, so that rings become arms.
    """
    import torch

    x, y = view.plane()
    angle = torch.atan2(y, x)
    depth = torch.hypot(x, y).clamp_min(1e-300).log() * (2 * math.pi / math.log(period)) + spiral * angle
    return torch.stack((depth.cos(), depth.sin(), angle.cos(), angle.sin()), dim=-1)


def time(
    view: View,
    /,
    *,
    radius: Annotated[float, Field(gt=0, le=1e6)] = 1.0,
    turns: Annotated[int, Field(ge=-1000, le=1000)] = 1,
    stops: Annotated[int, Field(ge=0, le=1000)] = 0,
) -> Tensor:
    """The film's time as a point that runs around a circle: at the end it is where it was, and the film a loop.

    radius: of the circle; the larger, the more the picture changes. turns: how often it goes around in the film. stops:
    so many times, evenly spread, it comes to rest on its way; of a film of as many photos, at each of them.
    Gives (H, W, 2), the same at every pixel; (radius, 0) in a still picture.
    """
    import torch

    phase = view.phase
    if stops:
        number, rest = divmod(phase * stops, 1.0)
        phase = (number + rest**3 * (10 + rest * (6 * rest - 15))) / stops  # at rest where it stops, and not jerky
    angle = 2 * math.pi * (turns * phase % 1.0)
    place = torch.tensor([radius * math.cos(angle), radius * math.sin(angle)], dtype=torch.float64)
    return place.expand(*view.shape, -1)


def constant(
    view: View,
    /,
    *,
    values: Annotated[list[float], Field(min_length=1, max_length=4096)] | None = None,
    length: Annotated[int, Field(ge=1, le=4096)] = 8,
    scale: Annotated[float, Field(ge=0, le=1e9)] = 1.0,
    seed: Seed | Annotated[list[Seed], Field(min_length=1, max_length=1000)] = 0,
) -> Tensor:
    """The same numbers at every pixel: a latent vector z that chooses among a network's pictures.

    values: the numbers; where there are none, `length` of them are drawn evenly from -scale..scale with the seed. Of
    several seeds, a film walks through the vectors and back to the first, smoothly and without coming nearer to zero.
    Gives (H, W, their number). After hardmaru's cppn-tensorflow.
    """
    import numpy as np
    import torch

    from artengine.painting import walk_position

    seeds = seed if isinstance(seed, list) else [seed]
    drawn = np.stack([np.random.RandomState(one).uniform(-scale, scale, length) for one in seeds])
    numbers = walk_position(drawn, view.phase) if values is None else np.array(values, dtype=np.float64)
    return torch.from_numpy(numbers).expand(*view.shape, -1)
