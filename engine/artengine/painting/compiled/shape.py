"""The shape of a network: all that its machine code depends on, and the numbers that the code reads apart from it.

Networks of one shape share their code, whatever their weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from artengine.painting.compiled.fusion import FusionGroup, Kind
from artengine.painting.compiled.ir_builder import Tile
from artengine.painting.operations import Call, matrix_of

Array = np.ndarray[Any, Any]

MIN_ROUNDED_UNITS = 16  # on both sides of a product, from which on a draft rounds its factors


@dataclass(frozen=True, slots=True)
class Row:
    """In the arguments of an operation: a row of numbers that the code reads, one a unit; index: among its group's."""

    index: int
    units: int


@dataclass(frozen=True, slots=True)
class Operation:
    """A call without its numbers: args hold a `Ref` for each value, a `Row` for each row, and single numbers."""

    op: Any
    args: tuple[Any, ...]
    result: int


@dataclass(frozen=True, slots=True)
class ProductShape:
    """Of a matrix with so many rows; biased: a bias is added; rounded: both factors are rounded to bfloat16."""

    rows: int
    biased: bool
    rounded: bool


@dataclass(frozen=True, slots=True)
class GroupShape:
    """A `FusionGroup` without its numbers; product: of a product."""

    kind: Kind
    units: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operations: tuple[Operation, ...]
    product: ProductShape | None


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """Fusion groups without their numbers; equal where their code is.

    output: the number of the value that is the colours. inputs: of a point. draft: products may be rounded.
    """

    groups: tuple[GroupShape, ...] = field(compare=False)
    output: int
    inputs: int
    tile: Tile
    draft: bool
    spelling: str  # of the groups: two numbers may be equal and no substitutes, as 0 and -0 are


def shape_of(groups: list[FusionGroup], output: int, inputs: int, tile: Tile, *, draft: bool) -> NetworkShape:
    """The shape of fusion groups."""
    shapes = tuple(_group_shape(group, draft=draft) for group in groups)
    return NetworkShape(shapes, output, inputs, tile, draft, repr(shapes))


def constants_of(groups: list[FusionGroup], shape: NetworkShape) -> Iterator[Array]:
    """The numbers of fusion groups, in the order in which the code of their shape reads them."""
    for group, own in zip(groups, shape.groups, strict=True):
        parts = _rows(group).values() if own.product is None else _strips(group.calls[0], own.product, shape.tile.units)
        for part in parts:
            yield part.detach().to(shape.tile.real.dtype).reshape(-1).numpy()


def _group_shape(group: FusionGroup, *, draft: bool) -> GroupShape:
    product: ProductShape | None = None
    operations: tuple[Operation, ...] = ()
    if group.kind == "product":
        matrix, bias = _factors(group.calls[0])
        rounded = draft and min(matrix.shape) >= MIN_ROUNDED_UNITS
        product = ProductShape(len(matrix), bias is not None, rounded)
    elif group.kind in ("pointwise", "concatenation"):  # of the others, the kind says all
        rows = {key: Row(index, part.numel()) for index, (key, part) in enumerate(_rows(group).items())}
        operations = tuple(_operation(call, rows) for call in group.calls)
    return GroupShape(group.kind, group.units, tuple(group.inputs), tuple(group.outputs), operations, product)


def _operation(call: Call, rows: dict[int, Row]) -> Operation:
    def without_numbers(part: Any) -> Any:
        if isinstance(part, (list, tuple)):
            return tuple(map(without_numbers, part))
        if isinstance(part, Tensor):
            return rows[id(part)] if id(part) in rows else float(part)
        return part

    return Operation(call.op, without_numbers(call.args), call.results[0])


def _rows(group: FusionGroup) -> dict[int, Tensor]:
    """The rows of numbers in a group, (units,) or (1, units), by the identity of what holds them."""
    if group.kind == "pointwise":
        parts = [part for call in group.calls for part in call.args if isinstance(part, Tensor)]
        return {id(part): part for part in parts if part.numel() > 1}
    if group.kind == "concatenation":  # where all rows of a part are the same
        return {id(part): part[0] for part in group.calls[0].args[0] if isinstance(part, Tensor)}
    return {}


def _strips(call: Call, product: ProductShape, width: int) -> Iterator[Tensor]:
    """A matrix in strips of so many columns, row by row, each after its part of the bias."""
    matrix, bias = _factors(call)
    if product.rounded:
        matrix = _in_bfloat16(matrix)
    for first in range(0, matrix.shape[1], width):
        strip = slice(first, first + width)
        if bias is not None:
            yield bias[strip]
        yield matrix[:, strip]


def _factors(call: Call) -> tuple[Tensor, Tensor | None]:
    factors = matrix_of(call)
    assert factors is not None  # noqa: S101 - that is what makes it a product
    return factors


def _in_bfloat16(matrix: Tensor) -> Tensor:
    """A matrix (K, N) in bfloat16, two rows together in one of float32: (K / 2, N)."""
    even = torch.cat([matrix, matrix.new_zeros(len(matrix) % 2, matrix.shape[1])]).bfloat16()
    pairs = even.reshape(-1, 2, matrix.shape[1]).transpose(1, 2).contiguous()
    return pairs.view(torch.float32)[:, :, 0]
