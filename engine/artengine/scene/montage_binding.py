"""From nodes to a film of several shots: each shot's scene is read, fitted to the film, and bound like any other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from artengine.errors import InputError, Problem, listed, quoted
from artengine.media import Font, Media, missing_letters
from artengine.scene.binding import Binder
from artengine.scene.building import bind_scene, name_conflicts
from artengine.scene.canvas import Canvas
from artengine.scene.document import Entries, Faulty, Items, Node, Scalar, describe_node, dump_yaml, set_node_at
from artengine.scene.montage import Montage, MontageFilm, MontageOptions, MontageShot, ShotOptions, count_frames
from artengine.scene.motion import MAX_FRAMES, parse_seconds, still_frames
from artengine.scene.scene import LoadContext, Scene

MAX_SHOTS = 1000
MAX_FILM_MEGAPIXELS = 64  # of a frame


def is_montage(node: Node) -> bool:
    """Whether a document has shots."""
    return isinstance(node, Entries) and "shots" in node.entries


@dataclass(frozen=True, slots=True)
class BoundMontage:
    """What a film of several shots says, checked; root: its document, with its scenes written out."""

    options: MontageOptions
    shots: list[MontageShot]
    root: Node

    def build(self, name: str, text: str, context: LoadContext, files: Mapping[str, Media]) -> Montage:
        """The film, with the text and the files that a recipe shows."""
        return Montage(
            name=name,
            text=text,
            photos=files,
            canvas=self.options.canvas,
            film=self.options.film,
            shots=self.shots,
            outputs=self.options.outputs,
            context=context,
        )


def bind_montage(
    root: Entries, binder: Binder, name: str, read: Callable[[str], Node], context: LoadContext
) -> BoundMontage | None:
    """What a film of several shots says, checked; None where there are problems, which the binder has.

    read: the document of a scene beside the film, by its name.
    """
    shots_mark, shots = root.entries["shots"]
    rest = _without(root, "shots")
    options = binder.record(MontageOptions, rest, "")
    if not isinstance(shots, Items) or not 0 < len(shots.items) <= MAX_SHOTS:
        message = f"found {describe_node(shots)}, expected a list of 1 to {MAX_SHOTS} shots"
        binder.report_at(shots.mark, "shots", message)
        return None
    canvas, film = (options.canvas, options.film) if options else (Canvas(), MontageFilm())
    width, height = canvas.size
    if width * height > MAX_FILM_MEGAPIXELS * 1e6:
        message = f"found {width} x {height}, expected at most {MAX_FILM_MEGAPIXELS} megapixels"
        binder.report_at(rest.mark, "canvas", message)
        return None
    bound = _ShotBinder(binder, canvas, film, name, read, context).bind(shots.items)
    for output in options.outputs if options else ():
        if not output.component.films and not film.still:
            message = f"found {output.name}, which keeps a still; say which, film: {{still: 3s}}, or take mp4"
            binder.report(Problem(output.where, output.path, message))
    binder.report(*name_conflicts(options.outputs if options else (), film))
    if options is None or binder.problems:
        return None
    if (frames := count_frames([one.shot for one in bound])) > MAX_FRAMES:
        binder.report_at(shots.mark, "shots", f"found {frames:,} frames, expected at most {MAX_FRAMES:,}")
        return None
    try:
        if film.still:
            still_frames(film.still, frames, film.fps)
    except ValueError as error:
        binder.report_at(rest.entries["film"][0], "film", str(error))
        return None
    written_out = Items(shots.mark, tuple(one.node for one in bound))
    whole = Entries(root.mark, {**rest.entries, "shots": (shots_mark, written_out)})
    return BoundMontage(options, [one.shot for one in bound], whole)


@dataclass(frozen=True, slots=True)
class _BoundShot:
    """A shot, and its node with the scene written out."""

    shot: MontageShot
    node: Node


class _ShotBinder:
    """Binds the shots of a film; keeps going after a problem, the binder has them all."""

    def __init__(
        self,
        binder: Binder,
        canvas: Canvas,
        film: MontageFilm,
        name: str,
        read: Callable[[str], Node],
        context: LoadContext,
    ) -> None:
        self._binder = binder
        self._canvas = canvas
        self._film = film
        self._name = name
        self._read = read
        self._context = context
        self._files = (
            binder.files.fork()
        )  # as they are before the first shot: no scene takes over what another has named

    def bind(self, nodes: tuple[Node, ...]) -> list[_BoundShot]:
        """The shots, but for those with problems."""
        bound: list[_BoundShot] = []
        for index, node in enumerate(nodes):
            one = self._shot(node, index)
            if one and (bound or not index):
                self._check_overlap(node, f"shots.{index}.over", one.shot, bound[-1].shot if bound else None)
            if one:
                bound.append(one)
        return bound

    def _shot(self, node: Node, index: int) -> _BoundShot | None:
        path = f"shots.{index}"
        if not isinstance(node, Entries):
            message = f"found {describe_node(node)}, expected a shot, such as {{scene: cape.yaml, length: 4s}}"
            self._wrong(node, path, message)
            return None
        own = _without(node, "scene", "set")
        options = self._binder.record(ShotOptions, own, path)
        if options is None:
            return None
        self._check_letters(own, path, options, self._film.font)
        if "scene" not in node.entries:
            return self._plain_shot(node, path, options)
        document = self._document(node, path)
        if document is None:
            return None
        scene = self._scene(document, node, f"{self._name}-shot-{index + 1}")
        if scene is None:
            return None
        written_out = Entries(node.mark, {**own.entries, "scene": (node.entries["scene"][0], document)})
        return _BoundShot(self._scene_shot(node, path, options, scene), written_out)

    def _plain_shot(self, node: Entries, path: str, options: ShotOptions) -> _BoundShot | None:
        """A shot without a scene."""
        if options.length is None:
            self._wrong(node, path, "'length' is missing; expected it where a shot has no scene")
            return None
        for word in ("set", "start"):
            if word in node.entries:
                self._wrong(node, f"{path}.{word}", f"found {word} in a shot without a scene; leave it out")
        length = max(1, self._frames(options.length))
        return _BoundShot(
            MontageShot(scene=None, first=0, length=length, over=self._over(options), options=options), node
        )

    def _scene_shot(self, node: Entries, path: str, options: ShotOptions, scene: Scene) -> MontageShot:
        """A shot of a scene, whose film plays from the shot's start on."""
        available = scene.film.frames if scene.film else 1
        first = self._frames(options.start) if options.start else 0
        if first >= max(available, 1) and first:
            self._wrong(node, f"{path}.start", f"found {options.start}, and the scene's film is over before")
        if options.length is None and not available:
            self._wrong(node, path, "'length' is missing; expected it for a film of the learning, every so many steps")
        length = max(1, self._frames(options.length) if options.length else available - first)
        return MontageShot(scene=scene, first=first, length=length, over=self._over(options), options=options)

    def _frames(self, length: str) -> int:
        """A length in frames, to the nearest one."""
        return round(parse_seconds(length, self._film.fps) * self._film.fps)

    def _over(self, options: ShotOptions) -> int:
        """For how many frames a shot and the one before it are seen together."""
        return self._frames(options.over) if options.transition == "crossfade" else 0

    def _check_letters(self, node: Entries, path: str, options: ShotOptions, font: Font | None) -> None:
        """Report the words that the font cannot write."""
        for name in ("title", "subtitle", "caption"):
            text = getattr(options, name)
            if text and (missing := missing_letters(font, text)):
                hint = "" if font else "; name a font that has them: film: {font: NAME.ttf}"
                message = f"found {quoted(text)}, and the font has no {listed(map(repr, missing))}{hint}"
                self._wrong(node.entries[name][1], f"{path}.{name}", message)

    def _check_overlap(self, node: Node, path: str, shot: MontageShot, before: MontageShot | None) -> None:
        """Two shots can fade into each other only while both are there, and no third one."""
        room = min(shot.length, before.length - before.over) if before else shot.length
        if shot.over and shot.over > room:
            longest = f"at most {math.floor(room)}f as long as the shots are"
            self._wrong(node, path, f"found {shot.options.over}, {shot.over} frames, expected {longest}")

    def _document(self, node: Entries, path: str) -> Entries | None:
        """The document of a shot's scene, with all that the shot sets in it."""
        mark, scene = node.entries["scene"]
        try:
            root = self._read(scene.value) if isinstance(scene, Scalar) and isinstance(scene.value, str) else scene
            for keys, value in self._settings(node, path):
                root = set_node_at(root, keys, value, value.mark)
        except InputError as error:
            for one in error.problems:
                self._binder.report(one if one.where else replace(one, where=str(mark), path=f"{path}.scene"))
            return None
        if isinstance(root, Faulty):
            return None
        if not isinstance(root, Entries) or is_montage(root):
            kind = "a film of several shots" if is_montage(root) else describe_node(root)
            self._wrong(scene, f"{path}.scene", f"found {kind}, expected a scene, or the name of its file")
            return None
        return root

    def _settings(self, node: Entries, path: str) -> Iterator[tuple[list[str], Node]]:
        """What a shot sets in its scene: keys and values."""
        if "set" not in node.entries:
            return
        settings = node.entries["set"][1]
        if not isinstance(settings, Entries):
            message = f"found {describe_node(settings)}, expected keys and values of the scene"
            self._wrong(settings, f"{path}.set", message)
            return
        for key, (_, value) in settings.entries.items():
            yield key.split("."), value

    def _scene(self, document: Entries, node: Entries, name: str) -> Scene | None:
        """The scene of a shot, at the size and pace of the film."""
        try:
            root = self._fit(document, node)
        except InputError as error:
            self._binder.report(*error.problems)
            return None
        binder = self._binder.fork(self._files.fork())
        bound = bind_scene(root, binder)
        self._binder.adopt(binder)
        return bound.build(name, dump_yaml(root), self._context, binder.files.opened) if bound else None

    def _fit(self, document: Entries, node: Entries) -> Node:
        """The document of a scene without outputs, at the size and pace of the film.

        Raises `InputError` where it has something else in their place.
        """
        mark = node.entries["scene"][0]
        nothing = Scalar(mark, None)
        entries = dict(_without(document, "outputs").entries)
        canvas = entries.get("canvas", (mark, nothing))[1]
        if isinstance(canvas, Entries):
            entries["canvas"] = (canvas.mark, _without(canvas, "paper", "orientation", "dpi"))
        film = entries.get("film", (mark, nothing))[1]
        is_still = isinstance(film, Scalar) and film.value is None
        width, height = self._canvas.size
        settings: list[tuple[list[str], float | str]] = [
            (["canvas", "width"], width),
            (["canvas", "height"], height),
            (["film", "length"], "1f") if is_still else (["film", "fps"], self._film.fps),
        ]
        root: Node = Entries(document.mark, entries)
        for keys, value in settings:
            root = set_node_at(root, keys, Scalar(mark, value), mark)
        return root

    def _wrong(self, node: Node, path: str, message: str) -> None:
        self._binder.report_at(node.mark, path, message)


def _without(node: Entries, *keys: str) -> Entries:
    return Entries(node.mark, {key: entry for key, entry in node.entries.items() if key not in keys})
