"""Weights of an earlier training that a scene names, to begin with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from artengine.media.base import Media, read_untrusted

#: What follows the length in every weights file of ours.
WEIGHTS_HEADER = b'{"__metadata__":{"artengine":"'


@dataclass(frozen=True)
class Learnt(Media):
    """A weights file that a scene names; what is in it is checked where it is used, by `weights.earlier`."""


def is_learnt(start: bytes) -> bool:
    """Whether a file that begins like this, with twelve bytes or more, is one of our weights files."""
    return len(start) >= 12 and WEIGHTS_HEADER.startswith(start[8 : 8 + len(WEIGHTS_HEADER)])


def open_learnt(path: Path, name: str) -> Learnt:
    """The weights file at path.

    Raises `ValueError` saying what was found and what to do.
    """
    data = read_untrusted(path, "weights file")
    if not is_learnt(data[: 8 + len(WEIGHTS_HEADER)]):
        raise ValueError("found no weights file of artengine's, expected a .safetensors that a training has left")
    return Learnt(path, hashlib.sha256(data).hexdigest(), name)
