"""ffmpeg at work: frames go in, a film comes out and is looked at before anybody is told that it is there.

The program is the one that the package imageio-ffmpeg brings, which is moviepy's too. It is driven directly: the
writers of both packages notice neither a full disk nor a killed ffmpeg, and choose the pixel format themselves.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from artengine.errors import ArtengineError, OutputError
from artengine.files import describe_os_error

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

#: What every call begins with: no questions asked, no other file or address opened than those named.
QUIET = ("-nostdin", "-hide_banner", "-nostats", "-y", "-protocol_whitelist", "file,pipe")
MAX_ERROR_LINES = 4  # lines of what ffmpeg said that an error repeats
MAX_LOG_BYTES = 1 << 16  # bytes of it that are kept: a recipe in the metadata may be megabytes long
POLL_SECONDS = 0.05  # seconds between two checks whether the run has been cancelled

_STREAM = re.compile(
    r"^  Stream #0:0.*?: Video: (?P<codec>\w+).*?, (?P<pixels>\w+)(\((?P<colours>[^)]*)\))?, \d+x\d+",
    re.MULTILINE,
)

_MARK = re.compile(r"^\[[^]]* @ 0x[0-9a-f]+\] ", re.MULTILINE)  # which part of it speaks


@dataclass(frozen=True, slots=True)
class Film:
    """What a film holds, found by decoding it from end to end.

    duration: seconds. pixels: ffmpeg's word for their format, ``yuv420p``. colours: its words for range, matrix,
    primaries and transfer, one where the three agree: ``tv, bt709, progressive``.
    """

    frames: int
    width: int
    height: int
    duration: float
    codec: str
    pixels: str
    colours: str

    @property
    def rate(self) -> float:
        """Frames a second, on an average."""
        return self.frames / self.duration


def program() -> str:
    """The path of ffmpeg: the one in the environment variable IMAGEIO_FFMPEG_EXE, the package's, or the system's.

    Raises `ArtengineError` where there is none.
    """
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        hint = "pip install imageio-ffmpeg, or name a program in the environment variable IMAGEIO_FFMPEG_EXE"
        raise ArtengineError(f"found no ffmpeg, which films need; {hint}") from error


def encode(
    pieces: Iterable[Buffer],
    arguments: Sequence[str],
    path: Path,
    *,
    shown: Path,
    raise_if_cancelled: Callable[[], None] = lambda: None,
) -> None:
    """Have ffmpeg write the file at path from what it gets on its standard input, ``pipe:0`` in the arguments.

    pieces: raw frames, rgb24, rows from top to bottom, cut anywhere. arguments: all but the file. shown: the file's
    name in messages. raise_if_cancelled: called while the last frames are being written, raises where the run has been
    cancelled.
    Raises `OutputError` where ffmpeg does not end well, or before it has taken everything. Whatever happens, ffmpeg is
    gone afterwards.
    """
    everything = False
    with _running(["-v", "error", *arguments, file_url(path)], subprocess.PIPE, subprocess.DEVNULL) as (process, log):
        if process.stdin is None:
            raise TypeError("a process without its standard input")
        try:
            for piece in pieces:
                process.stdin.write(piece)
            process.stdin.close()
            everything = True
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EINVAL):  # ffmpeg has gone; EINVAL is Windows' word for it
                raise
        _wait(process, raise_if_cancelled)
    if process.returncode or not everything:
        raise _failure(process.returncode, log.text(), path, shown)


def probe(path: Path, form: str, *, shown: Path, raise_if_cancelled: Callable[[], None] = lambda: None) -> Film:
    """Decode the film at path from end to end and tell what it holds.

    form: ffmpeg's demuxer, which is not left to guess. shown, raise_if_cancelled: as with `encode`.
    Raises `OutputError` where it cannot be decoded.
    """
    frames, end, tick, size = 0, Fraction(0), Fraction(1), (0, 0)
    words = ["-xerror", "-f", form, "-i", file_url(path), "-map", "0:v:0", "-map_metadata", "-1"]
    words += ["-fps_mode", "passthrough", "-f", "framecrc", "pipe:1"]
    with _running(words, subprocess.DEVNULL, subprocess.PIPE) as (process, log):
        for line in process.stdout or ():
            raise_if_cancelled()
            match line.decode(errors="replace").replace(",", " ").split():
                case ["#tb", "0:", ticks]:
                    tick = Fraction(ticks)
                case ["#dimensions", "0:", sides]:
                    width, _, height = sides.partition("x")
                    size = int(width), int(height)
                case ["0", _, start, length, *_]:
                    frames, end = frames + 1, (int(start) + int(length)) * tick
        _wait(process, raise_if_cancelled)
    text = log.text()
    stream = _STREAM.search(text)
    if process.returncode or not frames or not stream:
        raise _failure(process.returncode, text, path, shown)
    return Film(frames, *size, float(end), stream["codec"], stream["pixels"], stream["colours"] or "")


def file_url(path: Path) -> str:
    """A path as ffmpeg takes it: never for an option, an address or a pattern."""
    return f"file:{path}"


def metadata(comment: str | None) -> str:
    """A file for ffmpeg's demuxer ffmetadata that gives a film this comment, or none."""
    escaped = re.sub(r"([=;#\\\n])", r"\\\1", comment or "")
    return f";FFMETADATA1\ncomment={escaped}\n" if comment else ";FFMETADATA1\n"


class _Log:
    """The end of what ffmpeg says, taken off it all the time so that it never waits for us."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._tail = bytearray()
        self._stream = stream
        self._thread = threading.Thread(target=self._listen, name="ffmpeg", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with self._stream:
            while part := os.read(self._stream.fileno(), 1 << 12):
                self._tail += part
                del self._tail[:-MAX_LOG_BYTES]

    def text(self) -> str:
        """The end of it, once ffmpeg has gone."""
        self._thread.join()
        return self._tail.decode(errors="replace").replace("\r\n", "\n")


@contextlib.contextmanager
def _running(words: Sequence[str], stdin: int, stdout: int) -> Iterator[tuple[subprocess.Popen[bytes], _Log]]:
    """ffmpeg, which has gone when the block ends, however it ends."""
    command = [program(), *QUIET, *words]
    try:
        process = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, **_detached_options())  # noqa: S603 - no shell, our own words
    except OSError as error:
        raise ArtengineError(f"{command[0]}: cannot be run: {error.strerror or error}") from error
    try:
        if process.stderr is None:
            raise TypeError("a process without its standard error")
        log = _Log(process.stderr)
        try:
            yield process, log
        finally:
            process.kill()
            log.text()
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with contextlib.suppress(OSError):  # frames that ffmpeg did not live to take
                    pipe.close()


def _detached_options() -> dict[str, Any]:
    """How a child is started that Ctrl-C at the keyboard does not reach, since we end it, and without a window."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"process_group": 0}


def _wait(process: subprocess.Popen[bytes], raise_if_cancelled: Callable[[], None]) -> None:
    while True:
        raise_if_cancelled()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(POLL_SECONDS)
            return


def _failure(code: int, text: str, path: Path, shown: Path) -> OutputError:
    """What ffmpeg failed at, in the words of the system where it was the disk's fault."""
    full = [number for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) if os.strerror(number) in text]
    if hasattr(signal, "SIGXFSZ") and code == -signal.SIGXFSZ:
        full = [errno.EFBIG]
    if full:
        return OutputError(describe_os_error(shown, OSError(full[0], os.strerror(full[0]))))
    if code < 0:
        how = f"was ended by signal {-code}"
    else:
        how = f"ended with exit code {code}" if code else "ended before the film did"
    text = _MARK.sub("", text.replace(file_url(path), str(shown)))
    words = "; ".join(line[:300] for line in map(str.strip, text.splitlines()[-MAX_ERROR_LINES:]) if line)
    return OutputError(f"{shown}: cannot be written: ffmpeg {how}" + (f": {words}" if words else ""))
