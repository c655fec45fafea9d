"""From a scene to its files: train what is not trained yet, paint, write; an event for every step."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from artengine.events import Event, FilmReport, Note, Wrote
from artengine.files import Replacing, lock_outputs
from artengine.making.feeding import feed_film, feed_film_still, feed_image, feed_montage, feed_still, montage_view
from artengine.making.films import FrameCache, FrameRenderer, MontageRenderer, TrainingFilm, frame_cache_of, render_film
from artengine.making.rows import put_away_the_rest
from artengine.making.runs import IndexedOutput, Run, RunOptions, Weights
from artengine.media import MAX_MEGAPIXELS
from artengine.painting import Picture, build, device_named, paint_alike
from artengine.scene import Film, Montage, Scene, Work, load_work, output_files
from artengine.training import Trained, enclosed

_log = logging.getLogger("artengine")


def run(
    path: str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] = "pictures",
    seed: int | None = None,
    size: tuple[int, int] | None = None,
    overrides: Mapping[str, object] | Sequence[str] = (),
    plugins: Sequence[str] = (),
    max_megapixels: float = MAX_MEGAPIXELS,
    device: str = "auto",
    fresh: bool = False,
    metadata: bool = True,
    weights: Weights = "auto",
    jobs: int = 1,
    name: str | None = None,
    force: bool = False,
) -> list[Path]:
    """Make what a scene describes and give the paths of the files.

    See `artengine.load` and `make_files` for the options. What the command line says on the way, such as where an
    earlier file has gone, is logged as information by the logger ``artengine``.

    Raises `InputError` for the user's mistakes and other `ArtengineError`s for what fails while working.
    """
    scene = load_work(
        path, seed=seed, size=size, overrides=overrides, plugins=plugins, max_megapixels=max_megapixels, name=name
    )
    options: dict[str, Any] = {"device": device, "fresh": fresh, "metadata": metadata, "weights": weights}
    paths = []
    for event in make_files(scene, Path(out), **options, jobs=jobs, force=force):
        if isinstance(event, Wrote):
            paths.append(event.path)
        elif isinstance(event, Note):
            _log.info("%s: %s", scene.name, event.text)
    return paths


def make_files(
    scene: Work,
    out: Path,
    *,
    device: str = "auto",
    fresh: bool = False,
    metadata: bool = True,
    weights: Weights = "auto",
    only: int | None = None,
    backend: Mapping[str, str] | None = None,
    packed: bytes | None = None,
    jobs: int = 1,
    patience: float = 0.0,
    force: bool = False,
) -> Generator[Event, None, None]:
    """Make a scene's files in the folder `out`, with an event for every step; closing the generator stops cleanly.

    fresh: train anew, whatever is there. metadata: put the recipe into the files. weights: whether what is learnt goes
    with it; by itself where it is small. only: the one output to write, by its place in the scene. backend: with which
    they were made before, see `Picture.backend`. packed: what the scene has learnt, as it came with a recipe. jobs: how
    many processes paint the frames of a film. patience: seconds to wait for another run that holds the same files.
    force: replace what is there, whoever made it.

    A file of artengine's that another one takes the place of is kept in the folder `earlier`, see `Replacing`.
    """
    inputs = frozenset(photo.path for photo in scene.photos.values())
    replacing = Replacing(force=force, inputs=inputs)
    options = RunOptions(out, device, fresh, metadata, weights if metadata else "never", only, jobs, replacing)
    replacing.check_folder(out)
    with lock_outputs(out, scene.name, patience):
        files = output_files(scene.name, [bound for _, bound in options.select_outputs(scene)], scene.film)
        for file in files:
            for path in file.existing(out):  # before anything is made; what an output does not declare is seen later
                replacing.check(path)
        written = set()
        if isinstance(scene, Montage):
            made = _make_montage(scene, options)
        else:
            made = _make_scene(scene, options, backend, packed)
        with contextlib.closing(made):
            for event in made:
                if isinstance(event, Wrote):
                    written.add(event.path)
                yield event
        put_away_the_rest(scene, files, written, out, replacing)
        yield from map(Note, replacing.told())


def _make_scene(
    scene: Scene, options: RunOptions, backend: Mapping[str, str] | None, packed: bytes | None
) -> Generator[Event, None, None]:
    picture = build(scene, options.device)
    outputs = options.select_outputs(scene)
    films = [(index, bound) for index, bound in outputs if bound.component.films]
    stills = [(index, bound) for index, bound in outputs if not bound.component.films]
    run = Run(scene, options, picture.device.type, backend)
    film, trained = scene.film, Trained()
    at_moments = film if film and film.still and stills else None
    learning = None
    if film and film.learning and (films or at_moments):
        yield from _note_other_backend(picture, backend)
        if packed is not None:
            yield Note("the film shows the learning, so the weights that came with it are not used")
        cache = frame_cache_of(scene, options.out, run.device)
        keep, painted = bool(at_moments), bool(films)
        learning = TrainingFilm(scene, film, options.out, cache, run.device, options.train, painted=painted, keep=keep)
        yield from _make_training_film(scene, film, picture, run, films, cache, learning)
        if stills:  # another picture learnt on camera
            trained = yield from options.train(picture, fresh=False)
    else:
        trained = yield from options.train(picture, fresh=options.fresh, packed=packed)
    weights = (yield from _packed(trained, options.weights)) if outputs else None
    if films and film and not film.learning:
        yield from _note_other_backend(picture, backend)
        yield from _make_film(scene, film, picture, run, films, trained, weights)
    if stills:
        yield from _note_other_backend(picture, backend)
    if at_moments:
        yield from _make_stills_of_film(at_moments, picture, run, stills, weights, learning)
    elif stills:
        threads = run.output_threads(stills, picture.backend, weights)
        yield from run.write(threads, lambda threads: feed_still(scene, picture, threads))
    if learning:
        learning.clear()


def _packed(trained: Trained, wanted: Weights) -> Generator[Event, None, bytes | None]:
    """What has been learnt as it goes into files, where that is wanted and it is not too large."""
    if wanted == "never" or trained.file is None:
        return None if wanted == "never" else trained.packed
    most = enclosed.MAX_PACKED_BYTES if wanted == "always" else enclosed.SMALL_BYTES
    try:
        return enclosed.pack(trained.file, most)
    except ValueError as error:
        hint = "" if wanted == "always" else "; --weights always puts them in"
        yield Note(f"the picture's files are without what it has learnt: {error}{hint}")
        return None


def _note_other_backend(picture: Picture, backend: Mapping[str, str] | None) -> Iterator[Note]:
    """Say where a picture is painted by another backend than before; backend: that one, None where it is not known."""
    if backend is None or paint_alike(backend, picture.backend):
        return
    before = ", ".join(f"{name} {value}" for name, value in backend.items()) or "means that it does not tell"
    now = ", ".join(f"{name} {value}" for name, value in picture.backend.items())
    why = f" ({picture.not_compiled})" if picture.not_compiled else ""
    yield Note(f"painted with {before}, here with {now}{why}: the last bits may differ")


def _make_film(
    scene: Scene,
    film: Film,
    picture: Picture,
    run: Run,
    outputs: Sequence[IndexedOutput],
    trained: Trained,
    packed: bytes | None,
) -> Iterator[Event]:
    cache = frame_cache_of(scene, run.options.out, run.device, trained.packed)
    if word := cache.open():
        yield Note(word)
    with contextlib.closing(render_film(picture, film, cache, trained=trained, jobs=run.options.jobs)) as steps:
        threads = run.output_threads(outputs, picture.backend, packed, fps=film.fps, loop=film.loop)
        yield from run.write(threads, lambda threads: feed_film(scene, film, steps, threads))
    cache.clear()


def _make_training_film(
    scene: Scene,
    film: Film,
    picture: Picture,
    run: Run,
    outputs: Sequence[IndexedOutput],
    cache: FrameCache,
    learning: TrainingFilm,
) -> Iterator[Event]:
    if word := cache.open():
        yield Note(word)
    with contextlib.closing(learning.render(fresh=run.options.fresh)) as steps:
        threads = run.output_threads(outputs, picture.backend, fps=film.fps, loop=film.loop)
        yield from run.write(threads, lambda threads: feed_film(scene, film, steps, threads))


def _make_stills_of_film(
    film: Film,
    picture: Picture,
    run: Run,
    outputs: Sequence[IndexedOutput],
    packed: bytes | None,
    learning: TrainingFilm | None,
) -> Iterator[Event]:
    """Make the stills that a film asks for; picture: with all that it has learnt; learning: where the film shows it."""
    frames = learning.stills() if learning else film.still_frames(film.frames)
    renderer = FrameRenderer(picture, film)
    for done, frame in enumerate(frames, start=1):
        if learning:
            earlier = learning.picture_at(frame)
            earlier.set_curve(picture.curve)
            renderer = FrameRenderer(earlier, film)
        number = frame + 1 if film.stills_are_numbered else None
        threads = run.output_threads(outputs, picture.backend, packed, number=number)
        yield from run.write(threads, functools.partial(feed_film_still, renderer.still(frame)))
        yield FilmReport(done, len(frames), "stills")


def _make_montage(montage: Montage, options: RunOptions) -> Generator[Event, None, None]:
    outputs = options.select_outputs(montage)
    films = [(index, bound) for index, bound in outputs if bound.component.films]
    stills = [(index, bound) for index, bound in outputs if not bound.component.films]
    if not outputs:
        return
    run = Run(montage, options, device_named(options.device).type)
    renderer = MontageRenderer(montage, options.out, run.device)
    frames = range(montage.frames) if films else montage.still_frames
    scenes = renderer.render_scenes(frames, options.train, options.replacing, fresh=options.fresh, jobs=options.jobs)
    with contextlib.closing(scenes):
        yield from scenes
    if films:
        threads = run.output_threads(films, {}, fps=montage.film.fps)
        yield from run.write(threads, lambda threads: feed_montage(montage, renderer, threads))
    for frame in montage.still_frames if stills else ():
        threads = run.output_threads(stills, {}, number=frame + 1 if montage.film.stills_are_numbered else None)
        view, image = montage_view(montage, frame), renderer.frame(frame)
        yield from run.write(threads, functools.partial(feed_image, view, image))
    renderer.clear()
