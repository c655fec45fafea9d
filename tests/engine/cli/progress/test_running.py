"""Watching: bars on a terminal, lines of JSON for machines, results alone elsewhere; a Ctrl-C loses nothing."""

from __future__ import annotations

import json
import re
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.command_runs import ForkedCommand, run_on_terminal
from tests.support.executors import in_process
from tests.support.gallery_runs import replace_workers

if TYPE_CHECKING:
    from tests.support.common import PluginFile, RunCli

#: A network whose colours are not finite, and a trainer whose loss is not.
ODD = """
    import torch
    from artengine import Progress, Result, hookimpl

    class Nothing(torch.nn.Module):
        def forward(self, x):
            return torch.full((*x.shape[:-1], 3), torch.nan)

    def loses(session, /):
        for step, psnr in enumerate((1.0, float("nan"), float("inf")), start=1):
            if step < 3:
                yield Progress(step=step, total=3, loss=1 / step, psnr=psnr)
        return Result(step=step, loss=1 / step, psnr=psnr)

    @hookimpl
    def register_networks():
        return {"nothing": lambda ports: Nothing()}

    @hookimpl
    def register_trainers():
        return {"loses": loses}
    """

#: Trainers with something to say.
HIDES = """
    import os, signal
    from artengine import Progress, Result, hookimpl

    def hides(session, /):
        yield Progress(step=1, total=2, loss=1.0, psnr=20.0)
        note = "the pixels on the left are hidden"
        return Result(step=2, loss=0.5, psnr=31.31, holdout_psnr=24.123, note=note)

    def stops(session, /):
        first = session.state.get("step", 0)
        for step in range(first + 1, 4):
            if step == 2:
                os.kill(os.getpid(), signal.SIGINT)
            note = "it is time" if step == 2 else ""
            if step < 3:
                yield Progress(step=step, total=3, loss=1.0, note=note, state=lambda: {"step": step})
        return Result(step=3, loss=1.0)

    @hookimpl
    def register_trainers():
        return {"hides": hides, "stops": stops}
    """


def strict(line: str) -> dict[str, Any]:
    """A line of JSON as other languages read it: without NaN and Infinity."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON: {line}")

    data: dict[str, Any] = json.loads(line, parse_constant=refuse)
    return data


def test_a_terminal_shows_steps_loss_decibels_and_speed_and_stdout_has_the_paths(learning_scene: Path) -> None:
    scene = learning_scene.rename(
        learning_scene.with_name("[red]my:smile:.yaml")
    ).name  # signs that mean something elsewhere
    longer = ["--set", "training.regression.until.steps=300"]
    code, results, seen = run_on_terminal(["run", scene, *longer], learning_scene.parent)
    assert (code, results) == (0, "pictures/[red]my:smile:.safetensors\npictures/[red]my:smile:.png\n")
    assert "[red]my:smile:: learning" in seen
    assert re.search(r"\d+/300 +loss 0\.\d{4} \d+\.\d dB [\d,]+/s \d\d:\d\d left", seen)
    assert re.search(r"\[red\]my:smile:: learnt in 300 steps, loss 0\.\d{5} \d+\.\d dB", seen)
    assert "[red]my:smile:: painting" in seen
    assert "192/192" in seen
    assert "gallery" not in seen
    code, results, seen = run_on_terminal(["run", scene, *longer], learning_scene.parent, stdout_too=True)
    assert code == 0
    lines = re.split(r"[\r\n]+", seen)
    note = "trained before: pictures/[red]my:smile:.safetensors (--fresh trains anew)"
    assert f"[red]my:smile:: {note}" in lines
    assert lines.count("pictures/[red]my:smile:.png") == 1


def test_quiet_is_quiet_on_a_terminal_too(tiny_scene: Path) -> None:
    assert run_on_terminal(["run", tiny_scene.name, "--quiet"], tiny_scene.parent) == (0, "pictures/tiny.png\n", "")


def test_elsewhere_there_are_notes_and_nothing_else(run_cli: RunCli, learning_scene: Path) -> None:
    first = run_cli("run", learning_scene)
    assert (first.code, first.err) == (0, "")
    assert first.out == "pictures/learning.safetensors\npictures/learning.png\n"
    again = run_cli("run", learning_scene)
    assert again.out == "pictures/learning.png\n"
    assert again.err == "learning: trained before: pictures/learning.safetensors (--fresh trains anew)\n"
    quiet = run_cli("run", learning_scene, "--quiet")
    assert (quiet.out, quiet.err) == (again.out, "")


def test_json_tells_every_event_on_a_line(run_cli: RunCli, learning_scene: Path) -> None:
    answer = run_cli("run", learning_scene, "--json")
    assert (answer.code, answer.err) == (0, "")
    events = [strict(line) for line in answer.out.splitlines()]
    assert {event["scene"] for event in events} == {"learning"}
    training = [event for event in events if event["event"] == "training"]
    fields = {"scene", "event", "step", "steps", "loss", "psnr", "hidden"}
    assert [set(event) for event in training] == [fields] * len(training)
    assert (training[-1]["step"], training[-1]["steps"]) == (60, 60)
    assert [event["step"] for event in training] == sorted({event["step"] for event in training})
    assert training[-1]["loss"] < training[0]["loss"]
    assert events[-2] == {"scene": "learning", "event": "painting", "done": 192, "total": 192}
    assert [event["path"] for event in events if event["event"] == "wrote"] == [
        "pictures/learning.safetensors",
        "pictures/learning.png",
    ]
    again = [strict(line) for line in run_cli("run", learning_scene, "--json").out.splitlines()]
    assert [event["event"] for event in again] == ["note", "painting", "wrote"]
    assert again[0]["text"].startswith("trained before: ")


def test_json_has_no_word_for_what_is_not_a_number(run_cli: RunCli, plugin_file: PluginFile, tiny_scene: Path) -> None:
    tiny_scene.write_text("canvas: {width: 2, height: 2}\nnetwork: mlp\ntraining: loses\n")
    events = [strict(line) for line in run_cli("run", tiny_scene, "--json", "-p", plugin_file(ODD)).out.splitlines()]
    assert [event["psnr"] for event in events if event["event"] == "training"] == [1.0, None, None]


def test_what_a_trainer_says_and_what_it_hid_are_shown_everywhere(
    run_cli: RunCli, plugin_file: PluginFile, tiny_scene: Path
) -> None:
    tiny_scene.write_text("canvas: {width: 2, height: 2}\nnetwork: mlp\ntraining: hides\n")
    plugin = str(plugin_file(HIDES))
    note = "tiny: the pixels on the left are hidden\n"
    assert run_cli("run", tiny_scene, "-p", plugin).err == note
    assert run_cli("run", tiny_scene, "--fresh", "--quiet", "-p", plugin).err == ""
    events = [strict(line) for line in run_cli("run", tiny_scene, "--fresh", "--json", "-p", plugin).out.splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds[: kinds.index("wrote")] == ["training", "note", "training"], "a note comes before its step"
    assert events[1]["text"] == note.strip().removeprefix("tiny: ")
    assert [event["hidden"] for event in events if event["event"] == "training"] == [None, 24.123]
    code, _, seen = run_on_terminal(["run", tiny_scene.name, "--fresh", "-p", "mine.py"], tiny_scene.parent)
    assert code == 0
    assert note.strip() in re.split(r"[\r\n]+", seen)
    assert "loss 0.5000 31.3 dB hidden 24.1 dB" in seen
    assert "tiny: learnt in 2 steps, loss 0.50000 31.3 dB hidden 24.1 dB" in seen


def test_a_stop_at_a_note_says_that_it_goes_on(run_cli: RunCli, plugin_file: PluginFile, tiny_scene: Path) -> None:
    tiny_scene.write_text("canvas: {width: 2, height: 2}\nnetwork: mlp\ntraining: stops\n")
    words = ("run", tiny_scene, "-p", plugin_file(HIDES))
    answer = run_cli(*words)
    assert answer.code == 130
    assert answer.err == "tiny: it is time\ntiny: stopped; the same command goes on from here\n"
    assert run_cli(*words).err == "tiny: going on from step 2\n"


def test_warnings_are_lines_on_stderr(run_cli: RunCli, plugin_file: PluginFile, tiny_scene: Path) -> None:
    tiny_scene.write_text("canvas: {width: 3, height: 2}\nnetwork: nothing\n")
    for words in ((), ("--json",), ("--quiet",)):
        answer = run_cli("run", tiny_scene, "-p", plugin_file(ODD), *words)
        assert answer.code == 0
        assert answer.err == "warning: 6 of 6 pixels are not finite; they are painted black or white\n"


def interrupted(scene: Path, number: signal.Signals) -> tuple[int, list[dict[str, Any]]]:
    """Exit code and events of a training that gets a signal after its third event."""
    run = ForkedCommand(scene.parent, "run", scene.name, "--json")
    run.wait_until(lambda: run.out().count("\n") >= 3)
    run.kill(number)
    answer = run.wait()
    assert answer.err == ""
    return answer.code, [strict(line) for line in answer.out.splitlines()]


def test_an_interrupted_training_is_saved_and_goes_on(learning_scene: Path) -> None:
    learning_scene.write_text(learning_scene.read_text().replace("steps: 60", "steps: 100000"))
    code, events = interrupted(learning_scene, signal.SIGINT)
    assert code == 130
    assert events[-1]["text"] == "stopped; the same command goes on from here"
    reached = events[-2]["step"]
    code, events = interrupted(learning_scene, signal.SIGTERM)
    assert code == 143
    assert events[0]["text"] == f"going on from step {reached:,}"
    assert events[1]["step"] > reached
    assert events[-1]["text"] == "stopped; the same command goes on from here"


def test_a_gallery_shows_how_far_it_is_and_what_failed(plugin_file: PluginFile, tiny_scene: Path) -> None:
    plugin = plugin_file(
        """
        import torch
        from artengine import hookimpl

        class Wave(torch.nn.Module):
            def __init__(self, seed):
                super().__init__()
                self.seed = seed

            def forward(self, x):
                return torch.sin(x.sum(-1, keepdim=True) * (self.seed + 3)).expand(*x.shape[:-1], 3)

        def odd(ports):
            if ports.seed == 3:
                raise RuntimeError("[red]no")
            return Wave(ports.seed)

        @hookimpl
        def register_networks():
            return {"odd": odd}
        """
    )
    words = [
        "gallery",
        tiny_scene.name,
        "--set",
        "network=odd",
        "-p",
        plugin.name,
        "--out",
        "g",
        "--keep",
        "1",
        "--of",
        "4",
    ]
    code, results, seen = run_on_terminal(words, tiny_scene.parent, first=partial(replace_workers, in_process))
    assert (code, results) == (0, "g/index.html\ng/contact-sheet.png\n")
    lines = re.split(r"[\r\n]+", seen)
    assert any(line.startswith("tiny-seed-3: plugin mine.py: RuntimeError: [red]no (mine.py:") for line in lines)
    assert re.search(r"tiny: gallery .* 1/1 ", seen), "what is made is no part of what was looked at"
