"""Everything that is measured, by name: artengine, its peers, and the processor itself."""

from __future__ import annotations

import copy
import importlib.util
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from tests.benchmarks import peers
from tests.benchmarks.work import SCENE, Image, Job, Paint

if TYPE_CHECKING:
    from artengine import Picture

PRODUCT = (4096, 4096, 1024)  # rows, inputs, outputs of the product that shows what the processor can do


@dataclass(frozen=True)
class Entry:
    """A way to paint: `prepare` is called once, what it gives is on the clock.

    needs: the package it cannot do without. compiler: whether it needs one for C++ too.
    """

    prepare: Callable[[Job], Paint]
    needs: str = "numpy"
    compiler: bool = False

    @property
    def missing(self) -> str:
        """What keeps it from being measured here, empty if nothing does."""
        if importlib.util.find_spec(self.needs) is None:
            return f"{self.needs} is not installed"
        if self.compiler and not any(map(shutil.which, ("c++", "g++", "clang++"))):
            return "there is no C++ compiler"
        return ""


def picture(job: Job, precision: str) -> Picture:
    """Our picture, with no pixel painted yet."""
    import artengine

    overrides = {
        "seed": job.seed,
        "canvas.width": job.size,
        "canvas.height": job.size,
        "canvas.precision": precision,
        "network.neural_painter.nonlin": list(job.bends) or "random_every_time",
    }
    return artengine.build(artengine.load(SCENE, overrides=overrides), "cpu")


def _ours(job: Job, *, precision: str) -> Paint:
    """A picture that has got ready, as the others have their graphs; each painting measures its colours anew."""
    ready = picture(job, precision)
    begun = ready.painting()
    next(begun)  # it has its plan now, and no colours yet
    del begun

    def paint() -> Image:
        fresh = copy.copy(ready)
        fresh._painting = copy.copy(ready._painting)
        return fresh.paint()

    return paint


def _product(job: Job, *, packed: bool) -> Paint:
    """A large product of matrices: torch's own, or oneDNN's with a packed matrix."""
    import torch
    from torch.utils import mkldnn

    rows, inputs, outputs = PRODUCT
    points, linear = torch.randn(rows, inputs), torch.nn.Linear(inputs, outputs, bias=False)
    image: Image = np.zeros((1, 1, 3), np.float32)
    if packed:
        ready = mkldnn.to_mkldnn(linear)  # type: ignore[no-untyped-call]
        held = points.to_mkldnn()

        def multiply() -> None:
            ready(held)
    else:
        matrix, result = linear.weight.t(), torch.empty(rows, outputs)

        def multiply() -> None:
            torch.mm(points, matrix, out=result)

    def paint() -> Image:
        with torch.inference_mode():
            multiply()
        return image

    return paint


OURS = {
    f"artengine {precision}": Entry(partial(_ours, precision=precision), "artengine")
    for precision in ("draft", "float32", "float64")
}
BASE = "artengine float32"
PEERS = {
    "TensorFlow, graph": Entry(peers.tensorflow_painter, "tensorflow"),
    "TensorFlow, graph in slices": Entry(partial(peers.tensorflow_painter, sliced=True), "tensorflow"),
    "TensorFlow, XLA": Entry(partial(peers.tensorflow_painter, xla=True), "tensorflow"),
    "JAX, jit": Entry(peers.jax_painter, "jax"),
    "JAX, jit, slice after slice": Entry(partial(peers.jax_painter, mapped=True), "jax"),
    "JAX, jit, slices side by side": Entry(partial(peers.jax_painter, unrolled=True), "jax"),
    "torch, eager": Entry(peers.torch_painter, "torch"),
    "torch, eager in slices": Entry(partial(peers.torch_painter, points=peers.SLICE), "torch"),
    "torch, compiled in slices": Entry(
        partial(peers.torch_painter, points=peers.SLICE, compiled=True), "torch", compiler=True
    ),
    "numpy": Entry(peers.numpy_painter),
    "numpy in slices": Entry(partial(peers.numpy_painter, points=peers.SLICE)),
}
REFERENCE = "numpy float64"
PRODUCTS = {
    "torch.mm": Entry(partial(_product, packed=False), "torch"),
    "oneDNN linear": Entry(partial(_product, packed=True), "torch"),
}
ENTRIES = {
    **OURS,
    **PEERS,
    **PRODUCTS,
    REFERENCE: Entry(partial(peers.numpy_painter, points=peers.SLICE, dtype=np.float64)),
}
