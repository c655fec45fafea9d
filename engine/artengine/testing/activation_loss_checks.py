"""The checks of what works on tensors alone: activations and losses."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor

from artengine.components import ConfiguredComponent, with_article
from artengine.testing.checks import Bench, Checks, expect

VALUES_PER_PIXEL = 24  # on the last axis: a few values away from a corner of an activation and a few on it


def _samples(dtype: torch.dtype = torch.float32) -> Tensor:
    """(40, 24) values from -12 to 12, in random order, zero and minus zero among them."""
    steps = torch.linspace(-12, 12, 40 * VALUES_PER_PIXEL - 3, dtype=dtype)
    more = torch.tensor([0.0, -0.0, 1.0], dtype=dtype)
    mixed = torch.cat((steps, more))[torch.randperm(40 * VALUES_PER_PIXEL, generator=torch.Generator().manual_seed(0))]
    return mixed.reshape(40, VALUES_PER_PIXEL)


def _keeps_shape(bound: ConfiguredComponent, bench: Bench) -> None:
    for shape, dtype in itertools.product(
        [(40, VALUES_PER_PIXEL), (960, 1), (4, 10, VALUES_PER_PIXEL)], (torch.float32, torch.float64)
    ):
        x = _samples(dtype).reshape(shape)
        y = bound.make()(x)
        expect(isinstance(y, Tensor), f"gave {with_article(type(y).__name__)}, expected a tensor")
        expect(y.shape == x.shape, f"gave shape {tuple(y.shape)} for {shape}, expected the same")
        expect(y.dtype == dtype, f"gave {y.dtype} for {dtype}, expected the same")


def _is_finite(bound: ConfiguredComponent, bench: Bench) -> None:
    x = _samples()
    y = bound.make()(x)
    bad = ~torch.isfinite(y)
    where = f" at x = {float(x[bad][0]) + 0.0:g}" if bad.any() and bad.shape == x.shape else ""
    expect(not bad.any(), f"gave {float(y[bad][0]) if bad.any() else 0}{where}, expected finite numbers")


def _never_mixes_pixels(bound: ConfiguredComponent, bench: Bench) -> None:
    activation = bound.make()
    x = _samples()
    alone = torch.cat([activation(row.unsqueeze(0)) for row in x.clone()])
    together = activation(x.clone())
    same = alone.shape == together.shape and torch.allclose(alone, together, rtol=1e-4, atol=1e-5, equal_nan=True)
    expect(same, "a pixel alone comes out differently than among others; use the last axis only")


def _leaves_its_input(bound: ConfiguredComponent, bench: Bench) -> None:
    x = _samples()
    bound.make()(x)
    expect(torch.equal(x, _samples()), "it changed its input in place")


def _has_a_gradient(bound: ConfiguredComponent, bench: Bench) -> None:
    x = (_samples() + 0.01).requires_grad_()  # beside the corners
    y = bound.make()(x.clone())
    expect(y.requires_grad, "no gradient flows through it, so no network with it can learn; use torch's functions")
    (gradient,) = torch.autograd.grad(y.sum(), x)
    expect(bool(torch.isfinite(gradient).all()), "its gradient is not finite everywhere")


def _measures(bound: ConfiguredComponent, bench: Bench) -> None:
    loss = bound.make()
    shape = (2, 24, 24, 3) if bound.component.patches else (50, 3)
    here = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    there = (1 - here).requires_grad_()
    same, apart = loss(here, here), loss(there, here)
    expect(same.ndim == 0 and apart.ndim == 0, f"gave shape {tuple(apart.shape)}, expected a scalar")
    expect(abs(same.item()) < 1e-6, f"gave {same.item():g} for equal colours, expected 0")
    for name, other in _others(shape, there).items():
        expect(loss(other, here).item() >= 0, f"gave {loss(other, here).item():g} for {name}, expected 0 or more")
    expect(apart.item() > 0, f"gave {apart.item():g} for different colours, expected more than 0")
    expect(apart.requires_grad, "no gradient flows through it, so nothing can learn with it; use torch's functions")
    (gradient,) = torch.autograd.grad(apart, there)
    expect(bool(torch.isfinite(gradient).all()) and bool(gradient.any()), "has no useful gradient")


def _others(shape: tuple[int, ...], away: Tensor) -> dict[str, Tensor]:
    """Predictions that differ from a target in one way each: a loss that falls below zero there is drawn to them."""
    return {
        "a darker prediction": torch.zeros(shape),
        "a brighter prediction": torch.ones(shape),
        "colours beyond white and black": 3 * away.detach() - 1,
        "grey": torch.full(shape, 0.5),
    }


ACTIVATION_CHECKS: Checks = {
    "keeps shape and precision": _keeps_shape,
    "is finite, at 0 too": _is_finite,
    "never mixes pixels": _never_mixes_pixels,
    "leaves its input as it was": _leaves_its_input,
    "has a gradient": _has_a_gradient,
}

LOSS_CHECKS: Checks = {"measures": _measures}
