"""From nodes to a scene: bound at its beginning, tried where what moves is least and greatest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from artengine.capabilities import ImageNetwork
from artengine.components import ConfiguredComponent
from artengine.errors import InputError, Problem
from artengine.media import Media
from artengine.scene.binding import Binder
from artengine.scene.document import Entries, Node, Scalar
from artengine.scene.file_names import clashes, output_files
from artengine.scene.montage import MontageFilm
from artengine.scene.motion import EXTREMES, Film
from artengine.scene.scene import LoadContext, Motion, Scene, SceneOptions
from artengine.scene.seeds import PlainSeed, all_numbers


@dataclass(frozen=True, slots=True)
class BoundScene:
    """What a scene says, checked: all that it takes to build one; a `LoadedScene` to its components.

    coordinates, network: the scene's own, or those that its training brings. root, binder: what the scene is bound
    from at other moments.
    """

    options: SceneOptions
    coordinates: list[ConfiguredComponent]
    network: ConfiguredComponent
    root: Node
    binder: Binder

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of the canvas."""
        return self.options.canvas.size

    @property
    def dpi(self) -> float | None:
        """Pixels an inch where the picture is meant for paper."""
        return self.options.canvas.resolution

    @property
    def sheet(self) -> tuple[float, float] | None:
        """Width and height of that paper in millimetres."""
        return self.options.canvas.sheet

    @property
    def training(self) -> ConfiguredComponent | None:
        """The trainer, if there is one."""
        return self.options.training

    @property
    def filters(self) -> Sequence[ConfiguredComponent]:
        """What changes the image after the network."""
        return self.options.filters or []

    def outputs(self, only: int | None) -> list[ConfiguredComponent]:
        """The outputs that are wanted; only: the place of one of them, None for all."""
        return [one for index, one in enumerate(self.options.outputs) if only in (None, index)]

    def build(self, name: str, text: str, context: LoadContext, files: Mapping[str, Media]) -> Scene:
        """The scene, with the text and the files that a recipe shows."""

        def build(bound: BoundScene) -> Scene:
            options = bound.options
            return Scene(
                name=name,
                text=text,
                photos=files,
                lineage=options.seed,
                canvas=options.canvas,
                coordinates=bound.coordinates,
                network=bound.network,
                training=options.training,
                film=options.film,
                camera=options.camera,
                filters=options.filters or [],
                outputs=options.outputs,
                motion=motion,
                context=context,
            )

        def build_at(time: float) -> Scene:
            moment = self.binder.at(time)
            bound = _bind(self.root, moment)
            if bound is None or moment.problems:
                raise InputError(moment.problems)
            return build(bound)

        keyframes = self.binder.keyframes
        motion = Motion(keyframes.camera, tuple(keyframes.tracks), build_at)
        return build(self)


def bind_scene(root: Node, binder: Binder, only: int | None = None) -> BoundScene | None:
    """What a scene says, checked; None where there are problems, which the binder has.

    only: the place of the one output that is wanted; what the others expect does not matter then.
    """
    film = root.entries["film"][1] if isinstance(root, Entries) and "film" in root.entries else None
    if film and not (isinstance(film, Scalar) and film.value is None):
        binder.film(film, "film")
    bound = _bind(root, binder)
    if bound is not None and not binder.problems:
        binder.report(*_conflicts(bound, root, only))
    if not binder.problems and binder.keyframes.tracks:
        for extreme in EXTREMES:
            moment = binder.at(extreme)
            extremal = _bind(root, moment)
            if extremal is not None and not moment.problems:
                moment.report(*_refusals(extremal, only))
            binder.adopt(moment)
    return None if binder.problems else bound


def _bind(root: Node, binder: Binder) -> BoundScene | None:
    """What a scene says at a binder's moment, with the network that its training brings where it names none."""
    options = binder.record(SceneOptions, root, "")
    if options is None:
        return None
    network = options.network or (options.training and binder.network_of(options.training))
    if network is None:
        hint = "expected the name of a network, or name: {options}; or a training with a preset"
        binder.report(Problem(str(root.mark), "", f"'network' is missing; {hint}"))
        return None
    return BoundScene(options, _coordinates(options, network, root, binder), network, root, binder)


def _coordinates(
    options: SceneOptions, network: ConfiguredComponent, root: Node, binder: Binder
) -> list[ConfiguredComponent]:
    """The sources that a scene names; where it names none, those that its training brings, or the plane itself."""
    named = isinstance(root, Entries) and "coordinates" in root.entries
    brought = None if named or options.training is None else binder.source_of(options.training, network)
    return [brought] if brought else options.coordinates


def _conflicts(scene: BoundScene, root: Node, only: int | None) -> Iterator[Problem]:
    """Parts of a scene that are right, each on its own, and not together."""
    options = scene.options
    marks = {name: str(mark) for name, (mark, _) in root.entries.items()} if isinstance(root, Entries) else {}
    if options.training and len(set(all_numbers(options.seed))) > 1:
        message = "found a seed that has grown from several numbers in a scene with a training, expected one of them"
        yield Problem(marks.get("seed", ""), "seed", f"{message}: what two trainings come to has nothing in between")
    moves = options.training and options.training.component.declares.moves
    if moves and not isinstance(options.seed, PlainSeed):
        message = "found a seed that has grown in a scene whose training moves where we look, expected a whole number"
        yield Problem(marks.get("seed", ""), "seed", f"{message}: children grow from what a network has learnt")
    if options.film and options.film.learning and not isinstance(options.seed, PlainSeed):
        message = "found a film of the learning with a seed that has grown, expected a whole number"
        yield Problem(marks["film"], "film.learning", f"{message}: children come from what has been learnt")
    if options.film and options.film.learning and not options.training:
        yield Problem(marks["film"], "film.learning", "found a film of the learning in a scene without a training")
    if scene.training and (mismatch := _mismatch(scene.training, scene.network)):
        yield Problem(scene.training.where, scene.training.path, mismatch)
    outputs = scene.outputs(only)
    for output in outputs:
        if output.component.films and not options.film:
            hint = "add film: {length: 8s}, or choose a still output such as png"
            yield Problem(output.where, output.path, f"found {output.name} in a scene without a film; {hint}")
    yield from _refusals(scene, only)
    yield from name_conflicts(outputs, options.film)


def _mismatch(training: ConfiguredComponent, network: ConfiguredComponent) -> str:
    """Why a trainer is not for a network, as far as both declare what they are; "" where it is."""
    teaches = training.component.declares.teaches
    gives_images = ImageNetwork in network.component.declares.offers
    if teaches is ImageNetwork and not gives_images:
        return f"found the network {network.name}, which colours points, expected one that gives whole images"
    if teaches is None and gives_images:
        return f"found the network {network.name}, which gives whole images, expected one that colours points"
    return ""


def _refusals(scene: BoundScene, only: int | None) -> Iterator[Problem]:
    """What components find in a scene instead of what they expect."""
    training = [scene.training] if scene.training else []
    for part in [*scene.coordinates, scene.network, *training, *scene.filters, *scene.outputs(only)]:
        for one in part.walk():
            expects = one.component.declares.expects
            try:
                if expects:
                    expects(scene, one.options)
            except ValueError as error:
                yield from one.refused(error).problems


def name_conflicts(outputs: Sequence[ConfiguredComponent], film: Film | MontageFilm | None = None) -> Iterator[Problem]:
    """Outputs of a scene, with a film perhaps, that would write files of one name, each told once."""
    told: set[str] = set()
    for file, earlier, later in clashes((one, file) for one in outputs for file in output_files("", [one], film)):
        if later is not earlier and later.path not in told:
            told.add(later.path)
            message = f"found {later.name}, which writes {file} as {earlier.path} does, expected one of them"
            yield Problem(later.where, later.path, f"{message}; make the other with another --out")
