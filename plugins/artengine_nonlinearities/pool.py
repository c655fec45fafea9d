"""The nonlinearities by name. The order of the pools is part of every picture drawn from them: they are frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artengine_nonlinearities import npainter, published, waves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from artengine.kinds import Activation

#: The pool of the published pictures. A painter draws a place in this row, so a seed gives its published picture only
#: in this order: the accidental one of the Python 2 dictionary that the originals were drawn from.
PUBLISHED: Mapping[str, Activation] = {
    "sort": published.sort,
    "square": published.square,
    "log_abs": published.log_abs,
    "sigmoid": published.sigmoid,
    "cos": published.cos,
    "xlogx_square": published.xlogx_square,
    "hard_sigmoid": published.hard_sigmoid,
    "sgn": published.sgn,
    "identity": published.identity,
    "abs_tanh": published.abs_tanh,
    "logsoftmax": published.logsoftmax,
    "xlogx_relu_p1": published.xlogx_relu_p1,
    "xlogx_abs_p1": published.xlogx_abs_p1,
    "log_square": published.log_square,
    "tanh": published.tanh,
    "log_abs_p1": published.log_abs_p1,
    "relu": published.relu,
    "xlogx_relu": published.xlogx_relu,
    "softplus": published.softplus,
    "abs": published.absolute,
    "softmax": published.softmax,
    "log_relu": published.log_relu,
    "sin": published.sin,
    "xlogx_abs": published.xlogx_abs,
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
