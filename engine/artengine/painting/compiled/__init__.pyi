from .fused import Fused as Fused
