from . import reading as reading
from .expression import (
    LIMIT as LIMIT,
    Cross as Cross,
    Mutation as Mutation,
    Number as Number,
    Seed as Seed,
    Walk as Walk,
    as_plain as as_plain,
    first as first,
    leaves as leaves,
)
