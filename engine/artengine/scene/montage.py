"""A film of several shots: scenes, or parts of them, one after the other, with titles and captions."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from artengine.colour import Colour
from artengine.components import ConfiguredComponent
from artengine.media import Font, Media
from artengine.scene.canvas import Canvas
from artengine.scene.motion import EACH, Length, Still, still_frames
from artengine.scene.scene import LoadContext, OutputComponent, Scene, library_versions

Text = Annotated[str, Field(min_length=1, max_length=500)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MontageFilm:
    """How many frames a second a film of several shots has, and the font of its words: a file, TTF or OTF.

    still: the moment that is kept as a still, or each, for a still of every frame.
    """

    fps: Annotated[float, Field(ge=1, le=240)] = 30.0
    font: Font | None = None
    still: Still | None = None

    @property
    def stills_are_numbered(self) -> bool:
        """Whether there is a still of every frame."""
        return self.still == EACH


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotOptions:
    """What a shot says besides its scene, and what is set in that.

    length: how long it is; a scene's film plays once through if nothing is said, and its last frame holds if more is.
    start: where in the scene's film it begins. title, subtitle: in the middle of the picture; caption: below.
    transition: how it begins, crossfade: from the shot before, over a time. background: of a shot without a scene.
    """

    length: Length | None = None
    start: Length | None = None
    title: Text | None = None
    subtitle: Text | None = None
    caption: Text | None = None
    transition: Literal["cut", "crossfade"] = "cut"
    over: Length = "1s"
    background: Colour = "#0d0d12"


@dataclass(frozen=True, slots=True, kw_only=True)
class MontageOptions:
    """What a film of several shots may say besides them; its signature is their schema."""

    canvas: Canvas = Canvas()
    film: MontageFilm = MontageFilm()
    outputs: list[OutputComponent]


@dataclass(frozen=True, slots=True, kw_only=True)
class MontageShot:
    """A shot: frames of a scene's film from one on, or a plain colour, with words over them.

    scene: None for the plain colour. first: frame of the scene's film; length, over: frames of the whole film.
    """

    scene: Scene | None
    first: int
    length: int
    over: int
    options: ShotOptions


def start_frames(shots: list[MontageShot]) -> list[int]:
    """The frame at which each shot begins: it overlaps with the one before while they fade into each other."""
    starts, end = [], 0
    for index, shot in enumerate(shots):
        starts.append(end - (shot.over if index else 0))
        end = starts[-1] + shot.length
    return starts


def count_frames(shots: list[MontageShot]) -> int:
    """How many frames a film of these shots has."""
    return start_frames(shots)[-1] + shots[-1].length


@dataclass(frozen=True, kw_only=True)
class Montage:
    """A film of several shots, checked: frozen data, nothing live.

    name: what its output files are called. text: the film after overrides, its scenes written out. photos: what they
    need from outside.
    """

    name: str
    text: str
    photos: Mapping[str, Media]
    canvas: Canvas
    film: MontageFilm
    shots: list[MontageShot]
    outputs: list[ConfiguredComponent]
    context: LoadContext = field(repr=False, compare=False)

    def components(self) -> Iterator[ConfiguredComponent]:
        """Every component that its scenes and outputs use."""
        for shot in self.shots:
            if shot.scene:
                yield from shot.scene.components()
        for one in self.outputs:
            yield from one.walk()

    @functools.cached_property
    def plugins(self) -> dict[str, str]:
        """The plugins it uses, with their versions."""
        used = {one.component.plugin.name: one.component.plugin.version for one in self.components()}
        return dict(sorted(used.items()))

    @property
    def libraries(self) -> dict[str, str]:
        """The libraries on which its results depend, where they are there, with their versions; see `NOT_THERE`."""
        return library_versions(self.components())

    @property
    def starts(self) -> list[int]:
        """The frame at which each shot begins, see `start_frames`."""
        return start_frames(self.shots)

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return count_frames(self.shots)

    @property
    def still_frames(self) -> list[int]:
        """The frames that are kept as stills; none where nothing is said of them."""
        return still_frames(self.film.still, self.frames, self.film.fps) if self.film.still else []
