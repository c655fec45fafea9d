"""The nonlinearities by name. The order of the pools is part of every picture drawn from them: they are frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artengine_nonlinearities import neural_painter_pool, npainter, waves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from artengine import Activation

#: The pool of the published pictures. A painter draws a place in this row, so a seed gives its published picture only
#: in this order: the accidental one of the Python 2 dictionary that the originals were drawn from.
PUBLISHED: Mapping[str, Activation] = {
    "sort": neural_painter_pool.sort,
    "square": neural_painter_pool.square,
    "log_abs": neural_painter_pool.log_abs,
    "sigmoid": neural_painter_pool.sigmoid,
    "cos": neural_painter_pool.cos,
    "xlogx_square": neural_painter_pool.xlogx_square,
    "hard_sigmoid": neural_painter_pool.hard_sigmoid,
    "sgn": neural_painter_pool.sgn,
    "identity": neural_painter_pool.identity,
    "abs_tanh": neural_painter_pool.abs_tanh,
    "logsoftmax": neural_painter_pool.logsoftmax,
    "xlogx_relu_p1": neural_painter_pool.xlogx_relu_p1,
    "xlogx_abs_p1": neural_painter_pool.xlogx_abs_p1,
    "log_square": neural_painter_pool.log_square,
    "tanh": neural_painter_pool.tanh,
    "log_abs_p1": neural_painter_pool.log_abs_p1,
    "relu": neural_painter_pool.relu,
    "xlogx_relu": neural_painter_pool.xlogx_relu,
    "softplus": neural_painter_pool.softplus,
    "abs": neural_painter_pool.absolute,
    "softmax": neural_painter_pool.softmax,
    "log_relu": neural_painter_pool.log_relu,
    "sin": neural_painter_pool.sin,
    "xlogx_abs": neural_painter_pool.xlogx_abs,
}

#: The published ones in their order, then ours. New ones would change every picture of this pool: it stays as it is.
ALL: Mapping[str, Activation] = {
    **PUBLISHED,
    "npainter_log10_abs": npainter.npainter_log10_abs,
    "npainter_tanh_abs": npainter.npainter_tanh_abs,
    "npainter_log_abs": npainter.npainter_log_abs,
    "npainter_square": npainter.npainter_square,
    "npainter_sign": npainter.npainter_sign,
    "npainter_x_log10_square": npainter.npainter_x_log10_square,
    "npainter_sign_log": npainter.npainter_sign_log,
    "npainter_log_abs_p1": npainter.npainter_log_abs_p1,
    "npainter_coth_log10": npainter.npainter_coth_log10,
    "npainter_sign_log10": npainter.npainter_sign_log10,
    "gaussian": waves.gaussian,
    "triangle": waves.triangle,
    "sinc": waves.sinc,
    "mod": waves.mod,
}

#: What has come since: offered to every network, and drawn by no painter.
LATER: Mapping[str, Activation] = {
    "gabor": waves.gabor,
    "finer": waves.finer,
}
