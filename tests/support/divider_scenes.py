"""Photos told with dividers: scenes in a folder, learnt."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from tests.support.trainings import training_of
from torch import Tensor

from artengine import Picture, Ports, Progress, Result, build, load
from artengine.training import weights
from artengine_dividers.network.module import Dividers
from artengine_dividers.search.target import centred

Numbers = np.ndarray[Any, Any]


def photo(folder: Path, width: int = 24, height: int = 16, name: str = "photo.png") -> Numbers:
    """A file: colours that rise smoothly, and a disc; gives its pixels, (H, W, 3) bytes."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height, 2)
    image = np.stack([x, y, (x - y) ** 2], axis=-1) + 0.3 * (np.hypot(x - 0.4, y - 0.3) < 0.22)[..., None]
    pixels = np.rint(image.clip(0, 1) * 255).astype(np.uint8)
    Image.fromarray(pixels).save(folder / name)
    return pixels


def plane(width: int, height: int) -> tuple[Numbers, Numbers]:
    """X and y of the pixels of a photo, two (P,) float32 arrays."""
    return centred(np.zeros((height, width, 3), np.float32)).points


def scene(
    folder: Path, options: str = "", network: str = "lines: 5", more: str = "", *, seed: int = 3, name: str = "a"
) -> Path:
    """A scene of 24 x 16 pixels that learns photo.png unless its options say something else."""
    target = "" if "synthetic" in options or "target" in options else "target: photo.png, "
    path = folder / f"{name}.yaml"
    path.write_text(
        f"seed: {seed}\ncanvas: {{width: 24, height: 16}}\nnetwork: {{dividers: {{{network}}}}}\n"
        f"training: {{dividers: {{{target}{options}}}}}\n{more}"
    )
    return path


def live(path: Path) -> Picture:
    """The scene made live."""
    return build(load(path), "cpu")


def learnt(path: Path) -> tuple[Picture, list[Progress | Result]]:
    """The scene after its training, and what that told."""
    picture = live(path)
    return picture, list(training_of(picture))


def state(picture: Picture) -> dict[str, bytes]:
    """A network's weights, bit by bit."""
    return {name: tensor.numpy().tobytes() for name, tensor in picture.network.state_dict().items()}


def changed(path: Path, change: Callable[[dict[str, Tensor]], Mapping[str, Tensor]], into: Path) -> Path:
    """A weights file with other tensors and a hash that agrees, as somebody who means ill can make it."""
    tensors, about = weights.read(path, {}, also="")
    about.pop("sha256")
    file = io.BytesIO()
    weights.write(file, {**tensors, **change(tensors)}, about)
    into.write_bytes(file.getvalue())
    return into


def network(seed: int = 5, **options: Any) -> Dividers:
    """A divider net in float64, so that formulas agree to the last digits."""
    given = {"lines": 0, "circles": 0, "sigmoids": 0, "centred": False, "hidden": 7, "structure": 0}
    given |= {"activation": torch.tanh, "sharpness": None, "gradient_sharpness": [20.0]}
    return Dividers(Ports(inputs=2, seed=seed), **{**given, **options}).double().eval()


def points(count: int = 50, seed: int = 1) -> Numbers:
    """Somewhere on the plane, (count, 2)."""
    return np.random.RandomState(seed).uniform(-1.5, 1.5, (count, 2))
