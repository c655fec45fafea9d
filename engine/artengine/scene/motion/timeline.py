"""Time in a film: its length, its frames, and texts that name a moment of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

MAX_FRAMES = 216_000  # an hour at 60 frames a second; more is a slip of the finger

MAX_FRAME_ERROR = 1e-4  # frames that a moment written in decimals may be off

#: How a moment is written.
TIME_PATTERN = r"^([0-9]{1,9}(?:\.[0-9]{1,9})?)(s|ms|f|%)$"
_TIME = re.compile(TIME_PATTERN)
EXPECTED_LENGTH = "a time with its unit, such as 8s, 1500ms or 240f"
EXPECTED_MOMENT = "a time with its unit, such as 3s, 1500ms, 90f or 50%"
EACH = "each"


def _length(value: object) -> str:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if not match or match[2] == "%" or float(match[1]) == 0:
        raise ValueError(EXPECTED_LENGTH)
    return match.string


#: A stretch of time as a scene writes it.
Length = Annotated[
    str,
    BeforeValidator(_length),
    WithJsonSchema({"type": "string", "pattern": r"^(?![0.]+[a-z])[0-9]{1,9}(\.[0-9]{1,9})?(s|ms|f)$"}),
]


def _still(value: object) -> str:
    if value == EACH or (isinstance(value, str) and _TIME.fullmatch(value)):
        return str(value)
    raise ValueError(f"{EXPECTED_MOMENT}; or {EACH}, a still of every frame")


#: The moment of a film that a still shows, as a scene writes it; or a still of every frame.
Still = Annotated[
    str,
    BeforeValidator(_still),
    WithJsonSchema({"anyOf": [{"const": EACH}, {"type": "string", "pattern": TIME_PATTERN}]}),
]


def parse_seconds(text: str, fps: float, length: float | None = None) -> float:
    """The seconds that a text names; per cent are of the length.

    Raises `ValueError` saying what was expected.
    """
    parts = _TIME.fullmatch(text)
    if not parts or (parts[2] == "%" and length is None):
        raise ValueError(EXPECTED_LENGTH if length is None else EXPECTED_MOMENT)
    number = float(parts[1])
    match parts[2]:
        case "ms":
            return number / 1000
        case "f":
            return number / fps
        case "%":
            return number * (length or 0.0) / 100
    return number


def still_frames(still: str, frames: int, fps: float, *, loop: bool = False) -> list[int]:
    """The frames, of so many, that a `Still` shows; 100% and the film's length are its last one, or a loop's first.

    Raises `ValueError` where its moment lies beyond the film.
    """
    if still == EACH:
        return list(range(frames))
    span = (frames if loop else frames - 1) / fps
    number = round(parse_seconds(still, fps, span) * fps)
    if number > frames:
        raise ValueError(f"found still: {still}, expected a time within the film, which is {frames / fps:g}s long")
    return [number % frames if loop else min(number, frames - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """How long a film is, and how its frames follow each other.

    A loop leaves out the last moment, which is its first. shutter: for how many degrees of the turn from one frame to
    the next it is open, as cameras have it: 0 is no motion blur, 180 is usual, painted at so many moments. learning:
    show the picture while it is learnt, a frame every so many steps, or over the film's length evenly (even) or more
    and more quickly (log). still: the moment that is kept as a still, or each, for a still of every frame.
    """

    length: Length | None = None
    fps: Annotated[float, Field(ge=1, le=240)] = 30.0
    loop: bool = False
    shutter: Annotated[float, Field(ge=0, le=360)] = 0.0
    moments: Annotated[int, Field(ge=2, le=256)] = 8
    learning: Literal["even", "log"] | Annotated[int, Field(ge=1)] | None = None
    still: Still | None = None

    def __post_init__(self) -> None:
        by_steps = isinstance(self.learning, int)
        if self.length is None and not by_steps:
            raise ValueError(f"'length' is missing; expected {EXPECTED_LENGTH}")
        if self.length is not None and by_steps:
            message = f"found a length beside learning: {self.learning}, which decides it"
            raise ValueError(f"{message}; leave one out, or say learning: even")
        if self.learning and self.shutter:
            raise ValueError("found a shutter in a film of the learning, expected one or the other")
        if self.learning and self.loop:
            raise ValueError("found a loop in a film of the learning, which ends elsewhere than it begins")
        if self.length is not None and self.frames > MAX_FRAMES:
            raise ValueError(f"found a film of {self.frames:,} frames, expected at most {MAX_FRAMES:,}")
        if self.length is not None:
            self.still_frames(self.frames)

    @property
    def frames(self) -> int:
        """How many frames there are; 0 where only the learning will tell."""
        return 0 if self.length is None else max(1, round(parse_seconds(self.length, self.fps) * self.fps))

    @property
    def duration(self) -> float:
        """Seconds: those of all frames."""
        return self.frames / self.fps

    @property
    def span(self) -> float:
        """Seconds from the first moment to the last one that keys can name: the film's end is its last frame."""
        return self.duration if self.loop else max(self.frames - 1, 1) / self.fps

    def time(self, frame: int) -> float:
        """When a frame is, in seconds."""
        return frame / self.fps

    def at(self, text: str) -> float:
        """The moment that a text names, in seconds; 100% and the film's length are its last frame, or a loop's end.

        Raises `ValueError` saying what was expected.
        """
        time = parse_seconds(text, self.fps, self.span)
        length = parse_seconds(self.length, self.fps) if self.length else 0.0  # which may be a part of a frame longer
        if time > max(length, self.duration) + 1e-9:
            raise ValueError(f"a time within the film, which is {self.duration:g}s long")
        frame = round(time * self.fps)
        if abs(time * self.fps - frame) < MAX_FRAME_ERROR:  # a frame's very moment, however it is written
            time = self.time(frame)
        return min(time, self.span)

    @property
    def stills_are_numbered(self) -> bool:
        """Whether there is a still of every frame."""
        return self.still == EACH

    def still_frames(self, frames: int) -> list[int]:
        """The frames, of so many, that are kept as stills; none where nothing is said of them."""
        return still_frames(self.still, frames, self.fps, loop=self.loop) if self.still else []

    def exposures(self, frame: int) -> list[float]:
        """The moments, in seconds, whose light makes a frame: one, or as many as the shutter asks for around it."""
        middle = self.time(frame)
        if not self.shutter:
            return [middle]
        open_for = self.shutter / 360 / self.fps
        times = [middle + open_for * ((index + 0.5) / self.moments - 0.5) for index in range(self.moments)]
        return [time % self.span if self.loop else min(max(time, 0.0), self.span) for time in times]
