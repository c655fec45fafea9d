"""Two runs keep apart, and clean up what killed ones have left."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.common import RunCli
from tests.support.folders import file_names
from tests.support.platforms import on_posix
from tests.support.processes import HOST, ended, inside, strays

from artengine import InputError, OutputError
from artengine.files.atomic import create_file
from artengine.files.earlier import InTheWayError
from artengine.files.locks import LONGEST_ENDING, lock_outputs

pytestmark = on_posix


def test_second_run_of_a_scene_in_a_folder_is_refused(tiny_scene: Path, tmp_path: Path, run_cli: RunCli) -> None:
    with lock_outputs(tmp_path / "pictures", "tiny"):
        answer = run_cli("run", tiny_scene)
        assert answer.code == 1
        expected = f"pictures/tiny: another run (pid {os.getpid()} on {HOST}) is making it; "
        assert answer.err.splitlines()[-1].startswith(expected)
        with lock_outputs(tmp_path / "pictures", "other"), lock_outputs(tmp_path, "tiny"):
            pass  # neither another scene nor another folder is in the way
    assert run_cli("run", tiny_scene).code == 0
    assert file_names(tmp_path / "pictures") == ["tiny.png"]


def test_name_too_long_for_the_files_of_a_run_is_refused_before_it(tmp_path: Path) -> None:
    expected = pytest.raises(InputError, match=r"expected at most \d+; choose a shorter --name")
    with expected as refused, lock_outputs(tmp_path / "pictures", "e" * 250):
        pass
    assert file_names(tmp_path) == []
    name = "e" * int(str(refused.value).split("at most ")[1].split(";")[0])
    with lock_outputs(tmp_path, name), create_file(tmp_path / f"{name}{LONGEST_ENDING}") as file:
        file.write(b"whole")


def test_lock_of_a_killed_run_is_taken(tmp_path: Path) -> None:
    with inside(lambda: lock_outputs(tmp_path, "a")) as pid:
        with pytest.raises(OutputError, match=rf"another run \(pid {pid} on {HOST}\)"), lock_outputs(tmp_path, "a"):
            pass
        os.kill(pid, signal.SIGKILL)
        assert ended(pid) == -signal.SIGKILL
    assert (tmp_path / ".a.lock").exists()
    with lock_outputs(tmp_path, "a"):
        pass
    assert file_names(tmp_path) == []


@contextlib.contextmanager
def slow_run(folder: Path) -> Iterator[None]:
    with lock_outputs(folder, "cape.v2"), create_file(folder / "cape.v2.png") as file:
        file.write(b"all of it")
        yield


def test_temporaries_of_live_runs_stay(tmp_path: Path) -> None:
    with inside(lambda: slow_run(tmp_path)):
        for name in ("other", "cape"):  # the picture of cape.v2 could be one of cape's, by its name
            with lock_outputs(tmp_path, name):
                assert len(strays(tmp_path)) == 1
    assert (tmp_path / "cape.v2.png").read_bytes() == b"all of it"


def test_temporaries_of_the_dead_go_and_those_of_other_machines_stay(tmp_path: Path) -> None:
    theirs = tmp_path / f".b.png.{HOST}x.1.0.tmp"
    ours = tmp_path / f".a.png.{HOST}x.1.0.tmp"  # of a machine that is gone: it would hold our lock else
    dead = tmp_path / f".b.png.{HOST}.{2**30}.0.tmp"
    mine = tmp_path / ".notes.tmp"
    for path in (theirs, ours, dead, mine):
        path.touch()
    folder = tmp_path / f".b.mp4.{HOST}.{2**30}.1.tmp"  # around what another program writes
    folder.mkdir()
    (folder / "file").touch()
    (folder / "link").symlink_to(tmp_path)
    (tmp_path / f".b.mp4.{HOST}.{2**30}.2.tmp").symlink_to(tmp_path)
    with lock_outputs(tmp_path, "a"):
        pass
    assert sorted(tmp_path.iterdir()) == sorted([theirs, mine])


def plant(kind: str, path: Path) -> None:
    (path.parent / "mine").write_text("mine")
    match kind:
        case "link":
            path.symlink_to("mine")
        case "hard link":
            path.hardlink_to(path.parent / "mine")
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "text":
            path.write_text("pid 7 on my desk, do not touch")


@pytest.mark.parametrize("kind", ["link", "hard link", "folder", "pipe", "text"])
def test_what_is_no_lock_of_ours_is_not_written_into(kind: str, tmp_path: Path) -> None:
    plant(kind, tmp_path / ".a.lock")
    refused = pytest.raises(InTheWayError, match=r"\.a\.lock: is no lock of artengine's; move it, or")
    with refused, lock_outputs(tmp_path, "a"):
        pass
    assert (tmp_path / "mine").read_text() == "mine"
    assert kind != "text" or (tmp_path / ".a.lock").read_text() == "pid 7 on my desk, do not touch"
    assert file_names(tmp_path) == [".a.lock", "mine"]


def test_patience_waits_for_a_run_that_ends(tmp_path: Path) -> None:
    with contextlib.ExitStack() as other:
        other.enter_context(inside(lambda: lock_outputs(tmp_path, "a")))
        timer = threading.Timer(0.2, other.close)
        timer.start()
        with lock_outputs(tmp_path, "a", patience=60):
            pass
        timer.join()
    assert file_names(tmp_path) == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="takes a folder in which nobody can make a file")
def test_a_folder_in_which_no_file_can_be_made_is_not_another_run(tiny_scene: Path, run_cli: RunCli) -> None:
    answer = run_cli("run", tiny_scene, "--out", "/proc/self")
    assert (answer.code, answer.err) == (1, "/proc/self: cannot be written: No such file or directory\n")


def test_a_file_where_the_folder_would_be_is_called_one(tiny_scene: Path, tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "taken").write_text("mine")
    answer = run_cli("run", tiny_scene, "--out", "taken")
    assert (answer.code, answer.err) == (1, "taken: found a file, expected a folder; choose another with --out\n")
    assert (tmp_path / "taken").read_text() == "mine"
