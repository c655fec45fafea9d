from . import matmul as matmul
from .lowering import lowered as lowered
