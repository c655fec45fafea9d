from .camera import Camera as Camera, CameraKey as CameraKey
from .easing import WORDS as WORDS
from .keyframes import EXTREMES as EXTREMES, Extreme as Extreme, Moving as Moving
from .timeline import MAX_FRAMES as MAX_FRAMES, TIME as TIME, Film as Film, Length as Length, seconds as seconds
