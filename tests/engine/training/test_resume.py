"""A training that was killed, stopped or damaged ends in the very bytes it would have ended in undisturbed."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from tests.support.command_runs import ForkedCommand
from tests.support.common import RunCli
from tests.support.events import notes
from tests.support.folders import file_contents
from tests.support.interrupted_trainings import copies_at_events, save_every_checkpoint
from tests.support.processes import ended, forked, strays

from artengine import load
from artengine.events import Event, Training, TrainingEnd, TrainingReport, Wrote
from artengine.making.pipeline import make_files
from artengine.training import checkpoint

if torch.cuda.is_available():
    pytest.skip("where there is a GPU, torch does not train in forked processes", allow_module_level=True)

STEPS = 300
REPORTS = STEPS // 50


@pytest.fixture
def scene(learning_scene: Path) -> Path:
    learning_scene.write_text(
        learning_scene.read_text().replace("steps: 60", f"steps: {STEPS}").replace("width: 8", "width: 16")
    )
    return learning_scene


@pytest.fixture(scope="module")
def undisturbed() -> dict[bytes, dict[str, bytes]]:
    """What scenes come to without a stop, by their texts."""
    return {}


@pytest.fixture
def whole(scene: Path, tmp_path: Path, undisturbed: dict[bytes, dict[str, bytes]]) -> dict[str, bytes]:
    """What the scene comes to without a stop."""
    text = scene.read_bytes()
    if text not in undisturbed:
        assert steps(made(scene, tmp_path / "whole"))[-1] == STEPS
        undisturbed[text] = file_contents(tmp_path / "whole")
        assert sorted(undisturbed[text]) == ["learning.png", "learning.safetensors"]
    return undisturbed[text]


def made(scene: Path, out: Path, overrides: tuple[str, ...] = (), *, fresh: bool = False) -> list[Event]:
    return list(make_files(load(scene, overrides=overrides), out, device="cpu", fresh=fresh))


def checkpoint_of(scene: Path, out: Path) -> Path:
    """Where the newest checkpoint of a scene's training is."""
    return out / ".learning.training" / load(scene).training_key[:16] / checkpoint.NEWEST


def steps(events: list[Event]) -> list[int]:
    return [event.step for event in events if isinstance(event, Training)]


def training(scene: Path, out: Path, at_event: Callable[[Event], object] = lambda event: None) -> Callable[[], object]:
    """A training that writes a checkpoint at every report and calls back after every event."""

    def work() -> None:
        save_every_checkpoint()
        for event in make_files(load(scene), out, device="cpu"):
            at_event(event)

    return work


def die_at_the_end_of_training(event: Event) -> None:
    if isinstance(event, TrainingEnd):
        os.kill(os.getpid(), signal.SIGKILL)


def test_training_cut_off_at_any_event_ends_in_the_same_bytes(
    scene: Path, tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    save_every_checkpoint(monkeypatch)
    gone_on: set[int] = set()
    copies = copies_at_events(scene, tmp_path / "out", tmp_path / "copies")
    for copy in copies:  # right after each of the events: a report, the weights, the painting
        events = made(scene, copy)
        gone_on |= {int(text.split()[-1].replace(",", "")) for text in notes(events) if text.startswith("going on")}
        assert file_contents(copy) == whole
        assert strays(copy) == []
    assert len(copies) > REPORTS
    assert len(gone_on) > 3


def test_training_killed_in_the_middle_of_a_step_ends_in_the_same_bytes(
    scene: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    """The one real kill -9 of this trainer: what a file is then, torn or not, is with the tests of files."""
    out = tmp_path / "out"
    reports = itertools.count(1)

    def die_soon(event: Event) -> None:
        if isinstance(event, TrainingReport) and next(reports) == 3:
            threading.Timer(0.005, os.kill, (os.getpid(), signal.SIGKILL)).start()

    assert ended(forked(training(scene, out, die_soon))) == -signal.SIGKILL
    for path in out.rglob("*.safetensors"):
        safetensors.torch.load_file(path)
    assert any(text.startswith("going on") for text in notes(made(scene, out)))
    assert file_contents(out) == whole
    assert strays(out) == []


def test_killed_after_its_last_step_it_ends_in_the_same_bytes(
    scene: Path, tmp_path: Path, whole: dict[str, bytes]
) -> None:
    assert ended(forked(training(scene, tmp_path / "out", die_at_the_end_of_training))) == -signal.SIGKILL
    (told,) = notes(made(scene, tmp_path / "out"))
    assert told.startswith("trained before")  # its end is told when its weights are safe
    assert file_contents(tmp_path / "out") == whole


def test_what_a_kill_at_the_very_end_has_left_goes_with_the_next_run(scene: Path, tmp_path: Path) -> None:
    events = make_files(load(scene), tmp_path / "cut", device="cpu")
    next(event for event in events if isinstance(event, Training))
    events.close()
    made(scene, tmp_path / "out")
    whole = file_contents(tmp_path / "out")
    shutil.copytree(tmp_path / "cut" / ".learning.training", tmp_path / "out" / ".learning.training")
    (tmp_path / "out" / ".learning.training" / "notes").write_bytes(b"somebody else's")
    assert checkpoint_of(scene, tmp_path / "out").exists()
    made(scene, tmp_path / "out")
    assert file_contents(tmp_path / "out") == whole | {".learning.training/notes": b"somebody else's"}


def test_stopped_by_its_caller_it_goes_on_where_it_stopped(
    scene: Path, tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "PAUSE", float("inf"))  # on a busy machine there would be one by the clock too
    events = make_files(load(scene), tmp_path / "out", device="cpu")
    for event in events:
        if isinstance(event, Training) and event.step == 200:
            break
    events.close()
    (left,) = file_contents(tmp_path / "out")
    assert tmp_path / "out" / left == checkpoint_of(scene, tmp_path / "out")
    again = made(scene, tmp_path / "out")
    assert notes(again) == ["going on from step 200"]
    assert 200 < steps(again)[0] <= 250  # sooner where the machine is busy
    assert file_contents(tmp_path / "out") == whole


@pytest.mark.parametrize("damaged", [1, 2])
def test_damaged_checkpoints_are_passed_over_and_this_is_said(
    damaged: int, scene: Path, tmp_path: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    save_every_checkpoint(monkeypatch)
    out = copies_at_events(scene, tmp_path / "out", tmp_path / "copies")[4]
    newest = checkpoint_of(scene, out)
    for path in (newest, newest.with_name(checkpoint.BEFORE))[:damaged]:
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    events = made(scene, out)
    assert len(notes(events)) == damaged + 1
    assert notes(events)[0].startswith(f"{newest} is damaged (")
    assert notes(events)[-1] == ("going on from step 150" if damaged == 1 else "starting anew")
    assert file_contents(out) == whole


SLOW = """
import signal, time
from artengine import Progress, hookimpl

def slow(session, /):
    yield Progress(step=1, total=2, loss=1.0)
    print("at work", flush=True)
    while True:
        time.sleep(0.01)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            print("asked once", flush=True)
            time.sleep(1000)

@hookimpl
def register_trainers():
    return {"slow": slow}
"""


def test_signals_stop_in_good_order_and_the_same_command_goes_on(scene: Path, tmp_path: Path, run_cli: RunCli) -> None:
    scene.write_text(scene.read_text().replace(f"steps: {STEPS}", "steps: 1500"))
    out = tmp_path / "out"
    for number, code in ((signal.SIGTERM, 143), (signal.SIGINT, 130)):
        run = ForkedCommand(tmp_path, "run", scene, "--out", out, "--json")
        run.wait_until(lambda run=run: '"training"' in run.out())  # type: ignore[misc]
        run.kill(number)
        answer = run.wait()
        assert (answer.code, answer.err) == (code, "")
        assert "stopped; the same command goes on from here" in answer.out.splitlines()[-1]
        assert checkpoint_of(scene, out).exists()
        assert strays(out) == []
    answer = run_cli("run", scene, "--out", out)
    assert answer.code == 0
    assert "learning: going on from step" in answer.err
    assert run_cli("run", scene, "--out", tmp_path / "whole").code == 0
    assert file_contents(out) == file_contents(tmp_path / "whole")


def test_a_second_ctrl_c_ends_at_once(tiny_scene: Path, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    words = ("run", tiny_scene, "--out", tmp_path / "out", "--json", "-p", tmp_path / "slow.py")
    run = ForkedCommand(tmp_path, *words, "--set", "training=slow")
    run.wait_until(lambda: "at work" in run.out())
    run.kill(signal.SIGINT)
    run.wait_until(lambda: "asked once" in run.out())
    run.kill(signal.SIGINT)
    answer = run.wait()
    assert (answer.code, answer.err.strip()) == (130, "")
    assert file_contents(tmp_path / "out") == {}


def written(path: Path) -> tuple[int, int]:
    """Which file it is and when it was written; that it was read in between does not count."""
    stat = path.stat()
    return stat.st_ino, stat.st_mtime_ns


def test_a_finished_training_is_not_repeated(scene: Path, tmp_path: Path) -> None:
    made(scene, tmp_path)
    weights = written(tmp_path / "learning.safetensors")
    for overrides in ((), ("canvas.width=20",), ("camera.zoom=2", "camera.angle=10"), ("outputs=[png, jpeg, tiff]",)):
        events = made(scene, tmp_path, overrides)
        assert steps(events) == []
        assert f"trained before: {tmp_path / 'learning.safetensors'} (--fresh trains anew)" in notes(events)
        assert any(isinstance(event, Wrote) and event.path.suffix == ".png" for event in events)
    assert written(tmp_path / "learning.safetensors") == weights
    assert steps(made(scene, tmp_path, fresh=True))[-1] == STEPS


@pytest.mark.parametrize(
    "change",
    [
        "training.regression.until.steps=80",
        "training.regression.rate=0.01",
        "training.regression.losses=l1",
        "training.regression.downscale=2",
        "seed=4",
        "network.mlp.width=9",
        "network.mlp.activation=tanh",
        "coordinates=polar",
    ],
)
def test_whatever_decides_a_training_trains_anew_and_the_earlier_one_is_found_again(
    change: str, learning_scene: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    made(learning_scene, out)
    before = file_contents(out)["learning.safetensors"]
    events = made(learning_scene, out, (change,))
    assert steps(events)
    assert not any(text.startswith("going on") for text in notes(events))
    after = file_contents(out)["learning.safetensors"]
    assert after != before
    (kept,) = (out / "earlier").glob("learning-*.safetensors")
    assert kept.read_bytes() == before
    assert f"the earlier learning.safetensors is kept: {kept}" in notes(events)
    again = made(learning_scene, out)
    assert steps(again) == []
    assert f"trained before: {kept} (--fresh trains anew)" in notes(again)
    assert file_contents(out)["learning.safetensors"] == before
    assert after in file_contents(out / "earlier").values()


def test_another_photo_trains_anew_and_another_name_does_not(learning_scene: Path, tmp_path: Path) -> None:
    made(learning_scene, tmp_path)
    (tmp_path / "photo.png").rename(tmp_path / "renamed.png")
    learning_scene.write_text(learning_scene.read_text().replace("photo.png", "renamed.png"))
    assert steps(made(learning_scene, tmp_path)) == []
    Image.fromarray(np.zeros((3, 4, 3), np.uint8)).save(tmp_path / "renamed.png")
    assert steps(made(learning_scene, tmp_path))


def test_damaged_weights_are_said_and_kept_and_trained_anew(learning_scene: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made(learning_scene, out)
    whole = file_contents(out)
    path = out / "learning.safetensors"
    kept: dict[str, bytes] = {}
    for damaged in (whole[path.name][:-1], whole[path.name].replace(b'\\"loss\\"', b'\\"lost\\"')):
        path.write_bytes(damaged)
        events = made(learning_scene, out)
        name = f"earlier/learning-{hashlib.sha256(damaged).hexdigest()[:8]}.safetensors"
        told = [*[f"{out / name} is damaged" for name in (path.name, *kept)]]
        assert sorted(text.split(" (")[0] for text in notes(events)[:-1]) == sorted(told)
        assert notes(events)[-1] == f"the earlier {path.name} is kept: {out / name}"
        kept[name] = damaged
        assert file_contents(out) == whole | kept


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize(
    "data",
    [safetensors.torch.save({"a": torch.zeros(2)}), b"PK\x03\x04 a zip file", b""],
    ids=["theirs", "zip", "empty"],
)
def test_somebody_elses_weights_are_left_alone(
    data: bytes, fresh: bool, learning_scene: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    theirs = tmp_path / "out" / "learning.safetensors"
    theirs.parent.mkdir()
    theirs.write_bytes(data)
    answer = run_cli("run", learning_scene, "--out", theirs.parent, "--quiet", *(["--fresh"] if fresh else []))
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    told = f"{theirs}: is there already, and nothing says that artengine made it, so it is not replaced; "
    assert answer.err.startswith(told)
    assert file_contents(tmp_path / "out") == {theirs.name: data}
    assert steps(list(make_files(load(learning_scene), theirs.parent, device="cpu", force=True)))[-1] == 60
