"""How far colours are from a target: scalars, zero where they agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

if TYPE_CHECKING:
    from torch import Tensor


def mse(prediction: Tensor, target: Tensor, /) -> Tensor:
    """The mean of the squared differences; what PSNR is made of."""
    return (prediction - target).square().mean()


def l1(prediction: Tensor, target: Tensor, /) -> Tensor:
    """The mean of the absolute differences; cares less for the few that are far off."""
    return (prediction - target).abs().mean()


def huber(prediction: Tensor, target: Tensor, /, *, delta: Annotated[float, Field(gt=0)] = 0.1) -> Tensor:
    """Squared for differences below delta, absolute beyond it, smooth where they meet.

    Half the square, or delta (|d| - delta / 2), averaged.
    Source: Huber 1964, "Robust estimation of a location parameter".
    """
    from torch.nn import functional

    return functional.huber_loss(prediction, target, delta=delta)
