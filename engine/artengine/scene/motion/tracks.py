"""What moves in a film: keys at moments, and what lies between them."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from artengine.errors import did_you_mean, listed, quoted
from artengine.scene.document import Entries, Items, Mark, Node, Scalar, describe_node, node_to_plain
from artengine.scene.motion.camera import Camera, CameraKey, interpolate_camera
from artengine.scene.motion.easing import Ease, parse_ease
from artengine.scene.motion.timeline import Film

T = TypeVar("T")
Numbers = tuple[float, ...]
Report = Callable[[Mark, str, str], None]

KEYS = "keys"
MAX_KEYS = 10_000
MAX_CAMERA_COORDINATE = 1e15  # of a camera, in plane units and degrees: there is no picture beyond


@dataclass(frozen=True, slots=True)
class Key(Generic[T]):
    """What is at a moment, in seconds, and how it goes on from there."""

    at: float
    value: T
    ease: Ease


@dataclass(frozen=True, slots=True)
class Track(Generic[T]):
    """Keys in their order; the first value holds before the first key, the last one after the last."""

    keys: tuple[Key[T], ...]
    mix: Callable[[Key[T], Key[T], float], T]

    def __call__(self, time: float) -> T:
        """The value at a moment, in seconds."""
        after = bisect.bisect_right(self.keys, time, key=lambda key: key.at)
        if after == 0:
            return self.keys[0].value
        first = self.keys[after - 1]
        if after == len(self.keys) or time == first.at:
            return first.value
        second = self.keys[after]
        return self.mix(first, second, first.ease((time - first.at) / (second.at - first.at)))

    def ends(self) -> Iterator[T]:
        """What it comes to at the keys, and wherever an ease swings beyond them; all else lies in between.

        Raises `OverflowError` where that is beyond all numbers.
        """
        yield from (key.value for key in self.keys)
        for first, second in itertools.pairwise(self.keys):
            yield from (self.mix(first, second, e) for e in first.ease.reach if e not in (0, 1))


def has_keys(node: Node) -> bool:
    """Whether a node has keys where else it would have a value."""
    return isinstance(node, Entries) and KEYS in node.entries


def parse_number_track(node: Entries, film: Film, path: str, report: Report) -> Track[Numbers] | None:
    """The track of a number, or of a list of them: ``{keys: {0s: 1, 4s: 3}, ease: ease-in-out, scale: log}``.

    None where there are problems, which are reported.
    """
    options = _Options(node, ("scale",), path, report)
    logarithmic = options.scale()
    keys: list[Key[Numbers]] = []
    for at, value, inner in options.read(film):
        number, ease = value, options.ease
        if isinstance(value, Entries):
            if unknown := [name for name in value.entries if name not in ("value", "ease")]:
                options.wrong(value.mark, inner, f"found {listed(unknown)}, expected a number, or value and ease")
                continue
            number = value.entries["value"][1] if "value" in value.entries else Scalar(value.mark, None)
            ease = options.eased(value, inner)
        values = _numbers(number)
        if values is None:
            options.wrong(number.mark, inner, f"found {describe_node(number)}, expected a number or a list of numbers")
        elif keys and len(values) != len(keys[0].value):
            options.wrong(
                number.mark,
                inner,
                f"found {len(values)} numbers, expected {len(keys[0].value)} as in the first key",
            )
        elif logarithmic and min(values) <= 0:
            options.wrong(number.mark, inner, f"found {min(values):g}, expected more than 0 for scale: log")
        else:
            keys.append(Key(at, values, ease))
    if options.faulty or not keys:
        return None
    track = Track(tuple(keys), _interpolate_log if logarithmic else _interpolate_linear)
    return track if options.within(track, lambda value: all(map(math.isfinite, value))) else None


@dataclass(frozen=True, slots=True)
class _Place:
    camera: Camera
    turns: int


def parse_camera_track(
    node: Entries, film: Film, path: str, record: Callable[[type[CameraKey], Node, str], Any], report: Report
) -> Callable[[float], Camera] | None:
    """The track of the camera: ``{keys: {0s: {zoom: 1, ease: ease-in-out}, 8s: {zoom: 50, centre: [0.3, 0.1]}}}``.

    record: fills a `CameraKey` from a node. None where there are problems, which are reported.
    """
    options = _Options(node, (), path, report)
    keys: list[Key[_Place]] = []
    here = Camera()
    for at, value, inner in options.read(film):
        ease = options.eased(value, inner) if isinstance(value, Entries) else options.ease
        if isinstance(value, Entries):
            value = Entries(value.mark, {name: one for name, one in value.entries.items() if name != "ease"})
        key = record(CameraKey, value, inner)
        if key is None:
            options.faulty = True
            continue
        here = key.after(here)
        if not _is_somewhere(_Place(here, 0)):
            options.wrong(value.mark, inner, "found a camera beyond all numbers, expected centre and angle below 1e15")
        keys.append(Key(at, _Place(here, key.turns), ease))
    if options.faulty or not keys:
        return None
    track = Track(tuple(keys), _interpolate_cameras)
    return (lambda time: track(time).camera) if options.within(track, _is_somewhere) else None


def _is_somewhere(place: _Place) -> bool:
    here = place.camera
    return 0 < here.zoom < math.inf and max(map(abs, (*here.centre, here.angle))) <= MAX_CAMERA_COORDINATE


def _interpolate_cameras(first: Key[_Place], second: Key[_Place], e: float) -> _Place:
    return _Place(interpolate_camera(first.value.camera, second.value.camera, e, first.value.turns), 0)


def _interpolate_linear(first: Key[Numbers], second: Key[Numbers], e: float) -> Numbers:
    return tuple(a + (b - a) * e for a, b in zip(first.value, second.value, strict=True))


def _interpolate_log(first: Key[Numbers], second: Key[Numbers], e: float) -> Numbers:
    return tuple(
        math.exp((1 - e) * math.log(a) + e * math.log(b)) for a, b in zip(first.value, second.value, strict=True)
    )


def _numbers(node: Node) -> Numbers | None:
    value = node_to_plain(node)
    values = value if isinstance(node, Items) and isinstance(value, list) else [value]
    fits = all(isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one) for one in values)
    return tuple(float(one) for one in values) if fits and values else None  # type: ignore[arg-type]  # seen above


class _Options:
    """What stands beside the keys, and the keys themselves in their order; keeps what has gone wrong."""

    def __init__(self, node: Entries, names: tuple[str, ...], path: str, report: Report) -> None:
        self._node = node
        self._path = path
        self._report = report
        self.faulty = False
        allowed = (KEYS, "ease", *names)
        for name, (mark, _) in node.entries.items():
            if name not in allowed:
                self.wrong(mark, f"{self._path}.{name}", f"no such option beside keys{did_you_mean(name, allowed)}")
        self.ease = self.eased(node, path, Ease())

    def scale(self) -> bool:
        """Whether it goes evenly in its logarithm."""
        if "scale" not in self._node.entries:
            return False
        _, value = self._node.entries["scale"]
        word = node_to_plain(value)
        if word not in ("linear", "log"):
            self.wrong(value.mark, f"{self._path}.scale", f"found {describe_node(value)}, expected linear or log")
        return word == "log"

    def eased(self, node: Entries, path: str, usual: Ease | None = None) -> Ease:
        """The ease that a node names; the one of all keys if it does not."""
        if "ease" not in node.entries:
            return usual or self.ease
        _, value = node.entries["ease"]
        try:
            return parse_ease(node_to_plain(value))
        except ValueError as error:
            self.wrong(value.mark, f"{path}.ease", str(error))
            return Ease()

    def read(self, film: Film) -> Iterator[tuple[float, Node, str]]:
        """When, what, and where in the scene; by their time."""
        mark, value = self._node.entries[KEYS]
        if not isinstance(value, Entries) or not value.entries:
            self.wrong(
                mark,
                f"{self._path}.{KEYS}",
                f"found {describe_node(value)}, expected moments and values, such as {{0s: 1, 4s: 3}}",
            )
            return
        if len(value.entries) > MAX_KEYS:
            self.wrong(
                mark, f"{self._path}.{KEYS}", f"found {len(value.entries):,} keys, expected at most {MAX_KEYS:,}"
            )
            return
        places: dict[float, str] = {}
        read: list[tuple[float, Node, str]] = []
        for text, (key_mark, inner) in value.entries.items():
            try:
                at = film.at(text)
            except ValueError as error:
                self.wrong(key_mark, f"{self._path}.{KEYS}", f"found {quoted(text)}, expected {error}")
                continue
            if at in places:
                self.wrong(
                    key_mark,
                    f"{self._path}.{KEYS}",
                    f"found {quoted(text)}, the moment that {quoted(places[at])} names too",
                )
                continue
            places[at] = text
            read.append((at, inner, f"{self._path}.{KEYS}.{text}"))
        yield from sorted(read, key=lambda one: one[0])

    def within(self, track: Track[T], fits: Callable[[T], bool]) -> bool:
        """Whether all that a track comes to fits; reported where not."""
        try:
            good = all(map(fits, track.ends()))
        except OverflowError:
            good = False
        if not good:
            self.wrong(self._node.mark, self._path, "found keys and eases that lead beyond all numbers")
        return good

    def wrong(self, mark: Mark, path: str, message: str) -> None:
        """Report a problem: there is no track."""
        self.faulty = True
        self._report(mark, path, message)
