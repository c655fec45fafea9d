"""How long a training goes on: to a number of steps, a time, a PSNR, or until nothing is gained any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

WARM_UP = 0.01  # of the way, in which the rate grows to its height
ROUNDS = 6  # of a training that goes on until a PSNR is reached, each twice as long as the one before
GAIN = 0.1  # decibels that a round has to bring for another one to begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """When a training has done enough; where several are said, whichever comes first.

    steps: of the optimiser. seconds: of learning. psnr: decibels on the pixels that are learnt. patience: steps without
    a better PSNR.
    """

    steps: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    seconds: Annotated[float, Field(gt=0, le=1e6)] | None = None
    psnr: Annotated[float, Field(gt=0, le=120)] | None = None
    patience: Annotated[int, Field(ge=1, le=10_000_000)] | None = None

    @property
    def bounded(self) -> bool:
        """Whether it is known from the beginning how long it takes at most."""
        return self.steps is not None or self.seconds is not None


@dataclass(frozen=True, slots=True)
class Schedule:
    """The way of a training: how far it is, and how large its steps are there.

    until: when it is done. length: steps of the first round, where nothing else says how long a round is.
    """

    until: Until
    length: int

    def passed(self, step: int, seconds: float) -> float:
        """The part of the round that is done, 0 to 1, after so many steps and seconds."""
        if not self.until.bounded:
            begin, length = self._round(step)
            return (step - begin) / length
        parts = [0.0]
        if self.until.steps:
            parts.append(step / self.until.steps)
        if self.until.seconds:
            parts.append(seconds / self.until.seconds)
        return max(parts)

    def steps(self, step: int, seconds: float) -> int:
        """How many steps there are in all, as far as can be told now."""
        if not self.until.bounded:
            begin, length = self._round(step)
            return begin + length
        passed = self.passed(step, seconds)
        if not self.until.seconds or passed == 0:
            return self.until.steps or max(step + 1, self.length)
        return max(step, round(step / min(passed, 1.0)), 1)

    def height(self, step: int, seconds: float) -> float:
        """The rate as a part of what it is at most: it warms up, and falls evenly to zero."""
        passed = min(self.passed(step, seconds), 1.0)
        begin = 0 if self.until.bounded else self._round(step)[0]
        lower = 0.5 ** self._number(step) if not self.until.bounded else 1.0
        length = max(1.0, WARM_UP * (self.steps(step, seconds) - begin))
        return lower * min(1.0, (step - begin + 1) / length) * (1 - passed)

    def over(self, step: int, seconds: float) -> bool:
        """Whether its bounds are reached."""
        if self.until.bounded:
            return self.passed(step, seconds) >= 1
        return self._number(step) >= ROUNDS

    def turns(self, step: int) -> bool:
        """Whether a round has just ended and another one could begin."""
        return not self.until.bounded and step > 0 and self._round(step)[0] == step

    def _number(self, step: int) -> int:
        return (step // self.length + 1).bit_length() - 1

    def _round(self, step: int) -> tuple[int, int]:
        """Where the round of a step begins, and how long it is."""
        number = self._number(step)
        return self.length * (2**number - 1), self.length * 2**number
