"""How far colours are from a target, pixel by pixel or with their neighbours: scalars, zero where they agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from artengine import patches

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


@patches
def ssim(prediction: Tensor, target: Tensor, /) -> Tensor:
    """1 - the SSIM index: whether light, contrast and pattern agree in small windows.

    Of patches (N, H, W, C), from 0 to 2, channel by channel. Windows are Gaussian, 11 x 11 pixels, deviation 1.5, and
    lie within the patch; K1 = 0.01, K2 = 0.03, colours from 0 to 1. Along a side that is shorter the window has the
    largest odd number of pixels that fits. Only light is compared in windows of 1 x 1, and where the mean of a window
    is negative in one of the two, as no picture's is: there the index would call a picture and its minus alike.
    Source: Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity".
    """
    from artengine_basics import structural_losses

    return structural_losses.ssim(prediction, target)


@patches
def ms_ssim(prediction: Tensor, target: Tensor, /) -> Tensor:
    """1 - the SSIM index of several scales: fine grain and broad shapes together.

    Of patches (N, H, W, C), from 0 to 1, patch by patch and channel by channel. Each scale averages 2 x 2 pixels of the
    one before; light counts on the last one alone. There are as many of the paper's five as leave the shorter side 11
    pixels: one below 22, two from 22, then from 44 and 88, all five from 176; their weights are brought to a sum of 1.
    The paper's powers are NaN where a mean index is negative, and infinitely steep at 0; below 0.1 the logarithm
    of the mean goes on as its tangent, so that a picture unlike the target, or the very negative of it, can learn.
    Source: Wang, Simoncelli and Bovik 2003, "Multiscale structural similarity for image quality assessment".
    """
    from artengine_basics import structural_losses

    return structural_losses.ms_ssim(prediction, target)


@patches
def edges(prediction: Tensor, target: Tensor, /) -> Tensor:
    """The mean absolute difference of the steps between neighbouring pixels; sharpens what another loss colours.

    Of patches (N, H, W, C), along rows and columns. It does not see a colour that is off by as much everywhere; a patch
    of 1 x 1 has no steps, which makes 0.
    """
    from artengine_basics import structural_losses

    return structural_losses.edges(prediction, target)
