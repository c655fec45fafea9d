"""The command line in a process of its own, which can be sent signals, watched and killed.

`ForkedCommand` is a fork of this process: it has torch already, which a fresh one takes seconds to import.
"""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import ClassVar

from tests.support.common import Answer
from tests.support.processes import ended, forked

import artengine.painting.picture  # noqa: F401 - and with it torch, so that no fork has to

MARK = "ARTENGINE_TEST"  # in the environment of whoever a command has started


class Command:
    """A command in a session of its own. stdout and stderr are files that can be read while it runs."""

    def __init__(self, folder: Path) -> None:
        self.mark = f"{folder}{time.monotonic_ns()}"
        self.out_path = folder.with_name(f"{folder.name}-{time.monotonic_ns()}.out")
        self.err_path = self.out_path.with_suffix(".err")
        self.pid = 0

    def poll(self) -> int | None:
        """How it ended: its exit code or minus the signal that killed it; None while it runs."""
        raise NotImplementedError

    def out(self) -> str:
        return self.out_path.read_text()

    def err(self) -> str:
        return self.err_path.read_text()

    def wait_until(self, true: Callable[[], object]) -> None:
        """Wait for that; a command that ends before fails the test."""
        while not true():
            assert self.poll() is None, (self.poll(), self.out(), self.err())
            time.sleep(0.005)

    def kill(self, number: signal.Signals = signal.SIGKILL, *, group: bool = False) -> None:
        """Send a signal, to the process or to all of its group, as a terminal does."""
        (os.killpg if group else os.kill)(self.pid, number)

    def wait(self) -> Answer:
        """What it came to; whoever it had started is gone then, or soon after a kill."""
        deadline = time.monotonic() + 120
        while self.poll() is None:
            assert time.monotonic() < deadline, "has not ended"
            time.sleep(0.005)
        deadline = time.monotonic() + 30
        while left := self.children():
            assert time.monotonic() < deadline, left
            time.sleep(0.01)
        code = self.poll()
        assert code is not None
        return Answer(code, self.out(), self.err())

    def children(self) -> list[str]:
        """The processes that it has started and that run still: id and command line. Linux alone can tell."""
        alive = []
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                runs = (place / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
                environment = (place / "environ").read_bytes().split(b"\0")
                if runs and int(place.name) != self.pid and f"{MARK}={self.mark}".encode() in environment:
                    alive.append(f"{place.name} {(place / 'cmdline').read_bytes()!r}")
        return alive


class ForkedCommand(Command):
    """A fork of this process, with all that is patched in it. first: called in it before the command."""

    begun: ClassVar[list[ForkedCommand]] = []

    @classmethod
    def kill_all(cls) -> None:
        """Kill those that a test has begun and not ended, as one that fails does, and whoever they have started."""
        while cls.begun:
            command = cls.begun.pop()
            if command.poll() is None:
                command.kill(group=True)

    def __init__(self, folder: Path, *words: object, first: Callable[[], object] = lambda: None) -> None:
        super().__init__(folder)
        self._code: int | None = None

        def begin() -> None:
            os.environ[MARK] = self.mark
            first()

        out, err = (os.open(path, os.O_WRONLY | os.O_CREAT) for path in (self.out_path, self.err_path))
        self.pid = fork_command(folder, words, {1: out, 2: err}, begin)
        for handle in (out, err):
            os.close(handle)
        self.begun.append(self)

    def poll(self) -> int | None:
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code


def fork_command(
    folder: Path, words: Iterable[object], handles: Mapping[int, int], first: Callable[[], object] = lambda: None
) -> int:
    """Run the command line in a forked child, in a session of its own; the child's process id.

    handles: of the child's stdin (0), stdout (1) and stderr (2), which it has instead of ours. first: called in it
    before.
    """

    def work() -> None:
        from artengine.cli.app import main

        os.setsid()
        os.chdir(folder)
        for target, source in handles.items():
            os.dup2(source, target)
        if 0 in handles:
            sys.stdin = open(0, closefd=False)  # noqa: SIM115
        sys.stdout, sys.stderr = (open(handle, "w", closefd=False) for handle in (1, 2))  # noqa: SIM115
        sys.argv = ["artengine", *map(str, words)]
        sys.modules["__main__"].__package__ = None  # else click takes pytest's for the name of the program
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        first()
        try:
            main()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()

    return forked(work)


def run_on_terminal(
    words: Iterable[object], folder: Path, *, stdout_too: bool = False, first: Callable[[], object] = lambda: None
) -> tuple[int, str, str]:
    """Exit code, stdout and what a person sees, with stderr a real terminal of 140 columns.

    first: called before, in the child.
    """
    ours, theirs = pty.openpty()
    read, write = os.pipe()
    terminal = {"TERM": "xterm", "COLUMNS": "140"}
    pid = fork_command(
        folder, words, {1: theirs if stdout_too else write, 2: theirs}, lambda: os.environ.update(terminal)
    )
    os.close(theirs)
    os.close(write)
    seen = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while piece := os.read(ours, 65536):
            seen += piece
    os.close(ours)
    with os.fdopen(read) as pipe:
        results = pipe.read()
    return ended(pid), results, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode())
