"""Locks on the names of outputs, so that two runs keep apart; whoever holds one cleans up what killed runs left."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import filelock

from artengine.errors import InputError, OutputError
from artengine.files.atomic import convert_os_errors, describe_os_error, host_name, remove_temporary, temporary_name
from artengine.files.earlier import InTheWayError

MAX_FILE_NAME = 255  # bytes, on most systems
LONGEST_ENDING = "-shot-100.safetensors"  # of what is written

_TEMPORARY = re.compile(r"\.(?P<name>.+)\.(?P<host>[^.]+)\.(?P<pid>\d+)\.\d+\.tmp")


@contextlib.contextmanager
def lock_outputs(folder: Path, name: str, patience: float = 0.0) -> Iterator[None]:
    """Keep the files of that name in the folder to ourselves, and clean away what killed runs left there.

    patience: seconds to wait for another run, one perhaps that is just dying. On Windows what killed runs left stays:
    there is no harmless way to ask whether a process lives.
    Raises `OutputError` where another run holds them, or the folder cannot be written in; `InputError` where the name
    is too long for the files of a run.
    """
    _check_length(folder, name)
    path = folder / f".{name}.lock"
    lock = filelock.FileLock(path, timeout=patience)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_foreign(path)
        lock.acquire()
    except FileExistsError:
        raise OutputError(f"{folder}: found a file, expected a folder; choose another with --out") from None
    except filelock.Timeout:
        with convert_os_errors(folder):  # where no file can be made, nobody else makes one: /proc says so only then
            tempfile.TemporaryFile(dir=folder).close()
        holder = _holder(path)
        message = (
            f"{folder / name}: another run{holder} is making it; wait for that, or choose another folder with --out"
        )
        raise OutputError(message) from None
    except OSError as error:
        raise OutputError(describe_os_error(folder, error)) from error
    try:
        with contextlib.suppress(OSError):  # only a help for the message above
            path.write_text(f"pid {os.getpid()} on {host_name()}", encoding="utf-8")
        _clean(folder, name)
        yield
    finally:
        if sys.platform != "win32":  # while it is held: whoever waits notices and takes a new one
            with contextlib.suppress(OSError):
                path.unlink()
        lock.release()


def _check_length(folder: Path, name: str) -> None:
    """Raise `InputError` where a file of that name could not be written: after the training it would be too late."""
    longest = temporary_name(folder / f"{name}{LONGEST_ENDING}").name
    if (over := len(os.fsencode(longest)) - MAX_FILE_NAME) > 0:
        most = len(os.fsencode(name)) - over
        message = f"found a name of {len(os.fsencode(name))} bytes, expected at most {most}; choose a shorter --name"
        raise InputError(f"{name}: {message}")


def _refuse_foreign(path: Path) -> None:
    """Raise `OutputError` where something else than a lock of ours has its name: it would be written into."""
    with contextlib.suppress(FileNotFoundError):
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1 or not _is_lock(path):
            raise InTheWayError(f"{path}: is no lock of artengine's; move it, or choose another folder with --out")


def _is_lock(path: Path) -> bool:
    """Whether a file holds what a lock of ours does: nothing, if its run was killed at once."""
    with path.open("rb") as file:
        return re.fullmatch(rb"|pid \d+ on [\w-]+", file.read(300)) is not None


def _clean(folder: Path, name: str) -> None:
    for path in folder.glob(".*.tmp"):
        match = _TEMPORARY.fullmatch(path.name)
        if not match:
            continue
        pid, here = int(match["pid"]), match["host"] == host_name()
        ours = match["name"].startswith(f"{name}.")  # we hold the lock, so none of ours is being written
        alive = here and pid != os.getpid() and _is_alive(pid)  # cape.v2.png may be the picture of another, cape.v2
        dead = here and not _is_alive(pid)
        if dead or (ours and not alive):
            remove_temporary(path)


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":  # where signal 0 is no question but Ctrl-C
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _holder(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
    return f" ({text[:100]})" if text else ""
