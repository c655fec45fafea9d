from .camera import Camera as Camera, CameraKey as CameraKey
from .easing import EASE_WORDS as EASE_WORDS
from .keyframes import EXTREMES as EXTREMES, Extreme as Extreme, Keyframes as Keyframes
from .timeline import (
    MAX_FRAMES as MAX_FRAMES,
    TIME_PATTERN as TIME_PATTERN,
    Film as Film,
    Length as Length,
    parse_seconds as parse_seconds,
)
