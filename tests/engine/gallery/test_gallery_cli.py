"""Galleries as commands: what is mistyped, what is told, which pictures are chosen, and how each is made again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support import gallery_items
from tests.support.command_runs import ForkedCommand
from tests.support.common import TINY
from tests.support.executors import InProcess, in_process
from tests.support.gallery_runs import (
    is_whole,
    lines,
    names_of,
    quick_workers,
    replace_workers,
    scene,
    seen,
    shown,
)

from artengine.events import Event
from artengine.gallery import builder, items
from artengine.gallery.galleries import _choose_varied
from artengine.gallery.sweeps import Sweep, Variation
from artengine.workers.pool import Item, ItemResult

if TYPE_CHECKING:
    from tests.support.common import Answer, RunCli

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs the system to tell of processes")

in_process_first = partial(replace_workers, in_process)
quick_first = partial(replace_workers, quick_workers)


def test_what_the_user_mistyped_is_told_and_nothing_is_made(run_cli: RunCli, tiny_scene: Path) -> None:
    cases = {
        "--seeds 10..3": "--seeds 10..3: found '10..3', expected the smaller seed first: 3..10",
        "--seeds -1": "--seeds -1: found '-1', expected seeds such as 7 or 0..99",
        "--seeds 1.5": "--seeds 1.5: found '1.5'",
        "--seeds 0..9999999": "at most 1,000,000 seeds",
        "--seed 3": "--seed is one seed; --seeds 0..99 are many",
        "--keep 3": "--keep and --of go together, such as --keep 40 --of 1000",
        "--of 3": "--keep and --of go together",
        "--keep 5 --of 4": "--keep 5 --of 4: there are not so many",
        "--keep 2 --of 4 --seeds 1..9": "--seeds and --of both say which seeds there are; leave one out",
        "--keep 2 --of 4 --set seed=1": "both say which seeds there are",
        "--keep 0 --of 4": "Invalid value for '--keep'",
        "--jobs 0": "Invalid value for '--jobs'",
        "--item-timeout 0": "Invalid value for '--item-timeout'",
        "--item-timeout nan": "Invalid value for '--item-timeout': found 'nan', expected a number",
        "--max-megapixels nan": "Invalid value for '--max-megapixels': found 'nan', expected a number",
        "--set network.neural_painter.std=1,-1": "--set network.neural_painter.std=-1: found -1, expected more than 0",
        "--set canvas.width=1..9..0": "expected a range of 1 to 10,000",
        "--seeds 0..999 --set canvas.width=1..5000": "found 5,000,000 pictures, expected at most 1,000,000",
    }
    for words, message in cases.items():
        answer = run_cli("gallery", tiny_scene, *words.split())
        assert (answer.code, answer.out) == (2, ""), words
        assert message in " ".join(answer.err.split())
        assert "Traceback" not in answer.err
    assert sorted(path.name for path in tiny_scene.parent.iterdir()) == ["tiny.yaml"]


def test_children_that_cannot_be_are_told_and_nothing_is_made(
    run_cli: RunCli, tiny_scene: Path, learning_scene: Path
) -> None:
    other = scene(tiny_scene.parent, TINY.replace("hidden_size: 6", "hidden_size: 5"), "other.yaml")
    cases = {
        f"mutate {learning_scene}": "found what is learnt, without what it has come to",
        f"cross {tiny_scene} {learning_scene}": "found what is learnt, without what it has come to",
        f"cross {tiny_scene} {other}": "found scenes that differ in network, expected two pictures of one scene",
        f"mutate {tiny_scene} --strength 0": "Invalid value for '--strength'",
        f"mutate {tiny_scene} --strength nan": "Invalid value for '--strength'",
        f"mutate {tiny_scene} --count 0": "Invalid value for '--count'",
        f"mutate {tiny_scene.parent / 'gone.png'}": "gone.png",
        f"mutate {tiny_scene.parent / 'photo.png'}": "found no recipe in it",
    }
    for words, message in cases.items():
        answer = run_cli(*words.split())
        assert (answer.code, answer.out) == (2, ""), words
        assert message in " ".join(answer.err.split())
        assert "Traceback" not in answer.err
    assert sorted(path.name for path in tiny_scene.parent.iterdir() if path.is_dir()) == []


@pytest.mark.parametrize(
    ("out", "code", "said"),
    [
        ("taken", 1, "taken: found a file, expected a folder; "),
        ("/proc/g", 1, "/proc/g: cannot be written: "),
        ("somebody's", 2, "index.html"),
    ],
)
def test_a_folder_that_cannot_be_had_is_told_in_a_line(
    out: str, code: int, said: str, run_cli: RunCli, tiny_scene: Path
) -> None:
    Path("taken").write_text("a file, no folder")
    Path("somebody's").mkdir()
    Path("somebody's/index.html").write_text("mine")
    answer = run_cli("gallery", tiny_scene, "--seeds", "0..2", "--out", out)
    assert (answer.code, answer.out, answer.err.count("\n")) == (code, "", 1)
    assert said in answer.err
    assert Path("somebody's/index.html").read_text() == "mine"


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Answer]:
    """A gallery with a plugin, settings, a size and a path that a shell would stumble over; told as JSON."""
    folder = tmp_path_factory.mktemp("varied")
    (folder / "my 'plug ins'").mkdir()
    (folder / "my 'plug ins'" / "wave one.py").write_text(
        "from artengine import hookimpl\n@hookimpl\ndef register_activations():\n    return {'wave': lambda x: x * x}\n"
    )
    scene(folder, TINY, 'it\'s $HOME; a "scene".yaml')
    words = ["gallery", 'it\'s $HOME; a "scene".yaml', "--seeds", "3,{mutate: 4, by: 1}", "--size", "20x10"]
    words += ["--set", "network.neural_painter.nonlin=wave,[sin, abs]", "--set", "camera.zoom=1.5"]
    words += ["-p", "my 'plug ins'/wave one.py", "--out", "g", "--json"]
    return folder, ForkedCommand(folder, *words, first=in_process_first).wait()


def test_json_tells_every_event_on_a_line_and_nothing_else(varied: tuple[Path, Answer]) -> None:
    _, answer = varied
    assert (answer.code, answer.err) == (0, "")
    events = [json.loads(line) for line in answer.out.splitlines()]
    name = "it-s-HOME-a-scene-seed-{}-nonlin-{}"
    names = [name.format(seed, nonlin) for seed in ("3", "mutate-4-by-1") for nonlin in ("wave", "sin-abs")]
    shared = {"scene": 'it\'s $HOME; a "scene"', "event": "making", "total": 4, "error": ""}
    assert events[:4] == [shared | {"done": index, "name": one} for index, one in enumerate(names, start=1)]
    assert [(event["event"], event["path"]) for event in events[4:]] == [
        ("wrote", "g/index.html"),
        ("wrote", "g/contact-sheet.png"),
    ]


def words_in_shell(command: str) -> list[str]:
    """The words that a program gets where a shell is given that command."""
    program = 'artengine() { for word in "$@"; do printf "%s\\0" "$word"; done; }'
    shell = subprocess.run(["/bin/sh", "-c", f"{program}\n{command}"], check=True, capture_output=True, text=True)
    return shell.stdout.split("\0")[:-1]


def test_command_of_every_picture_makes_its_bytes_in_a_shell(
    varied: tuple[Path, Answer], run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = varied
    monkeypatch.chdir(folder)
    for index, line in enumerate(lines(folder / "g")):
        words = words_in_shell(line["command"] + f" --out again-{index}")
        assert run_cli(*words).code == 0
        (again,) = (folder / f"again-{index}").iterdir()
        (name,) = line["files"]
        assert again.read_bytes() == (folder / "g" / name).read_bytes(), line["command"]


def test_failures_are_told_at_the_end_with_a_code_of_their_own(
    run_cli: RunCli, tiny_scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "Workers", in_process)
    plugin = tiny_scene.with_name("odd.py")
    plugin.write_text(
        "from artengine import hookimpl\ndef odd(ports):\n    raise ValueError(f'\\x1b[31mno {ports.seed}')\n"
        "@hookimpl\ndef register_networks():\n    return {'odd': odd}\n"
    )
    answer = run_cli(
        "gallery", tiny_scene, "--seeds", "1,2", "--set", "network=odd,neural_painter", "-p", plugin, "--out", "g"
    )
    assert (answer.code, answer.out) == (3, "g/index.html\ng/contact-sheet.png\n")
    told_ = [f"tiny-seed-{seed}-network-odd" for seed in (1, 2)]
    assert "\x1b" not in answer.err
    assert answer.err.splitlines()[-1] == "2 of 4 failed; the same command tries them again"
    assert [line.partition(": ")[0] for line in answer.err.splitlines()[-3:-1]] == told_
    assert sorted(seen(tiny_scene.parent / "g")) == [f"tiny-seed-{seed}-network-neural_painter" for seed in (1, 2)]
    assert [name for name, _ in shown(tiny_scene.parent / "g")["failed"]] == told_


def test_output_that_writes_no_file_is_told(run_cli: RunCli, tiny_scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "Workers", in_process)
    plugin = tiny_scene.with_name("silent.py")
    plugin.write_text(
        "from artengine import hookimpl\n\n\ndef silent(frames, target, /):\n"
        "    return [0 for frame in frames if False]"
        '\n\n\n@hookimpl\ndef register_outputs():\n    return {"silent": silent}\n'
    )
    answer = run_cli("gallery", tiny_scene, "--set", "outputs=silent", "-p", plugin, "--out", "g")
    assert answer.code == 3
    assert "tiny: its outputs wrote no files, which leaves nothing to show" in answer.err.splitlines()


def returned(work: Generator[Event, None, list[Variation]]) -> list[Variation]:
    """What a generator gives in the end."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return list(end.value)


class Backwards:
    """Looks at pictures in this process, and tells of the last one first."""

    def __init__(self, look_at: Callable[[dict[str, Any]], Any]) -> None:
        self._look_at = look_at

    def work(self, todo: Iterable[Item], /) -> Generator[ItemResult, None, None]:
        for item in reversed([*todo]):
            yield ItemResult(item, result=self._look_at(dict(item.data)))


def test_most_different_pictures_do_not_depend_on_the_order_of_looking(tmp_path: Path) -> None:
    sweep = Sweep(path=scene(tmp_path), seeds=range(8))
    forwards, backwards = (
        names_of(returned(_choose_varied(sweep.variations(), 8, 3, "cpu", executor)))
        for executor in (InProcess(function=items.describe_look), Backwards(items.describe_look))
    )
    assert forwards == backwards
    assert len(forwards) == 3


@on_linux
def test_most_different_pictures_are_the_same_where_a_worker_is_killed(tmp_path: Path) -> None:
    path = scene(tmp_path)
    words = ("gallery", "tiny.yaml", "--keep", 3, "--of", 8, "--json", "--jobs", 2, "--out", "g")
    run = ForkedCommand(tmp_path, *words, first=quick_first)
    run.wait_until(lambda: "\n" in run.out())
    workers = [int(line.split()[0]) for line in run.children() if "artengine.workers.process" in line]
    os.kill(workers[0], signal.SIGKILL)
    answer = run.wait()
    assert (answer.code, answer.err) == (0, "")
    is_whole(tmp_path / "g", 3)
    events = [json.loads(line) for line in answer.out.splitlines()]
    assert [event["total"] for event in events if event["event"] == "making"] == [8] * 8 + [3] * 3
    assert sum("3 of 8 kept; left out: " in event.get("text", "") for event in events) == 1
    sweep = Sweep(path=path, seeds=range(8))
    chosen = returned(_choose_varied(sweep.variations(), 8, 3, "cpu", Backwards(gallery_items.describe_look)))
    assert names_of(chosen) == seen(tmp_path / "g")


def test_dull_pictures_are_left_out(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "Workers", in_process)
    plugin = tmp_path / "some.py"
    plugin.write_text(
        "import torch\nfrom artengine import hookimpl\n"
        "class Some(torch.nn.Module):\n"
        "    def __init__(self, seed):\n        super().__init__()\n        self.seed = seed\n"
        "    def forward(self, x):\n"
        "        wave = torch.sin(x * (3 + self.seed)) * torch.cos(x.flip(-1) * (2 + self.seed % 3))\n"
        "        dull = torch.full_like(wave, 0.5)\n"
        "        shade = dull if self.seed % 2 else wave.abs()\n"
        "        return torch.cat([shade, shade[..., :1]], -1)\n"
        "@hookimpl\ndef register_networks():\n    return {'some': lambda ports: Some(ports.seed)}\n"
    )
    scene(tmp_path, "canvas: {width: 64, height: 48}\nnetwork: some\n")
    answer = run_cli("gallery", "tiny.yaml", "--keep", 8, "--of", 8, "-p", plugin, "--out", "g")
    assert answer.code == 0, answer.err
    assert "4 nearly one colour" in answer.err
    assert {int(one["seed"]) % 2 for one in shown(tmp_path / "g")["shown"]} == {0}


def test_what_is_learnt_cannot_be_chosen_before(run_cli: RunCli, learning_scene: Path) -> None:
    answer = run_cli("gallery", learning_scene, "--keep", 2, "--of", 3)
    assert (answer.code, answer.out) == (2, "")
    assert "found a scene with a training, which --keep cannot look at before it is learnt" in answer.err
