"""What painting does with a network as a whole: look at its weights, copy it, bring it to another precision."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from artengine.capabilities import ImageNetwork


def weights_of(network: nn.Module) -> list[Tensor]:
    """All tensors that the network's colours depend on, those that are not saved included."""
    return [*network.parameters(), *network.buffers()]


def copied(network: nn.Module) -> nn.Module:
    """A copy; tensors that a training left in it come without their history, which cannot be copied."""
    memo: dict[int, Any] = {}
    for module in network.modules():
        for value in vars(module).values():
            if isinstance(value, Tensor) and not value.is_leaf:
                memo[id(value)] = value.detach()
    try:
        return copy.deepcopy(network, memo)
    except Exception as error:  # a third party's network may hold anything
        raise ValueError(f"cannot be copied, as every thread needs it: {error}") from error


def cast(network: nn.Module, dtype: torch.dtype) -> nn.Module:
    """The network in a precision: itself, or a copy where it has another."""
    floats = [tensor for tensor in weights_of(network) if tensor.is_floating_point()]
    if all(tensor.dtype == dtype for tensor in floats):
        return network

    def to(tensor: Tensor) -> Tensor:
        if tensor.is_complex():
            return tensor.to(dtype.to_complex())
        return tensor.to(dtype) if tensor.is_floating_point() else tensor

    converted: nn.Module = copied(network)._apply(to)  # type: ignore[no-untyped-call]  # torch's own
    return converted


def asked(network: nn.Module, coordinates: Tensor) -> Tensor:
    """What a network gives for coordinates, (H, W, D): a colour for each, or an image."""
    dtype = next((weight.dtype for weight in network.parameters()), torch.float32)
    with torch.inference_mode():
        inputs = coordinates.to(dtype).flatten(0, 1)
        given: Tensor = network.images(inputs) if isinstance(network, ImageNetwork) else network(inputs)
    return given


def channels_of(network: nn.Module, coordinates: Tensor) -> int:
    """How many channels a network gives, asked with coordinates of a single pixel, (1, 1, D).

    Raises `ValueError` where it gives something else than a colour, or an image.
    """
    shape = tuple(asked(network, coordinates).shape)
    if isinstance(network, ImageNetwork):
        fits = len(shape) == 4 and 0 not in shape
        words = "images", "latent, expected (1, 3, height, width), or (1, 1, height, width)"
    else:
        fits, words = len(shape) == 2, ("colours", "pixel, expected (1, 3), or (1, 1)")
    if not fits or shape[0] != 1 or shape[1] not in (1, 3):
        raise ValueError(f"gave {words[0]} of shape {shape} for one {words[1]} for grey")
    return shape[1]
