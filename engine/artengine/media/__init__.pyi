from . import ffmpeg as ffmpeg
from .base import MAX_BYTES as MAX_BYTES, Media as Media
from .font import Font as Font, at as at, lacking as lacking
from .learnt import BEGINNING as BEGINNING, Learnt as Learnt
from .opening import WORDS as WORDS, open_as as open_as, open_media as open_media
from .photo import (
    FORMATS as FORMATS,
    MAX_MEGAPIXELS as MAX_MEGAPIXELS,
    Photo as Photo,
    any_size as any_size,
    open_photo as open_photo,
)
from .sound import Sound as Sound
