"""Projection: what a scene may set."""

from __future__ import annotations

import keyword
import math
import re
import unicodedata
from collections.abc import Generator, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from artengine import ImageNetwork, Photo, Progress, Result, ScenePart, expects, moves, named, teaches
from artengine_gan import arithmetic
from artengine_gan.projection.mask import Hole, Word
from artengine_gan.projection.source import Space

if TYPE_CHECKING:
    from artengine import LoadedScene, Session

RESERVED = {*arithmetic.PLACES, *arithmetic.FUNCTIONS}

Weight = Annotated[float, Field(ge=0, le=1e6)]


def names_of(photos: Sequence[Photo]) -> list[str]:
    """A name for each photo, for sums of them: that of its file as far as it can be one."""
    names: list[str] = []
    for photo in photos:
        letters = unicodedata.normalize("NFKC", PurePath(photo.name).stem)[:50]  # as sums are read
        stem = "".join(letter if f"a{letter}".isidentifier() else "_" for letter in letters)
        stem = re.sub("_+", "_", stem)
        stem = stem if stem.strip("_") and stem.isidentifier() else f"photo_{stem}".rstrip("_")
        name, number = stem, 1
        while name in names or keyword.iskeyword(name) or name in RESERVED:
            name, number = f"{stem}_{number + 1}", number + 1
        names.append(name)
    return names


def length_of(network: ScenePart, *, detail: bool = False) -> int:
    """How many numbers a latent of a network has: as many as all of its layers take, and an image's with its detail.

    Raises `ValueError` where its weights are of another network.
    """
    from artengine_gan.networks import dcgan_shape_of, shape_of

    learnt = network.options.get("weights")
    if network.name not in ("generator", "dcgan") or learnt is None or learnt.missing:
        return 1  # it is refused, or what is found comes with its picture
    return (dcgan_shape_of if network.name == "dcgan" else shape_of)(learnt).length(detail=detail)


def expects_weights(network: ScenePart, *, count: int, what: str, beside: bool = False) -> None:
    """See that a network of ours has learnt something, and that its sheet has room for so many images.

    beside: with a row of photos above each row of images.
    Raises `ValueError` where it has not.
    """
    if not network.bundled or "columns" not in network.options:
        return
    if network.options.get("weights") is None:
        raise ValueError(f"found the network {network.name} without weights, expected those of a training")
    columns, rows = network.options["columns"], network.options["rows"]
    needed = math.ceil(count / columns) * (1 + beside)
    if rows < needed or (beside and rows % 2):
        found = f"{count} {what} and a sheet of {columns} x {rows}"
        room = "room for each beside its photo" if beside else "room for all"
        hint = f"rows to {needed}" if beside else f"columns to {count}"
        raise ValueError(f"found {found}, expected {room}; set network.{network.name}.{hint}")


def _coordinates(options: Mapping[str, Any], network: ScenePart) -> Any:
    """A latent for each photo."""
    detail = options["detail"] or options["mask"] not in (None, "full")
    length, whole = length_of(network, detail=detail), length_of(network, detail=True)
    beside = {"beside": whole} if options["beside"] else {}
    return named("projected", names=names_of(options["photos"]), length=length, **beside)


def _tunes(options: Mapping[str, Any]) -> bool:
    return bool(options["tune"])


def _expects(scene: LoadedScene, options: Mapping[str, Any]) -> None:
    """A network that has learnt something, and a sheet with room for all photos."""
    network = scene.network
    expects_weights(network, count=len(options["photos"]), what="photos", beside=options["beside"])
    if network.name == "dcgan" and (options["space"] != "z" or options["start"] != "best"):
        raise ValueError("found dcgan, which has no w and no encoder; expected space: z and start: best")
    if network.name == "dcgan" and (options["mask"] or options["detail"] or options["beside"]):
        raise ValueError("found dcgan with a mask, detail or beside, which are for generator")


@teaches(ImageNetwork)
@moves(_coordinates, _tunes)
@expects(_expects)
def projection(
    session: Session,
    /,
    *,
    photos: Annotated[list[Photo], Field(min_length=1, max_length=256)],
    space: Space = "w+",
    steps: Annotated[int, Field(ge=1, le=100_000)] = 200,
    start: Literal["encoder", "best"] = "encoder",
    optimiser: Literal["adam", "nesterov"] = "adam",
    difference: Literal["squared", "absolute"] = "squared",
    realism: Weight = 0.0,
    features: Weight = 0.0,
    likely: Weight = 0.0,
    mask: Word | Hole | None = None,
    blend: Literal["poisson", "plain"] = "poisson",
    detail: bool = False,
    tune: Annotated[int, Field(ge=0, le=100_000)] = 0,
    align: bool = True,
    beside: bool = False,
) -> Generator[Progress, None, Result]:
    """Find the latents whose images come nearest to photos: the faces that a network would have drawn instead.

    photos: squares, or the squares in their middle, if the network can draw something like them; otherwise the square
    of a photo that it draws best is looked for. space: where latents may go: z, as faces are drawn at random; w,
    which is wider; w+, another w for each layer, the nearest and least like a face. steps: of the search. start: from
    what the encoder makes of a photo, or from the best of 512 faces. optimiser: how a step is made; nesterov as in the
    face maths of 2016. difference: how pixels are compared. realism: how much the critic's opinion counts beside them.
    features: how much it counts how the critic sees both. likely: how much it counts that such faces are drawn often.
    mask: what of the photos is hidden, and completed: centre, left, random (four fifths of the pixels), or white parts
    of a picture, a rectangle; full hides nothing. blend: how what is drawn is joined to the rest. detail: keep
    what the generator lacks of a photo, so that its image is the photo, and sums change it with all its detail. tune:
    steps in which a copy of the generator learns the photos, at last. align: look for squares; without it, photos are
    taken as they are, as they always are with a mask. beside: show a row of
    photos above each row of what is found; they are kept too, anna_photo beside anna.
    """
    from artengine_gan.projection.finding import find
    from artengine_gan.projection.task import Search

    search = Search(
        space=space,
        steps=steps,
        start=start,
        optimiser=optimiser,
        difference=difference,
        realism=realism,
        features=features,
        likely=likely,
        mask=None if mask == "full" else mask,
        blend=blend,
        detail=detail,
        tune=tune,
        align=align,
    )
    return (yield from find(session, photos, search))
