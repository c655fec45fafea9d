"""From a file, or a text, to a scene or a film of several: every mistake a user can make comes to light here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, TypedDict, Unpack

from artengine.components import default_registry
from artengine.errors import InputError, Problem, quoted
from artengine.files import filled_name, safe_name
from artengine.media import MAX_MEGAPIXELS, Media
from artengine.scene.binding import Binder, SceneFiles
from artengine.scene.building import BoundScene, bind_scene
from artengine.scene.document import (
    MAX_BYTES,
    MAX_DEPTH,
    Entries,
    Items,
    Mark,
    Node,
    Scalar,
    decode_scene,
    dump_yaml,
    node_from_plain,
    parse_yaml,
    remove_node_at,
    set_node_at,
)
from artengine.scene.montage import Montage
from artengine.scene.montage_binding import BoundMontage, bind_montage, is_montage
from artengine.scene.scene import LoadContext, Scene
from artengine.scene.seeds import seed_to_plain

Work: TypeAlias = Scene | Montage  # what a file can describe

SCENE_SUFFIXES = (".yaml", ".yml")
MAX_SCENES = 4 * MAX_BYTES  # of a film: written out, and without their comments, they have to fit into a recipe

_Edit = tuple[list[str], Node | None, Mark]  # keys; the value there, None for none


class Edits(TypedDict, total=False):
    """What is set in a scene from outside, see `load`; typed: at the command line, so that messages use its words."""

    seed: int | None
    size: tuple[int, int] | None
    overrides: Mapping[str, object] | Sequence[str]
    typed: bool


class Settings(Edits, total=False):
    """What is set from outside, see `load`."""

    name: str | None


class LoadOptions(Settings, total=False):
    """What a file can be loaded with, see `load`."""

    plugins: Sequence[str]
    max_megapixels: float


def load(path: str | os.PathLike[str], **options: Unpack[LoadOptions]) -> Scene:
    """The scene in a file, checked from end to end.

    seed, size (columns, rows): instead of the scene's own. overrides: ``{"canvas.width": 512}``, or texts
    ``"canvas.width=512"``. name: of its files, in which ``{scene}`` is the name of the scene's file and ``{seed}`` its
    seed. plugins: files of plugins, or ``no:NAME``. max_megapixels: the largest photo that is opened.
    Raises `InputError` with every problem found, and for a film of several shots.
    """
    work = load_work(path, **options)
    if isinstance(work, Montage):
        raise InputError(f"{path}: found a film of several shots, expected a scene")
    return work


def load_work(
    path: str | os.PathLike[str],
    *,
    plugins: Sequence[str] = (),
    max_megapixels: float = MAX_MEGAPIXELS,
    name: str | None = None,
    **edits: Unpack[Edits],
) -> Work:
    """The scene, or the film of several, in a file, checked from end to end; the options are those of `load`.

    Raises `InputError` with every problem found.
    """
    path = Path(path)
    context = LoadContext(path.parent, tuple(plugins), max_megapixels)
    return _load(_read(path), str(path), path.stem, context, {}, name, edits)


def load_text(
    text: str,
    origin: str,
    stem: str,
    context: LoadContext,
    photos: Mapping[str, Media],
    only: int | None = None,
    name: str | None = None,
    **edits: Unpack[Edits],
) -> Work:
    """The scene, or the film of several, in a text such as the one in a recipe.

    stem: its name. photos: what has been found of its photos already. only: the place of the one output that is wanted,
    if not all are; what the others expect does not matter then. What is raised is what `load_work` raises.
    """
    return _load(text.encode(), origin, stem, context, photos, name, edits, only)


def _load(
    text: bytes,
    origin: str,
    stem: str,
    context: LoadContext,
    photos: Mapping[str, Media],
    name: str | None,
    edits: Edits,
    only: int | None = None,
) -> Work:
    binder = Binder(default_registry(context.plugins), SceneFiles(context.folder, photos, context.max_megapixels))
    changes, problems = _all_edits(**edits)
    root, faults = parse_yaml(text, origin)
    binder.report(*problems, *faults)
    root = _edited(root, changes, binder)
    bound: BoundMontage | BoundScene | None
    option = "--name" if edits.get("typed") else "name"
    if isinstance(root, Entries) and is_montage(root):
        name = _name_files(name, option, binder, scene=stem)
        bound = bind_montage(root, binder, name, _SiblingScenes(context).read, context)
    else:
        bound = bind_scene(root, binder, only)
        seed = safe_name(str(seed_to_plain(bound.options.seed))) if bound else "0"
        name = _name_files(name, option, binder, scene=stem, seed=seed)
    if bound is None or binder.problems:
        raise InputError(sorted(dict.fromkeys(binder.problems), key=_place))
    files, renamed = binder.files.for_recipe()
    own = "" if changes else decode_scene(text, origin)
    if not own or bound.root != root:
        own = _short(dump_yaml(_rename(bound.root, renamed)), origin)
    return bound.build(name, own, context, files)


def _name_files(template: str | None, option: str, binder: Binder, **words: str) -> str:
    """The name of a scene's files: the scene's own unless there is a template; one without sense is a problem.

    option: what the template is called where it was given.
    """
    if template is None:
        return words["scene"]
    try:
        return filled_name(template, words)
    except ValueError as error:
        binder.report(Problem(option, "", str(error)))
        return words["scene"]


def _edited(root: Node, edits: Sequence[_Edit], binder: Binder) -> Node:
    """The document with what is set from outside."""
    for keys, node, mark in edits:
        if len(keys) > MAX_DEPTH:
            binder.report_at(mark, "", f"found {len(keys)} keys, expected at most {MAX_DEPTH}")
            continue
        try:
            root = set_node_at(root, keys, node, mark) if node else remove_node_at(root, keys)
        except InputError as error:
            binder.report(*error.problems)
    return root


def _short(text: str, origin: str) -> str:
    """A text that a recipe takes: aliases are written out in it."""
    if len(text.encode()) > MAX_BYTES:
        found = f"found a scene that is {len(text.encode()):,} bytes long with what is set in it"
        raise InputError([Problem(origin, "", f"{found}, expected at most {MAX_BYTES:,}")])
    return text


class _SiblingScenes:
    """Reads the scenes beside a film, each as often as shots name it, until that is too much."""

    def __init__(self, context: LoadContext) -> None:
        self._folder = context.folder
        self._left = MAX_SCENES

    def read(self, word: str) -> Node:
        """The document of a scene, by the name of its file.

        Raises `InputError` where it stands elsewhere, or cannot be read.
        """
        if Path(word).name != word or word in ("", ".", ".."):
            raise InputError(f"found the scene {quoted(word)}, expected one beside the film, such as cape.yaml")
        path = self._folder / word
        try:
            outside = not path.resolve().is_relative_to(self._folder.resolve())
        except (OSError, RuntimeError, ValueError) as error:  # links in a circle, a NUL
            raise InputError(f"found {quoted(word)}, which leads nowhere: {error}") from None
        if outside:
            raise InputError(
                f"found {quoted(word)}, which leads out of the film's folder, expected one beside the film"
            )
        text = _read(path)
        self._left -= len(text)
        if self._left < 0:
            raise InputError(f"found shots whose scenes come to more than {MAX_SCENES:,} bytes")
        root, faults = parse_yaml(text, str(path))
        if faults:
            raise InputError(faults)
        return root


def _all_edits(
    seed: int | None = None,
    size: tuple[int, int] | None = None,
    overrides: Mapping[str, object] | Sequence[str] = (),
    typed: bool = False,
) -> tuple[list[_Edit], list[Problem]]:
    """What is set from outside, in one order: so the same settings always give the same text."""
    edits, problems = _edits(overrides, "--set" if typed else "override")
    option = "--" if typed else ""
    if seed is not None:
        edits.append((["seed"], *_valued(seed, f"{option}seed {seed}")))
    if size is not None:
        origin = f"{option}size {size[0]}x{size[1]}"
        edits += [(["canvas", key], None, Mark(origin)) for key in ("paper", "orientation")]
        edits += [
            (["canvas", side], *_valued(length, origin)) for side, length in zip(("width", "height"), size, strict=True)
        ]
    return edits, problems


def _edits(overrides: Mapping[str, object] | Sequence[str], word: str) -> tuple[list[_Edit], list[Problem]]:
    """Overrides as keys, nodes and marks, with the problems of those that cannot be read; word: what one is called."""
    if isinstance(overrides, Mapping):
        return [(key.split("."), *_valued(value, f"{word} {key}={value}")) for key, value in overrides.items()], []
    edits: list[_Edit] = []
    problems: list[Problem] = []
    for text in overrides:
        key, equals, value = text.partition("=")
        origin = f"{word} {text}"
        if not equals or not all(key.split(".")):
            problems.append(Problem(origin, "", "expected KEY=VALUE without spaces, such as network.mlp.width=32"))
            continue
        try:
            node, faults = parse_yaml(value, origin, lines=False)
        except InputError as error:
            problems += error.problems
            continue
        problems += faults
        edits.append((key.split("."), node, Mark(origin)))
    return edits, problems


def _valued(value: object, origin: str) -> tuple[Node, Mark]:
    return node_from_plain(value, Mark(origin)), Mark(origin)


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


def _place(problem: Problem) -> tuple[bool, str, int, int]:
    """Where a problem stands: file by file and from top to bottom; what the command line says comes last."""
    parts = problem.where.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdecimal() and parts[2].isdecimal():
        return False, parts[0], int(parts[1]), int(parts[2])
    return True, "", 0, 0


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
