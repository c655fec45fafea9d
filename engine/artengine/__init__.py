"""artengine: write a scene, get a picture. Its public names, listed once; torch is imported when one needs it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from artengine.curve import Curve
from artengine.errors import ArtengineError, InputError, OutputError
from artengine.hookspecs import hookimpl
from artengine.kinds import (
    Activation,
    Each,
    Filter,
    Frame,
    Loss,
    Network,
    Output,
    Ports,
    Progress,
    Source,
    Target,
    Trainer,
    brings,
    films,
    named,
    patches,
    shown,
)
from artengine.learnt import Learnt
from artengine.loading import load
from artengine.photo import Photo
from artengine.scene import Scene
from artengine.sound import Sound
from artengine.view import View

if TYPE_CHECKING:
    from artengine.making import run
    from artengine.picture import Picture, build

__all__ = [
    "Activation",
    "ArtengineError",
    "Curve",
    "Each",
    "Filter",
    "Frame",
    "InputError",
    "Learnt",
    "Loss",
    "Network",
    "Output",
    "OutputError",
    "Photo",
    "Picture",
    "Ports",
    "Progress",
    "Scene",
    "Sound",
    "Source",
    "Target",
    "Trainer",
    "View",
    "brings",
    "build",
    "films",
    "hookimpl",
    "load",
    "named",
    "patches",
    "run",
    "shown",
]

_WITH_TORCH = {"Picture": "picture", "build": "picture", "run": "making"}


def __getattr__(name: str) -> Any:
    if name in _WITH_TORCH:
        return getattr(importlib.import_module(f"artengine.{_WITH_TORCH[name]}"), name)
    raise AttributeError(f"module 'artengine' has no attribute {name!r}")
