"""What moves, held still: wherever a scene has keys, what is there at one moment of the film."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from artengine.components import is_number, is_whole
from artengine.scene.document import Entries, Faulty, Items, Mark, Node, Scalar, node_from_plain
from artengine.scene.motion.camera import Camera
from artengine.scene.motion.timeline import Film
from artengine.scene.motion.tracks import Numbers, Report, Track, has_keys, parse_camera_track, parse_number_track

Extreme = Literal["least", "greatest"]
EXTREMES: tuple[Extreme, ...] = ("least", "greatest")

#: Where in a scene numbers can move: everything else is decided before the first frame.
PLACES = ("coordinates", "network", "camera", "filters")


@dataclass
class Keyframes:
    """The tracks of a scene, as they are found, and the moment at which it is held still.

    film: None for a still picture. faulty: there is one, and its problems have been reported. time: seconds; or
    everything at once is as little, or as much, as it gets. camera: its track, if it moves. tracks: those of numbers,
    by their place in the scene.
    """

    film: Film | None = None
    faulty: bool = False
    time: float | Extreme = 0.0
    camera: Callable[[float], Camera] | None = None
    tracks: dict[str, Track[Numbers]] = field(default_factory=dict)

    def hold_still(self, annotation: Any, node: Node, path: str, record: Callable[..., Any], report: Report) -> Node:
        """The node of an option, or what is there at the moment where it moves; record: fills a `CameraKey`."""
        is_camera = annotation is Camera
        if not (has_keys(node) and isinstance(node, Entries) and (is_camera or is_number(annotation))):
            return node
        if problem := self._refused(path):
            report(node.mark, path, problem)
            return Faulty(node.mark)
        if self.film is None:  # and that has been reported
            return Faulty(node.mark)
        if is_camera:
            self.camera = parse_camera_track(node, self.film, path, record, report)
            time = 0.0 if isinstance(self.time, str) else self.time
            return Faulty(node.mark) if self.camera is None else _camera_node(self.camera(time), node.mark)
        track = parse_number_track(node, self.film, path, report)
        if track is None:
            return Faulty(node.mark)
        self.tracks[path] = track
        values = [round(one) if is_whole(annotation) else one for one in self._values(track)]
        return node_from_plain(values[0] if len(values) == 1 and not _listed(node) else values, node.mark)

    def _refused(self, path: str) -> str:
        place, _, rest = path.partition(".")
        if place not in PLACES:
            return f"found keys, and this does not move; what can: numbers in {', '.join(PLACES)}"
        if place == "camera" and rest:
            return "found keys, and the camera moves as a whole: camera: {keys: {0s: {zoom: 1}, 8s: {zoom: 50}}}"
        if self.film is None and not self.faulty:
            return "found keys in a scene without a film; add film: {length: 8s}"
        if self.film and not self.film.length:
            return "found keys in a film that has no length before it is learnt; say learning: even, and a length"
        return ""

    def _values(self, track: Track[Numbers]) -> Numbers:
        if not isinstance(self.time, str):
            return track(self.time)
        choose = min if self.time == "least" else max
        return tuple(choose(values) for values in zip(*track.ends(), strict=True))


def _listed(node: Entries) -> bool:
    """Whether the keys of a track are lists of numbers."""
    keys = node.entries["keys"][1]
    values = [value for _, value in keys.entries.values()] if isinstance(keys, Entries) else []
    plain = [one.entries["value"][1] if isinstance(one, Entries) else one for one in values]
    return any(isinstance(one, Items) for one in plain)


def _camera_node(place: Camera, mark: Mark) -> Node:
    centre = Items(mark, tuple(Scalar(mark, one) for one in place.centre))
    entries: dict[str, Node] = {"zoom": Scalar(mark, place.zoom), "centre": centre, "angle": Scalar(mark, place.angle)}
    return Entries(mark, {name: (mark, value) for name, value in entries.items()})
