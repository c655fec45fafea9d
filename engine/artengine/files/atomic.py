"""The one way files come about: whole or not at all.

A file is written beside its place under a temporary name, flushed to the disk and renamed; on any exception the
temporary goes and the earlier file stays. A killed run leaves its temporaries behind; the next run there cleans them.
Plain calls do not do this: killed at a random moment, Pillow tore 76 of 100 files and torch.save 92.
"""

from __future__ import annotations

import contextlib
import errno
import io
import itertools
import os
import re
import shutil
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

import filelock

from artengine.errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

_count = itertools.count()
_TEMPORARY = re.compile(r"\.(?P<name>.+)\.(?P<host>[^.]+)\.(?P<pid>\d+)\.\d+\.tmp")


def _wanted() -> None:
    """Nobody has called the writing off."""


@contextlib.contextmanager
def create(path: Path, wanted: Callable[[], None] = _wanted) -> Iterator[IO[bytes]]:
    """Open a file for writing that appears, in place of an earlier one, when the block ends without an exception.

    wanted: called before every write and before the end, raises where the writing has been called off.
    Raises `OutputError` where the file cannot be written.
    """
    with scratch(path) as temporary:
        with writing(path):
            raw = _Raw(temporary, path, wanted)
        with io.BufferedWriter(raw) as file:
            yield file
            file.flush()
            raw.sync()
        wanted()
        with writing(path):
            _appear(temporary, path)


@contextlib.contextmanager
def place(path: Path, wanted: Callable[[], None] = _wanted) -> Iterator[Path]:
    """Give the path of a temporary that appears at `path` when the block ends, as what `create` opens does.

    It is for programs that have to open a file themselves, or more than once; it is there already, and empty.
    wanted: as with `create`, asked before the end. Raises `OutputError` where the file cannot be written.
    """
    with scratch(path) as temporary:
        yield temporary
        wanted()
        with writing(path):
            with temporary.open("rb+") as file:
                os.fsync(file.fileno())
            _appear(temporary, path)


@contextlib.contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """Give the path of an empty temporary beside the file at `path`; it goes when the block ends, however it ends.

    Raises `OutputError` where it cannot be made.
    """
    temporary = path.with_name(f".{path.name}.{_host()}.{os.getpid()}.{next(_count)}.tmp")
    try:
        with writing(path):
            temporary.open("xb").close()
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _appear(temporary: Path, path: Path) -> None:
    temporary.replace(path)
    _sync_folder(path.parent)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell what the system refuses as an `OutputError` about the file at path."""
    try:
        yield
    except OSError as error:
        raise OutputError(told(path, error)) from error


@contextlib.contextmanager
def hold(folder: Path, name: str, patience: float = 0.0) -> Iterator[None]:
    """Keep the files of that name in the folder to ourselves, and clean away what killed runs left there.

    patience: seconds to wait for another run, one perhaps that is just dying.
    Raises `OutputError` where another run holds them, or the folder cannot be written in.
    """
    place = folder / f".{name}.lock"
    lock = filelock.FileLock(place, timeout=patience)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            found = place.lstat()
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                hint = "remove it, or choose another folder with --out"
                raise OutputError(f"{place}: is no lock of artengine's; {hint}")
        lock.acquire()
    except filelock.Timeout:
        holder = _holder(place)
        message = (
            f"{folder / name}: another run{holder} is making it; wait for that, or choose another folder with --out"
        )
        raise OutputError(message) from None
    except OSError as error:
        raise OutputError(told(folder, error)) from error
    try:
        with contextlib.suppress(OSError):  # only a help for the message above
            place.write_text(f"pid {os.getpid()} on {_host()}", encoding="utf-8")
        _clean(folder, name)
        yield
    finally:
        if sys.platform != "win32":  # while it is held: whoever waits notices and takes a new one
            with contextlib.suppress(OSError):
                place.unlink()
        lock.release()


class _Raw(io.FileIO):
    """A file whose handle nobody gets to write past us: on a full disk, Pillow takes half a write for a whole one."""

    def __init__(self, temporary: Path, path: Path, wanted: Callable[[], None]) -> None:
        self._path = path
        self._wanted = wanted
        super().__init__(temporary, "w")

    def write(self, data: Buffer, /) -> int:
        self._wanted()
        with writing(self._path):
            return super().write(data)

    def close(self) -> None:
        with writing(self._path):
            super().close()

    def fileno(self) -> int:
        raise io.UnsupportedOperation("a file that is being created is written to with write()")

    def sync(self) -> None:
        """Have the disk keep what was written."""
        with writing(self._path):
            os.fsync(super().fileno())


@dataclass(frozen=True, slots=True)
class OutputTarget:
    """Where the outputs of one scene go: ``<folder>/<name><suffix>``; see `Target`."""

    folder: Path
    name: str
    recipe: str | None
    dpi: float | None = None
    made: set[Path] = field(default_factory=set)  # by the outputs of this run
    wanted: Callable[[], None] = _wanted
    fps: float | None = None
    loop: bool = False

    def path(self, suffix: str, /) -> Path:
        """The path of the file with that suffix.

        Raises `ValueError` for a suffix that would lead elsewhere.
        """
        if not re.fullmatch(r"[-\w]*\.[\w.]+", suffix):
            raise ValueError(f"found the suffix {suffix!r}, expected something like '.png' or '-2.png'")
        return self.folder / f"{self.name}{suffix}"

    def create(self, suffix: str, /) -> contextlib.AbstractContextManager[IO[bytes]]:
        """Open the file with that suffix for writing, see `create`.

        Raises `ValueError` where it has been written in this run already.
        """
        return create(self._claimed(suffix), self.wanted)

    def place(self, suffix: str, /) -> contextlib.AbstractContextManager[Path]:
        """Give a path to write the file with that suffix to, see `place`; raises as `create` does."""
        return place(self._claimed(suffix), self.wanted)

    def scratch(self, suffix: str, /) -> contextlib.AbstractContextManager[Path]:
        """Give a path to write to what nobody needs afterwards, see `scratch`."""
        return scratch(self.path(suffix))

    def _claimed(self, suffix: str) -> Path:
        path = self.path(suffix)
        if path in self.made:
            raise ValueError(f"writes {path}, which has been written in this run already")
        self.made.add(path)
        return path


def _clean(folder: Path, name: str) -> None:
    for path in folder.glob(".*.tmp"):
        found = _TEMPORARY.fullmatch(path.name)
        if not found:
            continue
        pid, here = int(found["pid"]), found["host"] == _host()
        ours = found["name"].startswith(f"{name}.")  # we hold the lock, so none of ours is being written
        alive = here and pid != os.getpid() and _alive(pid)  # cape.v2.png may be the picture of another scene, cape.v2
        dead = here and not _alive(pid)
        if dead or (ours and not alive):
            with contextlib.suppress(OSError):
                path.unlink()


def _alive(pid: int) -> bool:
    if sys.platform == "win32":  # no harmless way to ask there
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _host() -> str:
    return re.sub(r"[^\w-]", "-", socket.gethostname()) or "localhost"


def _holder(place: Path) -> str:
    try:
        text = place.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
    return f" ({text[:100]})" if text else ""


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":  # folders cannot be opened there
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def told(path: Path, error: OSError) -> str:
    """What the system refused when the file at path was written, in words; with what to do where the disk is full."""
    message = f"{path}: cannot be written: {error.strerror or error}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(path.parent).free / 1e6
            message += f" ({free:.1f} MB free); make room, or choose another folder with --out"
    return message
