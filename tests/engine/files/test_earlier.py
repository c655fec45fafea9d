"""What artengine has made it knows again, however it was stopped and however full the disk was."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
from pathlib import Path

import pytest
from tests.support.folders import file_contents
from tests.support.platforms import on_posix
from tests.support.processes import ended, forked

from artengine import OutputError
from artengine.files.atomic import create_file
from artengine.files.earlier import LEDGER_FILE, is_ours


def make(path: Path, data: bytes) -> None:
    with create_file(path) as file:
        file.write(data)


@on_posix
def test_file_is_known_again_where_a_run_was_killed_before_it_took_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    make(path, b"one")

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def work() -> None:
        Path.replace = die  # type: ignore[method-assign, assignment]
        make(path, b"two")

    assert ended(forked(work)) == -signal.SIGKILL
    assert path.read_bytes() == b"one"
    make(path, b"three")
    assert path.read_bytes() == b"three"
    assert set(file_contents(tmp_path / "earlier").values()) == {b"one"}


def test_list_is_one_that_sha256sum_reads(tmp_path: Path) -> None:
    for name in ("a.txt", "b  c.txt"):
        make(tmp_path / name, name.encode())
    expected = [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}" for name in ("a.txt", "b  c.txt")]
    assert (tmp_path / LEDGER_FILE).read_text().splitlines() == expected
    assert is_ours(tmp_path / "b  c.txt")
    (tmp_path / "b  c.txt").write_bytes(b"changed by hand")
    assert not is_ours(tmp_path / "b  c.txt")


def test_line_of_the_list_that_a_full_disk_cut_off_spoils_no_other(small_disk: Path) -> None:
    make(small_disk / "a.txt", b"one")
    ledger = small_disk / LEDGER_FILE
    with ledger.open("ab") as file:  # up to a few bytes before the end of a block of the disk
        file.write(b"\n" * (4096 - ledger.stat().st_size - 10))
    (small_disk / "filling").write_bytes(bytes(shutil.disk_usage(small_disk).free - 4096))
    with pytest.raises(OutputError, match="No space left on device"):
        make(small_disk / "b.txt", b"two")
    assert not (small_disk / "b.txt").exists()
    (small_disk / "filling").unlink()
    for data in (b"two", b"three"):
        make(small_disk / "b.txt", data)
    assert is_ours(small_disk / "a.txt")
    assert ledger.stat().st_size > 4096
