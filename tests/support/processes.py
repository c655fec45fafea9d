"""Processes that die on purpose."""

from __future__ import annotations

import contextlib
import gc
import os
import random
import re
import signal
import socket
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

#: The name of this machine, as temporaries and locks have it.
HOST = re.sub(r"[^\w-]", "-", socket.gethostname())


def forked(work: Callable[[], object]) -> int:
    """Do that in a child, which has all our imports already; its process id. An exit (`SystemExit`) is its exit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # from Python 3.12 on: we have threads, and know it
        pid = os.fork()
    if pid:
        return pid
    gc.freeze()  # the memory that we share would be copied as garbage is looked for in it
    code = 1
    try:
        work()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(pid: int) -> int:
    """How the child ended: its exit code, or minus the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def killed(work: Callable[[], object], seconds: float) -> bool:
    """Do that in a child and kill it -9 after so long: whether that came before its end."""
    pid = forked(work)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    code = ended(pid)
    assert code in (0, -signal.SIGKILL)
    return code != 0


@contextlib.contextmanager
def inside(enter: Callable[[], contextlib.AbstractContextManager[object]]) -> Iterator[int]:
    """A child that has entered that context, and leaves it when we leave ours; its process id."""
    ready, tell = os.pipe()
    wait, leave = os.pipe()

    def work() -> None:
        os.close(leave)
        with enter():
            os.write(tell, b"!")
            os.read(wait, 1)

    pid = forked(work)
    os.close(tell)
    try:
        assert os.read(ready, 1)
        yield pid
    finally:
        os.close(leave)
        with contextlib.suppress(ChildProcessError):  # it has ended before, and that was seen
            ended(pid)
        os.close(ready)
        os.close(wait)


def moments(number: int, longest: float, seed: int = 0) -> list[float]:
    """So many random moments, the same each time."""
    random_ = random.Random(seed)
    return [random_.uniform(0, longest) for _ in range(number)]


def strays(folder: Path) -> list[str]:
    """What killed runs have left behind."""
    return sorted(path.name for path in folder.glob(".*.tmp"))
