"""A plugin and a scene that work at once, to begin with."""

from __future__ import annotations

import keyword
import os
from pathlib import Path

from artengine.components import default_registry
from artengine.errors import InputError
from artengine.files import create_file

PLUGIN = '''"""An activation: a curve that a network can use, mapping every number on its own."""

import torch

from artengine import hookimpl


@hookimpl
def register_activations():
    return {{"{name}": lambda x: torch.sin(3 * x) / (1 + x.abs())}}
'''

SCENE = """# A picture by a random network: another seed, another picture.
seed: 2
canvas: {width: 640, height: 640}
coordinates: grid
network:
  neural_painter:
    hidden_size: 24
    nr_hidden: 2
    nonlin: random_every_time
    pool: [sin, abs, log_abs, log_abs_p1, xlogx_abs, sgn]
    batch_norm: true
    mean: 1
outputs: png
"""


def write_plugin(name: str) -> Path:
    """Write ``NAME.py`` here.

    Raises `InputError` where the name is no name, or the file or an activation of that name is there already.
    """
    stem = name.removesuffix(".py")
    if not stem.isidentifier() or keyword.iskeyword(stem):
        raise InputError(f"found the name {name!r}, expected letters, digits and underscores, such as ripple")
    if stem in default_registry().names("activation"):
        raise InputError(f"there is an activation {stem!r} already; choose another name")
    return _write(Path(f"{stem}.py"), PLUGIN.format(name=stem))


def write_scene(name: str) -> Path:
    """Write ``NAME.yaml`` here.

    Raises `InputError` where the name is no name, or the file is there already.
    """
    stem = name.removesuffix(".yaml")
    if stem.startswith("-") or not stem.replace("-", "_").isidentifier():
        raise InputError(
            f"found the name {name!r}, expected letters, digits, hyphens and underscores, such as first-light"
        )
    return _write(Path(f"{stem}.yaml"), SCENE)


def _write(path: Path, text: str) -> Path:
    if os.path.lexists(path):
        raise InputError(f"{path}: is there already; choose another name")
    with create_file(path) as file:
        file.write(text.encode())
    return path
