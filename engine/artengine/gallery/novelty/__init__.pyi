from .look import (
    PREVIEW_SIDE as PREVIEW_SIDE,
    Look as Look,
    look_at as look_at,
    look_from_plain as look_from_plain,
    look_to_plain as look_to_plain,
)
from .selection import choose_varied as choose_varied
