"""What all tests share: where the project stands, tiny scenes, and what the fixtures give."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

TINY = """# A tiny picture.
seed: 3
canvas: {width: 16, height: 12}
network:
  neural_painter: {hidden_size: 6, nr_hidden: 1}
"""

LEARNING = """# A tiny photo, learnt.
seed: 3
canvas: {width: 16, height: 12}
network:
  mlp: {width: 8, depth: 2}
training:
  regression: {target: photo.png, until: {steps: 60}, batch: 64}
camera: {zoom: 0.5}
"""


@dataclass(frozen=True)
class Answer:
    """What the command line said."""

    code: int
    out: str
    err: str


RunProcess = Callable[..., "subprocess.CompletedProcess[str]"]
RunCli = Callable[..., Answer]
PluginFile = Callable[..., Path]
Distribution = Callable[..., Path]
