"""Stopping by a signal: first in good order, then at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def stop_requests() -> Iterator[Callable[[], int]]:
    """Listen to signals; gives a function: the exit code that a signal asks for, 0 while there was none.

    The second signal ends the process as it usually does.
    """
    code = 0
    signals = (signal.SIGINT, signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread():
        yield lambda: 0
        return

    def remember(number: int, frame: FrameType | None) -> None:
        nonlocal code
        code = 128 + number
        for one in signals:
            signal.signal(one, signal.default_int_handler if one == signal.SIGINT else signal.SIG_DFL)

    before = {one: signal.signal(one, remember) for one in signals}
    try:
        yield lambda: code
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
