"""Directions: what a scene may set."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from artengine import (
    Dataset,
    ImageNetwork,
    LabelledDataset,
    Progress,
    Result,
    ScenePart,
    expects,
    moves,
    named,
    teaches,
)
from artengine.errors import did_you_mean, listed, quoted
from artengine_gan.projection import Name, expects_weights, length_of

if TYPE_CHECKING:
    from artengine import LoadedScene, Session

AVERAGE = "average"


def check_labels(photos: Dataset, names: Sequence[str]) -> LabelledDataset:
    """Photos that know all of these labels.

    Raises `ValueError` where they do not.
    """
    if not isinstance(photos, LabelledDataset) or not photos.label_names:
        raise ValueError("found photos without labels, expected drawn_faces, or a folder with a table of labels")
    for name in names:
        if name not in photos.label_names:
            known = did_you_mean(name, photos.label_names) or f"; there are {listed(photos.label_names)}"
            raise ValueError(f"found {quoted(name)}, which is no label of the photos{known}")
    return photos


def _coordinates(options: Mapping[str, Any], network: ScenePart) -> Any:
    """A latent for the average face and one for each direction, which are shown from there."""
    return named("projected", names=[AVERAGE, *options["of"]], length=length_of(network), around=AVERAGE)


def _expects(scene: LoadedScene, options: Mapping[str, Any]) -> None:
    expects_weights(scene.network, count=1 + len(options["of"]), what="directions and the average")
    if scene.network.name == "dcgan":
        raise ValueError("found dcgan, which has no encoder; expected generator")
    if not any(media.missing for media in options["photos"].media()):
        check_labels(options["photos"].make(), options["of"])


@teaches(ImageNetwork)
@moves(_coordinates, lambda options: False)
@expects(_expects)
def directions(
    session: Session,
    /,
    *,
    photos: Dataset,
    of: Annotated[list[Name], Field(min_length=1, max_length=200)],
    count: Annotated[int, Field(ge=2, le=10_000_000)] = 4000,
    way: Literal["difference", "boundary"] = "difference",
    apart: bool = False,
) -> Generator[Progress, None, Result]:
    """Find the way from faces without something to faces with it: anna + smile is Anna, smiling.

    photos: pictures with labels: drawn_faces, or a folder with a table of them. of: the labels. count: how many
    pictures are looked at. way: from the middle of those without to the middle of those with it; or across the boundary
    that parts them best. apart: each direction leaves all the others as they are.
    Source: Shen et al. 2020, "Interpreting the latent space of GANs for semantic face editing", section 3.
    """
    from artengine_gan.directions.learning import Wanted, learn

    labelled = check_labels(photos, of)
    return (yield from learn(session, photos, labelled, Wanted(tuple(of), count, way, apart)))
