"""What faces are made of: a table of factors by name, and faces as values of these."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from artengine_gan.drawn_faces import palette
from artengine_gan.drawn_faces.hashes import uniform

Number = TypeVar("Number", np.int64, np.float64)
Values = npt.NDArray[np.int64] | npt.NDArray[np.float64]


def _one_each(name: str, numbers: npt.NDArray[Number], count: int) -> npt.NDArray[Number]:
    """One number for all faces, or one for each, as one for each."""
    if numbers.shape not in ((), (count,)):
        raise ValueError(f"{name}: found values of shape {numbers.shape}, expected one, or {count} for the faces")
    return np.broadcast_to(numbers, (count,))


@dataclass(frozen=True)
class Choice:
    """A factor that is one of several names; `shares` says how many of 100 faces have each, evenly if left out."""

    group: str
    names: tuple[str, ...]
    shares: tuple[int, ...] = ()

    def drawn(self, chances: npt.NDArray[np.float64]) -> Values:
        """The numbers of the names (N,) for chances in [0, 1)."""
        shares = np.cumsum(self.shares or [1] * len(self.names))
        numbers: Values = np.searchsorted(shares, chances * shares[-1], side="right").astype(np.int64)
        return numbers

    def checked(self, name: str, value: object, count: int) -> Values:
        """A name, the number of a name or an array of numbers, as numbers for so many faces."""
        if isinstance(value, str):
            if value not in self.names:
                raise ValueError(f"{name}: found {value!r}, expected one of {', '.join(self.names)}")
            value = self.names.index(value)
        numbers = np.asarray(value)
        if numbers.dtype.kind not in "iu" or np.any((numbers < 0) | (numbers >= len(self.names))):
            raise ValueError(f"{name}: found {value!r}, expected whole numbers from 0 to {len(self.names) - 1}")
        return _one_each(name, numbers.astype(np.int64), count)


@dataclass(frozen=True)
class Amount:
    """A factor that is a number between two ends; chances to the power of `crowds` bring faces near the low end."""

    group: str
    low: float = 0.0
    high: float = 1.0
    crowds: int = 1

    def drawn(self, chances: npt.NDArray[np.float64]) -> Values:
        """The values (N,) for chances in [0, 1)."""
        return self.low + (self.high - self.low) * functools.reduce(np.multiply, [chances] * self.crowds)

    def checked(self, name: str, value: object, count: int) -> Values:
        """A number or an array of numbers, as numbers for so many faces."""
        numbers = np.asarray(value)
        if numbers.dtype.kind not in "iuf" or not np.all((numbers >= self.low) & (numbers <= self.high)):
            raise ValueError(f"{name}: found {value!r}, expected numbers from {self.low:g} to {self.high:g}")
        return _one_each(name, numbers.astype(np.float64), count)


HAIR_STYLES = ("bald", "buzz", "short", "side part", "bob", "long", "curly", "bun", "pony tail", "fringe")

FACTORS: Mapping[str, Choice | Amount] = MappingProxyType(
    {
        "skin": Choice("identity", tuple(palette.SKINS)),
        "head_width": Amount("identity"),
        "jaw": Amount("identity"),  # from pointed to square
        "nose_width": Amount("identity"),
        "nose_length": Amount("identity"),
        "eye_size": Amount("identity"),
        "eye_distance": Amount("identity"),
        "eye_colour": Choice("identity", tuple(palette.EYES)),
        "brow_thickness": Amount("identity"),
        "hair_style": Choice("identity", HAIR_STYLES, (6, 8, 12, 13, 12, 12, 11, 8, 8, 10)),
        "hair_colour": Choice("identity", tuple(palette.HAIRS)),
        "age": Amount("identity", crowds=2),
        "freckles": Choice("identity", ("none", "some"), (75, 25)),
        "smile": Amount("state", -1.0, 1.0),
        "mouth_open": Amount("state", crowds=2),
        "gaze_x": Amount("state", -1.0, 1.0),
        "gaze_y": Amount("state", -1.0, 1.0),
        "lid": Amount("state", crowds=3),  # from wide open to all but closed
        "brow_angle": Amount("state", -1.0, 1.0),  # from cross to worried
        "turn": Amount("state", -1.0, 1.0),  # yaw: to the left of the picture, to the right
        "tilt": Amount("state", -1.0, 1.0),  # roll, likewise
        "glasses": Choice("accessories", ("none", "round", "square", "sun"), (60, 16, 14, 10)),
        "hat": Choice("accessories", ("none", "cap", "beanie", "brim"), (75, 9, 9, 7)),
        "beard": Choice("accessories", ("none", "stubble", "moustache", "full"), (75, 7, 8, 10)),
        "earrings": Choice("accessories", ("none", "hoops"), (70, 30)),
        "lipstick": Choice("accessories", ("none", "red"), (70, 30)),
        "shirt": Choice("accessories", tuple(palette.SHIRTS)),
        "light": Amount("light", -1.0, 1.0),  # where it comes from: the left, the right
        "background": Choice("light", tuple(palette.BACKGROUNDS)),
        "disc": Choice("light", tuple(palette.DISCS)),
    }
)


@dataclass(frozen=True, eq=False)
class Faces:
    """Faces as values of their factors: factor -> (N,), numbers of names (int64) or amounts (float64)."""

    values: Mapping[str, Values]

    def __len__(self) -> int:
        return len(self.values["skin"])

    def __getitem__(self, chosen: slice | Sequence[int] | npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Faces:
        """Some of the faces."""
        return Faces({name: values[chosen] for name, values in self.values.items()})

    def chunks(self, length: int) -> Iterator[Faces]:
        """The faces in order, at most `length` at a time."""
        for first in range(0, len(self), length):
            yield self[first : first + length]


def draw(seed: int, numbers: Sequence[int] | npt.NDArray[np.int64] | range) -> Faces:
    """The faces of these numbers (N,): each is the same whichever others it is drawn with.

    Raises ValueError where a number is negative or not whole.
    """
    counted = np.asarray(numbers)
    if counted.size == 0:
        counted = np.zeros(0, np.int64)
    if counted.ndim != 1 or counted.dtype.kind not in "iu" or np.any(counted < 0):
        raise ValueError(f"draw: found numbers {numbers!r}, expected a row of whole numbers from 0")
    counted = counted.astype(np.int64)
    return Faces({name: factor.drawn(uniform(seed, counted, name)) for name, factor in FACTORS.items()})


def replaced(faces: Faces, **changes: object) -> Faces:
    """The same faces with other values of some factors: a name or a number for all, or an array (N,).

    Raises ValueError where there is no such factor, or a value is not one of its values.
    """
    values = dict(faces.values)
    for name, value in changes.items():
        if name not in FACTORS:
            raise ValueError(f"replaced: found the factor {name!r}, expected one of {', '.join(FACTORS)}")
        values[name] = FACTORS[name].checked(name, value, len(faces))
    return Faces(values)
