"""Weights of an earlier training that a scene names, to begin with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from artengine.files import WEIGHTS_HEADER, is_weights
from artengine.media.base import Media, read_untrusted


@dataclass(frozen=True)
class Learnt(Media):
    """A weights file that a scene names; what is in it is checked where it is used, by `weights.earlier`."""

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of its tensors, by their names; nothing else of it is read.

        Raises `ValueError` where it is damaged.
        """
        import safetensors

        try:
            with safetensors.safe_open(str(self.path), framework="np") as file:
                return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - no dict
        except (safetensors.SafetensorError, OSError) as error:
            whole = f"not a whole safetensors file: {error}; expected the weights of a training"
            raise ValueError(f"{self.name}: {whole}") from None


def open_learnt(path: Path, name: str) -> Learnt:
    """The weights file at path.

    Raises `ValueError` saying what was found and what to do.
    """
    data = read_untrusted(path, "weights file")
    if not is_weights(data[: 8 + len(WEIGHTS_HEADER)]):
        raise ValueError("found no weights file of artengine's, expected a .safetensors that a training has left")
    return Learnt(path, hashlib.sha256(data).hexdigest(), name)
