"""From a scene to its files: train what is not trained yet, paint, write; told step by step."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artengine import recipe, weights
from artengine.checkpoint import Checkpoints
from artengine.errors import ArtengineError, InputError, OutputError
from artengine.files import OutputTarget, create, hold
from artengine.kinds import Progress
from artengine.photo import MAX_MEGAPIXELS
from artengine.picture import Picture, build
from artengine.scene import Scene, load
from artengine.writing import Writing


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth a line: what was reused, resumed or passed over."""

    text: str


@dataclass(frozen=True, slots=True)
class Trained:
    """Training got as far as this."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class Painted:
    """Painting got as far as this, in pixels."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Wrote:
    """A file is there, whole."""

    path: Path


Event = Note | Trained | Painted | Wrote


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
) -> list[Path]:
    """Make what a scene describes and give the paths of the files; see `artengine.load` and `making` for the options.

    Raises `InputError` for the user's mistakes and other `ArtengineError`s for what fails while working.
    """
    scene = load(path, seed=seed, size=size, overrides=overrides, plugins=plugins, max_megapixels=max_megapixels)
    events = making(scene, Path(out), device=device, fresh=fresh, metadata=metadata)
    return [event.path for event in events if isinstance(event, Wrote)]


def making(
    scene: Scene,
    out: Path,
    *,
    device: str = "auto",
    fresh: bool = False,
    metadata: bool = True,
    only: int | None = None,
    means: Mapping[str, str] | None = None,
) -> Generator[Event, None, None]:
    """Make a scene's files in the folder `out`, telling what happens; closing the generator stops in good order.

    fresh: train anew, whatever is there. metadata: put the recipe into the files. only: the one output to write, by its
    place in the scene. means: by which they were made before, see `Picture.means`.
    """
    for photo in scene.photos.values():
        place = photo.path.resolve()
        if place.parent == out.resolve() and place.stem == scene.name:
            hint = "choose another folder with --out"
            raise InputError(f"the scene {scene.name!r} would write over its photo {place.name}; {hint}")
    picture = build(scene, device)
    with hold(out, scene.name):
        if scene.training:
            yield from _trained(picture, scene.training.path, out, fresh=fresh, metadata=metadata)
        outputs = [(index, bound) for index, bound in enumerate(scene.outputs) if only in (None, index)]
        if not outputs:
            return
        if means is not None and means != picture.means:
            was = ", ".join(f"{name} {value}" for name, value in means.items()) or "means that it does not tell"
            now = ", ".join(f"{name} {value}" for name, value in picture.means.items())
            yield Note(f"painted with {was}, here with {now}: the last bits may differ")
        made: set[Path] = set()
        targets = []
        for index, bound in outputs:
            text = recipe.of(scene, picture.device.type, index, picture.means).to_json() if metadata else None
            targets.append((bound, OutputTarget(out, scene.name, text, scene.canvas.resolution, made)))
        writing, done = Writing(targets), 0
        try:
            with writing:
                for part in writing.feed(scene.view, picture.painting()):
                    if part.done > done:
                        yield Painted(done := part.done, part.total)
                writing.finish()
        except Exception:
            yield from map(Wrote, writing.paths)  # they are whole
            raise
        yield from map(Wrote, writing.paths)


def _trained(picture: Picture, where: str, out: Path, *, fresh: bool, metadata: bool) -> Iterator[Event]:
    """Train, or take what an earlier run has: finished weights, or a checkpoint to go on from.

    where: the trainer's place in the scene, for what goes wrong.
    """
    scene = picture.scene
    path = out / f"{scene.name}.safetensors"
    checkpoints = Checkpoints(out, scene.name, scene.training_key)
    reused, words = _reuse(picture, path, fresh=fresh)
    if words:
        yield Note(words)
    if reused:
        return
    checkpoints.reserve()
    if fresh:
        checkpoints.clear()
    state: dict[str, Any] | None = None
    if not fresh and (restored := checkpoints.restore(picture.network)):
        step, state, damaged = restored
        for word in damaged:
            yield Note(word)
        yield Note(f"going on from step {step:,}" if step else "starting anew")

    progress: Progress | None = None
    try:
        for progress in picture.train(state):
            if progress.step == progress.steps:
                continue  # told when its weights are safe
            if progress.state:
                checkpoints.save_if_due(picture.network, progress)
            yield Trained(progress)
    except GeneratorExit:  # the caller stops us, at a step's end
        if progress and progress.state:
            checkpoints.save(picture.network, progress)
        raise
    if progress is None:
        raise ArtengineError(f"{where}: the trainer took no step")
    about = {"kind": "weights", "key": scene.training_key, "loss": progress.loss, "psnr": progress.psnr}
    if metadata:
        about["recipe"] = recipe.of(scene, picture.device.type, None).model_dump()
    tensors = picture.network.state_dict()
    if wild := [name for name, tensor in tensors.items() if not tensor.isfinite().all()]:
        found = f"after step {progress.step}, {wild[0]} holds values that are not numbers; try a smaller rate"
        raise ArtengineError(f"{where}: {found}")
    with create(path) as file:
        weights.write(file, tensors, about)
    checkpoints.clear()
    if progress.step == progress.steps:
        yield Trained(progress)
    yield Wrote(path)


def _reuse(picture: Picture, path: Path, *, fresh: bool) -> tuple[bool, str]:
    """Load finished weights of this very training: whether they were there, and words about what was found.

    fresh: do not, only see that nothing of somebody else's is in the way.
    Raises `OutputError` where the file is somebody else's.
    """
    if not path.is_file():
        return False, ""
    try:
        if weights.about(path).get("key") != picture.scene.training_key or fresh:
            return False, "" if fresh else f"{path} is of another training, and will be replaced"
        tensors, _ = weights.read(path, picture.network.state_dict())
    except weights.ForeignError:
        message = f"{path}: is not artengine's, so it is not overwritten; move it, or choose another folder with --out"
        raise OutputError(message) from None
    except (weights.DamagedError, OSError) as error:
        return False, "" if fresh else f"{path} is damaged ({error}), so it is trained anew"
    picture.network.load_state_dict(tensors)
    return True, f"trained before: {path} (--fresh trains anew)"
