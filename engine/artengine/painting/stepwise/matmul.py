"""Products with a matrix that stays the same, as fast as torch can: the one place for its private operators."""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor

Product = Callable[[Tensor], Tensor]


@functools.cache
def available() -> bool:
    """Whether oneDNN's product with a packed matrix is there."""
    try:
        product(torch.eye(2), None, 2)(torch.eye(2))
    except (AttributeError, RuntimeError):  # it has no such operator, or another torch calls it otherwise
        return False
    return True


def product(matrix: Tensor, bias: Tensor | None, points: int) -> Product:
    """(points, K) to (points, N): x `matrix` + `bias`, for a matrix (K, N), and a bias (N,) if there is one.

    matrix: float32, and so is x; packed here, once, for slices of so many points.
    """
    apply = torch.ops.mkldnn._linear_pointwise
    packed = torch.ops.mkldnn._reorder_linear_weight(matrix.t().contiguous(), points)
    return lambda x: apply(x, packed, bias, "none", [], "")


def plain(matrix: Tensor, bias: Tensor | None) -> Product:
    """The same by torch's public product, on any device and in any precision.

    The columns are filled up to a multiple of four: with fewer, the bits of a row depend on its place.
    """
    width = matrix.shape[1]
    extra = -width % 4
    matrix = torch.nn.functional.pad(matrix, (0, extra)).contiguous()
    if bias is None:
        return lambda x: torch.mm(x, matrix)[:, :width].contiguous()
    bias = torch.nn.functional.pad(bias, (0, extra))
    return lambda x: torch.addmm(bias, x, matrix)[:, :width].contiguous()
