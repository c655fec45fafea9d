"""Films of a training: the network is looked at while it learns."""

from __future__ import annotations

import functools
import math
from collections.abc import Generator, Iterator
from pathlib import Path

from torch import Tensor

from artengine.errors import ArtengineError, InputError, Problem
from artengine.events import Event, Note, Resumed, TrainingEnd, TrainingReport
from artengine.files import create_file
from artengine.making.films.frame_cache import FilmFrame, FrameCache, Pixels
from artengine.making.films.frame_renderer import FrameRenderer
from artengine.painting import Picture, build
from artengine.scene import MAX_FRAMES, Film, Scene
from artengine.training import Train, trained_before, weights


class TrainingFilm:
    """A film of a training: the picture at a step for every frame.

    keep: the weights at the frames that are to be stills, too, which `picture_at` needs. painted: give the frames;
    where only stills are wanted nothing else is looked at.
    """

    def __init__(
        self,
        scene: Scene,
        film: Film,
        out: Path,
        cache: FrameCache,
        device: str,
        train: Train,
        *,
        keep: bool = False,
        painted: bool = True,
    ) -> None:
        self._scene = scene
        self._film = film
        self._out = out
        self._cache = cache
        self._device = device
        self._train = train
        self._keep = keep
        self._painted = painted
        self._next_frame = 0

    def render(self, *, fresh: bool) -> Generator[Event | FilmFrame, None, None]:
        """Give the frames while the network learns; those of an earlier run as they are."""
        if not fresh and (steps := self._finished_steps()):
            if self._has_frames_until(steps - 1, steps):
                picture = self._build_picture()
                yield from self._train(picture, fresh=False)
                yield from self._frames_until(picture, steps, steps)
                return
            yield Note("learning again: the film shows all of it")
            fresh = True
        resumed = 0
        picture = self._build_picture()
        learning = self._train(picture, fresh=fresh, should_report=self._is_shown)
        for event in learning:
            yield event
            if isinstance(event, Resumed):
                resumed = event.step
            if not isinstance(event, TrainingReport | TrainingEnd):
                continue
            total = event.progress.total if isinstance(event, TrainingReport) else event.step
            if resumed and not self._has_frames_until(resumed, total):
                learning.close()
                yield Note("learning from the start: frames of an earlier step are gone")
                yield from self.render(fresh=True)
                return
            resumed = 0
            if event.step == 0:  # the trainer has laid something out before its first step
                self._initial_weights = _copy_weights(picture)
            try:
                yield from self._frames_until(picture, event.step, total)
            except InputError as error:
                learning.throw(error)  # if closed, it would save a checkpoint of a film that cannot be

    def _build_picture(self) -> Picture:
        picture = build(self._scene, self._device)
        self._initial_weights = _copy_weights(picture)
        return picture

    def _is_shown(self, step: int, total: int | None) -> bool:
        return step in (_shown_steps(self._film, total) if self._painted else self._still_steps(total))

    def _has_frames_until(self, step: int, steps: int | None) -> bool:
        """Whether all frames up to a step, of so many in all, can be read: the network itself is past them."""
        schedule = _frame_steps(self._film, steps)
        shown = [frame for frame, at in enumerate(schedule) if at <= step]
        stills = self._stills(len(schedule)).intersection(shown)
        return all(weights.is_whole(self._cache.weights_path(frame)) for frame in stills) and (
            not self._painted or all(self._cache.read(frame) is not None for frame in shown)
        )

    def _stills(self, frames: int) -> frozenset[int]:
        """The frames, of so many, whose weights are kept: all, where only the end of the training tells how many."""
        if not self._keep:
            return frozenset()
        return frozenset(range(frames) if self._film.length is None else self._film.still_frames(frames))

    def _still_steps(self, steps: int | None) -> set[int]:
        schedule = _frame_steps(self._film, steps)
        return {schedule[frame] for frame in self._stills(len(schedule))}

    def _finished_steps(self) -> int:
        """The steps of this very training where it has come to its end before, else 0."""
        file = trained_before(self._scene, self._out)
        steps = weights.about(file).get("steps", 0) if file else 0
        return steps if isinstance(steps, int) else 0

    def _frames_until(self, picture: Picture, step: int, steps: int | None) -> Iterator[FilmFrame]:
        """The frames up to a step that have not been given yet; the network stands there."""
        schedule = _frame_steps(self._film, steps)
        stills = self._stills(len(schedule))
        while self._next_frame < len(schedule) and schedule[self._next_frame] <= step:
            frame, initial = self._next_frame, schedule[self._next_frame] == 0
            if frame in stills and not weights.is_whole(self._cache.weights_path(frame)):
                tensors = self._initial_weights if initial else picture.learnable.state_dict()
                with create_file(self._cache.weights_path(frame), replacing=None) as file:
                    weights.write(file, tensors, {})
            self._next_frame += 1
            if not self._painted:
                continue
            pixels = self._cache.read(frame)
            if pixels is None:
                pixels = self._paint(picture, frame, initial=initial)
                self._cache.write(frame, pixels)
            yield FilmFrame(frame, len(schedule), pixels)

    def clear(self) -> None:
        """Remove what was kept; frames that nobody asked for may be those of a film that was stopped, and stay."""
        if self._painted:
            self._cache.clear()
        else:
            self._cache.clear_weights()

    def stills(self) -> list[int]:
        """The frames that are kept as stills, once the training has come to its end.

        Raises `InputError` where there are too few frames for them.
        """
        try:
            return self._film.still_frames(len(_frame_steps(self._film, self._finished_steps())))
        except ValueError as error:
            raise InputError([Problem("", "film", str(error))]) from None

    def picture_at(self, frame: int) -> Picture:
        """The picture as it was in a frame that is kept as a still.

        Raises `ArtengineError` where its weights have gone meanwhile.
        """
        picture, path = build(self._scene, self._device), self._cache.weights_path(frame)
        try:
            weights.load(path, picture.learnable)
        except (weights.DamagedError, OSError):
            raise ArtengineError(f"{path}: the weights are gone; run the same command again") from None
        return picture

    def _paint(self, picture: Picture, frame: int, *, initial: bool) -> Pixels:
        if not initial:
            return FrameRenderer(picture, self._film).pixels(frame)
        other = build(self._scene, self._device)
        other.learnable.load_state_dict(self._initial_weights)
        return FrameRenderer(other, self._film).pixels(frame)


def _copy_weights(picture: Picture) -> dict[str, Tensor]:
    """The weights as they are now."""
    return {name: values.clone() for name, values in picture.learnable.state_dict().items()}


@functools.lru_cache(maxsize=8)  # a trainer asks after every step
def _shown_steps(film: Film, steps: int | None) -> frozenset[int]:
    """The steps of a training of so many that a film shows."""
    return frozenset(_frame_steps(film, steps))


@functools.lru_cache(maxsize=8)
def _frame_steps(film: Film, steps: int | None) -> list[int]:
    """The step that each frame of the film of a training of so many shows.

    Raises `InputError` where the training has no end of its own, or the frames are too many.
    """
    if steps is None:
        message = "found a training that has no end of its own, expected one that ends; say how long it goes on"
        raise InputError([Problem("", "film.learning", message)])
    every, count = film.learning, max(film.frames - 1, 1)
    if isinstance(every, int):
        frames = steps // every + 1
        if frames > MAX_FRAMES:
            message = f"found a frame every {every:,} of {steps:,} steps, which are {frames:,} frames"
            raise InputError([Problem("", "film.learning", f"{message}, expected at most {MAX_FRAMES:,}")])
        return list(range(0, steps + 1, every))
    if every == "log":
        return [round(math.expm1(math.log1p(steps) * frame / count)) for frame in range(film.frames)]
    return [round(steps * frame / count) for frame in range(film.frames)]
