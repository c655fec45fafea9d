"""Weights in fewer bits: rounded in place to what a small file can hold, and the parts that such a file holds.

In 16 bits, a weight is a float16. In 8, it is one of 256 levels, evenly spaced from the least weight of its row to the
greatest, zero among them: ``scale * (level - offset)``. A scale has 8 significant bits and a level less its offset 8
more, so the product is exact in float32: what is rounded is what is read back, whoever computes it, and in whatever
order. What would suffer keeps more bits: vectors and short rows are float16, and what does not fit stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

import torch
from torch import Tensor, nn

BITS = (8, 16)
#: The parts of a file that hold all rows' scales and offsets, tensor by tensor in the order of their names; no module
#: and no parameter has an empty name, so nothing in a network is called so.
SCALES, OFFSETS = "..scales", "..offsets"

SHORT = 8  # values in a row: shorter ones are not worth a scale of their own
# Values in a tensor of short rows or of one axis from which on it has one scale for all of them; smaller ones are
# biases, or read coordinates, where 256 bytes saved cost the portrait of gallery/cape a whole decibel.
MANY = 4096
TOP = 255
# A float16 rounds as finely as it can from the first on, and ends with the second; of the greatest value of a tensor.
HALF_LEAST, HALF_MOST = 2.0**-13, 65504.0
# Scales: below, bfloat16 is no longer exact and processors may take it for zero; above, 255 steps are no float32.
SCALE_LEAST, SCALE_MOST = 2.0**-126, 2.0**119
_BELOW = (1 << 45) - 1  # the bits of a float64 below the 8 significant ones of a bfloat16


def round_weights(network: nn.Module | Mapping[str, Tensor], bits: int) -> None:
    """Round a network's floating-point weights in place to what a file of so many bits (8 or 16) can hold.

    network: a module, or the tensors of its state. Rounding again changes nothing. Tensors that hold values that are
    no numbers, whose values are too large or too small, that are neither float32 nor float64, or whose memory another
    shape uses too, are left as they are.
    Raises `ValueError` for other bits.
    """
    tensors = network.state_dict() if isinstance(network, nn.Module) else network
    with torch.no_grad():
        for name, parts in _parts(tensors, bits):
            if parts:
                tensors[name].copy_(_whole(parts, tensors[name]))


def packed(tensors: Mapping[str, Tensor], bits: int) -> dict[str, Tensor]:
    """What a file of so many bits holds for these tensors, by name; the rows' scales and offsets among it.

    Raises `ValueError` where `unpacked` would not give a tensor back to the bit, for it has not been rounded.
    """
    held: dict[str, Tensor] = {}
    scales, offsets = [], []
    for name, parts in sorted(_parts(tensors, bits)):
        held[name] = parts[0] if parts else tensors[name]
        if parts and not _same(_whole(parts, tensors[name]), tensors[name]):
            raise ValueError(f"{name} is not rounded to {bits} bits; round_weights does that")
        if len(parts) > 1:
            scales.append(parts[1])
            offsets.append(parts[2])
    return held | ({SCALES: torch.cat(scales), OFFSETS: torch.cat(offsets)} if scales else {})


def dtypes(tensor: Tensor, bits: int | None) -> tuple[torch.dtype, ...]:
    """The types that a tensor of a network may have in a file of so many bits; None for a file of all bits."""
    if bits is None or tensor.dtype not in (torch.float32, torch.float64):
        return (tensor.dtype,)
    levels = (torch.uint8,) if bits == 8 and rows(tensor.shape) else ()
    return (tensor.dtype, torch.float16, *levels)


def rows(shape: torch.Size) -> int:
    """How many scales a tensor of a shape has in 8 bits: one per row, one for all of it, or none, for it is float16."""
    if not shape.numel():
        return 0
    if len(shape) > 1 and shape.numel() >= SHORT * shape[0]:
        return shape[0]
    return int(shape.numel() >= MANY)


def unpacked(held: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that a file holds as `expected` has them, from parts of the types and shapes they have to have.

    Raises `ValueError` where there are scales that none of ours has.
    """
    scales, offsets = held.get(SCALES, torch.empty(0)), held.get(OFFSETS, torch.empty(0))
    if not ((scales == 0) | ((scales >= SCALE_LEAST) & (scales <= SCALE_MOST))).all():
        raise ValueError(f"{SCALES} holds values that are no scales")
    tensors: dict[str, Tensor] = {}
    start = 0
    for name in sorted(expected):
        parts: tuple[Tensor, ...] = (held[name],)
        if held[name].dtype == torch.uint8 != expected[name].dtype:
            end = start + rows(held[name].shape)
            parts = (held[name], scales[start:end], offsets[start:end])
            start = end
        tensors[name] = _whole(parts, expected[name])
    return tensors


def _parts(tensors: Mapping[str, Tensor], bits: int) -> Iterator[tuple[str, tuple[Tensor, ...]]]:
    """What each tensor comes to in so many bits: a float16; levels, scales and offsets; or nothing, as it stays."""
    if bits not in BITS:
        raise ValueError(f"found {bits} bits, expected 8 or 16")
    entangled = set(_entangled(tensors))
    for name, tensor in tensors.items():
        values = tensor.detach().cpu()
        if values.is_floating_point():  # a processor may take denormal numbers for zero
            values = torch.where(values.abs() < SCALE_LEAST, 0.0, values)
        many = rows(tensor.shape) if bits == 8 else 0
        if name in entangled or len(dtypes(tensor, bits)) == 1 or not tensor.numel() or not values.isfinite().all():
            yield name, ()
        elif many:
            yield name, _levels(values, many)
        else:
            most = float(values.abs().max())
            fits = not most or HALF_LEAST <= most <= HALF_MOST
            yield name, (values.half() + 0.0,) if fits else ()  # what is next to nothing comes to 0, never to -0


def _levels(tensor: Tensor, many: int) -> tuple[Tensor, ...]:
    """Levels in the shape of a tensor, and the scales and offsets of its rows; nothing where one is too large."""
    values = tensor.double().reshape(many, -1)
    low, high = values.amin(1).clamp(max=0), values.amax(1).clamp(min=0)
    span = high - low
    scales = _rounded_up(span / TOP)
    # Rounded up by less than one part in 128, a scale has used 253 of its 255 levels at least. A row that is so many
    # steps of a scale has been rounded already: it keeps that one.
    for used in (TOP, TOP - 1, TOP - 2):
        scale = span / used
        steps = values / scale[:, None]
        done = (scale == _rounded_up(scale)) & (steps == steps.round()).all(1)
        scales = torch.where(done, scale, scales)
    if scales.max() > SCALE_MOST:
        return ()
    scales = torch.where(scales < SCALE_LEAST, 0.0, scales)
    divisors = torch.where(scales == 0, torch.inf, scales)
    offsets = (-low / divisors).round()
    levels = ((values / divisors[:, None]).round() + offsets[:, None]).clamp(0, TOP)
    return levels.to(torch.uint8).reshape(tensor.shape), scales.bfloat16(), offsets.to(torch.uint8)


def _rounded_up(values: Tensor) -> Tensor:
    """The next numbers of 8 significant bits, of float64 that are not negative."""
    return ((values.view(torch.int64) + _BELOW) & ~_BELOW).view(torch.float64)


def _whole(parts: tuple[Tensor, ...], like: Tensor) -> Tensor:
    """A tensor of the type of another from its parts, on the processor; every step of it is exact."""
    if len(parts) == 1:
        return parts[0].to(like.dtype)
    levels, scales, offsets = parts
    steps = levels.reshape(len(scales), -1).to(torch.int16) - offsets.to(torch.int16)[:, None]
    return (steps.float() * scales.float()[:, None]).reshape(levels.shape).to(like.dtype)


def _same(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors of one type and shape are the same to the bit."""
    first, second = (tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8) for tensor in (one, other))
    return torch.equal(first, second)


def _entangled(tensors: Mapping[str, Tensor]) -> Iterator[str]:
    """The names of tensors that use memory of each other in different ways, or some of their own twice."""

    def reach(item: tuple[str, Tensor]) -> tuple[int, int]:
        tensor = item[1]
        steps = sum((size - 1) * step for size, step in zip(tensor.shape, tensor.stride(), strict=True))
        return tensor.data_ptr(), tensor.data_ptr() + (steps + 1) * tensor.element_size()

    def memory(item: tuple[str, Tensor]) -> int:
        return item[1].untyped_storage().data_ptr()

    for _, group in groupby(sorted((item for item in tensors.items() if item[1].numel()), key=memory), key=memory):
        cluster: list[tuple[str, Tensor]] = []
        end = 0
        for item in sorted(group, key=reach):
            if cluster and reach(item)[0] >= end:
                yield from _crossed(cluster)
                cluster = []
            cluster.append(item)
            end = max(end, reach(item)[1])
        yield from _crossed(cluster)


def _crossed(cluster: list[tuple[str, Tensor]]) -> Iterator[str]:
    ways = {(tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype) for _, tensor in cluster}
    twice = any(0 in [step for size, step in zip(t.shape, t.stride(), strict=True) if size > 1] for _, t in cluster)
    if len(ways) > 1 or twice:
        yield from (name for name, _ in cluster)
