from .capabilities import (
    DynamicRowsNetwork as DynamicRowsNetwork,
    ImageNetwork as ImageNetwork,
    LabelledDataset as LabelledDataset,
    LatticeNetwork as LatticeNetwork,
    Lookup as Lookup,
    LookupNetwork as LookupNetwork,
    MovableSource as MovableSource,
    PhotoExtentNetwork as PhotoExtentNetwork,
    brings as brings,
    depends as depends,
    ends as ends,
    expects as expects,
    films as films,
    moves as moves,
    offers as offers,
    patches as patches,
    teaches as teaches,
    writes as writes,
)
from .curve import Curve as Curve
from .errors import ArtengineError as ArtengineError, InputError as InputError, OutputError as OutputError
from .hookspecs import hookimpl as hookimpl
from .kinds import (
    Activation as Activation,
    ColourRange as ColourRange,
    Dataset as Dataset,
    Each as Each,
    Filter as Filter,
    Frame as Frame,
    LoadedScene as LoadedScene,
    Loss as Loss,
    Network as Network,
    Output as Output,
    Ports as Ports,
    ScenePart as ScenePart,
    Source as Source,
    StillPicture as StillPicture,
    Target as Target,
    named as named,
    shown as shown,
)
from .making import run as run
from .media import Labels as Labels, Learnt as Learnt, Photo as Photo, PhotoFolder as PhotoFolder, Sound as Sound
from .painting import Picture as Picture, build as build
from .scene import Scene as Scene, load as load
from .sessions import Progress as Progress, Result as Result, Session as Session, Trainer as Trainer
from .training import train as train
from .view import View as View
