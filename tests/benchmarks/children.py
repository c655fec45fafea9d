"""Processes that paint when they are asked to, each on its own, all on the same few processors.

Run as a module it is such a process: it reads requests from stdin and answers on stdout, one line of JSON each.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from tests.benchmarks.work import Image, Job, Paint

ROOT = Path(__file__).parents[2]
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Answer:
    """How long each painting of a burst took, and the most memory the process ever held, in bytes.

    drawn: the nonlinearities of the layers.
    """

    seconds: list[float]
    peak: int
    drawn: list[str]


class Child:
    """A process that keeps what it has prepared of every entry, as long as its job stays the same."""

    def __init__(self, threads: int) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.children"]
        self._process = _start(command, threads, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def ask(self, entry: str, job: Job, *, burst: float = 0.0, save: Path | None = None) -> Answer:
        """Paint once and go on until `burst` seconds are over; the first painting of a job is not counted.

        save: where the picture is to go, as .npy. Raises `ChildProcessError` if the process ends; it has said why.
        """
        assert self._process.stdin
        assert self._process.stdout
        request = {"entry": entry, "job": asdict(job), "burst": burst, "save": save and str(save)}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        if not (line := self._process.stdout.readline()):
            raise ChildProcessError(f"{entry}: the process that paints it has ended")
        return Answer(**json.loads(line))

    def image(self, entry: str, job: Job, folder: Path) -> Image:
        """The picture itself; folder: where it may lie for a moment."""
        path = folder / "image.npy"
        self.ask(entry, job, save=path)
        image: Image = np.load(path)
        path.unlink()
        return image


def finished(command: Sequence[str], threads: int) -> tuple[float, int]:
    """Seconds from the start of a command to its end, and the most memory it held, in bytes.

    Raises `CalledProcessError` where it fails; it has said why.
    """
    start = time.perf_counter()
    process = _start(command, threads, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    return seconds, _peak(usage)


def _start(command: Sequence[str], threads: int, **options: Any) -> subprocess.Popen[Any]:
    """A process whose thread pools have `threads` threads, on as many processors; no accelerator is seen."""
    pools = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    plain = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    options["env"] = os.environ | pools | plain
    if sys.platform == "linux":
        mine = os.sched_getaffinity(0)
        processors = sorted(mine)[:threads]
        # inherited at the start, so that pools count no more than these
        os.sched_setaffinity(0, processors)
        try:
            return subprocess.Popen(command, **options)
        finally:
            os.sched_setaffinity(0, mine)
    return subprocess.Popen(command, **options)


def _peak(usage: resource.struct_rusage) -> int:
    """The most memory a process held, in bytes; systems count in different units."""
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


class Painter:
    """What a child does: it paints, and keeps what it has prepared of every entry."""

    def __init__(self) -> None:
        self._prepared: dict[str, tuple[Job, Paint]] = {}

    def answer(self, entry: str, job: Job, *, burst: float = 0.0, save: str | Path | None = None) -> Answer:
        """As `Child.ask`, in this process."""
        from tests.benchmarks.entries import ENTRIES, picture

        if entry not in self._prepared or self._prepared[entry][0] != job:
            self._prepared[entry] = job, ENTRIES[entry].prepare(job)
            self._prepared[entry][1]()
        paint = self._prepared[entry][1]
        seconds: list[float] = []
        while not seconds or sum(seconds) < burst:
            start = time.perf_counter()
            image = paint()
            seconds.append(time.perf_counter() - start)
        peak = _peak(resource.getrusage(resource.RUSAGE_SELF))
        if save:
            np.save(save, image)
        return Answer(seconds, peak, list(job.bends) or picture(job, "float32").network.drawn)


def _serve() -> None:
    """Answer requests until there are none."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries may print what they like
    painter = Painter()
    for line in sys.stdin:
        request = json.loads(line)
        asked = request.pop("job")
        job = Job(size=asked["size"], bends=tuple(asked["bends"]), seed=asked["seed"])
        answers.write(json.dumps(asdict(painter.answer(job=job, **request))) + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
