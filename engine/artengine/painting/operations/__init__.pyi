from .simplify import matrix_of as matrix_of, simplify as simplify
from .tracing import (
    Call as Call,
    NotTraceableError as NotTraceableError,
    Ref as Ref,
    Trace as Trace,
    map_leaves as map_leaves,
    same_numbers as same_numbers,
    trace_network as trace_network,
)
