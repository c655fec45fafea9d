from . import ffmpeg as ffmpeg
from .base import MAX_MEDIA_BYTES as MAX_MEDIA_BYTES, Media as Media
from .blocks import reduce_blocks as reduce_blocks
from .font import Font as Font, font_at_size as font_at_size, missing_letters as missing_letters
from .labels import Labels as Labels
from .learnt import Learnt as Learnt
from .opening import (
    MEDIA_WORDS as MEDIA_WORDS,
    open_as as open_as,
    open_media as open_media,
    stand_in as stand_in,
)
from .photo import (
    MAX_MEGAPIXELS as MAX_MEGAPIXELS,
    Photo as Photo,
    open_photo as open_photo,
)
from .photo_folder import (
    PhotoFolder as PhotoFolder,
    describe_left_out as describe_left_out,
)
from .sound import Sound as Sound
