from .arcs import Curves as Curves, curves_in_view as curves_in_view, to_plane as to_plane
from .arrangement import SIDES as SIDES, Arrangement as Arrangement, arrange as arrange
from .contours import (
    MAX_FLAT_RISE as MAX_FLAT_RISE,
    Paths as Paths,
    keep_segments as keep_segments,
    select_paths as select_paths,
    trace_boundaries as trace_boundaries,
)
from .groups import group_members as group_members
from .ordering import order_paths as order_paths
from .pieces import absorb_small_pieces as absorb_small_pieces
