from .simplify import matrix_of as matrix_of, simplified as simplified
from .tracing import Call as Call, Ref as Ref, Trace as Trace, trace as trace
