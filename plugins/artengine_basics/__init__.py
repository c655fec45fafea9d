"""Sources, a plain network, losses, folders of photos, pictures and films: what most scenes are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from artengine import Dataset, Loss, Network, Output, Source, hookimpl
from artengine_basics import datasets, losses, mlp, sources
from artengine_basics.outputs import curves, films, filmstrip, stills


@hookimpl
def register_sources() -> Mapping[str, Source]:
    """Coordinates on the plane, and on curves and tori that close."""
    return {
        "grid": sources.grid,
        "unit_square": sources.unit_square,
        "radius": sources.radius,
        "polar": sources.polar,
        "fourier": sources.fourier,
        "torus": sources.torus,
        "log_polar": sources.log_polar,
        "constant": sources.constant,
        "time": sources.time,
    }


@hookimpl
def register_networks() -> Mapping[str, Network]:
    """The multilayer perceptron."""
    return {"mlp": mlp.mlp}


@hookimpl
def register_losses() -> Mapping[str, Loss]:
    """Distances between colours, and between the structures of patches."""
    return {
        "mse": losses.mse,
        "l1": losses.l1,
        "huber": losses.huber,
        "ssim": losses.ssim,
        "ms_ssim": losses.ms_ssim,
        "edges": losses.edges,
    }


@hookimpl
def register_datasets() -> Mapping[str, Callable[..., Dataset]]:
    """Photos of the user's own."""
    return {"folder": datasets.Folder}


@hookimpl
def register_outputs() -> Mapping[str, Output]:
    """Still pictures and films, and how a training went."""
    return {
        "png": stills.png,
        "jpeg": stills.jpeg,
        "webp": stills.webp,
        "tiff": stills.tiff,
        "mp4": films.mp4,
        "webm": films.webm,
        "gif": films.gif,
        "apng": films.apng,
        "frames": films.frames,
        "filmstrip": filmstrip.filmstrip,
        "curves": curves.curves,
    }
