"""Films that are stopped, killed, damaged, or painted by several processes: they end in the same bytes."""

from __future__ import annotations

import os
import re
import resource
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.support.command_runs import ForkedCommand
from tests.support.events import notes
from tests.support.executors import in_process
from tests.support.film_runs import FILM, FRAMES, at_frame, made, painted, until
from tests.support.folders import file_contents
from tests.support.processes import ended, forked, killed, moments, strays
from tests.support.scene_folder import Desk

import artengine
from artengine import load
from artengine.events import FilmReport
from artengine.making.films import film_frames
from artengine.making.films.film_frames import frame_cache_of
from artengine.making.pipeline import make_files

if torch.cuda.is_available():
    pytest.skip("where there is a GPU, torch does not work in forked processes", allow_module_level=True)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def scene(desk: Desk) -> Path:
    (desk.folder / "s.yaml").write_text(FILM)
    return desk.folder / "s.yaml"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the film comes to, painted without a stop."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "s.yaml").write_text(FILM)
    made(folder / "s.yaml", folder / "out")
    return file_contents(folder / "out")


# ---------------------------------------------------------------------------------------------------------------------
# interrupted


@pytest.mark.parametrize("number", [1, 2, 7, 12])
def test_killed_film_goes_on_with_the_frames_it_has(
    scene: Path, tmp_path: Path, whole: dict[str, bytes], number: int
) -> None:
    out = tmp_path / "out"
    assert ended(forked(until(scene, out, at_frame(number)))) == -signal.SIGKILL
    before = painted(out)
    assert len(before) == number
    seen: dict[str, int] = {}
    events = []
    for event in make_files(load(scene), out, device="cpu"):
        events.append(event)
        if isinstance(event, FilmReport):
            seen = painted(out) or seen
    assert {name: seen[name] for name in before} == before  # not painted again
    assert len(seen) == FRAMES
    assert (f"{number} of 12 frames are painted already" in notes(events)) is (number < FRAMES)
    assert file_contents(out) == whole
    assert strays(out) == []


def test_film_killed_at_any_moment_ends_in_the_same_bytes(scene: Path, tmp_path: Path, whole: dict[str, bytes]) -> None:
    """Killed again and again from outside, between frames and within them."""
    out = tmp_path / "out"
    for seconds in moments(6, 0.2):
        killed(until(scene, out, lambda event: None), seconds)
        assert all(name in whole for name in file_contents(out) if not name.startswith("."))
    made(scene, out)
    assert file_contents(out) == whole
    assert strays(out) == []


def test_nothing_is_left_of_a_film_that_is_there(whole: dict[str, bytes]) -> None:
    assert list(whole) == [f"s-{n:04}.png" for n in range(1, FRAMES + 1)]


def test_a_changed_camera_begins_anew_beside_the_earlier_frames_and_a_changed_output_goes_on(
    scene: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert ended(forked(until(scene, out, at_frame(5)))) == -signal.SIGKILL
    before = painted(out)
    scene.write_text(FILM.replace("outputs: frames", "outputs: [frames, {gif: {width: 20}}]") + "# another comment\n")
    assert ended(forked(until(scene, out, at_frame(8)))) == -signal.SIGKILL
    after = painted(out)
    assert {name: after[name] for name in before} == before
    assert len(after) == 8
    scene.write_text(FILM.replace("zoom: 3", "zoom: 4"))
    assert ended(forked(until(scene, out, at_frame(2)))) == -signal.SIGKILL
    folders = {len(list(folder.iterdir())): folder for folder in (out / ".s.frames").iterdir()}
    assert sorted(folders) == [2, 8]
    assert {frame.name: frame.stat().st_mtime_ns for frame in folders[8].iterdir()} == after


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("nonlin: sin", "nonlin: abs"), ("width: 48", "width: 50"), ("fps: 12", "fps: 13"), ("12f", "13f"),
        ("canvas:", "seed: 3\ncanvas:"), ("fps: 12}", "fps: 12, shutter: 90}"), ("100%: {", "50%: {"),
    ],
)  # fmt: skip
def test_what_decides_the_frames_decides_where_they_are(scene: Path, tmp_path: Path, old: str, new: str) -> None:
    before = frame_cache_of(load(scene), tmp_path, "cpu")
    assert frame_cache_of(load(scene, overrides=["outputs=mp4"]), tmp_path, "cpu") == before
    assert frame_cache_of(load(scene), tmp_path, "cuda") != before
    scene.write_text(FILM.replace(old, new))
    assert frame_cache_of(load(scene), tmp_path, "cpu") != before


def test_damaged_frames_are_painted_again(
    scene: Path, tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_frames, "Workers", in_process)
    out = tmp_path / "out"
    for jobs in (1, 2):
        assert ended(forked(until(scene, out, at_frame(9)))) == -signal.SIGKILL
        frames = sorted(out.glob(".s.frames/*/*.frame"))
        frames[2].write_bytes(frames[2].read_bytes()[:200])
        frames[4].write_bytes(b"")
        frames[5].write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
        frames[7].unlink()
        frames[8].unlink()
        frames[8].symlink_to("/etc/passwd")
        made(scene, out, jobs=jobs)
        assert file_contents(out) == whole


# ---------------------------------------------------------------------------------------------------------------------
# what is in the way


@pytest.mark.parametrize("jobs", [1, 2])
def test_full_disk_is_one_line(
    scene: Path, tmp_path: Path, jobs: int, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The frames are larger than any file may be."""
    monkeypatch.setattr(film_frames, "Workers", in_process)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))

    words = ("run", scene, "--out", tmp_path / "out", "--jobs", jobs, "--device", "cpu", "--quiet")
    answer = ForkedCommand(tmp_path, *words, first=limit).wait()
    assert answer.code == 1
    (line,) = answer.err.strip().splitlines()
    assert re.search(r"/00000\d\.frame: cannot be written: File too large$", line)
    assert strays(tmp_path / "out") == []
    assert list((tmp_path / "out").glob(".s.frames/*/.*")) == []
    made(scene, tmp_path / "out")
    assert file_contents(tmp_path / "out") == whole


# ---------------------------------------------------------------------------------------------------------------------
# several processes


def children() -> list[int]:
    """Processes that this one has started and that are still there."""
    tasks = Path(f"/proc/{os.getpid()}/task").iterdir()  # each thread has its own
    return [int(word) for task in tasks for word in (task / "children").read_text().split()]


def test_two_processes_paint_the_same_bytes_though_one_is_killed(scene: Path, tmp_path: Path) -> None:
    moving = FILM.replace("12f,", "12f, loop: true, shutter: 180, moments: 2,").replace(
        "sin}", "sin, std: {keys: {0s: 1, 50%: 2}}}"
    )
    scene.write_text("seed: [3, 7]\n" + moving)
    made(scene, tmp_path / "1", jobs=1)
    events = make_files(load(scene), tmp_path / "2", device="cpu", jobs=2)
    victims: list[int] = []
    before = set(children())
    for event in events:
        if isinstance(event, FilmReport) and not victims:
            victims = [pid for pid in children() if pid not in before][:1]
            for pid in victims:
                os.kill(pid, signal.SIGKILL)
    assert victims
    assert file_contents(tmp_path / "1") == file_contents(tmp_path / "2")


def test_film_painted_by_two_processes_is_killed_and_goes_on(
    scene: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    out = tmp_path / "out"
    assert ended(forked(until(scene, out, at_frame(3), jobs=2))) == -signal.SIGKILL
    assert len(painted(out)) >= 3
    made(scene, out)
    assert file_contents(out) == whole


def test_what_a_worker_fails_at_is_told_once(scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_frames, "Workers", in_process)
    depth = "{keys: {0s: {value: 2, ease: hold}, 50%: 3}}"
    painter = "{neural_painter: {hidden_size: 8, nr_hidden: 1, nonlin: sin}}"
    text = FILM.replace(painter, f"{{mlp: {{width: [8, 8], depth: {depth}}}}}")
    scene.write_text(text)
    for jobs in (1, 2):  # at the film's beginning, where its end is measured
        with pytest.raises(artengine.ArtengineError, match=r"network\.mlp: found depth 3 with 2 widths"):
            made(scene, tmp_path / str(jobs), jobs=jobs)


# ---------------------------------------------------------------------------------------------------------------------
# stills beside a film


def test_a_still_beside_a_film_is_the_film_at_its_beginning(scene: Path, tmp_path: Path) -> None:
    """A walk leaves the picture that was filmed at another place than it began."""
    walk = "seed: [3, 7]\n" + FILM.replace("length: 12f", "length: 4f")
    for name, outputs in (("alone", "png"), ("beside", "[png, frames]")):
        scene.write_text(walk.replace("outputs: frames", f"outputs: {outputs}"))
        made(scene, tmp_path / name)
    alone, beside = (np.asarray(Image.open(tmp_path / name / "s.png")) for name in ("alone", "beside"))
    assert np.array_equal(beside, alone)
