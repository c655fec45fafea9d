from . import antialiasing as antialiasing
from .bands import Image as Image, Part as Part, Stretch as Stretch
from .lineage import on_the_way as on_the_way
from .picture import Picture as Picture, build as build, device_named as device_named
