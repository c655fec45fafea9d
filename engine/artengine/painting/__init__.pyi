from . import antialiasing as antialiasing
from .bands import Image as Image, Part as Part, Stretch as Stretch
from .devices import device_named as device_named
from .lineage import walk_position as walk_position
from .picture import Picture as Picture, build as build
from .plan import paint_alike as paint_alike
