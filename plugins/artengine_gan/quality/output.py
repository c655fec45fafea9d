"""The output that tells how good a network's images are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from artengine import Dataset, Frame, LoadedScene, Target, expects, writes

if TYPE_CHECKING:
    from artengine_gan.quality.measures import Quality

LEAST = 20


def _expects(scene: LoadedScene, options: Mapping[str, Any]) -> None:
    if scene.network.bundled and scene.network.name not in ("generator", "dcgan"):
        raise ValueError(f"found the network {scene.network.name}, expected one that draws faces: generator or dcgan")


@writes("-quality.txt")
@expects(_expects)
def quality(
    frames: Iterable[Frame],
    target: Target,
    /,
    *,
    photos: Dataset,
    count: Annotated[int, Field(ge=LEAST, le=100_000)] = 5000,
) -> Iterator[Path]:
    """How good a network's images are beside photos, in figures: how near, how true, how many kinds.

    photos: such as the network has learnt, and others too, best of all; half of them are compared with the other half,
    for a measure. count: images that are drawn, and photos that they are compared with.
    """
    from artengine_gan.networks import Dcgan, LatentImages
    from artengine_gan.quality.comparing import Looked, drawn, photographed

    picture = next(iter(frames)).picture
    network = picture.network if picture else None
    if not isinstance(network, LatentImages | Dcgan):
        raise ValueError("found another network than generator and dcgan, whose images cannot be drawn at random")
    size = network.shape.size
    photos.read([0], size)
    most = len(photos) // 2
    if most < LEAST:
        raise ValueError(f"found {len(photos)} photos, expected {2 * LEAST} at least")
    chosen = min(count, most)
    sets = (
        photographed(photos, range(0, 2 * chosen, 2), size),
        photographed(photos, range(1, 2 * chosen, 2), size),
        drawn(network, chosen, seed=0),
    )
    judge = network.judge if isinstance(network, LatentImages) else None
    here, there, images = (Looked(one, judge, target.raise_if_cancelled) for one in sets)
    with target.create("-quality.txt") as file:
        file.write(_told(images.beside(here), there.beside(here), chosen).encode())
    yield target.path("-quality.txt")


def _told(images: Quality, photos: Quality, count: int) -> str:
    """The figures as a text for people."""
    lines = [f"{count:,} drawn images beside {count:,} photos, and in brackets as many other photos beside them", ""]
    rows = (
        ("Frechet distance, in the judge's features", images.frechet, photos.frechet, "{:.2f}", "0 is the same"),
        ("precision: images that lie among the photos", images.precision, photos.precision, "{:.3f}", "at most 1"),
        ("recall: photos that lie among the images", images.recall, photos.recall, "{:.3f}", "at most 1"),
        ("sliced Wasserstein distance of patches", images.wasserstein, photos.wasserstein, "{:.2f}", "0 is the same"),
    )
    for name, one, other, form, scale in rows:
        if one is not None and other is not None:
            lines.append(f"{name:<46}{form.format(one):>9}  ({form.format(other)}; {scale})")
    if images.frechet is None:
        lines.append("There is no judge: it learns drawn faces beside a generator with judge: true.")
    return "\n".join(lines) + "\n"
