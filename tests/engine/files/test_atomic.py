"""Files are there whole or not at all: under kill -9, on a full disk, and with two runs at once."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np
import pytest
import torch
from tests.support.common import RunCli
from tests.support.folders import file_contents, file_names
from tests.support.processes import HOST, ended, forked, killed, moments, strays

from artengine import Frame, OutputError, View
from artengine.files.atomic import create_file, place_file, program_file, temporary_file
from artengine.files.locks import lock_outputs
from artengine.files.targets import OutputTarget
from artengine.training import weights
from artengine_basics.outputs import stills

resource = pytest.importorskip("resource", reason="a size that files may have is set, which Windows cannot")

Write = Callable[[OutputTarget, int], object]


def noise(side: int, seed: int = 0) -> Frame:
    """A picture that cannot be made small."""
    image = np.random.RandomState(seed).random_sample((side, side, 3))
    return Frame(view=View(width=side, height=side), image=image)


def big(folder: Path) -> OutputTarget:
    return OutputTarget(folder, "big", None)


def write_weights(target: OutputTarget, seed: int) -> None:
    with target.create(".safetensors") as file:
        weights.write(file, {"a": torch.full((50, 1000), float(seed))}, {"seed": seed})


WRITERS: dict[str, Write] = {
    "png": lambda target, seed: list(stills.png([noise(180, seed)], target)),
    "png of 16 bits": lambda target, seed: list(stills.png([noise(120, seed)], target, bits=16)),
    "jpeg": lambda target, seed: list(stills.jpeg([noise(200, seed)], target)),
    "webp": lambda target, seed: list(stills.webp([noise(90, seed)], target)),
    "tiff": lambda target, seed: list(stills.tiff([noise(120, seed)], target)),
    "weights": write_weights,
}

writers = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)


def fail(file: IO[bytes], error: BaseException) -> None:
    file.write(b"half of")
    raise error


def made(path: Path) -> Path:
    """The path of a file that artengine has made there before."""
    with create_file(path) as file:
        file.write(b"earlier")
    return path


def only(folder: Path) -> Path:
    """The one file that does not hide."""
    (found,) = [path for path in folder.iterdir() if not path.name.startswith(".")]
    return found


@writers
def test_file_is_the_old_or_the_new_one_after_kill_9(write: Write, tmp_path: Path) -> None:
    write(big(tmp_path), 1)
    path = only(tmp_path)
    whole = [path.read_bytes()]
    write(big(tmp_path), 0)
    whole.append(path.read_bytes())

    def forever() -> None:
        while True:
            for seed in (1, 0):
                write(big(tmp_path), seed)

    left = 0
    for number, moment in enumerate(moments(200, 0.05)):
        if number >= 12 and left:  # on a busy machine, many kills come before the first file is begun
            break
        assert killed(forever, moment)
        assert path.read_bytes() in whole
        left = max(left, len(strays(tmp_path)))
    assert left  # some kills did come in the middle of a file
    with lock_outputs(tmp_path, "another"):
        assert strays(tmp_path) == []
    assert file_names(tmp_path) == [path.name, "earlier"]
    assert whole[0] in (kept := [*file_contents(tmp_path / "earlier").values()])
    assert all(content in whole for content in kept)


@pytest.mark.parametrize(
    "error", [ValueError("no"), KeyboardInterrupt(), GeneratorExit(), MemoryError(), SystemExit(3)]
)
def test_earlier_file_stays_after_any_exception(error: BaseException, tmp_path: Path) -> None:
    path = made(tmp_path / "a.png")
    with pytest.raises(type(error)), create_file(path) as file:
        fail(file, error)
    assert path.read_bytes() == b"earlier"
    assert file_names(tmp_path) == ["a.png"]


def test_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    with create_file(path) as file:
        file.write(b"all of it")
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == b"all of it"


@pytest.mark.parametrize("most", [0, 1])  # at its first write, and when all is written but not there yet
def test_cancelled_writing_leaves_nothing(most: int, tmp_path: Path) -> None:
    path = made(tmp_path / "a.png")
    calls = 0

    def raise_if_cancelled() -> None:
        nonlocal calls
        calls += 1
        if calls > most:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), create_file(path, raise_if_cancelled) as file:
        file.write(b"all of it")
    assert path.read_bytes() == b"earlier"
    assert file_names(tmp_path) == ["a.png"]


def test_place_file_takes_what_a_program_writes(tmp_path: Path) -> None:
    path = made(tmp_path / "a.mp4")
    with place_file(path) as temporary:
        assert strays(tmp_path) == [temporary.parent.name]  # which the next run would clean away
        subprocess.run(["sh", "-c", f"printf all > '{temporary}' && printf ' of it' >> '{temporary}'"], check=True)
        assert path.read_bytes() == b"earlier"
    assert path.read_bytes() == b"all of it"
    assert file_names(tmp_path) == ["a.mp4", "earlier"]
    assert only(tmp_path / "earlier").read_bytes() == b"earlier"


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), GeneratorExit()])
def test_place_file_drops_half_of_a_file(error: BaseException, tmp_path: Path) -> None:
    path = made(tmp_path / "a.mp4")

    def half(temporary: Path) -> None:
        temporary.write_bytes(b"half of")
        raise error

    with pytest.raises(type(error)), place_file(path) as temporary:
        half(temporary)
    for make in (temporary_file, program_file):
        with pytest.raises(type(error)), make(path) as temporary:
            half(temporary)

    def unwanted() -> None:
        raise error

    with pytest.raises(type(error)), place_file(path, unwanted) as temporary:
        temporary.write_bytes(b"all of it")
    assert path.read_bytes() == b"earlier"
    assert file_names(tmp_path) == ["a.mp4"]


def test_place_file_reports_a_missing_temporary(tmp_path: Path) -> None:
    told = r"/a\.mp4: cannot be written: No such file or directory$"
    with pytest.raises(OutputError, match=told), place_file(tmp_path / "a.mp4") as temporary:
        temporary.unlink()
    for make in (temporary_file, program_file):
        with make(tmp_path / "a.mp4") as temporary:
            temporary.unlink()  # nobody needs it
    assert file_names(tmp_path) == []


def test_temporary_files_differ_and_go(tmp_path: Path) -> None:
    with temporary_file(tmp_path / "a.gif") as one, temporary_file(tmp_path / "a.gif") as two:
        assert one != two
        assert strays(tmp_path) == sorted([one.name, two.name])
        assert one.stat().st_size == 0
    assert file_names(tmp_path) == []


def test_link_at_the_name_of_a_temporary_is_not_followed(tmp_path: Path) -> None:
    with temporary_file(tmp_path / "a.mp4") as temporary:
        number = int(temporary.name.split(".")[-2]) + 1
    (tmp_path / "mine").write_bytes(b"mine")
    for _ in range(2):  # one is planted, the next is free
        (tmp_path / f".a.mp4.{HOST}.{os.getpid()}.{number}.tmp").symlink_to(tmp_path / "mine")
        with pytest.raises(OutputError, match="File exists"), place_file(tmp_path / "a.mp4"):
            pass
        number += 1
    assert (tmp_path / "mine").read_bytes() == b"mine"


def test_new_file_has_the_usual_mode(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    with create_file(tmp_path / "a.png"), place_file(tmp_path / "a.mp4"):
        pass
    for name in ("a.png", "a.mp4"):
        assert (tmp_path / name).stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_os_error_of_the_disk_names_the_file_and_that_of_the_writer_does_not(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 240 + ".png")  # its temporary's name is longer than names may be
    told = rf"^{re.escape(str(path))}: cannot be written: File name too long$"
    with pytest.raises(OutputError, match=told), create_file(path):
        pass
    with pytest.raises(FileNotFoundError), create_file(tmp_path / "a.png") as file:
        fail(file, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
    assert file_names(tmp_path) == []


@writers
def test_full_disk_costs_no_earlier_file(write: Write, small_disk: Path, tmp_path: Path) -> None:
    roomy = tmp_path / "roomy"
    roomy.mkdir()
    write(big(roomy), 0)
    need = only(roomy).stat().st_size
    path = made(small_disk / only(roomy).name)
    most = min(need - 4096, shutil.disk_usage(small_disk).free)
    for rest in [0, 4096, *range(most, max(0, most - 80_000), -12_288)]:  # a writer's last block is the one to lose
        filling = small_disk / "filling"
        filling.write_bytes(bytes(shutil.disk_usage(small_disk).free - rest))
        with pytest.raises(
            OutputError, match=r"big\.\w+: cannot be written: No space left on device \(\d+\.\d MB free\)"
        ):
            write(big(small_disk), 0)
        assert path.read_bytes() == b"earlier"
        assert file_names(small_disk) == [path.name, "filling"]
        filling.unlink()


@writers
def test_limit_of_file_size_costs_no_earlier_file(write: Write, tmp_path: Path) -> None:
    write(big(tmp_path), 0)
    path = only(tmp_path)
    whole = path.read_bytes()

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) - 5, len(whole) - 5))
        with pytest.raises(OutputError, match=r"big\.\w+: cannot be written: File too large$"):
            write(big(tmp_path), 0)

    assert ended(forked(work)) == 0
    assert path.read_bytes() == whole
    assert file_names(tmp_path) == [path.name]


def test_full_disk_is_one_line_on_the_command_line(small_disk: Path, tiny_scene: Path, run_cli: RunCli) -> None:
    out = small_disk / "out"
    assert run_cli("run", tiny_scene, "--out", out).code == 0
    earlier = (out / "tiny.png").read_bytes()
    answer = run_cli(
        "run", tiny_scene, "--out", out, "--size", "800x800", "--set", "outputs={png: {bits: 16}}", "--quiet"
    )
    assert answer.code == 1
    assert re.fullmatch(
        r"\S+tiny\.png: cannot be written: No space left on device \(.* MB free\); .*--out\n", answer.err
    )
    assert (out / "tiny.png").read_bytes() == earlier
    assert file_names(out) == ["tiny.png"]


def test_file_in_place_of_the_folder_is_one_line(tmp_path: Path, tiny_scene: Path, run_cli: RunCli) -> None:
    (tmp_path / "pictures").write_text("mine")
    answer = run_cli("run", tiny_scene, "--quiet")
    assert (answer.code, answer.err.count("\n")) == (1, 1)
    assert answer.err.startswith("pictures: found a file, expected a folder; ")
    assert (tmp_path / "pictures").read_text() == "mine"


def test_read_only_folder_is_one_line(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o555)
    for parent in folder.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o555)

    def work() -> None:
        if os.getuid() == 0:
            os.setuid(65_534)  # rights do not apply to root
        for refused in (lambda: lock_outputs(folder, "a"), lambda: create_file(folder / "a.png")):
            with pytest.raises(OutputError, match=r"cannot be written: Permission denied"), refused():
                pass

    assert ended(forked(work)) == 0
    assert file_names(folder) == []


@pytest.mark.parametrize(("number", "works"), [(errno.EINVAL, True), (errno.ENOTSUP, True), (errno.EIO, False)])
def test_file_system_that_cannot_sync_folders_will_do(
    number: int, works: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def refuse_folders(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(number, os.strerror(number))
        sync(handle)

    monkeypatch.setattr(os, "fsync", refuse_folders)
    outcome = contextlib.nullcontext() if works else pytest.raises(OutputError, match=r"Input/output error$")
    with outcome, create_file(tmp_path / "a.png") as file:
        file.write(b"all of it")
    assert (tmp_path / "a.png").read_bytes() == b"all of it"
