"""Where everything in a face is, how large and in which colour: plain numbers per face, worked out before any pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from artengine_gan.drawn_faces import palette
from artengine_gan.drawn_faces.factors import Faces
from artengine_gan.drawn_faces.palette import Colours, mixed

Numbers = npt.NDArray[np.float64]  # (N,)
Kinds = npt.NDArray[np.int64]  # (N,)

LANDMARKS = (
    "left_eye",
    "right_eye",
    "left_pupil",
    "right_pupil",
    "nose_tip",
    "left_mouth_corner",
    "right_mouth_corner",
    "chin",
    "left_ear",
    "right_ear",
    "top",
)  # left and right in the picture

_DEPTH = 0.62  # the radius of the ball that features turn on
_SKIN_SHADE = np.array([0.74, 0.60, 0.60])  # what shadow leaves of a skin's red, green and blue
_LIGHTER = np.array([1.0, 0.93, 0.84])
_RED = np.array([0.82, 0.25, 0.26])


@dataclass(frozen=True, eq=False)
class Look:
    """One array per quantity, (N,) or (N, 3) for colours; places are (u, v) of the untilted head, v goes down."""

    PIVOT: ClassVar[float] = 0.66  # heads tilt about the neck, here
    REACH: ClassVar[float] = 0.90  # half of the plane that a picture shows: close, so that 64 pixels show features
    MIDDLE: ClassVar[float] = -0.03  # what is in the middle of a picture, down
    EYES: ClassVar[float] = 0.0  # how far down eyes, ears and a mouth at rest are
    EARS: ClassVar[float] = 0.06
    MOUTH: ClassVar[float] = 0.44
    TOP: ClassVar[float] = -0.68  # the top of the skull

    sine: Numbers  # of the tilt
    cosine: Numbers
    light: Numbers
    turn: Numbers  # how far the middle of the face is moved to the right
    age: Numbers
    half_width: Numbers  # of the head, at the temples
    jaw: Numbers  # half the width of the jaw
    chin: Numbers
    eyes_x: Numbers  # (N, 2), left and right in the picture
    eyes_narrow: Numbers  # (N, 2), as turned away they look narrower
    eye_size: Numbers
    lid: Numbers
    pupils_x: Numbers  # (N, 2)
    pupils_y: Numbers
    brow_thickness: Numbers
    brow_angle: Numbers
    nose_x: Numbers
    nose_y: Numbers  # of the tip
    nose_width: Numbers
    mouth_x: Numbers
    mouth_y: Numbers  # of its middle
    mouth_bend: Numbers  # how much lower its corners are
    mouth_half: Numbers
    mouth_open: Numbers
    smile: Numbers
    ears_x: Numbers  # (N, 2)
    ears_across: Numbers  # (N, 2)
    ear_down: Numbers
    hat_line: Numbers  # hair is pressed down to below it; far above the picture where there is no hat
    hair_style: Kinds
    freckles: Kinds
    glasses: Kinds
    hat: Kinds
    beard: Kinds
    earrings: Kinds
    lipstick: Kinds
    skin: Colours
    skin_light: Colours
    skin_dark: Colours
    lip: Colours
    hair: Colours
    iris: Colours
    shirt: Colours
    hat_colour: Colours
    background: Colours
    disc: Colours

    def __len__(self) -> int:
        return len(self.sine)

    def taken(self, chosen: npt.NDArray[np.int64]) -> Look:
        """Some of the faces."""
        return Look(**{one.name: getattr(self, one.name)[chosen] for one in fields(self)})

    def in_picture(self, u: Numbers, v: Numbers) -> Numbers:
        """Where a place of the head is in the tilted picture, (N, 2) in [-1, 1]."""
        below = v - self.PIVOT
        x = self.cosine * u - self.sine * below
        y = self.cosine * below + self.sine * u + self.PIVOT
        return np.stack([x, y - self.MIDDLE], axis=-1) / self.REACH


def _rotation(tangent: Numbers) -> tuple[Numbers, Numbers]:
    """Sine and cosine of an angle, from the tangent of its half: without functions that machines round differently."""
    square = tangent * tangent
    return 2 * tangent / (1 + square), (1 - square) / (1 + square)


def look_of(faces: Faces) -> Look:
    """Everything about these faces that is not per pixel."""
    value: Mapping[str, Numbers] = {name: np.asarray(values, np.float64) for name, values in faces.values.items()}
    kind: Mapping[str, Kinds] = {name: np.asarray(values, np.int64) for name, values in faces.values.items()}
    sine, cosine = _rotation(value["tilt"] * 0.075)
    turn_sine, turn_cosine = _rotation(value["turn"] * 0.14)

    def turned(x: Numbers, depth: float = _DEPTH) -> Numbers:
        return x * turn_cosine + np.sqrt(depth * depth - x * x) * turn_sine

    age = value["age"]
    half_width = 0.50 + 0.09 * value["head_width"]
    eye_size = 0.84 + 0.36 * value["eye_size"]
    apart = (0.425 + 0.075 * value["eye_distance"]) * half_width
    eyes = np.stack([-apart, apart], axis=-1)
    ball = np.sqrt(_DEPTH * _DEPTH - eyes * eyes)
    eyes_x = eyes * turn_cosine[:, None] + ball * turn_sine[:, None]
    eyes_narrow = turn_cosine[:, None] - eyes / ball * turn_sine[:, None]
    sides = np.array([-1.0, 1.0])
    far = np.maximum(sides * turn_sine[:, None], 0)  # the ear that turns away
    near = np.maximum(-sides * turn_sine[:, None], 0)
    nose_y = 0.13 + 0.15 * value["nose_length"] + 0.03 * age
    smile, mouth_open = value["smile"], value["mouth_open"]
    bend = -0.105 * smile

    skin = palette.table(palette.SKINS)[kind["skin"]]
    skin_dark = skin * _SKIN_SHADE
    lip = mixed(mixed(skin_dark, _RED, 0.38), palette.colour(palette.LIPSTICK), value["lipstick"])
    hair = palette.table(palette.HAIRS)[kind["hair_colour"]]
    hair = mixed(hair, palette.colour(palette.GREY), 0.92 * np.minimum(np.maximum(age - 0.40, 0) / 0.45, 1))
    return Look(
        sine=sine,
        cosine=cosine,
        light=value["light"],
        turn=turned(np.zeros(len(faces))),
        age=age,
        half_width=half_width,
        jaw=0.30 + 0.17 * value["jaw"] + 0.02 * age,
        chin=0.67 + 0.02 * value["jaw"],
        eyes_x=eyes_x,
        eyes_narrow=eyes_narrow,
        eye_size=eye_size,
        lid=value["lid"],
        pupils_x=eyes_x + (0.062 * eye_size * value["gaze_x"])[:, None] * eyes_narrow,
        pupils_y=Look.EYES - 0.004 + 0.040 * eye_size * value["gaze_y"],
        brow_thickness=0.016 + 0.040 * value["brow_thickness"],
        brow_angle=value["brow_angle"],
        nose_x=turned(np.zeros(len(faces)), 0.80),
        nose_y=nose_y,
        nose_width=0.080 + 0.095 * value["nose_width"],
        mouth_x=turned(np.zeros(len(faces)), 0.54),
        mouth_y=Look.MOUTH - 0.4 * bend,  # corners go up about as far as the middle goes down
        mouth_bend=bend,
        mouth_half=0.195 + 0.035 * np.maximum(smile, 0) - 0.02 * mouth_open,
        mouth_open=mouth_open,
        smile=smile,
        ears_x=sides * (half_width[:, None] + 0.015) - 0.10 * (near + far) * sides,
        ears_across=0.085 + 0.09 * near - 0.05 * far,
        ear_down=0.125 + 0.03 * age,
        hat_line=np.where(kind["hat"] > 0, np.array([0.0, -0.33, -0.30, -0.36])[kind["hat"]], -9.0),
        hair_style=kind["hair_style"],
        freckles=kind["freckles"],
        glasses=kind["glasses"],
        hat=kind["hat"],
        beard=kind["beard"],
        earrings=kind["earrings"],
        lipstick=kind["lipstick"],
        skin=skin,
        skin_light=mixed(skin, _LIGHTER, 0.22),
        skin_dark=skin_dark,
        lip=lip,
        hair=hair,
        iris=palette.table(palette.EYES)[kind["eye_colour"]],
        shirt=palette.table(palette.SHIRTS)[kind["shirt"]],
        hat_colour=palette.table(palette.HATS)[kind["shirt"]],
        background=palette.table(palette.BACKGROUNDS)[kind["background"]],
        disc=palette.table(palette.DISCS)[kind["disc"]],
    )
