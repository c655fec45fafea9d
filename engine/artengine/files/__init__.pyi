from . import containers as containers
from .atomic import (
    OutputTarget as OutputTarget,
    create as create,
    hold as hold,
    scratch as scratch,
    told as told,
    writing as writing,
)
from .containers import gif_comment as gif_comment, gif_head as gif_head
from .metadata import DESCRIPTION as DESCRIPTION, KEYWORD as KEYWORD, exif as exif
