"""The published nonlinearities as somebody would write them in torch who wants them fast: in place."""

from __future__ import annotations

from collections.abc import Callable

import torch
from tests.benchmarks.work import EPS
from torch import Tensor


def _xlogx(v: Tensor) -> Tensor:
    return v.mul_(v.log())


BENDS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda x: x,
    "abs": lambda x: x.abs_(),
    "relu": lambda x: x.relu_(),
    "square": lambda x: x.square_(),
    "sgn": lambda x: x.sign_(),
    "sin": lambda x: x.sin_(),
    "cos": lambda x: x.cos_(),
    "tanh": lambda x: x.tanh_(),
    "abs_tanh": lambda x: x.tanh_().abs_(),
    "sigmoid": lambda x: x.sigmoid_(),
    "hard_sigmoid": lambda x: x.mul_(0.2).add_(0.5).clamp_(0, 1),
    "softplus": lambda x: torch.nn.functional.softplus(x),
    "log_abs": lambda x: x.abs_().add_(EPS).log_(),
    "log_abs_p1": lambda x: x.abs_().log1p_(),
    "log_relu": lambda x: x.relu_().add_(EPS).log_(),
    "log_square": lambda x: x.square_().add_(EPS).log_(),
    "xlogx_abs": lambda x: _xlogx(x.abs_().add_(EPS)),
    "xlogx_abs_p1": lambda x: _xlogx(x.abs_().add_(1)),
    "xlogx_relu": lambda x: _xlogx(x.relu_().add_(EPS)),
    "xlogx_relu_p1": lambda x: _xlogx(x.relu_().add_(1)),
    "xlogx_square": lambda x: _xlogx(x.square_().add_(EPS)),
    "sort": lambda x: x.sort(dim=-1).values,
    "softmax": lambda x: x.softmax(dim=-1),
    "logsoftmax": lambda x: x.log_softmax(dim=-1),
}
