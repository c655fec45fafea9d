from .expression import (
    SEED_LIMIT as SEED_LIMIT,
    Cross as Cross,
    Mutation as Mutation,
    PlainSeed as PlainSeed,
    Seed as Seed,
    Walk as Walk,
    all_numbers as all_numbers,
    describe_seed as describe_seed,
    first_number as first_number,
    seed_to_plain as seed_to_plain,
)
from .parsing import parse_seed as parse_seed
