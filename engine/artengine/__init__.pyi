from .curve import Curve as Curve
from .errors import ArtengineError as ArtengineError, InputError as InputError, OutputError as OutputError
from .hookspecs import hookimpl as hookimpl
from .kinds import (
    Activation as Activation,
    ColourRange as ColourRange,
    Each as Each,
    Filter as Filter,
    Frame as Frame,
    Loss as Loss,
    Network as Network,
    Output as Output,
    Ports as Ports,
    Progress as Progress,
    Source as Source,
    Target as Target,
    Trainer as Trainer,
    brings as brings,
    films as films,
    named as named,
    patches as patches,
    shown as shown,
)
from .making import run as run
from .media import Learnt as Learnt, Photo as Photo, Sound as Sound
from .painting import Picture as Picture, build as build
from .scene import Scene as Scene, load as load
from .view import View as View
