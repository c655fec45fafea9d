from . import transport as transport
from .binding import Binder as Binder
from .canvas import Canvas as Canvas, Precision as Precision
from .document import (
    Entries as Entries,
    Mark as Mark,
    Node as Node,
    Plain as Plain,
    Scalar as Scalar,
    dump as dump,
    edit as edit,
    from_plain as from_plain,
    parse as parse,
    plain as plain,
    without as without,
)
from .loading import Work as Work, load as load, load_text as load_text, load_work as load_work
from .montage import Montage as Montage, Part as Part
from .motion import MAX_FRAMES as MAX_FRAMES, Camera as Camera, Film as Film
from .scene import Ground as Ground, Scene as Scene
from .schema import scene_schema as scene_schema
from .seeds import (
    LIMIT as LIMIT,
    Cross as Cross,
    Mutation as Mutation,
    Number as Number,
    Seed as Seed,
    Walk as Walk,
    as_plain as as_plain,
    leaves as leaves,
)
from .transport import THUMBNAIL as THUMBNAIL
