"""A scene: text, checked. Everything a user can get wrong comes to light before it is one, and before torch works."""

from __future__ import annotations

import enum
import functools
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from artengine.capabilities import ImageNetwork
from artengine.components import ConfiguredComponent, is_installed, version_of
from artengine.kinds import Filter, Network, Output, Source, named
from artengine.media import Media
from artengine.scene.canvas import Canvas
from artengine.scene.motion import Camera, Film
from artengine.scene.seeds import PlainSeed, Seed, first_number
from artengine.sessions import Trainer
from artengine.view import View

NOT_THERE = "none"  # in place of the version of a library

SourceComponent = Annotated[ConfiguredComponent, Source]
NetworkComponent = Annotated[ConfiguredComponent, Network]
TrainerComponent = Annotated[ConfiguredComponent, Trainer]
FilterComponent = Annotated[ConfiguredComponent, Filter]
OutputComponent = Annotated[ConfiguredComponent, Output]


@dataclass(frozen=True, kw_only=True)
class SceneOptions:
    """What a scene may say, in the order in which things happen; its signature is the schema of a scene."""

    seed: Seed = PlainSeed(0)
    canvas: Canvas = Canvas()
    coordinates: Annotated[list[SourceComponent], Field(min_length=1)] = named("grid")
    network: NetworkComponent | None = None
    training: TrainerComponent | None = None
    film: Film | None = None
    camera: Camera = Camera()
    filters: list[FilterComponent] | None = None
    outputs: list[OutputComponent] = named("png")


@dataclass(frozen=True)
class Motion:
    """What moves in a scene's film besides its time.

    camera: where it is at a moment, in seconds; None where it stands still. numbers: the places of numbers that move.
    scene: the scene as it is at a moment.
    """

    camera: Callable[[float], Camera] | None
    numbers: tuple[str, ...]
    scene: Callable[[float], Scene]


@dataclass(frozen=True, slots=True)
class LoadContext:
    """What a scene was loaded with besides its text.

    folder: where it stands; its photos are there and below. plugins: as the user named them, see `load`.
    """

    folder: Path
    plugins: tuple[str, ...]
    max_megapixels: float


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A scene, checked: frozen data, nothing live.

    name: what its output files are called. text: the scene after overrides. photos: what it needs from outside, by the
    name in the text. lineage: the seed with all that has gone into it. What moves in a film is here as it is at the
    film's beginning; `at` gives another moment.
    """

    name: str
    text: str
    photos: Mapping[str, Media]
    lineage: Seed
    canvas: Canvas
    coordinates: list[ConfiguredComponent]
    network: ConfiguredComponent
    training: ConfiguredComponent | None
    film: Film | None
    camera: Camera
    filters: list[ConfiguredComponent]
    outputs: list[ConfiguredComponent]
    motion: Motion = field(repr=False, compare=False)
    context: LoadContext = field(repr=False, compare=False)

    @property
    def seed(self) -> int:
        """The seed as a number: the first one where several have gone into the picture."""
        return first_number(self.lineage)

    @property
    def view(self) -> View:
        """What the camera sees of the plane, at the beginning where it moves."""
        return self.view_at(0.0)

    def view_at(self, time: float) -> View:
        """What the camera sees of the plane at a moment of the film, in seconds."""
        camera = self.motion.camera(time) if self.motion.camera else self.camera
        width, height = self.canvas.size
        duration = self.film.duration if self.film else 0.0
        return View(
            width=width,
            height=height,
            centre=camera.centre,
            zoom=camera.zoom,
            angle=camera.angle,
            time=time,
            phase=time / duration if duration else 0.0,
        )

    def at(self, time: float) -> Scene:
        """The scene as it is at a moment of the film, in seconds: itself where no number moves.

        Raises `InputError` where what moves has come to something that the scene does not take.
        """
        return self.motion.scene(time) if self.motion.numbers else self

    def components(self) -> Iterator[ConfiguredComponent]:
        """Every component the scene uses, those inside options too."""
        for bound in [*self.coordinates, self.network, self.training, *self.filters, *self.outputs]:
            if bound is not None:
                yield from bound.walk()

    @functools.cached_property
    def plugins(self) -> dict[str, str]:
        """The plugins the scene uses, with their versions."""
        used = {bound.component.plugin.name: bound.component.plugin.version for bound in self.components()}
        return dict(sorted(used.items()))

    @property
    def libraries(self) -> dict[str, str]:
        """The libraries on which its results depend, where they are there, with their versions; see `NOT_THERE`."""
        return library_versions(self.components())

    @functools.cached_property
    def training_key(self) -> str:
        """A hash of all that decides what training comes to: finished weights are good as long as it is the same."""
        return self._hash_training()

    @functools.cached_property
    def training_course(self) -> str | None:
        """A hash of all that decides how training goes, whenever it ends; None where its end decides that too."""
        ends = self.training.ends() if self.training else ()
        return self._hash_training(without=ends) if ends else None

    def _hash_training(self, without: Collection[str] = ()) -> str:
        parts = [*self.coordinates, self.network]
        # whoever learns whole images looks at no coordinates, only at how many numbers they have
        images = self.training is not None and self.training.component.declares.teaches is ImageNetwork
        decide = [one.decides() if images else one.describe() for one in self.coordinates] + [self.network.decides()]
        if self.training:
            parts.append(self.training)
            decide.append(self.training.decides(without))
        plugins = {bound.component.plugin.name: bound.component.plugin.version for one in parts for bound in one.walk()}
        decides: dict[str, Any] = {"seed": self.seed, "parts": decide, "plugins": plugins}
        libraries = library_versions(bound for one in parts for bound in one.walk())
        if missing := [name for name, version in libraries.items() if version == NOT_THERE]:
            decides["without"] = missing  # only then, so that the weights of earlier versions are still good
        return hashlib.sha256(json.dumps(decides, sort_keys=True, default=_lasting).encode()).hexdigest()


def library_versions(components: Iterable[ConfiguredComponent]) -> dict[str, str]:
    """The libraries on which results of components depend, with their versions; `NOT_THERE` for those that are not."""
    names = {name for component in components for name in component.libraries}
    return {name: version_of(name) if is_installed(name) else NOT_THERE for name in sorted(names)}


def _lasting(value: object) -> str:
    """What is not plain data, as a text that is the same in every process."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    return f"{kind}.{value.name}" if isinstance(value, enum.Enum) else kind
