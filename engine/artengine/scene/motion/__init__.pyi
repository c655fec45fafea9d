from .camera import Camera as Camera, CameraKey as CameraKey
from .easing import EASE_WORDS as EASE_WORDS
from .keyframes import EXTREMES as EXTREMES, Extreme as Extreme, Keyframes as Keyframes
from .timeline import (
    EACH as EACH,
    MAX_FRAMES as MAX_FRAMES,
    TIME_PATTERN as TIME_PATTERN,
    Film as Film,
    Length as Length,
    Still as Still,
    parse_seconds as parse_seconds,
    still_frames as still_frames,
)
