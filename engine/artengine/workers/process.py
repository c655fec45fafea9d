"""A process that does one thing again and again, seen from both ends: `Worker` asks, `serve` answers.

A message is a line of JSON in the pipes that the process has as stdin and stdout. It moves both away before anything
else: what somebody prints there goes to stderr, and who reads finds nothing. A process of multiprocessing would import
the driver's main script again, which a notebook does not have, and which starts all over where it has no guard.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from typing import IO, Any, NoReturn, cast

from artengine.errors import ArtengineError

EXIT_GRACE_SECONDS = 1.0  # seconds for a process that has nobody to answer any more to leave by itself

_HELLO = b"artengine's worker\n"  # the first line; what comes before it, Python has printed while it started
_PROGRAM = "import sys; sys.path[:] = sys.argv[2:]; from artengine.workers.process import serve; serve(sys.argv[1])"
_PR_SET_PDEATHSIG = 1  # of linux/prctl.h


class Worker:
    """A fresh process for a function, seen from the driver; each of its methods may take as long as the work does.

    function: ``module:name``. threads: torch's, in the process.
    Raises `ArtengineError` where the system does not start it.
    """

    def __init__(self, function: str, threads: int) -> None:
        environment = {"GOMP_SPINCOUNT": "10000", **os.environ}  # as the command line sets it
        environment |= {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        path = [place for place in sys.path if isinstance(place, str)]
        flags = 0
        if sys.platform == "win32":
            flags = subprocess.CREATE_NEW_PROCESS_GROUP  # it does not see Ctrl-C
        try:
            self._process = subprocess.Popen(  # noqa: S603 - we start ourselves
                [sys.executable, "-u", "-P", "-c", _PROGRAM, function, *path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment,
                creationflags=flags,
            )
        except OSError as error:
            raise ArtengineError(f"a worker cannot be started: {error.strerror or error}") from error
        self._questions = cast(IO[bytes], self._process.stdin)
        self._answers = cast(IO[bytes], self._process.stdout)
        self.kill = self._process.kill

    def ended(self) -> bool:
        """Whether it has died while it had nothing to do."""
        return self._process.poll() is not None

    def greeting(self) -> dict[str, Any] | None:
        """Its first answer, which tells whether the function is there; None where it dies before that."""
        return self.answer() if _HELLO in self._answers else None

    def ask(self, line: bytes) -> None:
        """Ask it the next question; one that has died gives no answer."""
        with contextlib.suppress(OSError):
            self._questions.write(line)
            self._questions.flush()

    def answer(self) -> dict[str, Any] | None:
        """The next thing it says: ``logged``, ``result`` or ``error``; None where it dies before that."""
        line = self._answers.readline()
        return dict(json.loads(line)) if line.endswith(b"\n") else None

    def end(self) -> str:
        """End it, where it has not died, and tell how it did: ``SIGKILL`` or ``exit code 3``."""
        with contextlib.suppress(OSError):  # the rest of a question that it did not take
            self._questions.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(EXIT_GRACE_SECONDS)
        self.kill()
        code = self._process.wait()
        self._answers.close()
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
        return f"exit code {code}"


def serve(function: str) -> NoReturn:
    """Answer every line of stdin with what the function gives for it, or the error that it raises.

    function: ``module:name``. A first answer tells whether it is there. What the logger "artengine" warns of goes
    between the answers.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    questions, answers = _take_pipes()
    _die_with_driver()
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(questions, lines), daemon=True).start()
    write = _LineWriter(answers)
    write(b"\n" + _HELLO)
    try:
        module, _, name = function.partition(":")
        work = getattr(importlib.import_module(module), name)
    except BaseException as error:
        write(_failure(error))
        os._exit(1)
    write(_to_line({"error": ""}))
    logger = logging.getLogger("artengine")
    logger.addHandler(_WarningHandler(write))
    logger.propagate = False
    while True:
        write(_answer(work, lines.get()))


def _take_pipes() -> tuple[int, int]:
    """New handles for the pipes at stdin and stdout, which no other program gets."""
    null = os.open(os.devnull, os.O_RDWR)  # it becomes stderr where the driver has none
    questions, answers = os.dup(0), os.dup(1)
    os.dup2(null, 0)
    os.dup2(2, 1)
    if sys.platform != "win32":  # a process that a plugin forks outlives this one, whose end the driver has to see
        for handle in (questions, answers):
            os.register_at_fork(after_in_child=functools.partial(os.close, handle))
    return questions, answers


def _die_with_driver() -> None:
    """Have the system kill this process when the driver dies, even where a thread does not let others run."""
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):  # elsewhere and without it, `_listen` sees to it
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _listen(questions: int, lines: queue.SimpleQueue[bytes]) -> None:
    """Take lines beside the work, so that the end of the driver is the end of the work as well."""
    with open(questions, "rb", closefd=False) as pipe:
        for line in pipe:
            if line.endswith(b"\n"):
                lines.put(line)
    os._exit(1)


class _LineWriter:
    """Writes whole lines, whichever thread they come from."""

    def __init__(self, answers: int) -> None:
        self._answers = answers
        self._lock = threading.Lock()

    def __call__(self, line: bytes) -> None:
        rest = memoryview(line)
        with self._lock:
            try:
                while rest:
                    rest = rest[os.write(self._answers, rest) :]
            except OSError:  # there is nobody to tell it to
                os._exit(1)


class _WarningHandler(logging.Handler):
    """Tells the driver what is worth a warning."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        super().__init__(logging.WARNING)
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        self._write(_to_line({"logged": [record.name, record.levelno, self.format(record)]}))


def _answer(work: Callable[[Any], object], line: bytes) -> bytes:
    try:
        return _to_line({"result": work(json.loads(line))})
    except BaseException as error:
        return _failure(error)


def _failure(error: BaseException) -> bytes:
    if isinstance(error, ArtengineError):
        return _to_line({"error": str(error) or type(error).__name__})
    # imported here: it takes as long as all else that a worker needs
    from artengine.components import format_plugin_error

    words = " ".join(traceback.format_exception_only(error)[-1].split())
    if plugin_error := format_plugin_error(error):  # with the plugin and its line
        words = plugin_error.splitlines()[-1]
    return _to_line({"error": words, "traceback": "".join(traceback.format_exception(error))})


def _to_line(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode() + b"\n"
