"""Checkpoints of a training: two are kept, so that a damaged one costs little.

A checkpoint holds the step, the network's weights and what the trainer says it needs to go on (optimiser, schedule,
generators). Gone on from, a training ends in the very bytes it would have ended in undisturbed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from artengine.errors import OutputError
from artengine.files import convert_os_errors, create_file
from artengine.sessions import Progress
from artengine.training import weights

PAUSE = 2.0  # seconds between checkpoints: what a kill costs at most
SHARE = 0.03  # of the time may go into writing them
FORMAT = 3  # of a checkpoint: one of another layout is of another training


@dataclass
class Checkpoints:
    """The two checkpoints of one training, ``<folder>/<name>.checkpoint*.safetensors``.

    key: what decides the training; checkpoints of another one are passed over.
    """

    folder: Path
    name: str
    key: str
    _due: float = field(default_factory=lambda: time.monotonic() + PAUSE)
    _fell_back: bool = False  # the newest is of no use: it must not take the place of the one before it

    @property
    def _newest(self) -> Path:
        return self.folder / f"{self.name}.checkpoint.safetensors"

    @property
    def _before(self) -> Path:
        return self.folder / f"{self.name}.checkpoint-before.safetensors"

    def reserve(self) -> None:
        """See that nothing is in the way.

        Raises `OutputError` where there is something that is no checkpoint.
        """
        for path in (self._newest, self._before):
            if not _is_ours(path):
                hint = "move it, or choose another folder with --out"
                raise OutputError(f"{path}: is no checkpoint, so it is not written over; {hint}")

    def save_if_due(self, network: nn.Module, progress: Progress) -> None:
        """Write a checkpoint if the last one is old enough."""
        start = time.monotonic()
        if start < self._due:
            return
        self.save(network, progress)
        spent = time.monotonic() - start
        self._due = time.monotonic() + max(PAUSE, spent / SHARE)

    def save(self, network: nn.Module, progress: Progress) -> None:
        """Write a checkpoint; the one before it is kept.

        Raises `OutputError` where it cannot be written.
        """
        tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
        state = _flat(progress.state() if progress.state else None, "state", tensors)
        with convert_os_errors(self._newest):
            if self._newest.exists() and not self._fell_back:
                self._newest.replace(self._before)
        with create_file(self._newest) as file:
            about = {"kind": "checkpoint", "format": FORMAT, "key": self.key, "step": progress.step, "state": state}
            weights.write(file, tensors, about)
        self._fell_back = False

    def restore(self, network: nn.Module) -> tuple[int, dict[str, Any], list[str]] | None:
        """Load the newest whole checkpoint: its step, the trainer's state, and words about those passed over.

        None where there is none at all; step 0 where there is none to go on from.
        """
        words: list[str] = []
        expected, any_rows = weights.wanted(network, "network.")
        for path in (self._newest, self._before):
            try:
                if not path.is_file():
                    continue
                about = weights.about(path)
                if (about.get("key"), about.get("format")) != (self.key, FORMAT):
                    words.append(f"{path} is of another training, and will be replaced")
                    continue
                tensors, header = weights.read(path, expected, "state.", any_rows)
                state = _nested(header["state"], tensors)
                step = int(header["step"])
                weights.give(network, {name.removeprefix("network."): tensors[name] for name in expected})
            except (weights.DamagedError, OSError, KeyError, TypeError, ValueError, RecursionError) as error:
                words.append(f"{path} is damaged ({error}), so it is passed over")
                continue
            self._fell_back = path == self._before
            return step, state, words
        return (0, {}, words) if words else None

    def tidy(self) -> None:
        """Remove what a run of this training that was killed at its very end has left; what is another's stays."""
        for path in (self._newest, self._before):
            with contextlib.suppress(weights.DamagedError, OSError):
                if path.is_file() and weights.about(path).get("key") == self.key:
                    path.unlink()

    def clear(self) -> None:
        """Remove both: the training is done."""
        for path in (self._newest, self._before):
            path.unlink(missing_ok=True)


def _is_ours(path: Path) -> bool:
    """Whether there is nothing at path, or a checkpoint, be it a damaged one; no folder, no others' weights."""
    try:
        return not path.exists() or weights.about(path).get("kind") == "checkpoint"
    except weights.ForeignError:
        return not weights.is_whole(path)
    except weights.DamagedError:
        return True
    except OSError:
        return False


def _flat(value: Any, path: str, tensors: dict[str, Tensor]) -> Any:
    """Plain data with the tensors taken out and named after their place."""
    match value:
        case Tensor():
            tensors[path] = value
            return {"tensor": path}
        case Mapping():
            pairs = list(value.items())
            if wrong := [key for key in value if not isinstance(key, None | bool | int | float | str)]:
                raise TypeError(f"a trainer's state holds the key {wrong[0]!r}, expected a plain value")
            return {"pairs": [[key, _flat(item, f"{path}.{i}", tensors)] for i, (key, item) in enumerate(pairs)]}
        case list() | tuple():
            word = "list" if isinstance(value, list) else "tuple"
            return {word: [_flat(item, f"{path}.{i}", tensors) for i, item in enumerate(value)]}
        case None | bool() | int() | float() | str():
            return value
    raise TypeError(f"a trainer's state holds a {type(value).__name__}, expected plain values and tensors")


def _nested(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    match value:
        case {"tensor": str(name)}:
            return tensors[name].clone()
        case {"pairs": list(pairs)}:
            return {key: _nested(item, tensors) for key, item in pairs}
        case {"list": list(items)}:
            return [_nested(item, tensors) for item in items]
        case {"tuple": list(items)}:
            return tuple(_nested(item, tensors) for item in items)
    return value
