from .compiler import CompiledNetwork as CompiledNetwork, compile_trace as compile_trace
from .errors import NotCompilableError as NotCompilableError
