"""Runs of films that are killed: nothing of them stays, whatever ffmpeg does when we are gone."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.film_files import Images, Write, each_format, moving, noise, ours, written
from tests.support.folders import file_names
from tests.support.processes import ended, forked, strays

from artengine.files.locks import lock_outputs
from artengine.media import ffmpeg
from artengine_basics.outputs import films

PATIENCE_SECONDS = 60  # for a process to come as far as it does in a moment

#: A program in front of ffmpeg that holds it back before it has opened anything.
HELD_BACK = """\
#!/bin/sh
echo $$ > {folder}/pid
read word < {folder}/go
exec {program} "$@"
"""


@each_format
@pytest.mark.parametrize("after", [0, 1, 6])
def test_what_a_killed_run_leaves_is_cleaned_by_the_next(write: Write, after: int, tmp_path: Path) -> None:
    path = written(write, tmp_path, moving(2))
    whole = path.read_bytes()

    def work() -> None:
        def images() -> Iterator[Images]:
            for index, image in enumerate(noise(10, 64)):
                if index == after:
                    os.kill(os.getpid(), signal.SIGKILL)
                yield image

        written(write, tmp_path, images())

    assert ended(forked(work)) == -signal.SIGKILL
    assert path.read_bytes() == whole
    assert after == 0 or strays(tmp_path)
    while ours(tmp_path):  # it sees its input end, and ends
        threading.Event().wait(0.01)
    with lock_outputs(tmp_path, "a"):
        assert strays(tmp_path) == []
    assert file_names(tmp_path) == [path.name]


class LateFfmpeg:
    """An ffmpeg that begins only when it is told to."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.program = folder / "ffmpeg"
        self.program.write_text(HELD_BACK.format(folder=folder, program=ffmpeg.program()), encoding="utf-8")
        self.program.chmod(0o700)
        for name in ("pid", "go"):
            os.mkfifo(folder / name)
        self._go = folder / "go"
        self._pid = os.open(folder / "pid", os.O_RDONLY | os.O_NONBLOCK)

    def work(self) -> None:
        """Let it begin, and wait until it has ended."""
        assert select.select([self._pid], [], [], PATIENCE_SECONDS)[0]
        process = os.pidfd_open(int(os.read(self._pid, 100)))
        self._go.write_text("go")
        assert select.select([process], [], [], PATIENCE_SECONDS)[0]
        os.close(process)
        os.close(self._pid)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody waits for a process that is not a child")
def test_an_ffmpeg_that_outlives_its_run_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    whole = written(films.gif, out, moving(4)).read_bytes()
    late = LateFfmpeg(tmp_path / "late")

    def work() -> None:
        def images() -> Iterator[Images]:
            yield from moving(4)
            os.kill(os.getpid(), signal.SIGKILL)  # most frames are in the pipe: it makes a palette at their end

        os.environ["IMAGEIO_FFMPEG_EXE"] = str(late.program)
        written(films.gif, out, images())

    assert ended(forked(work)) == -signal.SIGKILL
    assert strays(out)
    with lock_outputs(out, "a"):
        path = written(films.gif, out, moving(4))
    late.work()
    assert file_names(out) == [path.name]
    assert path.read_bytes() == whole
