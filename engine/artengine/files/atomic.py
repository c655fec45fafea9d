"""The one way files come about: whole or not at all.

A file is written beside its place under a temporary name, flushed to the disk and renamed; on any exception the
temporary goes and the earlier file stays. A killed run leaves its temporaries behind; the next run there cleans them.
What another program writes has a temporary folder around it: the program may outlive us and open its file after that.
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
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from artengine.errors import OutputError
from artengine.files.earlier import KEEPING, Replacing

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

MAX_REMOVALS = 3  # of a folder in which a program makes a file just then; it opens its file once

_count = itertools.count()


def never_cancelled() -> None:
    """The default of `raise_if_cancelled`, for writing that nobody cancels."""


@contextlib.contextmanager
def create_file(
    path: Path,
    raise_if_cancelled: Callable[[], None] = never_cancelled,
    replacing: Replacing | None = KEEPING,
) -> Iterator[IO[bytes]]:
    """Open a file for writing that appears when the block ends without an exception.

    raise_if_cancelled: called before every write and before the end, raises where the writing has been cancelled.
    replacing: what becomes of an earlier file there; None in folders of artengine's own, where it goes.
    Raises `OutputError` where the file cannot be written.
    """
    _check(path, replacing)
    with temporary_file(path) as temporary:
        with convert_os_errors(path):
            raw = _UnbypassableFile(temporary, path, raise_if_cancelled)
        with io.BufferedWriter(raw) as file:
            yield file
            file.flush()
            raw.sync()
        raise_if_cancelled()
        put_file(temporary, path, replacing)


@contextlib.contextmanager
def place_file(
    path: Path,
    raise_if_cancelled: Callable[[], None] = never_cancelled,
    replacing: Replacing | None = KEEPING,
) -> Iterator[Path]:
    """Give the path of a temporary that appears at `path` when the block ends, as what `create_file` opens does.

    It is for programs that have to open a file themselves, or more than once; see `program_file`.
    raise_if_cancelled: as with `create_file`, called before the end. replacing: as there.
    Raises `OutputError` where the file cannot be written.
    """
    _check(path, replacing)
    with program_file(path) as temporary:
        yield temporary
        raise_if_cancelled()
        with convert_os_errors(path), temporary.open("rb+") as file:
            os.fsync(file.fileno())
        put_file(temporary, path, replacing)


def put_file(new: Path, path: Path, replacing: Replacing | None = KEEPING) -> None:
    """Move a whole file, on the same disk, to its place; replacing: as with `create_file`.

    Raises `OutputError` where it cannot stand there.
    """
    with convert_os_errors(path):
        if replacing:
            replacing.make_way(new, path)
        new.replace(path)
        if sys.platform != "win32":  # where folders cannot be opened
            _sync_folder(path.parent)


@contextlib.contextmanager
def temporary_file(path: Path) -> Iterator[Path]:
    """Give the path of an empty temporary beside the file at `path`; it goes when the block ends, however it ends.

    Raises `OutputError` where it cannot be made.
    """
    temporary = temporary_name(path)
    try:
        with convert_os_errors(path):
            temporary.open("xb").close()
        yield temporary
    finally:
        remove_temporary(temporary)


@contextlib.contextmanager
def program_file(path: Path) -> Iterator[Path]:
    """Give the path of an empty temporary for another program to write; it goes when the block ends, however it ends.

    It is alone in a temporary folder beside the file at `path`. Where the run is killed and the program is not, it can
    make nothing there any more once the next run has removed the folder.
    Raises `OutputError` where it cannot be made.
    """
    folder = temporary_name(path)
    try:
        with convert_os_errors(path):
            folder.mkdir(0o700)
            (folder / "file").open("xb").close()
        yield folder / "file"
    finally:
        remove_temporary(folder)


def remove_temporary(path: Path) -> None:
    """Remove a temporary file or folder; what the system does not let go stays."""
    try:
        path.unlink()
    except (IsADirectoryError, PermissionError):  # macOS and Windows say that a folder is not permitted
        for _ in range(MAX_REMOVALS):
            shutil.rmtree(path, ignore_errors=True)
    except OSError:
        pass


@contextlib.contextmanager
def convert_os_errors(path: Path) -> Iterator[None]:
    """Raise what the system refuses in the block as an `OutputError` about the file at path."""
    try:
        yield
    except OSError as error:
        raise OutputError(describe_os_error(path, error)) from error


def describe_os_error(path: Path, error: OSError) -> str:
    """What the system refused when the file at path was written, in words; with what to do where the disk is full."""
    message = f"{path}: cannot be written: {error.strerror or error}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(path.parent).free / 1e6
            message += f" ({free:.1f} MB free); make room, or choose another folder with --out"
    return message


def host_name() -> str:
    """The name of this machine, as far as it can stand in the names of temporaries."""
    return re.sub(r"[^\w-]", "-", socket.gethostname()) or "localhost"


def temporary_name(path: Path) -> Path:
    """A name beside a path that nobody else takes, and by which the next run knows what it may clean."""
    return path.with_name(f".{path.name}.{host_name()}.{os.getpid()}.{next(_count)}.tmp")


class _UnbypassableFile(io.FileIO):
    """A file whose handle nobody gets to write past us: on a full disk, Pillow takes half a write for a whole one."""

    def __init__(self, temporary: Path, path: Path, raise_if_cancelled: Callable[[], None]) -> None:
        self._path = path
        self._raise_if_cancelled = raise_if_cancelled
        super().__init__(temporary, "w")

    def write(self, data: Buffer, /) -> int:
        self._raise_if_cancelled()
        with convert_os_errors(self._path):
            return super().write(data)

    def close(self) -> None:
        with convert_os_errors(self._path):
            super().close()

    def fileno(self) -> int:
        raise io.UnsupportedOperation("a file that is being created is written to with write()")

    def sync(self) -> None:
        """Have the disk keep what was written."""
        with convert_os_errors(self._path):
            os.fsync(super().fileno())


def _check(path: Path, replacing: Replacing | None) -> None:
    if replacing:
        with convert_os_errors(path):
            replacing.check(path)


def _sync_folder(folder: Path) -> None:
    """Have the disk keep the names in a folder, where its file system can: some of those in a network refuse to."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)
