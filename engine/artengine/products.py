"""Products with a matrix that stays the same, as fast as torch can: the one place for its private operators."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Product = Callable[[Tensor], Tensor]

#: Activations that the operator applies to the product while it is at hand.
FUSED = {"relu", "sigmoid", "tanh"}


def available(dtype: torch.dtype) -> bool:
    """Whether oneDNN's product with a packed matrix is there, for this processor and precision."""
    available: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]  # torch's own
    if not available or dtype not in (torch.float32, torch.bfloat16):
        return False
    try:
        if dtype == torch.bfloat16 and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
            return False
        product(torch.eye(2, dtype=dtype), None, 2)(torch.eye(2, dtype=dtype))
    except (AttributeError, RuntimeError):  # another torch, that has no such operator or calls it otherwise
        return False
    return True


def means() -> dict[str, str]:
    """What decides the last bits of a product besides its numbers: the library, and the processor's instructions."""
    library = "oneDNN" if available(torch.float32) else "torch"
    return {"products": library, "instructions": torch.backends.cpu.get_cpu_capability()}


def product(matrix: Tensor, bias: Tensor | None, points: int, activation: str = "none") -> Product:
    """(points, K) to (points, N): x `matrix` + `bias`, for a matrix (K, N), and a bias (N,) if there is one.

    matrix: float32 or bfloat16, and so is x; packed here, once, for slices of so many points.
    """
    apply = torch.ops.mkldnn._linear_pointwise
    packed = torch.ops.mkldnn._reorder_linear_weight(matrix.t().contiguous(), points)
    bias = None if bias is None else bias.to(matrix.dtype)
    return lambda x: apply(x, packed, bias, activation, [], "")


def plain(matrix: Tensor, bias: Tensor | None) -> Product:
    """The same by torch's public product, on any device and in any precision."""
    matrix = matrix.contiguous()
    if bias is None:
        return lambda x: torch.mm(x, matrix)
    return lambda x: torch.addmm(bias, x, matrix)
