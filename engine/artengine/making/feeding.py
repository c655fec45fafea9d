"""What outputs are fed with: a still, the frames of a film, those of several shots."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from artengine.events import Event, FilmReport, Note, PaintingReport
from artengine.making.films import FilmFrame, LoopSeam, MontageRenderer, Still
from artengine.making.output_threads import OutputThreads
from artengine.painting import Part, Picture
from artengine.scene import Film, Montage, Scene
from artengine.view import View


def feed_still(scene: Scene, picture: Picture, threads: OutputThreads) -> Iterator[Event]:
    """Feed outputs with the picture of a scene as it is painted."""
    done = 0
    # a glance leaves filters out, and is painted in a precision that a deep zoom is beyond
    glance = None if scene.filters or scene.view.deep else picture.glance
    for part in threads.feed(scene.view, picture.painting(), picture):
        if part.done > done:
            yield PaintingReport(done := part.done, part.total, glance)


def feed_film(scene: Scene, film: Film, steps: Iterator[Event | FilmFrame], threads: OutputThreads) -> Iterator[Event]:
    """Feed outputs with the frames of a film as they come; in the end, how well a loop closes."""
    seam = LoopSeam()
    for step in steps:
        if not isinstance(step, FilmFrame):
            yield step
            continue
        seam.add(step.pixels)
        _feed_whole(threads, scene.view_at(film.time(step.frame)), step.pixels.astype(np.float32) / 255)
        yield FilmReport(step.frame + 1, step.frames, glance=step.glance)
    if film.loop:
        yield Note(seam.describe())


def feed_film_still(still: Still, threads: OutputThreads) -> Iterator[Event]:
    """Feed outputs with a still of a film as it is painted."""
    for part in threads.feed(still.view, still.parts, still.picture):
        yield PaintingReport(part.done, part.total, None)


def feed_image(view: View, image: np.ndarray[Any, Any], threads: OutputThreads) -> Iterator[Event]:
    """Feed outputs with one frame."""
    _feed_whole(threads, view, image)
    yield PaintingReport(1, 1, None)


def feed_montage(montage: Montage, renderer: MontageRenderer, threads: OutputThreads) -> Iterator[Event]:
    """Feed outputs with the frames of a film of several shots."""
    for frame in range(montage.frames):
        image = renderer.frame(frame)
        _feed_whole(threads, montage_view(montage, frame), image)
        yield FilmReport(frame + 1, montage.frames, glance=functools.partial(_whole_image, image))


def montage_view(montage: Montage, frame: int) -> View:
    """The view of a frame of a film of several shots, which tells its size and moment alone."""
    width, height = montage.canvas.size
    return View(width=width, height=height, time=frame / montage.film.fps)


def _feed_whole(threads: OutputThreads, view: View, image: np.ndarray[Any, Any]) -> None:
    """Feed outputs with a frame in one piece, (H, W, C) floats in [0, 1]."""
    for _ in threads.feed(view, [Part(done=1, total=1, shape=image.shape, band=image)]):
        pass


def _whole_image(image: np.ndarray[Any, Any], columns: int, rows: int) -> np.ndarray[Any, Any]:
    """A glance at an image that is painted already: all of it, whatever there is room for."""
    return image
