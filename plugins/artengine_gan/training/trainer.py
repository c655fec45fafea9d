"""The training of networks of whole images: what a scene may set."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from artengine import Dataset, ImageNetwork, Progress, Result, ScenePart, brings, expects, named, teaches

if TYPE_CHECKING:
    from artengine import LoadedScene, Session


def _network(options: Mapping[str, Any]) -> Any:
    return named("generator")


def _coordinates(options: Mapping[str, Any], network: ScenePart) -> Any:
    return named("samples", length=100, kind="even") if network.name == "dcgan" else named("samples")


def _expects(scene: LoadedScene, options: Mapping[str, Any]) -> None:
    if scene.network.options.get("judge") and options["photos"].name != "drawn_faces":
        raise ValueError("found a judge, which learns drawn_faces alone, with other photos; leave judge out")


@teaches(ImageNetwork)
@brings(_network, _coordinates)
@expects(_expects)
def adversarial(
    session: Session,
    /,
    *,
    photos: Dataset,
    steps: Annotated[int, Field(ge=2, le=10_000_000)] = 20_000,
    start: Literal["autoencoder", "scratch"] = "autoencoder",
    batch: Annotated[int, Field(ge=2, le=1024)] | None = None,
    augment: bool | None = None,
) -> Generator[Progress, None, Result]:
    """Learn to draw images like those of a set, judged by a critic that learns to tell them apart.

    photos: what is learnt, by the hundred at least. steps: how long; some 500,000 images, steps times batch, make good
    faces of 64 pixels. start: half of the steps learn to draw the photos themselves, which is the quicker way; or the
    critic is there from the beginning. batch: images to a step, 32; 64 for `dcgan`, which has settings of its own and
    always starts from scratch. augment: change colours and places of what the critic sees, so that it does not know few
    photos by heart; by itself for fewer than 5,000.
    """
    from artengine_gan.training.learning import Plan, learn

    return (yield from learn(session, photos, Plan(steps=steps, start=start, batch=batch, augment=augment)))
