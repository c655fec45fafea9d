"""From a scene to its files: train what is not trained yet, paint, write; told step by step."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from artengine.components import ConfiguredComponent
from artengine.errors import InputError
from artengine.events import Event, Filmed, Note, Painted, Wrote
from artengine.files import OutputTarget, lock_outputs
from artengine.making import recipe
from artengine.making.films import FilmFrame, LoopSeam, MontageRenderer, frame_cache_of, render_film
from artengine.making.output_threads import OutputThreads
from artengine.media import MAX_MEGAPIXELS
from artengine.painting import Part, Picture, build, device_named
from artengine.scene import Film, Montage, Scene, Work, load_work
from artengine.training import Describe, trained
from artengine.view import View


def run(
    path: str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] = "gallery",
    seed: int | None = None,
    size: tuple[int, int] | None = None,
    overrides: Mapping[str, object] | Sequence[str] = (),
    plugins: Sequence[str] = (),
    max_megapixels: float = MAX_MEGAPIXELS,
    device: str = "auto",
    fresh: bool = False,
    metadata: bool = True,
    jobs: int = 1,
) -> list[Path]:
    """Make what a scene describes and give the paths of the files; see `artengine.load` and `making` for the options.

    Raises `InputError` for the user's mistakes and other `ArtengineError`s for what fails while working.
    """
    scene = load_work(path, seed=seed, size=size, overrides=overrides, plugins=plugins, max_megapixels=max_megapixels)
    events = make_files(scene, Path(out), device=device, fresh=fresh, metadata=metadata, jobs=jobs)
    return [event.path for event in events if isinstance(event, Wrote)]


def make_files(
    scene: Work,
    out: Path,
    *,
    device: str = "auto",
    fresh: bool = False,
    metadata: bool = True,
    only: int | None = None,
    means: Mapping[str, str] | None = None,
    jobs: int = 1,
    patience: float = 0.0,
) -> Generator[Event, None, None]:
    """Make a scene's files in the folder `out`, telling what happens; closing the generator stops in good order.

    fresh: train anew, whatever is there. metadata: put the recipe into the files. only: the one output to write, by its
    place in the scene. means: by which they were made before, see `Picture.means`. jobs: how many processes paint the
    frames of a film. patience: seconds to wait for another run that holds the same files.
    """
    for photo in scene.photos.values():
        place = photo.path.resolve()
        if place.parent == out.resolve() and place.stem == scene.name:
            hint = "choose another folder with --out"
            raise InputError(f"the scene {scene.name!r} would write over its photo {place.name}; {hint}")
    order = _Order(out, device, fresh, metadata, only, jobs)
    with lock_outputs(out, scene.name, patience):
        yield from _montage(scene, order) if isinstance(scene, Montage) else _scene(scene, order, means)


@dataclass(frozen=True, slots=True)
class _Order:
    """How files are to be made, see `making`."""

    out: Path
    device: str
    fresh: bool
    metadata: bool
    only: int | None
    jobs: int

    @property
    def describe(self) -> Describe | None:
        """What gives the recipes of weights, where recipes are wanted."""
        return recipe.of_weights if self.metadata else None

    def outputs(self, work: Work) -> list[tuple[int, ConfiguredComponent]]:
        """The outputs to write, with their places."""
        return [(index, bound) for index, bound in enumerate(work.outputs) if self.only in (None, index)]


def _scene(scene: Scene, order: _Order, means: Mapping[str, str] | None) -> Iterator[Event]:
    picture = build(scene, order.device)
    outputs = order.outputs(scene)
    films = [(index, bound) for index, bound in outputs if bound.component.films]
    stills = [(index, bound) for index, bound in outputs if not bound.component.films]
    if outputs and means is not None and means != picture.means:
        was = ", ".join(f"{name} {value}" for name, value in means.items()) or "means that it does not tell"
        now = ", ".join(f"{name} {value}" for name, value in picture.means.items())
        yield Note(f"painted with {was}, here with {now}: the last bits may differ")
    made: set[Path] = set()

    def writing(chosen: list[tuple[int, ConfiguredComponent]], film: Film | None) -> OutputThreads:
        rate = (film.fps, film.loop) if film else None
        return _writing(scene, order, chosen, made, picture.device.type, picture.means, rate)

    if films and scene.film:
        reel = frame_cache_of(scene, order.out, picture.device.type)
        reel.open()
        shots = render_film(picture, order.out, reel, fresh=order.fresh, describe=order.describe, jobs=order.jobs)
        with contextlib.closing(shots):
            yield from _written(writing(films, scene.film), lambda one: _film(scene, shots, one))
        reel.clear()
        if stills and scene.film.learning:  # it was another one that learnt on camera
            yield from trained(picture, order.out, fresh=False, describe=order.describe)
    else:
        yield from trained(picture, order.out, fresh=order.fresh, describe=order.describe)
    if stills:
        yield from _written(writing(stills, None), lambda one: _still(scene, picture, one))


def _montage(montage: Montage, order: _Order) -> Iterator[Event]:
    device = device_named(order.device).type
    outputs = order.outputs(montage)
    if not outputs:
        return
    cutting = MontageRenderer(montage, order.out, device)
    with contextlib.closing(cutting.film(fresh=order.fresh, describe=order.describe, jobs=order.jobs)) as filming:
        yield from filming
    rate = (montage.film.fps, False)
    width, height = montage.canvas.size
    view = View(width=width, height=height)

    def feed(writing: OutputThreads) -> Iterator[Event]:
        for frame, image in enumerate(cutting.frames()):
            _give(writing, replace(view, time=frame / montage.film.fps), image)
            yield Filmed(frame + 1, montage.frames, glance=functools.partial(_seen, image))

    yield from _written(_writing(montage, order, outputs, set(), device, {}, rate), feed)
    cutting.clear()


def _writing(
    work: Work,
    order: _Order,
    outputs: list[tuple[int, ConfiguredComponent]],
    made: set[Path],
    device: str,
    means: Mapping[str, str],
    rate: tuple[float, bool] | None,
) -> OutputThreads:
    """The outputs, ready to be fed; rate: frames a second, and whether they are a loop; None for a still."""
    targets = []
    for index, bound in outputs:
        text = recipe.of(work, device, index, means).to_json() if order.metadata else None
        target = OutputTarget(order.out, work.name, text, dpi=work.canvas.resolution, written=made)
        targets.append((bound, replace(target, fps=rate[0], loop=rate[1]) if rate else target))
    return OutputThreads(targets)


def _give(writing: OutputThreads, view: View, image: np.ndarray[Any, Any]) -> None:
    """Feed outputs with a frame that is there as a whole, (H, W, C) floats in [0, 1]."""
    for _ in writing.feed(view, [Part(done=1, total=1, shape=image.shape, band=image)]):
        pass


def _seen(image: np.ndarray[Any, Any], columns: int, rows: int) -> np.ndarray[Any, Any]:
    """An image that is there, for whoever takes a glance at it."""
    return image


def _written(writing: OutputThreads, feed: Callable[[OutputThreads], Iterator[Event]]) -> Iterator[Event]:
    """What outputs are fed with, and the files they have made of it."""
    try:
        with writing:
            yield from feed(writing)
            writing.finish()
    except Exception:
        yield from map(Wrote, writing.paths)  # they are whole
        raise
    yield from map(Wrote, writing.paths)


def _still(scene: Scene, picture: Picture, writing: OutputThreads) -> Iterator[Event]:
    done = 0
    # a glance knows nothing of filters, and its few numbers not of deep zooms
    glance = None if scene.filters or scene.view.deep else picture.glance
    for part in writing.feed(scene.view, picture.painting(), picture):
        if part.done > done:
            yield Painted(done := part.done, part.total, glance)


def _film(scene: Scene, shots: Iterator[Event | FilmFrame], writing: OutputThreads) -> Iterator[Event]:
    """The frames of a film, given to its outputs as they come; and how well a loop closes."""
    assert scene.film is not None  # noqa: S101 - who calls this has looked
    seam = LoopSeam()
    for shot in shots:
        if not isinstance(shot, FilmFrame):
            yield shot
            continue
        seam.add(shot.pixels)
        _give(writing, scene.view_at(scene.film.time(shot.frame)), shot.pixels.astype(np.float32) / 255)
        yield Filmed(shot.frame + 1, shot.frames, glance=shot.glance)
    if scene.film.loop:
        yield Note(seam.told())
