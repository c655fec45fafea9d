"""From nodes to a scene: bound at its beginning, tried where what moves is least and greatest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from artengine.components import ConfiguredComponent
from artengine.errors import InputError, Problem
from artengine.media import Media
from artengine.scene.binding import Binder
from artengine.scene.document import Entries, Node, Scalar
from artengine.scene.motion import EXTREMES
from artengine.scene.scene import LoadContext, Motion, Scene, SceneOptions
from artengine.scene.seeds import PlainSeed


@dataclass(frozen=True, slots=True)
class BoundScene:
    """What a scene says, checked: all that it takes to build one.

    network: the scene's own, or the one that its training brings. root, binder: what the scene is bound from at other
    moments.
    """

    options: SceneOptions
    network: ConfiguredComponent
    root: Node
    binder: Binder

    def build(self, name: str, text: str, context: LoadContext, files: Mapping[str, Media]) -> Scene:
        """The scene, with the text and the files that a recipe shows."""

        def build(options: SceneOptions, network: ConfiguredComponent) -> Scene:
            return Scene(
                name=name,
                text=text,
                photos=files,
                lineage=options.seed,
                canvas=options.canvas,
                coordinates=options.coordinates,
                network=network,
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
            return build(bound.options, bound.network)

        keyframes = self.binder.keyframes
        motion = Motion(keyframes.camera, tuple(keyframes.tracks), build_at)
        return build(self.options, self.network)


def bind_scene(root: Node, binder: Binder) -> BoundScene | None:
    """What a scene says, checked; None where there are problems, which the binder has."""
    film = root.entries["film"][1] if isinstance(root, Entries) and "film" in root.entries else None
    if film and not (isinstance(film, Scalar) and film.value is None):
        binder.film(film, "film")
    bound = _bind(root, binder)
    if bound is not None and not binder.problems:
        binder.report(*_conflicts(bound.options, root))
    if not binder.problems and binder.keyframes.tracks:
        for extreme in EXTREMES:
            moment = binder.at(extreme)
            _bind(root, moment)
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
    return BoundScene(options, network, root, binder)


def _conflicts(options: SceneOptions, root: Node) -> Iterator[Problem]:
    """Parts of a scene that are right, each on its own, and not together."""
    marks = {name: str(mark) for name, (mark, _) in root.entries.items()} if isinstance(root, Entries) else {}
    if options.training and not isinstance(options.seed, PlainSeed):
        message = "found a seed that has grown from others in a scene with a training, expected a whole number"
        yield Problem(marks.get("seed", ""), "seed", f"{message}: what is learnt does not come from the seed alone")
    if options.film and options.film.learning and not options.training:
        yield Problem(marks["film"], "film.learning", "found a film of the learning in a scene without a training")
    for output in options.outputs:
        if output.component.films and not options.film:
            hint = "add film: {length: 8s}, or choose a still output such as png"
            yield Problem(output.where, output.path, f"found {output.name} in a scene without a film; {hint}")
