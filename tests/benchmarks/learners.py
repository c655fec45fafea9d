"""Learning a photo for so many seconds, in a process of its own: `python -m tests.benchmarks.learners NAME ...`.

Prints one line of JSON. Everybody computes on one thread; the seconds run from the building of the network to its last
step, imports are done by then; the PSNR is that of the whole picture, clipped.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from tests.support.trainings import result_of
from torch import Tensor, nn

import artengine


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be learnt, and for how long: a photo's file; the scene, for ours; the numbers of a peer's network.

    once: what is set so that the scene is learnt in no time: what is imported at first use is no part of learning.
    """

    photo: str
    seconds: float
    seed: int
    scene: str = ""
    width: int = 0
    depth: int = 0
    rate: float = 0.0
    batch: int = 0
    once: Mapping[str, object] = field(default_factory=lambda: {"training.regression.until": {"steps": 1}})


@dataclass(frozen=True, slots=True)
class Result:
    """How it went: decibels (on hidden pixels too, where there are any), parameters, steps, seconds it took."""

    psnr: float
    parameters: int
    steps: int
    seconds: float
    hidden: float | None = None
    note: str = ""


def ours(task: Task) -> Result:
    """A scene of artengine; `{photo}`, `{seconds}` and `{seed}` in it are filled in."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "learnt.yaml"
        (Path(folder) / "photo.png").write_bytes(Path(task.photo).read_bytes())
        filled = {"photo": "photo.png", "seconds": task.seconds, "seed": task.seed}
        text = task.scene
        for word, value in filled.items():
            text = text.replace(f"{{{word}}}", str(value))
        path.write_text(text)
        scene = artengine.load(path)
        result_of(artengine.build(artengine.load(path, overrides=task.once), "cpu"))
        begin = time.perf_counter()
        picture = artengine.build(scene, "cpu")
        last = result_of(picture)
        seconds = time.perf_counter() - begin
    photo = _photo(task.photo)
    seen = picture.paint(artengine.View(width=photo.shape[1], height=photo.shape[0]))
    assert last.psnr is not None
    whole = last.psnr if last.holdout_psnr is not None else _psnr(seen, photo)
    return Result(whole, _count(picture.network), last.step, seconds, last.holdout_psnr, last.note)


def siren(task: Task) -> Result:
    """The network of Sitzmann et al. 2020 as they made it, in plain torch, with Adam and a falling rate."""

    def make() -> nn.Module:
        sizes = [2, *[task.width] * task.depth]
        layers: list[nn.Module] = []
        for index, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
            layer = nn.Linear(inputs, outputs)
            bound = 1 / inputs if not index else math.sqrt(6 / inputs) / 30
            nn.init.uniform_(layer.weight, -bound, bound)
            layers += [layer, _Sine()]
        last = nn.Linear(task.width, 3)
        bound = math.sqrt(6 / task.width) / 30
        nn.init.uniform_(last.weight, -bound, bound)
        return nn.Sequential(*layers, last)

    return _learnt(task, make, lambda weights: torch.optim.Adam(weights, lr=task.rate))


def plain_adam(task: Task) -> Result:
    """Layers of relu as torch makes them, with Adam and a falling rate."""
    return _learnt(task, lambda: _relu(task), lambda weights: torch.optim.Adam(weights, lr=task.rate))


def plain_sgd(task: Task) -> Result:
    """The same with the demonstration's optimiser: plain steps with a momentum of 0.9, at an even rate."""
    return _learnt(
        task, lambda: _relu(task), lambda weights: torch.optim.SGD(weights, lr=task.rate, momentum=0.9), falls=False
    )


def scalefree(task: Task) -> Result:
    """The network of scalefree_image and the way it learns, as its README and its defaults have them, in Keras.

    Lines by centre and angle, tanh of the cosine at sharpness 1000 with the gradient of sharpness 5, `width` units,
    Adadelta at a rate of 1, batches of 32, mean squared error.
    """
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)

    @tf.custom_gradient
    def cut(excitation: Any) -> Any:
        def slope(upstream: Any) -> Any:
            gentle = tf.tanh(5.0 * excitation)
            return upstream * 5.0 * (1.0 - gentle * gentle)

        return tf.tanh(1000.0 * excitation), slope

    class Lines(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.centre = self.add_weight(shape=(2, task.depth), initializer=keras.initializers.RandomUniform(-1, 1))
            self.angle = self.add_weight(shape=(task.depth,), initializer=keras.initializers.RandomUniform(0, 6.2832))

        def call(self, points: Any) -> Any:
            apart = points[:, :, None] - self.centre
            normal = tf.stack([tf.cos(self.angle), tf.sin(self.angle)])
            length = tf.sqrt(tf.reduce_sum(apart * apart, axis=1) + 1e-12)
            return cut(tf.reduce_sum(apart * normal, axis=1) / length)

    class Clock(keras.callbacks.Callback):
        end = math.inf
        steps = 0

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.steps += 1
            if time.perf_counter() > self.end:
                self.model.stop_training = True
                raise StopIteration

    keras.utils.set_random_seed(task.seed)
    photo = _photo(task.photo)
    height, width = photo.shape[:2]
    across, down = ((np.arange(size) + 0.5) / size * 2 - 1 for size in (width, height))
    y, x = np.meshgrid(down, across, indexing="ij")
    places, colours = np.stack([x, y], axis=-1).reshape(-1, 2).astype(np.float32), photo.reshape(-1, 3)
    layers = [Lines(), keras.layers.Dense(task.width, "relu"), keras.layers.Dense(3, "sigmoid")]
    network = keras.Sequential([keras.Input((2,)), *layers])
    network.compile(keras.optimizers.Adadelta(1.0), "mse")
    network.train_on_batch(places[:32], colours[:32])  # traced and compiled, as what is imported is for the others
    clock = Clock()
    begin = time.perf_counter()
    clock.end = begin + task.seconds
    with contextlib.suppress(StopIteration):
        network.fit(places, colours, batch_size=32, epochs=10_000, verbose=0, callbacks=[clock])
    seconds = time.perf_counter() - begin
    seen = network.predict(places, batch_size=4096, verbose=0)
    return Result(_psnr(seen.reshape(photo.shape), photo), network.count_params(), clock.steps, seconds)


LEARNERS: dict[str, Callable[[Task], Result]] = {
    one.__name__: one for one in (ours, siren, plain_adam, plain_sgd, scalefree)
}


class _Sine(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(30 * x)


def _relu(task: Task) -> nn.Module:
    sizes = [2, *[task.width] * task.depth]
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(task.width, 3))


def _learnt(
    task: Task,
    make: Callable[[], nn.Module],
    optimiser: Callable[[list[nn.Parameter]], torch.optim.Optimizer],
    *,
    falls: bool = True,
) -> Result:
    """Learn random pixels, whose table is in memory, as long as there is time."""
    photo = _photo(task.photo)
    height, width = photo.shape[:2]
    colours = torch.from_numpy(photo.reshape(-1, 3))
    across, down = (np.arange(size) + 0.5 for size in (width, height))
    y, x = np.meshgrid(down / height * 2 - 1, across / width * 2 - 1, indexing="ij")
    places = torch.from_numpy(np.stack([x, y], axis=-1).reshape(-1, 2)).float()

    def step(network: nn.Module, stepping: torch.optim.Optimizer) -> None:
        chosen = torch.randint(len(colours), (task.batch,))
        loss = (network(places[chosen]) - colours[chosen]).square().mean()
        stepping.zero_grad()
        loss.backward()
        stepping.step()

    once = make()
    step(once, optimiser(list(once.parameters())))  # what is imported at first use is no part of learning
    torch.manual_seed(task.seed)
    begin = time.perf_counter()
    network = make()
    stepping = optimiser(list(network.parameters()))
    steps = 0
    while (passed := (time.perf_counter() - begin) / task.seconds) < 1:
        if falls:
            for group in stepping.param_groups:
                group["lr"] = task.rate * 0.5 * (1 + math.cos(math.pi * passed))
        step(network, stepping)
        steps += 1
    seconds = time.perf_counter() - begin
    with torch.no_grad():
        seen = torch.cat([network(part) for part in places.split(1 << 16)]).numpy()
    return Result(_psnr(seen.reshape(photo.shape), photo), _count(network), steps, seconds)


def _photo(path: str) -> np.ndarray:
    with Image.open(path) as photo:
        return np.asarray(photo.convert("RGB"), dtype=np.float32) / 255


def _psnr(seen: np.ndarray, photo: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(seen.clip(0, 1) - photo, dtype=np.float64).mean()))


def _count(network: nn.Module) -> int:
    return sum(one.numel() for one in network.parameters())


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(asdict(LEARNERS[sys.argv[1]](Task(**json.loads(sys.argv[2]))))))
