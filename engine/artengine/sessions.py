"""The session that a trainer gets, the reports that it yields, and the result that it returns."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from artengine.curve import Point
    from artengine.view import View


class Session(Protocol):
    """A training as its trainer sees it: all that a trainer may use besides its own options.

    Canvas and camera are not here: a training does not depend on them, so a change of them does not repeat it.
    """

    @property
    def network(self) -> nn.Module:
        """The module to train: in training mode while the trainer works, in evaluation mode while it has reported.

        A trainer that moves sources finds it in evaluation mode.
        """
        ...

    @property
    def sources(self) -> Sequence[Callable[[View], Tensor]]:
        """The scene's sources, as they are asked for coordinates; a `MovableSource` among them can be moved."""
        ...

    @property
    def network_name(self) -> str:
        """What the scene calls the network, for messages."""
        ...

    @property
    def device(self) -> torch.device:
        """Where the network is, and where `coordinates` are given."""
        ...

    @property
    def seed(self) -> int:
        """The scene's seed, 0 to 2**32 - 1; torch's own generator is seeded with it and kept for the training."""
        ...

    @property
    def channels(self) -> int:
        """The channels of a colour: 3, or 1 for grey."""
        ...

    @property
    def state(self) -> Mapping[str, Any]:
        """The state in the last report of an interrupted training, to resume it from; empty at a start.

        The network and torch's generator have been set back to that report already.
        """
        ...

    @property
    def stop_requested(self) -> bool:
        """Whether a training without an end of its own has been asked to stop; the trainer returns its result then."""
        ...

    def coordinates(self, view: View) -> Tensor:
        """The coordinates that the scene's sources give for a view: (H, W, D) float32, on the device."""
        ...

    def on_plane(self, view: View) -> bool:
        """Whether the coordinates of a view are x and y of the plane."""
        ...

    def to_unit(self, colours: Tensor) -> Tensor:
        """The network's colours in the range of a photo's, nominally [0, 1] and not clipped, as losses compare them."""
        ...

    def should_report(self, step: int, total: int | None) -> bool:
        """Whether a report after this step, of so many, is needed: a film of the training shows it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A report of a training under way.

    step: steps done. total: steps in all, as far as is known; None for a training without an end of its own, which
    looks at `Session.stop_requested`. loss: falling if all goes well. psnr: decibels, where there is a target to
    compare with. holdout_psnr: decibels on what is held out from the training. note: what else the person who watches
    should know. state: gives everything, besides the network's weights and torch's own generator, that the trainer
    needs to go on from here as if it had never stopped: plain values and tensors, nested in dicts and lists. A trainer
    without it starts anew after an interruption.
    """

    step: int
    total: int | None
    loss: float
    psnr: float | None = None
    holdout_psnr: float | None = None
    note: str = ""
    state: Callable[[], Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The end of a training; the network holds its weights.

    step, loss, psnr, holdout_psnr, note: as in `Progress`. curve: its whole course, as `artengine.Curve` collects it.
    bits: how many each weight is to be stored in, where the trainer has rounded them to that; None for all of them.
    pixels: how many of photos it has learnt.
    """

    step: int
    loss: float
    psnr: float | None = None
    holdout_psnr: float | None = None
    note: str = ""
    curve: Sequence[Point] = ()
    bits: int | None = None
    pixels: int | None = None


class Trainer(Protocol):
    """``train(session, /)`` trains ``session.network``: a generator that yields `Progress` and returns a `Result`.

    Between two reports the caller can show, save and stop the training. Where ``session.state`` is not empty, the
    trainer resumes from it.
    """

    def __call__(self, session: Session, /) -> Generator[Progress, None, Result]: ...
