"""Training a picture: from where an earlier run stopped, with checkpoints on the way, to weights in a file."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artengine import curve
from artengine.components import ConfiguredComponent
from artengine.errors import ArtengineError, InputError, OutputError, PicturedError
from artengine.events import Event, Note, Resumed, TrainingEnd, TrainingReport, Wrote
from artengine.files import KEEPING, Replacing, create_file, earlier_files
from artengine.painting import Picture
from artengine.scene import Scene
from artengine.sessions import Progress, Result
from artengine.training import enclosed, weights
from artengine.training.checkpoint import Checkpoints
from artengine.training.closeness import describe_closeness
from artengine.training.session import ShouldReport, TrainingSession, on_its_own

MAX_EARLIER_TRAININGS = 64  # of one name that are kept beside the last one, the latest


@dataclass(frozen=True, slots=True)
class Trained:
    """Where the weights of a picture that has learnt are: in a file, or packed as they came with a recipe."""

    file: Path | None = None
    packed: bytes | None = None


#: `train_to_file` with all that one run has to say: ``train(picture, fresh=..., should_report=..., packed=...)``.
Train = Callable[..., Generator[Event, None, Trained]]
#: Gives the recipe of a scene on a device, as plain data, for the header of its weights.
Describe = Callable[[Scene, str], Mapping[str, Any]]


def train_to_file(
    picture: Picture,
    out: Path,
    *,
    fresh: bool,
    describe: Describe | None,
    replacing: Replacing = KEEPING,
    should_report: ShouldReport = on_its_own,
    packed: bytes | None = None,
) -> Generator[Event, None, Trained]:
    """Train a picture if its scene asks for it, or take what there is: weights, or a checkpoint of an earlier run.

    describe: gives the recipe that goes into the file; None for none. replacing: what becomes of other weights there.
    should_report: see `TrainingSession`. packed: weights of this very training that came with a recipe; they go before
    all others, and are kept in no file. Gives where the weights are.

    A step is told before the checkpoint that it may cause is written: what is made of it is safe by then.
    Raises `InputError` where a photo is missing that has to be learnt.
    """
    scene = picture.scene
    if scene.training is None:
        return Trained()
    if closeness := describe_closeness(scene):
        yield Note(closeness)
    path = out / f"{scene.name}.safetensors"
    if packed is not None and not fresh:
        try:
            header = enclosed.load(packed, picture.learnable, path)
        except weights.DamagedError as error:
            yield Note(f"the weights that came with it are no use ({error}), so it is learnt anew")
        else:
            picture.set_curve(curve.read(header.get("curve")))
            picture.take_learnt()
            yield Note("painted from the weights that came with it (--fresh trains anew)")
            return Trained(packed=packed)
    replacing.check(path)
    checkpoints = _checkpoints(scene, scene.training, out)
    state: dict[str, Any] | None = None
    if fresh:
        checkpoints.clear()
    else:
        reused, words = _reuse(picture, path, replacing)
        yield from map(Note, words)
        if reused:
            checkpoints.clear()  # what a run that was killed at its very end has left
            picture.take_learnt()
            return Trained(path)
    if missing := next((media.missing for media in scene.training.media() if media.missing), ""):
        raise InputError(missing)
    if others := checkpoints.reserve():
        yield Note(others)
    if not fresh and (restored := checkpoints.restore(picture.learnable)):
        step, state, damaged = restored
        for word in damaged:
            yield Note(word)
        yield Resumed(f"going on from step {step:,}", step) if step else Note("starting anew")
    try:
        result = yield from _saved(TrainingSession(picture, state, should_report), picture, checkpoints)
    except InputError as error:
        if isinstance(error.__cause__, PicturedError):
            yield _show_why(error.__cause__, out / f"{scene.name}-refused.png", replacing)
        raise
    _write(picture, result, path, describe, replacing)
    checkpoints.clear()
    for word in (*replacing.told(), *_clear_oldest(path)):
        yield Note(word)
    if result.note:
        yield Note(result.note)
    yield TrainingEnd(result, picture.glance)
    yield Wrote(path)
    picture.take_learnt()
    return Trained(path)


def _checkpoints(scene: Scene, trainer: ConfiguredComponent, out: Path) -> Checkpoints:
    def passed(state: Mapping[str, Any]) -> bool:
        return trainer.has_passed(state["trainer"])

    return Checkpoints(out, scene.name, scene.training_key, scene.training_course, passed)


def _saved(session: TrainingSession, picture: Picture, checkpoints: Checkpoints) -> Generator[Event, None, Result]:
    """Train, with checkpoints on the way and one where the caller stops."""
    progress: Progress | None = None
    reports = session.run()
    try:
        while True:
            try:
                progress = next(reports)
            except StopIteration as end:
                result: Result = end.value
                return result
            if progress.note:
                yield Note(progress.note)
            request_stop = session.request_stop if progress.total is None else None
            yield TrainingReport(progress, picture.glance, request_stop)
            if progress.state:
                checkpoints.save_if_due(picture.learnable, progress)
    except GeneratorExit:  # the caller stops us, at a step's end
        if progress and progress.state:
            checkpoints.save(picture.learnable, progress)
        raise


def _show_why(error: PicturedError, path: Path, replacing: Replacing) -> Note:
    """Write the picture of what a trainer has refused; gives a word about it."""
    from PIL import Image

    try:
        with create_file(path, replacing=replacing) as file:
            Image.fromarray(error.picture).save(file, "PNG")
    except OutputError as failed:
        return Note(f"the picture that shows why could not be written: {failed}")
    return Note(f"{path} shows why")


def _write(picture: Picture, result: Result, path: Path, describe: Describe | None, replacing: Replacing) -> None:
    """Write the weights of a finished training.

    Raises `ArtengineError` where they are no finite numbers, or not rounded as the result says.
    """
    scene = picture.scene
    where = scene.training.path if scene.training else ""
    about = {"kind": "weights", "key": scene.training_key, "steps": result.step}
    about |= {"loss": result.loss, "psnr": result.psnr}
    known = {"hidden": result.holdout_psnr, "pixels": result.pixels}
    about |= {name: value for name, value in known.items() if value is not None}
    if result.curve:
        about["curve"] = curve.rows(result.curve)
    if describe:
        about["recipe"] = describe(scene, picture.device.type)
    tensors = picture.learnable.state_dict()
    if wild := [name for name, tensor in tensors.items() if not tensor.isfinite().all()]:
        found = f"after step {result.step}, {wild[0]} holds values that are not numbers; try a smaller rate"
        raise ArtengineError(f"{where}: {found}")
    try:
        with create_file(path, replacing=replacing) as file:
            weights.write(file, tensors, about, result.bits)
    except ValueError as error:  # the trainer has not rounded them as it says
        raise ArtengineError(f"{where}: {error}") from None


def trained_before(scene: Scene, out: Path) -> Path | None:
    """The weights that a training of this very scene has left in a folder, be it among the earlier files."""
    for file in _candidates(scene, out):
        with contextlib.suppress(weights.DamagedError, OSError):
            if weights.about(file).get("key") == scene.training_key:
                return file
    return None


def _candidates(scene: Scene, out: Path) -> Iterator[Path]:
    path = out / f"{scene.name}.safetensors"
    yield from (file for file in (path, *earlier_files(path)) if file.is_file())


def _reuse(picture: Picture, path: Path, replacing: Replacing) -> tuple[bool, list[str]]:
    """Load finished weights of this very training, and have them at path: whether there are any, and words about it."""
    words = []
    for file in _candidates(picture.scene, path.parent):
        try:
            if weights.about(file).get("key") != picture.scene.training_key:
                continue
            header = weights.load(file, picture.learnable)
        except (weights.DamagedError, OSError) as error:
            words.append(f"{file} is damaged ({error}), so it is passed over")
            continue
        if file != path:
            with create_file(path, replacing=replacing) as restored:
                restored.write(file.read_bytes())
        picture.set_curve(curve.read(header.get("curve")))
        return True, [*words, *replacing.told(), f"trained before: {file} (--fresh trains anew)"]
    return False, words


def _clear_oldest(path: Path) -> Iterator[str]:
    """Remove the oldest of too many trainings that the one at path has taken the place of; gives words about it."""
    if oldest := earlier_files(path)[MAX_EARLIER_TRAININGS:]:
        for file in oldest:
            file.unlink(missing_ok=True)
        yield f"{len(oldest)} of the earlier trainings are dropped: {MAX_EARLIER_TRAININGS} are kept"
