"""Other ways to paint the same picture: the network in plain words, each written to be fast in its idiom.

Modules that may not be installed are imported by the functions that use them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from tests.benchmarks.work import EPS, Image, Job, Paint, slice_of, weights

if TYPE_CHECKING:
    from torch import Tensor

SLICE = 2048  # pixels: the hidden layers of a slice stay in the processor's cache
GRAPH_SLICE = 6400  # likewise; more, because XLA and TensorFlow spread a slice over the threads


def numpy_painter(job: Job, *, points: int | None = None, dtype: Any = np.float32) -> Paint:
    """Work in place, on the whole picture or on slices of so many points."""
    *hidden, last = weights(job, dtype)

    def log_abs(x: Image) -> Image:
        np.add(np.abs(x, out=x), EPS, out=x)
        return np.log(x, out=x)

    def xlogx_abs(x: Image) -> Image:
        np.add(np.abs(x, out=x), EPS, out=x)
        return np.multiply(x, np.log(x), out=x)

    known: dict[str, Callable[[Image], Image]] = {
        "log_abs": log_abs,
        "sin": lambda x: np.sin(x, out=x),
        "tanh": lambda x: np.tanh(x, out=x),
        "xlogx_abs": xlogx_abs,
        "abs": lambda x: np.abs(x, out=x),
    }
    bends = [known[name] for name in job.bends]

    def network(x: Image) -> Image:
        for matrix, bend in zip(hidden, bends, strict=True):
            x = bend(x @ matrix)
        return x @ last

    def paint() -> Image:
        places = ((np.arange(job.size) + (0.5 - job.size / 2)) * (2 / job.size)).astype(dtype)
        x, y = np.meshgrid(places, places)
        x = np.stack([x, y, np.ones_like(x)], axis=-1).reshape(-1, 3)
        step = points or len(x)
        colours = np.concatenate([network(x[start : start + step]) for start in range(0, len(x), step)])
        low, high = colours.min(axis=0), colours.max(axis=0)
        image: Image = ((colours - low) / (high - low + EPS)).reshape(job.size, job.size, 3)
        return image

    return paint


def torch_painter(job: Job, *, points: int | None = None, compiled: bool = False) -> Paint:
    """Eager, in place; or the network compiled."""
    import torch
    from tests.benchmarks.torch_bends import BENDS

    *hidden, last = map(torch.from_numpy, weights(job))
    bends = [BENDS[name] for name in job.bends]

    def network(x: Tensor) -> Tensor:
        for matrix, bend in zip(hidden, bends, strict=True):
            x = bend(x @ matrix)
        return x @ last

    if compiled:
        network = torch.compile(network)
    size = job.size if points is None else slice_of(job, points)

    def paint() -> Image:
        with torch.inference_mode():
            places = (torch.arange(job.size, dtype=torch.float32) + (0.5 - job.size / 2)) * (2 / job.size)
            x, y = torch.meshgrid(places, places, indexing="xy")
            x = torch.stack([x, y, torch.ones_like(x)], dim=-1).reshape(-1, 3)
            colours = network(x) if points is None else torch.cat([network(part) for part in torch.split(x, size)])
            low, high = colours.amin(dim=0), colours.amax(dim=0)
            image: Image = ((colours - low) / (high - low + EPS)).reshape(job.size, job.size, 3).numpy()
            return image

    return paint


def tensorflow_painter(job: Job, *, sliced: bool = False, xla: bool = False) -> Paint:
    """A graph, made once; sliced: its map works on a few slices side by side."""
    tf: Any = importlib.import_module("tensorflow")
    *hidden, last = map(tf.constant, weights(job))

    def xlogx(v: Any) -> Any:
        return v * tf.math.log(v)

    known = {
        "log_abs": lambda x: tf.math.log(tf.abs(x) + EPS),
        "sin": tf.sin,
        "tanh": tf.tanh,
        "xlogx_abs": lambda x: xlogx(tf.abs(x) + EPS),
        "abs": tf.abs,
    }

    def network(x: Any) -> Any:
        for matrix, name in zip(hidden, job.bends, strict=True):
            x = known[name](x @ matrix)
        return x @ last

    @tf.function(jit_compile=xla)  # type: ignore[untyped-decorator]
    def picture() -> Any:
        places = (tf.range(job.size, dtype=tf.float32) + (0.5 - job.size / 2)) * (2 / job.size)
        x, y = tf.meshgrid(places, places)
        x = tf.stack([x, y, tf.ones_like(x)], -1)
        slices = tf.reshape(x, (-1, slice_of(job, GRAPH_SLICE) if sliced else job.size**2, 3))
        colours = tf.map_fn(network, slices) if sliced else network(slices[0])
        colours = tf.reshape(colours, (job.size, job.size, 3))
        low, high = tf.reduce_min(colours, (0, 1)), tf.reduce_max(colours, (0, 1))
        return (colours - low) / (high - low + EPS)

    def paint() -> Image:
        image: Image = picture().numpy()
        return image

    return paint


def jax_painter(job: Job, *, mapped: bool = False, unrolled: bool = False) -> Paint:
    """Compiled by XLA; mapped: slice after slice, unrolled: as many networks side by side as there are slices."""
    jax: Any = importlib.import_module("jax")
    jnp = jax.numpy
    matrices = [jnp.asarray(matrix) for matrix in weights(job)]

    def xlogx(v: Any) -> Any:
        return v * jnp.log(v)

    known = {
        "log_abs": lambda x: jnp.log(jnp.abs(x) + EPS),
        "sin": jnp.sin,
        "tanh": jnp.tanh,
        "xlogx_abs": lambda x: xlogx(jnp.abs(x) + EPS),
        "abs": jnp.abs,
    }

    def picture(matrices: list[Any]) -> Any:
        def network(x: Any) -> Any:
            for matrix, name in zip(matrices[:-1], job.bends, strict=True):
                x = known[name](x @ matrix)
            return x @ matrices[-1]

        places = (jnp.arange(job.size, dtype=jnp.float32) + (0.5 - job.size / 2)) * (2 / job.size)
        x, y = jnp.meshgrid(places, places)
        x = jnp.stack([x, y, jnp.ones_like(x)], axis=-1)
        slices = x.reshape(-1, slice_of(job, GRAPH_SLICE) if mapped or unrolled else job.size**2, 3)
        colours = jax.lax.map(network, slices) if mapped else jnp.stack([network(part) for part in slices])
        colours = colours.reshape(job.size, job.size, 3)
        low, high = colours.min(axis=(0, 1)), colours.max(axis=(0, 1))
        return (colours - low) / (high - low + EPS)

    quick = jax.jit(picture)
    return lambda: np.asarray(quick(matrices))
