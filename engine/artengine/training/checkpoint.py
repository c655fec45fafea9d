"""Checkpoints of a training: two are kept, so that a damaged one costs little.

A checkpoint holds the step, the network's weights and what the trainer says it needs to go on (optimiser, schedule,
generators). Gone on from, a training ends in the very bytes it would have ended in undisturbed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from artengine.files import UnfinishedWork, convert_os_errors, create_file
from artengine.sessions import Progress
from artengine.training import weights

NEWEST, BEFORE = "checkpoint.safetensors", "checkpoint-before.safetensors"
PAUSE = 2.0  # seconds between checkpoints: what a kill costs at most
SHARE = 0.03  # of the time may go into writing them
FORMAT = 4  # of a checkpoint: one of another layout is of another training


@dataclass
class Checkpoints:
    """The two checkpoints of one training, in a hidden folder: ``<folder>/.<name>.training/<key>``.

    key: what decides the training. course: what decides it up to where it ends, None where its end decides all of it.
    passed: whether a training on that course that stands at a state may be past this one's end.
    """

    folder: Path
    name: str
    key: str
    course: str | None = None
    passed: Callable[[Mapping[str, Any]], bool] = lambda state: False
    _due: float = field(default_factory=lambda: time.monotonic() + PAUSE)
    _fell_back: bool = False  # the newest is of no use: it must not take the place of the one before it

    @property
    def _work(self) -> UnfinishedWork:
        return UnfinishedWork(self.folder, self.name, "training", self.key)

    @property
    def _newest(self) -> Path:
        return self._work.path / NEWEST

    @property
    def _before(self) -> Path:
        return self._work.path / BEFORE

    def reserve(self) -> str:
        """See that nothing is in the way; gives a word about trainings that were stopped with other settings, if any.

        Raises `OutputError` where there is something else.
        """
        self._work.check()
        return self._work.clear_oldest()

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
        self._work.make()
        with convert_os_errors(self._newest):
            if self._newest.exists() and not self._fell_back:
                self._newest.replace(self._before)
        with create_file(self._newest, replacing=None) as file:
            about = {"kind": "checkpoint", "format": FORMAT, "key": self.key, "step": progress.step, "state": state}
            about |= {"course": self.course} if self.course else {}
            weights.write(file, tensors, about)
        self._fell_back = False

    def restore(self, network: nn.Module) -> tuple[int, dict[str, Any], list[str]] | None:
        """Load the newest whole checkpoint: its step, the trainer's state, and words about those passed over.

        None where there is none at all; step 0 where there is none to go on from.
        """
        words: list[str] = []
        for path in self._candidates():
            try:
                loaded = self._load(path, network)
            except (weights.DamagedError, OSError, KeyError, TypeError, ValueError, RecursionError) as error:
                words.append(f"{path} is damaged ({error}), so it is passed over")
                continue
            if loaded:
                self._fell_back = path == self._before
                return *loaded, words
        return (0, {}, words) if words else None

    def _candidates(self) -> Iterator[Path]:
        """The checkpoints to go on from, the best first: our own, then those that were to end elsewhere."""
        for path in (self._newest, self._before):
            if path.is_file():
                yield path
        for folder in self._work.others() if self.course else ():
            for path in (folder / NEWEST, folder / BEFORE):
                with contextlib.suppress(weights.DamagedError, OSError):
                    if weights.about(path).get("course") == self.course:
                        yield path

    def _load(self, path: Path, network: nn.Module) -> tuple[int, dict[str, Any]] | None:
        """Give a network the weights of a checkpoint; its step and state. None where it is past our end."""
        expected, any_rows = weights.wanted(network, "network.")
        tensors, header = weights.read(path, expected, "state.", any_rows)
        goes_there = header.get("key") == self.key or (self.course and header.get("course") == self.course)
        if not goes_there or header.get("format") != FORMAT:
            raise weights.DamagedError("it is of another training, or another version's")
        step, state = int(header["step"]), _nested(header["state"], tensors)
        if header.get("key") != self.key and self.passed(state):
            return None
        weights.give(network, {name.removeprefix("network."): tensors[name] for name in expected})
        return step, state

    def clear(self) -> None:
        """Remove both: the training is done."""
        self._work.clear()


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
