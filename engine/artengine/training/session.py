"""A training under way: what its trainer is handed, and the checks of what the trainer gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from artengine.components import ConfiguredComponent, with_article
from artengine.errors import ArtengineError, is_out_of_memory
from artengine.kinds import Source
from artengine.painting import Picture
from artengine.sessions import Progress, Result
from artengine.view import View

Kind = TypeVar("Kind")

#: Whether somebody wants a report after a step, of so many in all; None for a training without an end of its own.
ShouldReport = Callable[[int, int | None], bool]


def on_its_own(step: int, total: int | None) -> bool:
    """Want no report that the trainer does not give on its own."""
    return False


class TrainingSession:
    """A `Session` on a picture whose scene asks for a training.

    state: what the last `Progress` of an interrupted training gave; the network holds its weights already.
    should_report: asked by the trainer after each step.
    """

    def __init__(
        self, picture: Picture, state: Mapping[str, Any] | None = None, should_report: ShouldReport = on_its_own
    ) -> None:
        if picture.scene.training is None:
            raise ValueError("found a scene without a training, expected one that has one")
        self._trainer: ConfiguredComponent = picture.scene.training
        self._picture = picture
        self._should_report = should_report
        self._generator = _Generator(picture.device, picture.scene.seed, state["torch"] if state else None)
        self.state: Mapping[str, Any] = state["trainer"] if state else {}
        self.stop_requested = False

    @property
    def network(self) -> nn.Module:
        """The module to train."""
        return self._picture.network

    @property
    def sources(self) -> Sequence[Source]:
        """The scene's sources."""
        return self._picture.sources

    @property
    def network_name(self) -> str:
        """What the scene calls the network."""
        return self._picture.scene.network.name

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return self._picture.device

    @property
    def seed(self) -> int:
        """The scene's seed."""
        return self._picture.scene.seed

    @property
    def channels(self) -> int:
        """Numbers per colour."""
        return self._picture.channels

    def coordinates(self, view: View) -> Tensor:
        """What the scene's sources say of a view: (H, W, D) float32."""
        return self._picture.coordinates(view)

    def on_plane(self, view: View) -> bool:
        """Whether the coordinates of a view are x and y of the plane."""
        return self._picture.on_plane(view)

    def to_unit(self, colours: Tensor) -> Tensor:
        """The network's colours as a photo's are."""
        return self._picture.to_unit(colours)

    def should_report(self, step: int, total: int | None) -> bool:
        """Whether somebody wants a report after this step, of so many."""
        return self._should_report(step, total)

    def request_stop(self) -> None:
        """Have a training without an end of its own come to one."""
        self.stop_requested = True

    def run(self) -> Generator[Progress, None, Result]:
        """Train: a loop in the caller watches, saves and stops; the state of a report is what the session takes.

        Raises `InputError` for what the trainer refuses, and `ArtengineError` where the loss is no longer a number,
        memory does not suffice, or the trainer does not do what `Trainer` says.
        """
        reports: Generator[Progress, None, Result] | None = None
        while True:
            reports, given = self._advance(reports)
            if not math.isfinite(given.loss):
                found = f"at step {given.step:,} the loss is {given.loss}, expected a number; try a smaller rate"
                raise ArtengineError(f"{self._trainer.path}: {found}")
            if isinstance(given, Result):
                self._picture.set_curve(given.curve)
                return given
            total = given.total if given.total is None else max(given.total, given.step + 1)  # for it goes on
            state = given.state and _whole_state(given.state, self._generator)
            yield replace(given, total=total, state=state)

    def _advance(
        self, reports: Generator[Progress, None, Result] | None
    ) -> tuple[Generator[Progress, None, Result], Progress | Result]:
        """Have the trainer work until it reports or returns; it begins where there are no reports yet."""
        self._picture.learnable.train()
        try:
            with self._generator:
                reports = self._begun() if reports is None else reports
                try:
                    given: object = next(reports)
                except StopIteration as end:
                    return reports, self._checked(end.value, Result, "returned")
            return reports, self._checked(given, Progress, "yielded")
        except (ValueError, ArithmeticError) as error:
            raise self._trainer.refused(error) from error
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            advice = "does not fit into memory; make the batch, the photo or the network smaller"
            raise ArtengineError(f"{self._trainer.path}: {advice}") from error
        finally:
            self._picture.learnable.eval()

    def _begun(self) -> Generator[Progress, None, Result]:
        begun = self._trainer.make()(self)
        if not isinstance(begun, Generator):
            expected = "a generator that yields Progress and returns a Result"
            found = with_article(type(begun).__name__)
            raise ArtengineError(f"{self._trainer.path}: gave {found}, expected {expected}")
        return begun

    def _checked(self, given: object, kind: type[Kind], verb: str) -> Kind:
        if not isinstance(given, kind):
            message = f"the trainer {verb} {with_article(type(given).__name__)}, expected {with_article(kind.__name__)}"
            raise ArtengineError(f"{self._trainer.path}: {message}")
        return given


def train(picture: Picture, state: Mapping[str, Any] | None = None) -> Generator[Progress, None, Result | None]:
    """Train a picture's network as its scene asks for: ``for progress in artengine.train(picture)``.

    Returns None where the scene asks for no training; see `TrainingSession` for the state and what is raised.
    """
    if not picture.has_training:
        return None
    return (yield from TrainingSession(picture, state).run())


class _Generator:
    """torch's own generator for a training: seeded by the scene, kept apart from everybody else's draws.

    state: where it stands, a tensor of bytes per device.
    """

    def __init__(self, device: torch.device, seed: int, state: list[Tensor] | None) -> None:
        self._cuda = device.type == "cuda"
        self._seed = seed
        self.state = state

    def __enter__(self) -> None:
        self._theirs = self._now()
        if self.state is None:
            torch.default_generator.manual_seed(self._seed)
            if self._cuda:
                torch.cuda.manual_seed(self._seed)
        else:
            self._set(self.state)

    def __exit__(self, *error: object) -> None:
        self.state = self._now()
        self._set(self._theirs)

    def _now(self) -> list[Tensor]:
        return [torch.get_rng_state(), *([torch.cuda.get_rng_state()] if self._cuda else [])]

    def _set(self, state: list[Tensor]) -> None:
        torch.set_rng_state(state[0])
        if self._cuda and len(state) > 1:
            torch.cuda.set_rng_state(state[1])


def _whole_state(trainer: Callable[[], Mapping[str, Any]], generator: _Generator) -> Callable[[], dict[str, Any]]:
    """The trainer's state and the generator's, as `TrainingSession` takes them."""
    return lambda: {"trainer": trainer(), "torch": generator.state}
