"""Many items of work on a few processes; the death of one costs at most the item that killed it.

Each slot has a process of its own, started again where it dies, and a thread of ours that talks to it. Pools whose
processes share a queue break as a whole: with one process killed, concurrent.futures lost 32 of 40 items.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import queue
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from artengine.errors import ArtengineError
from artengine.workers.process import Worker

MAX_STARTS = 3  # of a process that dies before it can work; after so many it is not by chance


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of work: a name for messages, and plain data, which arrives as JSON tells it."""

    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ItemResult:
    """How an item went: the plain data it came to, or the error that kept it from it.

    error: a line, or as many as an `InputError` has problems. traceback: of an exception that is no `ArtengineError`.
    seconds: what the last attempt took.
    """

    item: Item
    result: Any = None
    error: str = ""
    traceback: str = ""
    seconds: float = 0.0
    attempts: int = 1


class Executor(Protocol):
    """Whoever works on items: the processes of this machine, or others."""

    def work(self, items: Iterable[Item], /) -> Generator[ItemResult, None, None]:
        """The items as they finish, in any order; closing it stops the work."""


def available_cores() -> int:
    """How many cores this process may use: those it is bound to, and no more than OMP_NUM_THREADS allows."""
    bound = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    return min(bound, max(1, int(allowed))) if allowed.isdecimal() else bound


class Workers:
    """Processes of this machine, no more than jobs, started as they are needed.

    function: ``module:name`` of the engine's own, called in a process with an item's data; it gives plain data.
    timeout: seconds an item may take. threads: torch's, in each process; by default the processes share the cores.
    """

    def __init__(self, function: str, jobs: int, *, timeout: float | None = None, threads: int | None = None) -> None:
        if jobs < 1:
            raise ValueError(f"found {jobs} jobs, expected at least 1")
        self.function = function
        self.jobs = jobs
        self.timeout = math.inf if timeout is None else timeout
        self.threads = max(1, available_cores() // jobs) if threads is None else threads

    def work(self, items: Iterable[Item], /) -> Generator[ItemResult, None, None]:
        """The items as they finish, in any order; closing it ends the processes.

        Items are taken as they are needed, at most twice as many as there are processes before one is given back. An
        exception fails its item, and so does taking too long. The item whose process died is tried once more in a
        fresh one; if it was killed, as a system short of memory does, with nothing beside it.
        Raises `ArtengineError` where processes cannot be started, `ValueError` for data that JSON cannot tell.
        """
        tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
        slots: list[_Slot] = []
        source = iter(items)
        more = True
        in_flight = 0  # tasks that have not come back
        window = 2 * self.jobs  # so that no process waits while our caller is busy with what it was given
        alone: deque[_Task] = deque()
        try:
            while more or in_flight or alone:
                if alone and not in_flight:
                    tasks.put(alone.popleft())
                    in_flight = window = 1
                elif more and not alone and in_flight < window:
                    item = next(source, None)
                    more = item is not None
                    if item is not None:
                        tasks.put(_Task(item, _to_line(item)))
                        in_flight += 1
                        if len(slots) < min(in_flight, self.jobs):
                            slots.append(_Slot(self, tasks, events))
                    if events.empty():
                        continue
                match _next_event(events, slots, self.timeout):
                    case _Logged(name, level, text):
                        logging.getLogger(name).log(level, "%s", text)
                    case _Died(task, "SIGKILL"):
                        alone.append(replace(task, attempt=2))
                        in_flight -= 1
                    case _Died(task):
                        tasks.put(replace(task, attempt=2))
                    case ItemResult() as done:
                        in_flight -= 1
                        yield done
                    case Exception() as error:
                        raise error
                if not in_flight:
                    window = 2 * self.jobs
        finally:
            for slot in slots:
                slot.kill()
                tasks.put(None)
            for slot in slots:
                slot.thread.join()


@dataclass(frozen=True, slots=True)
class _Task:
    item: Item
    line: bytes
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class _Died:
    """The process died at the first attempt, and how."""

    task: _Task
    how: str


@dataclass(frozen=True, slots=True)
class _Logged:
    name: str
    level: int
    text: str


_Event = ItemResult | _Died | _Logged | Exception


class _StoppedError(Exception):
    """The work is called off."""


class _Slot:
    """A process at a time, and a thread that gives it tasks and tells what came of them."""

    def __init__(
        self, workers: Workers, tasks: queue.SimpleQueue[_Task | None], events: queue.SimpleQueue[_Event]
    ) -> None:
        self._workers = workers
        self._tasks = tasks
        self._events = events
        self._lock = threading.Lock()  # over the next four, which the driver looks at too
        self._worker: Worker | None = None
        self._deadline = math.inf  # of the task under way
        self._timed_out = False
        self._stopped = False
        self.thread = threading.Thread(target=self._run, name="artengine worker", daemon=True)
        self.thread.start()

    def seconds_left(self) -> float:
        """The seconds that the task under way has left, infinite where there is none; one that has none is ended."""
        with self._lock:
            left = self._deadline - time.monotonic()
            if left <= 0 and self._worker:
                self._timed_out, self._deadline = True, math.inf
                self._worker.kill()
            return max(left, 0)

    def kill(self) -> None:
        """End the process, and with it the thread."""
        with self._lock:
            self._stopped = True
            if self._worker:
                self._worker.kill()

    def _run(self) -> None:
        if sys.platform != "win32":  # processes inherit it: Ctrl-C, which all of a terminal see, is the driver's
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            while (task := self._tasks.get()) and not self._stopped:
                self._events.put(self._work_on(task))
        except _StoppedError:
            pass
        except Exception as error:
            self._events.put(error)
        finally:
            self._end_worker()

    def _work_on(self, task: _Task) -> ItemResult | _Died:
        worker = self._worker
        if worker is None or task.attempt > 1 or worker.ended():
            self._end_worker()
            worker = self._start_worker()
        start = time.monotonic()
        with self._lock:
            self._deadline = start + self._workers.timeout
        worker.ask(task.line)
        while (answer := worker.answer()) and "logged" in answer:
            name, level, text = answer["logged"]
            self._events.put(_Logged(name, level, f"{task.item.name}: {text}"))
        with self._lock:
            timed_out, self._timed_out, self._deadline = self._timed_out, False, math.inf
        done = ItemResult(task.item, seconds=time.monotonic() - start, attempts=task.attempt)
        if timed_out:
            self._end_worker()
            return replace(done, error=f"took longer than {self._workers.timeout:g} s")
        if answer is not None:
            return replace(done, **answer)
        how = self._end_worker()
        if task.attempt == 1:
            return _Died(task, how)
        hint = "; is there enough memory?" if how == "SIGKILL" else ""
        return replace(done, error=f"its worker died twice ({how}){hint}")

    def _start_worker(self) -> Worker:
        how = ""
        for _ in range(MAX_STARTS):
            with self._lock:
                if self._stopped:
                    raise _StoppedError
                self._worker = worker = Worker(self._workers.function, self._workers.threads)
            if answer := worker.greeting():
                if error := answer["error"]:
                    raise ArtengineError(f"a worker cannot begin: {error}")
                return worker
            how = self._end_worker()
        raise ArtengineError(f"a worker died {MAX_STARTS} times before it could begin ({how})")

    def _end_worker(self) -> str:
        with self._lock:
            worker, self._worker = self._worker, None
        return worker.end() if worker else ""


def _to_line(item: Item) -> bytes:
    try:
        return json.dumps(dict(item.data)).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{item.name}: an item is plain data, which JSON can tell: {error}") from error


def _next_event(events: queue.SimpleQueue[_Event], slots: list[_Slot], timeout: float) -> _Event:
    """What happens next; meanwhile, what takes too long is ended."""
    while True:
        # a task given out from now on has all of its time
        left = min([timeout, *(slot.seconds_left() for slot in slots)])
        with contextlib.suppress(queue.Empty):
            return events.get(timeout=None if left == math.inf else min(left, 3600))
