from . import matmul as matmul
from .lowering import lower as lower
