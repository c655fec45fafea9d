"""One run for the files of a scene: how they are to be made, what their recipes say, and what is written so far."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from artengine.components import ConfiguredComponent
from artengine.events import Event, Note, Wrote
from artengine.files import OutputTarget, Replacing
from artengine.making import recipe
from artengine.making.output_threads import OutputThreads
from artengine.painting import paint_alike
from artengine.scene import Work
from artengine.training import Train, train_to_file

#: Whether weights go into files: where they are small, whenever they can, or not at all.
Weights = Literal["auto", "always", "never"]
IndexedOutput = tuple[int, ConfiguredComponent]  # an output with its place in the scene


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How files are to be made, see `make_files`."""

    out: Path
    device: str
    fresh: bool
    metadata: bool
    weights: Weights
    only: int | None
    jobs: int
    replacing: Replacing

    @property
    def train(self) -> Train:
        """Trains a picture to a file, or takes what there is."""
        describe = recipe.of_weights if self.metadata else None
        return functools.partial(train_to_file, out=self.out, describe=describe, replacing=self.replacing)

    def select_outputs(self, work: Work) -> list[IndexedOutput]:
        """The outputs to write."""
        return [(index, bound) for index, bound in enumerate(work.outputs) if self.only in (None, index)]


@dataclass(frozen=True, slots=True)
class Run:
    """One run for the files of a scene or a montage: what their recipes say, and what is written so far.

    before: the backend that the file was made with which is made again.
    """

    work: Work
    options: RunOptions
    device: str
    before: Mapping[str, str] | None = None
    written: set[Path] = field(default_factory=set)

    def output_threads(
        self,
        outputs: Sequence[IndexedOutput],
        backend: Mapping[str, str],
        packed: bytes | None = None,
        *,
        fps: float | None = None,
        loop: bool = False,
        number: int | None = None,
    ) -> OutputThreads:
        """Outputs that wait for what they write; fps: frames a second of a film, None for a still; number: of several.

        backend: what paints the network as it is now; one that has learnt since may be painted in another way. packed:
        weights that go into the recipe.
        """
        targets = []
        for index, bound in outputs:
            if self.before and paint_alike(self.before, backend):
                backend = self.before  # so that the file is the same too
            found = recipe.of(self.work, self.device, index, backend, packed) if self.options.metadata else None
            target = OutputTarget(
                self.options.out,
                self.work.name,
                found.to_json() if found else None,
                dpi=self.work.canvas.resolution,
                sheet=self.work.canvas.sheet,
                written=self.written,
                fps=fps,
                loop=loop,
                number=number,
                replacing=self.options.replacing,
            )
            targets.append((bound, target))
        return OutputThreads(targets)

    def write(self, threads: OutputThreads, feed: Callable[[OutputThreads], Iterator[Event]]) -> Iterator[Event]:
        """Feed outputs to their end; the events of that, and the files that are written then."""
        try:
            with threads:
                yield from feed(threads)
                threads.finish()
        except Exception:
            yield from self._tell_written(threads)  # they are whole
            raise
        yield from self._tell_written(threads)

    def _tell_written(self, threads: OutputThreads) -> Iterator[Event]:
        yield from map(Note, self.options.replacing.told())
        yield from map(Wrote, threads.paths)
