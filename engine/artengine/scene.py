"""A scene: text, checked. Everything a user can get wrong comes to light here, before torch does any work."""

from __future__ import annotations

import enum
import functools
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from artengine.binding import Binder
from artengine.bound import Bound
from artengine.canvas import Camera, Canvas
from artengine.document import MAX_BYTES, MAX_DEPTH, Entries, Items, Mark, Node, Scalar, from_plain, parse
from artengine.editing import dump, edit, without
from artengine.errors import InputError, Problem
from artengine.kinds import Filter, Network, Output, Source, Trainer, named
from artengine.photo import MAX_MEGAPIXELS, Photo
from artengine.registry import default_registry
from artengine.view import View


def grammar(
    *,
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0,
    canvas: Canvas = Canvas(),
    coordinates: Annotated[list[Source], Field(min_length=1)] = named("grid"),
    network: Network,
    training: Trainer | None = None,
    camera: Camera = Camera(),
    filters: list[Filter] | None = None,
    outputs: list[Output] = named("png"),
) -> dict[str, Any]:
    """What a scene may say, in the order in which things happen; its signature is the schema of a scene."""
    return dict(locals(), filters=filters or [])


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A scene, checked: frozen data, nothing live.

    name: what its output files are called. text: the scene after overrides. photos: what it needs from outside, by the
    name in the text.
    """

    name: str
    text: str
    photos: Mapping[str, Photo]
    seed: int
    canvas: Canvas
    coordinates: list[Bound]
    network: Bound
    training: Bound | None
    camera: Camera
    filters: list[Bound]
    outputs: list[Bound]

    @property
    def view(self) -> View:
        """What the camera sees of the plane."""
        camera = self.camera
        width, height = self.canvas.size
        return View(
            width=width,
            height=height,
            centre=camera.centre,
            zoom=camera.zoom,
            angle=camera.angle,
        )

    def components(self) -> Iterator[Bound]:
        """Every component the scene uses, those inside options too."""
        for bound in [*self.coordinates, self.network, self.training, *self.filters, *self.outputs]:
            if bound is not None:
                yield from bound.walk()

    @functools.cached_property
    def plugins(self) -> dict[str, str]:
        """The plugins the scene uses, with their versions."""
        used = {bound.component.plugin.name: bound.component.plugin.version for bound in self.components()}
        return dict(sorted(used.items()))

    @functools.cached_property
    def training_key(self) -> str:
        """A hash of all that decides what training comes to: finished weights are good as long as it is the same."""
        parts = [*self.coordinates, self.network, *([self.training] if self.training else [])]
        plugins = {bound.component.plugin.name: bound.component.plugin.version for one in parts for bound in one.walk()}
        decides = {"seed": self.seed, "parts": [one.describe() for one in parts], "plugins": plugins}
        return hashlib.sha256(json.dumps(decides, sort_keys=True, default=_lasting).encode()).hexdigest()


def _lasting(value: object) -> str:
    """What is not plain data, as a text that is the same in every process."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    return f"{kind}.{value.name}" if isinstance(value, enum.Enum) else kind


def load(
    path: str | os.PathLike[str],
    *,
    seed: int | None = None,
    size: tuple[int, int] | None = None,
    overrides: Mapping[str, object] | Sequence[str] = (),
    plugins: Sequence[str] = (),
    max_megapixels: float = MAX_MEGAPIXELS,
) -> Scene:
    """The scene in a file, checked from end to end.

    seed, size (columns, rows): instead of the scene's own. overrides: ``{"canvas.width": 512}``, or texts
    ``"canvas.width=512"``. plugins: files of plugins, or ``no:NAME``. max_megapixels: the largest photo that is opened.
    Raises `InputError` with every problem found.
    """
    path = Path(path)
    edits, problems = _edits(overrides)
    if seed is not None:
        edits.append((["seed"], *_valued(seed, f"--seed {seed}")))
    if size is not None:
        origin = f"--size {size[0]}x{size[1]}"
        edits += [(["canvas", key], None, Mark(origin)) for key in ("paper", "orientation")]
        edits += [
            (["canvas", side], *_valued(length, origin)) for side, length in zip(("width", "height"), size, strict=True)
        ]
    registry = default_registry(tuple(plugins))
    return _bound(
        _read(path),
        str(path),
        path.stem,
        edits,
        problems,
        Binder(registry, path.parent, max_megapixels=max_megapixels),
    )


def load_text(
    text: str, origin: str, name: str, *, photos: Mapping[str, Photo], plugins: Sequence[str] = (), folder: Path
) -> Scene:
    """The scene in a text, such as the one in a recipe; photos: what has been found of its photos already.

    Raises `InputError` as `load` does.
    """
    registry = default_registry(tuple(plugins))
    return _bound(text.encode(), origin, name, [], [], Binder(registry, folder, photos=photos))


_Edit = tuple[list[str], Node | None, Mark]  # keys; the value there, None for none


def _bound(text: bytes, origin: str, name: str, edits: list[_Edit], problems: list[Problem], binder: Binder) -> Scene:
    root, faults = parse(text, origin)
    binder.problems += problems + faults
    for keys, node, mark in edits:
        if len(keys) > MAX_DEPTH:
            binder.problems.append(Problem(str(mark), "", f"found {len(keys)} keys, expected at most {MAX_DEPTH}"))
            continue
        try:
            root = edit(root, keys, node, mark) if node else without(root, keys)
        except InputError as error:
            binder.problems += error.problems
    values = binder.record(grammar, root, "")
    if values is None or binder.problems:
        raise InputError(sorted(dict.fromkeys(binder.problems), key=_place))
    kept, renamed = _named_photos(binder)
    own = text.decode("utf-8-sig") if not edits else dump(_rename(root, renamed))
    if len(own.encode()) > MAX_BYTES:  # aliases are written out
        found = f"found a scene that is {len(own.encode()):,} bytes long with what is set in it"
        raise InputError([Problem(origin, "", f"{found}, expected at most {MAX_BYTES:,}")])
    return Scene(name=name, text=own, photos=kept, **values)


def _edits(overrides: Mapping[str, object] | Sequence[str]) -> tuple[list[_Edit], list[Problem]]:
    """Overrides as keys, nodes and marks, with the problems of those that cannot be read."""
    if isinstance(overrides, Mapping):
        return [(key.split("."), *_valued(value, f"--set {key}={value}")) for key, value in overrides.items()], []
    edits: list[_Edit] = []
    problems: list[Problem] = []
    for text in overrides:
        key, equals, value = text.partition("=")
        origin = f"--set {text}"
        if not equals or not all(key.split(".")):
            problems.append(Problem(origin, "", "expected KEY=VALUE, such as network.mlp.width=32"))
            continue
        try:
            node, faults = parse(value, origin, lines=False)
        except InputError as error:
            problems += error.problems
            continue
        problems += faults
        edits.append((key.split("."), node, Mark(origin)))
    return edits, problems


def _valued(value: object, origin: str) -> tuple[Node, Mark]:
    return from_plain(value, Mark(origin)), Mark(origin)


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise InputError(
                f"{path}: {'found no file' if path.exists() else 'no such file'}, expected a scene (.yaml)"
            )
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _place(problem: Problem) -> tuple[int, int]:
    """Where a problem stands in the file; what the command line says comes last."""
    parts = problem.where.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdecimal() and parts[2].isdecimal():
        return int(parts[1]), int(parts[2])
    return 1 << 62, 0


def _named_photos(binder: Binder) -> tuple[dict[str, Photo], dict[str, str]]:
    """Photos by the name that a recipe may show: relative to the scene or the bare file name, never more."""
    photos = dict(binder.photos)
    renamed: dict[str, str] = {}
    folder = binder.folder.resolve()
    for name, photo in binder.given.items():
        place = photo.path.resolve()
        shown = place.relative_to(folder).as_posix() if place.is_relative_to(folder) else place.name
        while photos.get(shown, photo).sha256 != photo.sha256:
            shown = f"other-{shown}"
        renamed[name] = shown
        photos[shown] = photo
    return photos, renamed


def _rename(node: Node, names: Mapping[str, str]) -> Node:
    """The document with the photos that the command line named called by the names a recipe may show."""
    match node:
        case Scalar(value=str(text)) if not node.mark.line and text in names:
            return Scalar(node.mark, names[text])
        case Items():
            return Items(node.mark, tuple(_rename(item, names) for item in node.items))
        case Entries():
            entries = {key: (mark, _rename(value, names)) for key, (mark, value) in node.entries.items()}
            return Entries(node.mark, entries)
    return node
