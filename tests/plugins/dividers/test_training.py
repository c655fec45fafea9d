"""Trainings with dividers, killed, stopped and filmed: whatever happens, they end in the same bytes, or end well."""

from __future__ import annotations

import copy
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.support.command_runs import ForkedCommand
from tests.support.divider_scenes import learnt, live, photo, plane, scene
from tests.support.folders import file_contents
from tests.support.interrupted_trainings import copies_at_events, finish, save_every_checkpoint
from tests.support.processes import ended, forked, strays
from tests.support.trainings import always, result_of, training_of

from artengine import Result, load
from artengine.events import Event, Resumed, Training, TrainingReport
from artengine.making.pipeline import make_files
from artengine_dividers.training import learning

where_forked = pytest.mark.skipif(torch.cuda.is_available(), reason="torch does not train in forked processes there")

BOTH = "lines: 5, circles: 2"
#: What is learnt, with how many steps before the fit, and after it.
TRAININGS = {
    "search": ("cycles: 3, fit: 60", BOTH, 28, 34),
    "search, with soft lines": ("cycles: 2, fit: 60", f"{BOTH}, sigmoids: 2, structure: 4", 27, 33),
    "search, means": ("cycles: 4, colours: mean, weigh_centre: {}", BOTH, 35, 35),
    "search from a start": ("cycles: 2, fit: 60, start: start.safetensors", "lines: 7, circles: 2", 27, 33),
    "gradient": ("way: gradient, cycles: 5, epochs: 2, batch: 100, fit: 60", BOTH, 40, 46),
    "gradient, adadelta": ("way: gradient, cycles: 3, optimiser: adadelta, rate: 0.5, rate_end: 0.1", BOTH, 36, 36),
    "gradient, by centre": ("way: gradient, cycles: 12, fit: 50", "lines: 6, form: centre, sigmoids: 1", 12, 17),
}


def report_every_step(monkeypatch: pytest.MonkeyPatch | None = None) -> None:
    """Let there be a report after every step, and a checkpoint at every report; without monkeypatch, for good."""
    save_every_checkpoint(monkeypatch)
    for name, value in (("PATIENCE", 0.0), ("SHOWING", float("inf"))):
        if monkeypatch:
            monkeypatch.setattr(learning, name, value)
        else:
            setattr(learning, name, value)


def training(path: Path, out: Path, at_event: Callable[[Event], object] = id) -> Callable[[], object]:
    """A training that reports after every step and writes a checkpoint at every report."""

    def work() -> None:
        report_every_step()
        for event in make_files(load(path), out, device="cpu"):
            at_event(event)

    return work


def dying(step: int) -> Callable[[Event], object]:
    """Kill ourselves -9 when so many steps are reported, before the checkpoint of the last."""

    def at_event(event: Event) -> None:
        if isinstance(event, Training) and event.step >= step:
            os.kill(os.getpid(), signal.SIGKILL)

    return at_event


@pytest.mark.parametrize("name", TRAININGS)
def test_training_cut_off_at_any_step_ends_in_the_same_bytes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options, network, first, last = TRAININGS[name]
    photo(tmp_path)
    if "start" in options:
        finish(scene(tmp_path, "cycles: 1, fit: 10", BOTH, name="start"), tmp_path)
    path = scene(tmp_path, options, network)
    events = finish(path, tmp_path / "whole")  # which reports seldom
    assert [event.step for event in events if isinstance(event, Training)][-1] == last
    whole = file_contents(tmp_path / "whole")
    assert sorted(whole) == ["a.png", "a.safetensors"]

    report_every_step(monkeypatch)
    copies = copies_at_events(path, tmp_path / "often", tmp_path / "copies")
    assert file_contents(tmp_path / "often") == whole
    trained = [copy for copy in copies if not (copy / "a.safetensors").exists()]
    fit = len(trained) - (last - first)  # one that starts from another begins later
    monkeypatch.undo()
    resumed = []
    for index in sorted({4, fit - 2, fit - 1, fit, (fit + len(trained)) // 2, len(trained) - 1}):
        if index < len(trained):  # there is the checkpoint of the step before
            resumed += [event.step for event in finish(path, trained[index]) if isinstance(event, Resumed)]
            assert file_contents(trained[index]) == whole
            assert strays(trained[index]) == []
    assert len(set(resumed)) > 2
    assert last - 4 <= resumed[-1] < last


@where_forked
def test_training_killed_again_and_again_ends_in_the_same_bytes(tmp_path: Path) -> None:
    """In the middle of a step or of a file; what may be torn then is with the tests of files."""
    options, network, first, last = TRAININGS["search"]
    photo(tmp_path)
    path, out = scene(tmp_path, options, network), tmp_path / "out"
    finish(path, tmp_path / "whole")
    for step in (first - 9, first + 1, last - 1):
        assert ended(forked(training(path, out, dying(step)))) == -signal.SIGKILL
    pid = forked(training(path, tmp_path / "timed"))
    while not list((tmp_path / "timed").rglob("checkpoint*.safetensors")):
        time.sleep(0.001)
    os.kill(pid, signal.SIGKILL)
    assert ended(pid) == -signal.SIGKILL
    for folder in (out, tmp_path / "timed"):
        finish(path, folder)
        assert file_contents(folder) == file_contents(tmp_path / "whole")
        assert strays(folder) == []


@pytest.mark.parametrize("options", ["cycles: 2, fit: 40", "way: gradient, cycles: 5, batch: 100, fit: 40"])
def test_every_part_of_the_state_is_needed(options: str, tmp_path: Path) -> None:
    """Gone on from each report, it is the same training; the reports come whenever the clock says so."""
    photo(tmp_path)
    path = scene(tmp_path, options, BOTH)
    whole, told = learnt(path)
    wanted = {name: tensor.clone() for name, tensor in whole.network.state_dict().items()}
    first = live(path)
    kept = []
    for progress in training_of(first, should_report=always):
        if isinstance(progress, Result):
            break
        weights = {name: tensor.clone() for name, tensor in first.network.state_dict().items()}
        kept.append((weights, copy.deepcopy(progress.state() if progress.state else {})))
    for weights, state in kept[::7]:
        second = live(path)
        second.network.load_state_dict(weights)
        assert result_of(second, state) == told[-1]
        assert all(torch.equal(tensor, wanted[name]) for name, tensor in second.network.state_dict().items())


def test_every_pixel_is_seen_once_in_an_epoch_each_time_in_another_order(tmp_path: Path) -> None:
    photo(tmp_path)
    picture = live(scene(tmp_path, "way: gradient, cycles: 3, batch: 100, fit: 0"))
    seen: list[torch.Tensor] = []
    picture.network.register_forward_pre_hook(lambda _, given: seen.append(given[0].clone()) if _.training else None)
    list(training_of(picture))
    assert [len(points) for points in seen] == [100, 100, 100, 84] * 3
    epochs = [torch.cat(seen[start : start + 4]) for start in (0, 4, 8)]
    every = torch.stack([torch.from_numpy(one) for one in plane(24, 16)], dim=1)
    for epoch in epochs:
        assert torch.equal(torch.unique(epoch, dim=0), torch.unique(every, dim=0))
    assert not torch.equal(epochs[0], epochs[1])
    assert not torch.equal(epochs[1], epochs[2])


def interrupted(folder: Path, *words: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and events of a run that gets Ctrl-C when it has reported twice."""
    run = ForkedCommand(folder, "run", *words, "--json", "--out", "out")
    run.wait_until(lambda: run.out().count('"loss"') >= 2)
    run.kill(signal.SIGINT)  # once: a second one would stop it at once
    answer = run.wait()
    assert answer.err == ""
    return answer.code, [json.loads(line) for line in answer.out.splitlines()]


ENDLESS = {"search": "cycles: 0, fit: 30", "gradient": "way: gradient, cycles: 0, fit: 30"}


@pytest.mark.parametrize("way", ENDLESS)
def test_an_endless_training_ends_well_by_ctrl_c(way: str, tmp_path: Path) -> None:
    pixels = photo(tmp_path)
    scene(tmp_path, ENDLESS[way], "lines: 30")
    code, events = interrupted(tmp_path, "a.yaml")
    assert code == 0
    assert "ending here, with what there is" in [event.get("text") for event in events]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "a.safetensors"]
    last = [event for event in events if "loss" in event][-1]
    assert last["step"] == last["steps"]
    with Image.open(tmp_path / "out" / "a.png") as image:
        error = np.square(np.asarray(image) / 255 - pixels / 255).mean()
    assert -10 * np.log10(error) == pytest.approx(last["psnr"], abs=0.1)
    assert last["psnr"] > 15
    again = list(make_files(load(tmp_path / "a.yaml"), tmp_path / "out", device="cpu"))  # it has come to its end
    assert not any(isinstance(event, Training) for event in again)


def test_after_an_endless_training_no_other_begins(tmp_path: Path) -> None:
    photo(tmp_path)
    scene(tmp_path, ENDLESS["search"], "lines: 3")
    scene(tmp_path, "cycles: 1, fit: 10", name="b")
    code, _ = interrupted(tmp_path, "a.yaml", "b.yaml")
    assert code == 130
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "a.safetensors"]


@where_forked
@pytest.mark.parametrize("way", ENDLESS)
def test_an_endless_training_that_is_killed_goes_on(way: str, tmp_path: Path) -> None:
    photo(tmp_path)
    path, out = scene(tmp_path, ENDLESS[way], "lines: 6"), tmp_path / "out"
    assert ended(forked(training(path, out, dying(40)))) == -signal.SIGKILL
    resumed = 0
    for event in make_files(load(path), out, device="cpu"):
        resumed = event.step if isinstance(event, Resumed) else resumed
        if isinstance(event, TrainingReport) and event.request_stop:
            assert event.progress.total is None
            event.request_stop()
    assert resumed >= 38
    assert sorted(file_contents(out)) == ["a.png", "a.safetensors"]


LINES = "lines: 10"
FILMED = {
    "search": ("cycles: 1, fit: 40", 24),  # the search ends at step 20, of which there is a frame
    "means": ("cycles: 1, colours: mean", 20),
    "gradient": ("way: gradient, cycles: 20, fit: 40", 24),
}


def filmed(path: Path, out: Path, patience: float, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setattr(learning, "PATIENCE", patience)
    monkeypatch.setattr(learning, "SHOWING", float("inf"))  # else showing slows down how often there are reports
    list(make_files(load(path), out, device="cpu", metadata=False))
    return [np.asarray(Image.open(file)) for file in sorted(out.glob("a-*.png"))]


@pytest.mark.parametrize("way", FILMED)
@pytest.mark.parametrize("film", ["learning: even, length: 6f", "learning: 5"])
def test_a_film_shows_the_picture_at_every_step_whatever_the_clock_says(
    film: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo(tmp_path)
    options, steps = FILMED[way]
    path = scene(tmp_path, options, LINES, f"film: {{{film}}}\noutputs: [png, frames]\n")
    seldom = filmed(path, tmp_path / "seldom", 1e9, monkeypatch)
    often = filmed(path, tmp_path / "often", 0.0, monkeypatch)
    assert len(seldom) == len(often) == (6 if "even" in film else steps // 5 + 1)
    assert all(np.array_equal(one, other) for one, other in zip(seldom, often, strict=True))
    if "even" in film:
        still = np.asarray(Image.open(tmp_path / "seldom" / "a.png"))
        assert np.abs(seldom[-1] - still.astype(int)).max() <= 1  # a mean of whole levels may lie between two of them
    regions = [len(np.unique(frame.reshape(-1, 3), axis=0)) for frame in seldom]
    if way != "gradient":  # whose dividers are all there from the beginning
        assert regions[0] == 1 < regions[1] < regions[-1]
    plain = scene(tmp_path, options, LINES)
    list(make_files(load(plain), tmp_path / "plain", device="cpu", metadata=False))
    assert (tmp_path / "plain" / "a.safetensors").read_bytes() == (tmp_path / "often" / "a.safetensors").read_bytes()


def test_a_film_of_one_that_starts_from_another_does_not_hang_on_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo(tmp_path)
    list(make_files(load(scene(tmp_path, "cycles: 1, fit: 10", "lines: 7", name="start")), tmp_path, device="cpu"))
    more = "film: {learning: 2}\noutputs: frames\n"
    path = scene(tmp_path, "cycles: 1, fit: 20, start: start.safetensors", "lines: 8", more)
    seldom = filmed(path, tmp_path / "seldom", 1e9, monkeypatch)
    often = filmed(path, tmp_path / "often", 0.0, monkeypatch)
    assert len(seldom) == len(often) == 10
    assert all(np.array_equal(one, other) for one, other in zip(seldom, often, strict=True))
