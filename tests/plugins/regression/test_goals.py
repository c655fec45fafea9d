"""A training ends when it has done what was asked for, says so where it could not, and keeps the best it had."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.support.trainings import always, total_of, training_of

from artengine import ArtengineError, Picture, Progress, Result, View, build, load
from artengine.events import Event, Note, Resumed, Training, TrainingReport
from artengine.making.pipeline import make_files
from artengine_regression.training import learning, measuring
from artengine_regression.training.optimisers import Plain
from artengine_regression.training.schedule import Schedule, Until

NETWORK = "mlp: {width: 12, depth: 2, frequency: 4}"
BRITTLE = """
    import torch
    from artengine import hookimpl

    class Brittle(torch.nn.Module):
        # learns brightness and slope; a step too large, and there is no number any more
        def __init__(self, limit):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(3, 2))
            self.bias = torch.nn.Parameter(torch.zeros(3))
            self.limit = limit

        def forward(self, x):
            colours = x[:, :2] @ self.weight.T + self.bias
            return colours if self.bias.abs().max() < self.limit else torch.log(-colours.abs() - 1)

    def brittle(ports, /, *, limit: float = 0.55):
        return Brittle(limit)

    @hookimpl
    def register_networks():
        return {"brittle": brittle}
"""


@dataclass
class Desk:
    folder: Path

    def scene(self, options: str, network: str = NETWORK, rest: str = "") -> Path:
        path = self.folder / "a.yaml"
        text = f"seed: 3\ncanvas: {{width: 24, height: 20}}\nnetwork: {{{network}}}\n"
        path.write_text(f"{text}training: {{regression: {{target: photo.png, batch: 64, {options}}}}}\n{rest}")
        return path

    def live(self, options: str, network: str = NETWORK) -> Picture:
        return build(load(self.scene(options, network), plugins=[str(self.folder / "brittle.py")]), "cpu")

    def learnt(self, options: str, network: str = NETWORK) -> tuple[Picture, list[Progress | Result]]:
        picture = self.live(options, network)
        told = list(training_of(picture))
        assert all(one.step < (total_of(one) or 0) for one in told[:-1])
        assert isinstance(told[-1], Result)
        return picture, told

    def seen(self, picture: Picture) -> float:
        """The PSNR of what is painted."""
        with Image.open(self.folder / "photo.png") as photo:
            wanted = np.asarray(photo) / 255
        painted = picture.paint(View(width=wanted.shape[1], height=wanted.shape[0]))
        return -10 * math.log10(np.square(painted.astype(np.float64) - wanted).mean())

    def made(self, name: str) -> Iterator[Event]:
        scene = load(self.folder / "a.yaml", plugins=[str(self.folder / "brittle.py")])
        return make_files(scene, self.folder / name, device="cpu")

    def files(self, name: str) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.folder / name).iterdir() if path.is_file()}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    y, x = np.mgrid[0:20, 0:24] / 24
    pixels = np.stack((x, y, (x - y) ** 2), axis=-1) * 255
    Image.fromarray(np.rint(pixels).astype(np.uint8)).save(tmp_path / "photo.png")
    (tmp_path / "brittle.py").write_text(dedent(BRITTLE))
    return Desk(tmp_path)


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by a hundredth of a second whenever it is looked at."""
    clock = itertools.count()
    monkeypatch.setattr(learning, "time", SimpleNamespace(monotonic=lambda: next(clock) / 100))


@pytest.mark.parametrize(("until", "steps"), [("steps: 1", 1), ("steps: 23", 23), ("steps: 50, seconds: 900", 50)])
def test_it_takes_the_steps_it_is_told_to(until: str, steps: int, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "STEPS_PER_CHECK", 10)
    for optimiser in ("adam", "lbfgs") if steps < 50 else ("adam",):
        _, told = desk.learnt(f"until: {{{until}}}, optimiser: {optimiser}")
        assert told[-1].step == steps


def test_it_takes_the_time_it_is_told_to_and_the_rate_falls_to_zero(
    desk: Desk, ticking: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[float] = []
    follow = Plain.follow

    def followed(self: Plain, rate: float) -> None:
        rates.append(rate)
        follow(self, rate)

    monkeypatch.setattr(Plain, "follow", followed)
    for until in ("seconds: 3", "steps: 300", "steps: 300, seconds: 3", "steps: 90000, seconds: 3"):
        rates.clear()
        _, told = desk.learnt(f"until: {{{until}}}, rate: 0.01")
        assert 280 <= told[-1].step <= 301
        assert max(rates) == pytest.approx(0.01, rel=0.01)
        assert rates[-1] < 0.005 * max(rates)
        top = rates.index(max(rates))
        assert sorted(rates[:top]) == rates[:top]
        assert sorted(rates[top:], reverse=True) == rates[top:]


def test_real_seconds_pass(desk: Desk) -> None:
    """It ends by the clock of the machine, after a step at least, however long that takes."""
    picture, told = desk.learnt("until: {seconds: 0.1}")
    assert told[-1].step >= 1
    assert told[-1].psnr == pytest.approx(desk.seen(picture), abs=1e-3)


def test_it_stops_as_soon_as_all_pixels_are_near_enough(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 60, (20, 24, 3))
    with Image.open(desk.folder / "photo.png") as photo:
        noise += np.asarray(photo) // 2
    Image.fromarray(noise.astype(np.uint8)).save(desk.folder / "photo.png")
    monkeypatch.setattr(learning, "PATIENCE", 1e9)  # no reports but those of a look, however slow the machine is
    for sample, late in ((4, 9), (9, 9), (200, 0.2), (2048, 0)):  # a few pixels say something else than all of them
        monkeypatch.setattr(measuring, "SAMPLED_PIXELS", sample)
        picture = desk.live("until: {psnr: 20.5}")
        seen = []
        for told in training_of(picture):
            assert told.step % 50 == 0
            seen.append(desk.seen(picture))
        assert told.step < 2000
        assert told.note == f"the 20.5 dB asked for are reached after {told.step:,} steps"
        assert told.psnr == pytest.approx(seen[-1], abs=1e-3)
        assert seen[-1] >= 20.5
        assert max(seen[:-1]) < 20.5 + late


def test_what_is_out_of_reach_ends_by_itself_and_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "FIRST_ROUND_STEPS", 10)
    for optimiser in ("adam", "lbfgs"):
        network = "mlp: {width: 1, depth: 1}"
        picture, told = desk.learnt(f"until: {{psnr: 60}}, optimiser: {optimiser}", network)
        assert told[-1].step in {10 * (2**rounds - 1) for rounds in range(2, 7)}
        assert told[-1].note == f"the 60 dB asked for are not reached after {told[-1].step:,} steps"
        assert told[-1].psnr == pytest.approx(desk.seen(picture), abs=1e-3)


@pytest.mark.parametrize("losses", ["mse", "[mse, ssim]"])
def test_patience_ends_what_becomes_no_better(losses: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "STEPS_PER_CHECK", 10)
    _, told = desk.learnt(f"until: {{steps: 9000, patience: 20}}, rate: 1.0e-30, losses: {losses}")
    assert told[-1].step == 30
    assert told[-1].note == "no better for 20 steps"
    _, told = desk.learnt(f"until: {{psnr: 90, patience: 20}}, rate: 1.0e-30, losses: {losses}")
    assert told[-1].note == "no better for 20 steps; the 90 dB asked for are not reached after 30 steps"


def test_whichever_comes_first_ends_it(desk: Desk) -> None:
    for until, steps in (
        ("steps: 100, psnr: 90, patience: 9000", 100),
        ("steps: 9000, psnr: 1", 50),
        ("steps: 30, psnr: 1", 30),
        ("seconds: 900, steps: 9000, psnr: 1, patience: 9000", 50),
    ):
        assert desk.learnt(f"until: {{{until}}}")[1][-1].step == steps


def test_the_best_weights_are_kept(desk: Desk) -> None:
    picture, told = desk.learnt("until: {steps: 90000, patience: 300}, optimiser: sgd, rate: 3")
    assert told[-1].psnr is not None
    assert told[-1].psnr == pytest.approx(max(one.psnr or 0 for one in told), abs=1e-3)
    assert told[-1].psnr > (told[-2].psnr or 0)
    assert told[-1].psnr == pytest.approx(desk.seen(picture), abs=1e-3)


def test_all_pixels_tell_whether_the_last_weights_are_better(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "STEPS_PER_CHECK", 20)
    for sample in range(6):
        monkeypatch.setattr(measuring, "SAMPLED_PIXELS", sample)
        picture = desk.live("until: {steps: 100}, rate: 0.01", "mlp: {width: 3, depth: 1}")
        reports = training_of(picture, should_report=lambda step, total: step == 99)
        seen = [desk.seen(picture) for _ in reports]
        assert seen[-1] > seen[-2] - 0.01  # the rate is next to nothing there


def measured_at(event: Training) -> tuple[int, float | None]:
    return event.step, (event.progress if isinstance(event, TrainingReport) else event.result).psnr


BRITTLE_OPTIONS = "until: {steps: 150}, rate: 1"


@pytest.mark.parametrize("optimiser", ["adam", "sgd", "muon"])
def test_what_is_no_number_is_stepped_back_from_and_learnt_to_the_end(optimiser: str, desk: Desk) -> None:
    options = f"{BRITTLE_OPTIONS}, optimiser: {optimiser}"
    picture, told = desk.learnt(options, "brittle")
    notes = [one.note for one in told if one.note]
    assert 1 <= len(notes) <= 8
    for number, note in enumerate(notes, start=1):
        assert "there is something that is no number: going on with what there was at step" in note
        assert note.endswith(f"at a rate of {0.5**number:.3g}")
    assert told[-1].step == 150
    assert told[-1].psnr is not None
    assert told[-1].psnr > 20
    watched = desk.live(options, "brittle")
    reports = list(training_of(watched, should_report=always))  # whoever looks on changes nothing
    assert all(one.psnr is None or math.isfinite(one.psnr) for one in reports)
    assert [one.note for one in reports if one.note] == notes
    for name, weight in watched.network.state_dict().items():
        assert torch.equal(weight, picture.network.state_dict()[name])


def test_it_gives_up_with_one_line_after_the_eighth_time(desk: Desk) -> None:
    desk.scene("until: {steps: 300}, rate: 1", "brittle: {limit: 1.0e-6}")
    events: list[Event] = []
    with pytest.raises(ArtengineError, match=r"the loss is nan, expected a number; try a smaller rate$"):
        events.extend(desk.made("out"))
    assert sum(isinstance(event, Note) for event in events) == 8
    assert desk.files("out") == {}


@pytest.mark.parametrize(
    ("options", "network"),
    [
        ("until: {psnr: 21}", NETWORK),
        ("until: {steps: 9000, patience: 60}, optimiser: sgd, rate: 3", NETWORK),
        (BRITTLE_OPTIONS, "brittle"),
        ("until: {psnr: 60}, optimiser: lbfgs", "mlp: {width: 1, depth: 1}"),
    ],
)
def test_stopped_at_any_report_it_ends_as_if_it_had_not_been(
    options: str, network: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "STEPS_PER_CHECK", 20)
    monkeypatch.setattr(learning, "FIRST_ROUND_STEPS", 10 if "lbfgs" in options else 50)
    monkeypatch.setattr(learning, "PATIENCE", 1e9)  # no reports but those of a look, however slow the machine is
    monkeypatch.setattr(measuring, "SAMPLED_PIXELS", 9)
    desk.scene(options, network)
    reports = [event for event in desk.made("whole") if isinstance(event, Training)]
    for number in range(1, len(reports), max(1, len(reports) // 3)):
        events = desk.made(f"cut {number}")
        for _ in range(number):
            next(event for event in events if isinstance(event, Training))
        events.close()
        rest = [event for event in desk.made(f"cut {number}") if isinstance(event, Training)]
        assert list(map(measured_at, rest)) == list(map(measured_at, reports[number:]))
        assert desk.files(f"cut {number}") == desk.files("whole")


@pytest.mark.parametrize("film", ["learning: log, length: 6f", "learning: even, length: 6f", "learning: 20"])
@pytest.mark.parametrize("until", ["psnr: 21", "seconds: 1.5", "psnr: 21, seconds: 3"])
def test_a_film_of_the_learning_ends_with_what_was_learnt(film: str, until: str, desk: Desk, ticking: None) -> None:
    desk.scene(f"until: {{{until}}}", rest=f"film: {{{film}}}\noutputs: [png, frames]\n")
    told = [event for event in desk.made("out") if isinstance(event, Training)]
    frames = sorted((desk.folder / "out").glob("a-*.png"))
    if film == "learning: 20":
        assert len(frames) == told[-1].step // 20 + 1
        return
    assert len(frames) == 6
    images: list[Any] = [np.asarray(Image.open(path)) for path in (*frames, desk.folder / "out" / "a.png")]
    assert np.array_equal(images[-2], images[-1])
    assert not np.array_equal(images[0], images[-1])


def test_a_course_never_says_that_it_is_done_before_it_is() -> None:
    for until in (Until(steps=500), Until(seconds=5.0), Until(steps=500, seconds=3.0), Until(psnr=30.0), Until()):
        course = Schedule(until, 100)
        for step in range(6500):
            seconds = step / 100
            assert 0 <= course.height(step, seconds) <= 1
            if course.over(step, seconds):
                assert course.height(step, seconds) < 0.02 or not until.bounded
                break
            assert course.steps(step, seconds) > step or until.seconds
        assert step == {(500, None): 500, (None, 5.0): 500, (500, 3.0): 300}.get((until.steps, until.seconds), 6300)


def test_goal_that_is_moved_further_goes_on_and_comes_to_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "PATIENCE", 1e9)  # no reports but those of a look, however slow the machine is
    desk.scene("until: {psnr: 31}")
    whole = [event for event in desk.made("whole") if isinstance(event, Training)]
    desk.scene("until: {psnr: 30}")
    stopped = desk.made("out")
    cut = next(event.step for event in stopped if isinstance(event, Training) and event.step >= 100)
    stopped.close()
    desk.scene("until: {psnr: 31}")
    events = list(desk.made("out"))
    assert f"going on from step {cut:,}" in [event.text for event in events if isinstance(event, Note)]
    assert [event.step for event in events if isinstance(event, Training)] == [
        event.step for event in whole if event.step > cut
    ]
    assert desk.files("out") == desk.files("whole")


def test_goal_that_is_moved_nearer_than_what_is_reached_begins_anew(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it is the same as without what was stopped, which is kept."""
    monkeypatch.setattr(learning, "PATIENCE", 1e9)
    desk.scene("until: {psnr: 20}")
    list(desk.made("whole"))
    desk.scene("until: {psnr: 30}")
    stopped = desk.made("out")
    next(event for event in stopped if isinstance(event, Training) and (event.progress.psnr or 0) > 21)
    stopped.close()
    desk.scene("until: {psnr: 20}")
    events = list(desk.made("out"))
    assert [event for event in events if isinstance(event, Resumed)] == []
    assert desk.files("whole").items() <= desk.files("out").items()
    assert len(list(desk.folder.glob("out/.*.training/*/*.safetensors"))) > 0
