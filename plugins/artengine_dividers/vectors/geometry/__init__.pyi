from .arcs import Curves as Curves, on_the_plane as on_the_plane, seen as seen
from .arrangement import SIDES as SIDES, Arrangement as Arrangement, arranged as arranged
from .contours import FLAT as FLAT, Chains as Chains, cut as cut, edged as edged
from .groups import ragged as ragged
