"""Draw faces, teach two networks to invent more of them, and do sums with faces."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

from artengine import Dataset, Network, Progress, Result, hookimpl
from artengine_gan import datasets, sources
from artengine_gan.directions import directions
from artengine_gan.networks import dcgan, generator
from artengine_gan.projection import Projected, projection
from artengine_gan.quality import quality
from artengine_gan.training import adversarial


@hookimpl
def register_sources() -> Mapping[str, Callable[..., Any]]:
    """Latents: where networks of whole images look."""
    return {"samples": sources.samples, "latents": sources.Latents, "projected": Projected}


@hookimpl
def register_networks() -> Mapping[str, Network]:
    """Networks that give an image for each latent."""
    return {"generator": generator, "dcgan": dcgan}


@hookimpl
def register_datasets() -> Mapping[str, Callable[..., Dataset]]:
    """Faces that nobody has photographed."""
    return {"drawn_faces": datasets.DrawnFaces}


@hookimpl
def register_trainers() -> Mapping[str, Callable[..., Generator[Progress, None, Result]]]:
    """Trainers of networks that give whole images, and of the latents that these are given."""
    return {"adversarial": adversarial, "directions": directions, "projection": projection}


@hookimpl
def register_outputs() -> Mapping[str, Callable[..., Iterator[Path]]]:
    """What tells how good images are."""
    return {"quality": quality}
