"""The neural painter and every nonlinearity once more, in plain numpy: what the plugin is compared with.

Written from the description of the original and sharing nothing with the plugin: no torch, no classes, one pixel axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Array = np.ndarray[Any, Any]

PUBLISHED = [
    "sort",
    "square",
    "log_abs",
    "sigmoid",
    "cos",
    "xlogx_square",
    "hard_sigmoid",
    "sgn",
    "identity",
    "abs_tanh",
    "logsoftmax",
    "xlogx_relu_p1",
    "xlogx_abs_p1",
    "log_square",
    "tanh",
    "log_abs_p1",
    "relu",
    "xlogx_relu",
    "softplus",
    "abs",
    "softmax",
    "log_relu",
    "sin",
    "xlogx_abs",
]
ALL = [
    *PUBLISHED,
    "npainter_log10_abs",
    "npainter_tanh_abs",
    "npainter_log_abs",
    "npainter_square",
    "npainter_sign",
    "npainter_x_log10_square",
    "npainter_sign_log",
    "npainter_log_abs_p1",
    "npainter_coth_log10",
    "npainter_sign_log10",
    "gaussian",
    "triangle",
    "sinc",
    "mod",
]
EPS = 1e-8


def xlogx(v: Array) -> Array:
    return np.where(v == 0, 0, v * np.log(np.where(v == 0, 1, v)))


def log_sum_exp(x: Array) -> Array:
    top = x.max(axis=-1, keepdims=True)
    total: Array = top + np.log(np.exp(x - top).sum(axis=-1, keepdims=True))
    return total


def stroke(x: Array) -> Array:
    """npainter's x |1 / x|, which is 0 / 0 at 0."""
    return np.where(x == 0, 0, x * np.abs(1 / np.where(x == 0, 1, x)))


def coth_log10(x: Array) -> Array:
    there = np.where(x == 0, 1, x)
    return np.where(x == 0, 0, there * np.abs(1 / np.tanh(there)) * np.log10(np.abs(there) + 0.85))


NONLINEARITIES: dict[str, Callable[..., Array]] = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "abs_tanh": lambda x: np.abs(np.tanh(x)),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    "sin": np.sin,
    "cos": np.cos,
    "sgn": np.sign,
    "sort": lambda x: np.sort(x, axis=-1),
    "abs": np.abs,
    "log_abs": lambda x: np.log(np.abs(x) + EPS),
    "log_abs_p1": lambda x: np.log(np.abs(x) + 1),
    "log_relu": lambda x: np.log(np.maximum(x, 0) + EPS),
    "log_square": lambda x: np.log(x**2 + EPS),
    "xlogx_abs": lambda x: xlogx(np.abs(x) + EPS),
    "xlogx_abs_p1": lambda x: xlogx(np.abs(x) + 1),
    "xlogx_relu": lambda x: xlogx(np.maximum(x, 0) + EPS),
    "xlogx_relu_p1": lambda x: xlogx(np.maximum(x, 0) + 1),
    "xlogx_square": lambda x: xlogx(x**2 + EPS),
    "softmax": lambda x: np.exp(x - log_sum_exp(x)),
    "logsoftmax": lambda x: x - log_sum_exp(x),
    "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "identity": lambda x: x,
    "square": lambda x: x**2,
    "npainter_log10_abs": lambda x, strength=1e-3: np.log10(np.abs(x) + strength),
    "npainter_tanh_abs": lambda x: np.tanh(np.abs(x)),
    "npainter_log_abs": lambda x: np.log(np.abs(x) + 0.1),
    "npainter_square": lambda x: np.abs(x * x),
    "npainter_sign": stroke,
    "npainter_x_log10_square": lambda x, strength=1e-3: x * np.log10(np.abs(x * x) + strength),
    "npainter_sign_log": lambda x: stroke(x) * np.log(np.abs(x) + 0.9),
    "npainter_log_abs_p1": lambda x: np.log(np.abs(x) + 1),
    "npainter_coth_log10": coth_log10,
    "npainter_sign_log10": lambda x: stroke(x) * np.log10(np.abs(x) + 0.1),
    "gaussian": lambda x: np.exp(-(x**2)),
    "triangle": lambda x: 2 / np.pi * np.arcsin(np.sin(x)),
    "sinc": lambda x: np.where(x == 0, 1, np.sin(x) / np.where(x == 0, 1, x)),
    "mod": lambda x, period=1.0: x - period * np.floor(x / period),
}


def paint(
    features: Array,
    seed: int,
    *,
    hidden_size: int = 100,
    nr_hidden: int = 4,
    nonlin: str | Sequence[str] = "random_every_time",
    pool: str | Sequence[str] = "published",
    output_nonlin: str = "identity",
    nr_channel: int = 3,
    coord_bias: bool = True,
    use_bias: bool = False,
    recurrent: bool = False,
    batch_norm: bool = False,
    batch_norm_position: str = "before_nonlin",
    mean: float = 0.0,
    std: float = 1.0,
) -> tuple[Array, list[str]]:
    """Colours (N, channels), red first, of features (N, inputs), and the names of the nonlinear layers."""
    stream = np.random.RandomState(seed)
    names = {"published": PUBLISHED, "all": ALL}[pool] if isinstance(pool, str) else list(pool)
    once = str(stream.choice(names)) if nonlin == "random_once" else ""
    x = np.asarray(features, np.float64)
    if coord_bias:
        x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    weight, bias, used = np.zeros((0, 0)), np.zeros(0), []
    for layer in range(nr_hidden + 1):
        if not (recurrent and layer > 1):
            weight = mean + std * stream.randn(x.shape[1], hidden_size)
            bias = mean + std * stream.randn(hidden_size) if use_bias else np.zeros(hidden_size)
        if nonlin == "random_every_time":
            name = str(stream.choice(names))
        else:
            name = once or nonlin[layer if len(nonlin) > 1 else 0]
        used.append(name)
        x = x @ weight + bias
        for stage in ("before_nonlin", "nonlin", "after_nonlin"):
            if stage == "nonlin":
                x = NONLINEARITIES[name](x)
            elif batch_norm and stage == batch_norm_position:
                with np.errstate(invalid="ignore", divide="ignore"):
                    x = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    weight = mean + std * stream.randn(x.shape[1], nr_channel)
    bias = mean + std * stream.randn(nr_channel) if use_bias else np.zeros(nr_channel)
    return NONLINEARITIES[output_nonlin](x @ weight + bias)[:, ::-1], used
