"""A film of several shots: scenes, or parts of them, one after the other, with titles and captions."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from pydantic import Field

from artengine.colour import Colour
from artengine.components import ConfiguredComponent
from artengine.errors import InputError, Problem, listed, quoted
from artengine.kinds import Output
from artengine.media import Font, Media, missing_letters
from artengine.scene.binding import Binder
from artengine.scene.building import bind_scene, build_scene
from artengine.scene.canvas import Canvas
from artengine.scene.document import Entries, Faulty, Items, Node, Scalar, describe_node, dump_yaml, set_node_at
from artengine.scene.motion import MAX_FRAMES, Length, parse_seconds
from artengine.scene.scene import LoadContext, Scene

MAX_SHOTS = 1000
MAX_FILM_MEGAPIXELS = 64  # of a frame

Text = Annotated[str, Field(min_length=1, max_length=500)]


@dataclass(frozen=True, slots=True, kw_only=True)
class MontageFilm:
    """How many frames a second a film of several shots has, and the font of its words: a file, TTF or OTF."""

    fps: Annotated[float, Field(ge=1, le=240)] = 30.0
    font: Font | None = None


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


def grammar(
    *,
    canvas: Canvas = Canvas(),
    film: MontageFilm = MontageFilm(),
    outputs: list[Output],
) -> dict[str, Any]:
    """What a film of several shots may say besides them."""
    return dict(locals())


@dataclass(frozen=True, slots=True, kw_only=True)
class MontageShot:
    """A shot: frames of a scene's film from one on, or a plain colour, with words over them.

    scene: None for the plain colour. first: frame of the scene's film; length, over: frames of the whole film.
    """

    scene: Scene | None
    first: int
    length: int
    over: int
    words: ShotOptions


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
    def starts(self) -> list[int]:
        """The frame at which each shot begins: it overlaps with the one before while they fade into each other."""
        starts, end = [], 0
        for index, shot in enumerate(self.shots):
            starts.append(end - (shot.over if index else 0))
            end = starts[-1] + shot.length
        return starts

    @property
    def frames(self) -> int:
        """How many frames there are."""
        return self.starts[-1] + self.shots[-1].length


def is_montage(node: Node) -> bool:
    """Whether a document has shots."""
    return isinstance(node, Entries) and "shots" in node.entries


class Cutter:
    """Makes a montage of nodes; keeps going after a problem, the binder has them all.

    fresh: a binder for one of the scenes. read: the document of a scene beside this one, by its name.
    """

    def __init__(
        self, binder: Binder, fresh: Callable[[], Binder], read: Callable[[str], Node], context: LoadContext
    ) -> None:
        self._binder = binder
        self._fresh = fresh
        self._read = read
        self._context = context
        self.photos: dict[str, Media] = {}

    def cut(self, root: Entries, name: str) -> tuple[Callable[[str, Mapping[str, Media]], Montage] | None, Node]:
        """How the montage is made of its text and photos, None where there are problems; and its scenes written out."""
        mark, listed_shots = root.entries["shots"]
        rest = Entries(root.mark, {key: entry for key, entry in root.entries.items() if key != "shots"})
        values = self._binder.record(grammar, rest, "")
        if not isinstance(listed_shots, Items) or not 0 < len(listed_shots.items) <= MAX_SHOTS:
            self._wrong(
                listed_shots, "shots", f"found {describe_node(listed_shots)}, expected a list of 1 to {MAX_SHOTS} shots"
            )
            return None, root
        canvas, pace = (values["canvas"], values["film"]) if values else (Canvas(), MontageFilm())
        width, height = canvas.size
        if width * height > MAX_FILM_MEGAPIXELS * 1e6:
            self._wrong(rest, "canvas", f"found {width} x {height}, expected at most {MAX_FILM_MEGAPIXELS} megapixels")
            return None, root
        parts: list[MontageShot] = []
        whole: list[Node] = []
        for index, node in enumerate(listed_shots.items):
            part, written = self._part(node, f"shots.{index}", canvas, pace, f"{name}-shot-{index + 1}")
            whole.append(written)
            if part:
                self._overlap(node, index, part, parts)
                parts.append(part)
        for one in values["outputs"] if values else ():
            if not one.component.films:
                found_one = f"found {one.name}, which keeps a still, expected an output that takes a film, such as mp4"
                self._binder.problems.append(Problem(one.where, one.path, found_one))
        written_out = Entries(root.mark, {**rest.entries, "shots": (mark, Items(listed_shots.mark, tuple(whole)))})
        if values is None or self._binder.problems:
            return None, written_out

        def made(text: str, photos: Mapping[str, Media]) -> Montage:
            return Montage(name=name, text=text, photos=photos, shots=parts, context=self._context, **values)

        montage = made("", {})
        if montage.frames > MAX_FRAMES:
            self._wrong(listed_shots, "shots", f"found {montage.frames:,} frames, expected at most {MAX_FRAMES:,}")
        return made, written_out

    def _part(
        self, node: Node, path: str, canvas: Canvas, pace: MontageFilm, name: str
    ) -> tuple[MontageShot | None, Node]:
        """A shot, and its node with the scene written out."""
        if not isinstance(node, Entries):
            self._wrong(
                node, path, f"found {describe_node(node)}, expected a shot, such as {{scene: cape.yaml, length: 4s}}"
            )
            return None, node
        own = Entries(node.mark, {key: entry for key, entry in node.entries.items() if key not in ("scene", "set")})
        words: ShotOptions | None = self._binder.record(ShotOptions, own, path)
        if words is None:
            return None, node
        self._readable(own, path, words, pace.font)
        length = parse_seconds(words.length, pace.fps) if words.length else None
        over = round(parse_seconds(words.over, pace.fps) * pace.fps) if words.transition == "crossfade" else 0
        if "scene" not in node.entries:
            if length is None:
                self._wrong(node, path, "'length' is missing; expected it where a shot has no scene")
                return None, node
            for word in ("set", "start"):
                if word in node.entries:
                    self._wrong(node, f"{path}.{word}", f"found {word} in a shot without a scene; leave it out")
            frames = max(1, round(length * pace.fps))
            return MontageShot(scene=None, first=0, length=frames, over=over, words=words), node
        scene, written = self._scene(node, path, canvas, pace, name)
        whole = Entries(node.mark, {**own.entries, "scene": (node.entries["scene"][0], written)})
        if scene is None:
            return None, whole
        assert scene.film is not None  # noqa: S101 - it was set
        first = round(parse_seconds(words.start, pace.fps) * pace.fps) if words.start else 0
        there = scene.film.frames
        if first >= max(there, 1) and first:
            self._wrong(node, f"{path}.start", f"found {words.start}, and the scene's film is over before")
        if length is None and not scene.film.length:
            self._wrong(node, path, "'length' is missing; expected it for a film of the learning, every so many steps")
        frames = max(1, round(length * pace.fps)) if length else max(1, there - first)
        return MontageShot(scene=scene, first=first, length=frames, over=over, words=words), whole

    def _readable(self, node: Entries, path: str, words: ShotOptions, font: Font | None) -> None:
        """Report the words that the font cannot write."""
        for name in ("title", "subtitle", "caption"):
            text = getattr(words, name)
            if text and (missing := missing_letters(font, text)):
                hint = "" if font else "; name a font that has them: film: {font: NAME.ttf}"
                found_letters = f"found {quoted(text)}, and the font has no {listed(map(repr, missing))}{hint}"
                self._wrong(node.entries[name][1], f"{path}.{name}", found_letters)

    def _scene(
        self, node: Entries, path: str, canvas: Canvas, pace: MontageFilm, name: str
    ) -> tuple[Scene | None, Node]:
        """The scene of a shot at the size and pace of the film, and its node with all that is set in it."""
        mark, said = node.entries["scene"]
        try:
            root = self._read(said.value) if isinstance(said, Scalar) and isinstance(said.value, str) else said
            for key, value in self._settings(node, path):
                root = set_node_at(root, key, value, value.mark)
        except InputError as error:
            for one in error.problems:
                known = bool(one.where)
                self._binder.problems.append(one if known else replace(one, where=str(mark), path=f"{path}.scene"))
            return None, said
        if isinstance(root, Faulty):
            return None, said
        if not isinstance(root, Entries) or is_montage(root):
            kind = "a film of several shots" if is_montage(root) else describe_node(root)
            self._wrong(said, f"{path}.scene", f"found {kind}, expected a scene, or the name of its file")
            return None, said
        width, height = canvas.size
        more: list[tuple[list[str], Any]] = [(["canvas", "width"], width), (["canvas", "height"], height)]
        film = root.entries.get("film", (mark, Scalar(mark, None)))[1]
        still = isinstance(film, Scalar) and film.value is None
        more += [(["film", "length"], "1f")] if still else [(["film", "fps"], pace.fps)]
        kept = {key: one for key, one in root.entries.items() if key != "outputs"}
        old = kept.get("canvas", (mark, Scalar(mark, None)))[1]
        if isinstance(old, Entries):
            pixels = {key: one for key, one in old.entries.items() if key not in ("paper", "orientation", "dpi")}
            kept["canvas"] = (old.mark, Entries(old.mark, pixels))
        staged: Node = Entries(root.mark, kept)
        try:
            for keys, plain_value in more:
                staged = set_node_at(staged, keys, Scalar(mark, plain_value), mark)
        except InputError as error:
            self._binder.problems += error.problems
            return None, root
        binder = self._fresh()
        values = bind_scene(staged, binder)
        self._binder.problems += binder.problems
        self.photos |= binder.photos
        self._binder.given |= binder.given
        if values is None:
            return None, root
        photos = binder.photos | binder.given
        return build_scene(values, staged, binder, name, dump_yaml(staged), self._context, photos), root

    def _settings(self, node: Entries, path: str) -> Iterator[tuple[list[str], Node]]:
        """What a shot sets in its scene: keys and values."""
        if "set" not in node.entries:
            return
        settings = node.entries["set"][1]
        if not isinstance(settings, Entries):
            self._wrong(
                settings, f"{path}.set", f"found {describe_node(settings)}, expected keys and values of the scene"
            )
            return
        for key, (_, value) in settings.entries.items():
            yield key.split("."), value

    def _overlap(self, node: Node, index: int, part: MontageShot, before: list[MontageShot]) -> None:
        """Two shots can fade into each other only while both are there, and no third one."""
        if not part.over or (index and not before):
            return
        room = min(part.length, before[-1].length - before[-1].over) if before else part.length
        if part.over > room:
            longest = f"at most {math.floor(room)}f as long as the shots are"
            self._wrong(node, f"shots.{index}.over", f"found {part.words.over}, {part.over} frames, expected {longest}")

    def _wrong(self, node: Node, path: str, message: str) -> None:
        self._binder.problems.append(Problem(str(node.mark), path, message))
