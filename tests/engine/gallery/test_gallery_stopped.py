"""Galleries that are killed, interrupted or out of room: they end whole, and go on with what there is."""

from __future__ import annotations

import contextlib
import json
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.command_runs import ForkedCommand
from tests.support.executors import in_process
from tests.support.gallery_runs import (
    careful_workers,
    endless_workers,
    is_whole,
    lines,
    quick_workers,
    replace_workers,
    scene,
    seen,
)
from tests.support.interrupted_trainings import save_every_checkpoint
from tests.support.processes import strays

from artengine.gallery import builder
from artengine.painting.picture import build
from artengine.scene.loading import load
from artengine.training.checkpoint import Checkpoints

if TYPE_CHECKING:
    from tests.support.common import RunCli

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs the system to tell of processes")

PLAIN = """canvas: {width: 48, height: 48}
network: {mlp: {width: 6, depth: 1}}
"""
STEADY = """canvas: {width: 8, height: 8}
network: {mlp: {width: 8, depth: 2}}
training: {regression: {target: photo.png, until: {steps: 2000000}, batch: 64}}
"""

in_process_first = partial(replace_workers, in_process)
quick_first = partial(replace_workers, quick_workers)


def done(folder: Path) -> int:
    """How many lines the manifest has."""
    with contextlib.suppress(FileNotFoundError):
        return (folder / "manifest.jsonl").read_bytes().count(b"\n")
    return 0


def times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("tiny*")}


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


@on_linux
def test_gallery_killed_at_five_moments_ends_whole_and_makes_nothing_twice(tmp_path: Path) -> None:
    scene(tmp_path, PLAIN)
    words = ("gallery", "tiny.yaml", "--seeds", "0..23", "--out", "g")
    folder = tmp_path / "g"
    kept: dict[str, int] = {}
    for moment in (0, 1, 6, 13, 20):
        run = ForkedCommand(tmp_path, *words, "--jobs", 2 if moment == 13 else 1, first=quick_first)
        if moment:
            run.wait_until(lambda moment=moment: done(folder) >= moment)  # type: ignore[misc]
        else:
            run.wait_until(lambda: (folder / ".gallery-workshop").exists())
        run.kill()
        assert run.wait().code == -signal.SIGKILL
        finished = {name for line in lines_so_far(folder) for name in line["files"]}
        now = {name: when for name, when in times(folder).items() if name in finished}
        assert {name: now[name] for name in kept} == kept, "what is finished is not touched again"
        kept = now
    ended = ForkedCommand(tmp_path, *words, first=quick_first).wait()
    assert (ended.code, ended.out) == (0, "g/index.html\ng/contact-sheet.png\n")
    assert ended.err == f"tiny: {len(kept)} of 24 were there already\n"
    assert {name: times(folder)[name] for name in kept} == kept
    is_whole(folder, 24)
    assert hidden(tmp_path) == []


def lines_so_far(folder: Path) -> list[dict[str, Any]]:
    """The lines that are whole; the last one may be torn."""
    if not (folder / "manifest.jsonl").exists():
        return []
    whole = (folder / "manifest.jsonl").read_bytes().rpartition(b"\n")[0]
    return [json.loads(line) for line in whole.splitlines()]


@on_linux
def test_gallery_of_trainings_killed_with_its_workers_goes_on_from_checkpoint(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8), (200, 90, 10)).save(tmp_path / "photo.png")
    path = scene(tmp_path, STEADY)
    words = ("gallery", "tiny.yaml", "--out", "g")
    workshop = tmp_path / "g" / ".gallery-workshop" / "tiny"
    loaded = load(path)
    checkpoints = Checkpoints(workshop, "tiny", loaded.training_key)
    network = build(loaded, "cpu").network

    def step() -> int:
        with contextlib.suppress(RuntimeError):  # one makes way for the next just then
            restored = checkpoints.restore(network)
            return restored[0] if restored else 0
        return 0

    run = ForkedCommand(tmp_path, *words, first=partial(replace_workers, careful_workers))
    run.wait_until(step)
    soon = step()
    run.wait_until(lambda: step() > 5 * soon)
    run.kill(group=True)
    assert run.wait().code == -signal.SIGKILL
    reached = step()
    assert reached > 5 * soon, "what a kill leaves is whole"

    def first() -> None:
        save_every_checkpoint()
        in_process_first()

    going_on = ForkedCommand(tmp_path, *words, first=first)
    going_on.wait_until(lambda: step() != reached)
    going_on.kill()
    going_on.wait()
    assert step() > reached, "it has not begun anew"


@on_linux
def test_interrupted_gallery_stops_in_good_order_and_goes_on(tmp_path: Path) -> None:
    scene(tmp_path, PLAIN)
    words = ("gallery", "tiny.yaml", "--seeds", "0..19", "--out", "g")
    folder = tmp_path / "g"
    there = 0
    for number, code, group, jobs in (
        (signal.SIGINT, 130, True, 2),  # as a terminal does it
        (signal.SIGTERM, 143, False, 1),
        (signal.SIGTERM, 143, True, 1),  # as a system that is shut down does it
    ):
        run = ForkedCommand(tmp_path, *words, "--jobs", jobs, first=quick_first)
        run.wait_until(lambda there=there: done(folder) >= there + 3)  # type: ignore[misc]
        run.kill(number, group=group)
        answer = run.wait()
        assert (answer.code, answer.out) == (code, "")
        assert answer.err == "tiny: stopped; the same command goes on from here\n"
        there = done(folder)
        assert there < 20
        assert len(seen(folder)) == there, "the page shows what there is"
        assert not (folder / ".gallery.lock").exists()


@on_linux
def test_second_ctrl_c_stops_gallery_at_once(tmp_path: Path) -> None:
    scene(tmp_path, PLAIN)
    first = partial(replace_workers, endless_workers)
    run = ForkedCommand(tmp_path, "gallery", "tiny.yaml", "--seeds", "0..3", "--out", "g", first=first)
    run.wait_until(lambda: list((tmp_path / "g").glob(".gallery-workshop/*/begun")))
    run.kill(signal.SIGINT, group=True)
    caught = Path(f"/proc/{run.pid}/status")
    bit = 1 << (signal.SIGTERM - 1)  # after the first signal, SIGTERM is caught no more
    run.wait_until(lambda: not bit & int(caught.read_text().partition("SigCgt:")[2].split()[0], 16))
    run.kill(signal.SIGINT, group=True)
    answer = run.wait()
    assert (answer.code, answer.out, answer.err.strip()) == (130, "", "")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 300 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs to mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@on_linux
def test_full_disk_is_one_line_and_gallery_goes_on_afterwards(
    run_cli: RunCli, tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "Workers", in_process)
    scene(tmp_path, PLAIN)
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 256_000)
    words = ("gallery", "tiny.yaml", "--seeds", "0..11", "--out", small_disk / "g")
    full = run_cli(*words)
    assert (full.code, full.out) == (1, "")
    assert full.err.count("\n") == 1
    assert "cannot be written: No space left on device" in full.err
    folder = small_disk / "g"
    there = done(folder)
    assert 0 < there < 12
    assert len(lines(folder)) == there
    assert strays(folder) == []
    filler.unlink()
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    again = run_cli(*words)
    assert (again.code, again.err) == (0, f"tiny: {there} of 12 were there already\n")
    is_whole(folder, 12)


@on_linux
def test_limit_on_file_sizes_is_one_line(tmp_path: Path) -> None:
    scene(tmp_path, PLAIN)

    def first() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1500, resource.RLIM_INFINITY))
        in_process_first()

    full = ForkedCommand(tmp_path, "gallery", "tiny.yaml", "--seeds", "0..19", "--out", "g", first=first).wait()
    assert (full.code, full.out) == (1, "")
    assert full.err.count("\n") == 1
    assert "cannot be written: File too large" in full.err
    assert hidden(tmp_path / "g") == [".gallery-workshop"]
    assert len(lines_so_far(tmp_path / "g")) == done(tmp_path / "g")
