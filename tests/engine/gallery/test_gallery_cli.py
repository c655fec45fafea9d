"""Galleries from the command line: killed, interrupted, out of room, and told of."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.gallery_runs import SCENE, is_whole, lines, names_of, scene, seen, shown
from tests.support.processes import strays

from artengine.events import Event
from artengine.gallery.galleries import _chosen
from artengine.gallery.items import describe_look
from artengine.gallery.sweeps import Sweep, Variation
from artengine.painting.picture import build
from artengine.scene.loading import load
from artengine.training.checkpoint import Checkpoints
from artengine.workers.pool import Item, ItemResult

if TYPE_CHECKING:
    from tests.support.common import RunCli, RunProcess

MARK = "ARTENGINE_TEST"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs the system to tell of processes")

PAINTER = """canvas: {width: 48, height: 48}
network: {neural_painter: {hidden_size: 8, nr_hidden: 2}}
"""
PLAIN = """canvas: {width: 48, height: 48}
network: {mlp: {width: 6, depth: 1}}
"""
STEADY = """canvas: {width: 8, height: 8}
network: {mlp: {width: 8, depth: 2}}
training: {regression: {target: photo.png, until: {steps: 2000000}, batch: 64}}
"""


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "artengine", *map(str, words)]


class Run:
    """A run of the command line in a process group of its own, and whoever it has started."""

    def __init__(self, folder: Path, *words: object, **options: Any) -> None:
        self.mark = f"{folder}{time.monotonic_ns()}"
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
        environment = os.environ | {MARK: self.mark}
        self.process = subprocess.Popen(command(*words), cwd=folder, env=environment, start_new_session=True, **options)

    def until(self, true: Callable[[], object]) -> None:
        """Wait for that, or for the end of the run."""
        while not true():
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.005)

    def ended(self) -> tuple[int, str, str]:
        """Exit code, stdout and stderr; whoever it had started is gone then, or soon after a kill."""
        out, err = self.process.communicate(timeout=120)
        deadline = time.monotonic() + 30
        while left := self.left():
            assert time.monotonic() < deadline, left
            time.sleep(0.01)
        return self.process.returncode, out, err

    def left(self) -> list[str]:
        """The processes that it has left."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                alive = (place / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
                if alive and f"{MARK}={self.mark}".encode() in (place / "environ").read_bytes().split(b"\0"):
                    found.append(f"{place.name} {(place / 'cmdline').read_bytes()!r}")
        return found


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
def test_killed_at_five_moments_it_ends_whole_and_nothing_is_made_twice(tmp_path: Path) -> None:
    scene(tmp_path, PLAIN)
    words = ("gallery", "tiny.yaml", "--seeds", "0..39", "--out", "g")
    folder = tmp_path / "g"
    kept: dict[str, int] = {}
    for moment in (0, 1, 9, 22, 38):
        run = Run(tmp_path, *words, "--jobs", 2 if moment == 22 else 1)
        if moment:
            run.until(lambda moment=moment: done(folder) >= moment)  # type: ignore[misc]
        else:
            run.until(lambda: (folder / ".gallery-workshop").exists())
        run.process.kill()
        assert run.ended()[0] == -signal.SIGKILL
        finished = {name for line in lines_so_far(folder) for name in line["files"]}
        now = {name: when for name, when in times(folder).items() if name in finished}
        assert {name: now[name] for name in kept} == kept, "what is finished is not touched again"
        kept = now
    code, out, err = Run(tmp_path, *words).ended()
    assert (code, out) == (0, "g/index.html\ng/contact-sheet.png\n")
    assert err == f"tiny: {len(kept)} of 40 were there already\n"
    assert {name: times(folder)[name] for name in kept} == kept
    is_whole(folder, 40)
    assert hidden(tmp_path) == []


def lines_so_far(folder: Path) -> list[dict[str, Any]]:
    """The lines that are whole; the last one may be torn."""
    if not (folder / "manifest.jsonl").exists():
        return []
    whole = (folder / "manifest.jsonl").read_bytes().rpartition(b"\n")[0]
    return [json.loads(line) for line in whole.splitlines()]


@on_linux
def test_a_training_that_was_killed_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8), (200, 90, 10)).save(tmp_path / "photo.png")
    path = scene(tmp_path, STEADY)
    words = ("gallery", "tiny.yaml", "--out", "g")
    workshop = tmp_path / "g" / ".gallery-workshop" / "tiny"
    run = Run(tmp_path, *words)
    run.until(lambda: list(workshop.glob("tiny*checkpoint*")))
    os.killpg(run.process.pid, signal.SIGKILL)
    assert run.ended()[0] == -signal.SIGKILL
    loaded = load(path)
    checkpoints = Checkpoints(workshop, "tiny", loaded.training_key)

    def step() -> int:
        restored = checkpoints.restore(build(loaded, "cpu").network)
        return restored[0] if restored else 0

    reached = step()
    assert reached > 0, "what a kill leaves is whole"
    run = Run(tmp_path, *words)
    run.until(lambda: step() > reached)
    run.process.kill()
    run.ended()


@on_linux
def test_interrupted_it_stops_in_good_order_and_goes_on(tmp_path: Path) -> None:
    scene(tmp_path, PLAIN)
    words = ("gallery", "tiny.yaml", "--seeds", "0..29", "--out", "g")
    folder = tmp_path / "g"
    there = 0
    for number, code, tell, jobs in (
        (signal.SIGINT, 130, os.killpg, 2),  # as a terminal does it
        (signal.SIGTERM, 143, os.kill, 1),
        (signal.SIGTERM, 143, os.killpg, 1),  # as a system that is shut down does it
    ):
        run = Run(tmp_path, *words, "--jobs", jobs)
        run.until(lambda there=there: done(folder) >= there + 3)  # type: ignore[misc]
        tell(run.process.pid, number)
        assert run.ended() == (code, "", "tiny: stopped; the same command goes on from here\n")
        there = done(folder)
        assert there < 30
        assert len(seen(folder)) == there, "the page shows what there is"
        assert not (folder / ".gallery.lock").exists()


@on_linux
def test_a_second_ctrl_c_stops_at_once(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8)).save(tmp_path / "photo.png")
    scene(tmp_path, STEADY)
    run = Run(tmp_path, "gallery", "tiny.yaml", "--seeds", "0..3", "--out", "g")
    run.until(lambda: list((tmp_path / "g").glob(".gallery-workshop/*/tiny*checkpoint*")))
    os.killpg(run.process.pid, signal.SIGINT)
    caught = Path(f"/proc/{run.process.pid}/status")
    bit = 1 << (signal.SIGTERM - 1)  # after the first signal, SIGTERM is caught no more
    run.until(lambda: not bit & int(caught.read_text().partition("SigCgt:")[2].split()[0], 16))
    os.killpg(run.process.pid, signal.SIGINT)
    code, out, err = run.ended()
    assert (code, out, err.strip()) == (130, "", "")


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
def test_on_a_full_disk_it_says_so_in_a_line_and_goes_on_afterwards(
    run_process: RunProcess, tmp_path: Path, small_disk: Path
) -> None:
    scene(tmp_path, PLAIN)
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 256_000)
    words = ("gallery", "tiny.yaml", "--seeds", "0..11", "--out", small_disk / "g")
    full = run_process(*words)
    assert (full.returncode, full.stdout) == (1, "")
    assert full.stderr.count("\n") == 1
    assert "cannot be written: No space left on device" in full.stderr
    folder = small_disk / "g"
    there = done(folder)
    assert 0 < there < 12
    assert len(lines(folder)) == there
    assert strays(folder) == []
    filler.unlink()
    subprocess.run(["mount", "-o", "remount,size=20m", str(small_disk)], check=True)
    again = run_process(*words)
    assert (again.returncode, again.stderr) == (0, f"tiny: {there} of 12 were there already\n")
    is_whole(folder, 12)


@on_linux
def test_a_limit_on_files_is_a_line_too(run_process: RunProcess, tmp_path: Path) -> None:
    scene(tmp_path, PLAIN)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1500, resource.RLIM_INFINITY))

    words = ("gallery", "tiny.yaml", "--seeds", "0..19", "--out", "g")
    full = run_process(*words, preexec_fn=limit)
    assert (full.returncode, full.stdout) == (1, "")
    assert full.stderr.count("\n") == 1
    assert "cannot be written: File too large" in full.stderr
    assert hidden(tmp_path / "g") == [".gallery-workshop"]
    assert len(lines_so_far(tmp_path / "g")) == done(tmp_path / "g")


def test_what_the_user_mistyped_is_told_and_nothing_is_made(run_cli: RunCli, tiny_scene: Path) -> None:
    cases = {
        "--seeds 10..3": "--seeds 10..3: found '10..3', expected a rising range",
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
    other = scene(tiny_scene.parent, SCENE.replace("hidden_size: 6", "hidden_size: 5"), "other.yaml")
    cases = {
        f"mutate {learning_scene}": "found a picture that was learnt",
        f"cross {tiny_scene} {learning_scene}": "found a picture that was learnt",
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
    ("out", "said"),
    [
        ("taken", "taken: cannot be written: "),
        ("/proc/g", "/proc/g: cannot be written: "),
        ("somebody's", "index.html"),
    ],
)
def test_a_folder_that_cannot_be_had_is_told_in_a_line(out: str, said: str, run_cli: RunCli, tiny_scene: Path) -> None:
    Path("taken").write_text("a file, no folder")
    Path("somebody's").mkdir()
    Path("somebody's/index.html").write_text("mine")
    answer = run_cli("gallery", tiny_scene, "--seeds", "0..2", "--out", out)
    assert (answer.code, answer.out, answer.err.count("\n")) == (1, "", 1)
    assert said in answer.err
    assert Path("somebody's/index.html").read_text() == "mine"


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A gallery with a plugin, settings, a size and a path that a shell would stumble over; told as JSON."""
    folder = tmp_path_factory.mktemp("varied")
    (folder / "my 'plug ins'").mkdir()
    (folder / "my 'plug ins'" / "wave one.py").write_text(
        "from artengine import hookimpl\n@hookimpl\ndef register_activations():\n    return {'wave': lambda x: x * x}\n"
    )
    scene(folder, SCENE, 'it\'s $HOME; a "scene".yaml')
    words = ["gallery", 'it\'s $HOME; a "scene".yaml', "--seeds", "3,{mutate: 4, by: 1}", "--size", "20x10"]
    words += ["--set", "network.neural_painter.nonlin=wave,[sin, abs]", "--set", "camera.zoom=1.5"]
    words += ["-p", "my 'plug ins'/wave one.py", "--out", "g", "--json"]
    return folder, subprocess.run(command(*words), cwd=folder, capture_output=True, text=True, check=False)


def test_json_tells_every_event_on_a_line_and_nothing_else(varied: tuple[Path, Any]) -> None:
    _, ran = varied
    assert (ran.returncode, ran.stderr) == (0, "")
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    name = "it-s-HOME-a-scene-seed-{}-nonlin-{}"
    names = [name.format(seed, nonlin) for seed in ("3", "mutate-4-by-1") for nonlin in ("wave", "sin-abs")]
    shared = {"scene": 'it\'s $HOME; a "scene"', "event": "making", "total": 4, "error": ""}
    assert events[:4] == [shared | {"done": index, "name": one} for index, one in enumerate(names, start=1)]
    assert [(event["event"], event["path"]) for event in events[4:]] == [
        ("wrote", "g/index.html"),
        ("wrote", "g/contact-sheet.png"),
    ]


def test_the_command_of_every_picture_makes_its_very_bytes_in_a_shell(varied: tuple[Path, Any]) -> None:
    folder, _ = varied
    for index, line in enumerate(lines(folder / "g")[::3]):
        shell = shlex.quote(sys.executable) + " -m " + line["command"] + f" --out again-{index}"
        subprocess.run(["/bin/sh", "-c", shell], cwd=folder, check=True, capture_output=True)
        (again,) = (folder / f"again-{index}").iterdir()
        (name,) = line["files"]
        assert again.read_bytes() == (folder / "g" / name).read_bytes(), line["command"]


def test_a_failure_is_told_at_the_end_with_a_code_of_its_own(run_cli: RunCli, tiny_scene: Path) -> None:
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


def returned(work: Generator[Event, None, list[Variation]]) -> list[Variation]:
    """What a generator gives in the end."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return list(end.value)


class Backwards:
    """Looks at pictures in this process, and tells of the last one first."""

    def work(self, todo: Iterable[Item], /) -> Generator[ItemResult, None, None]:
        for item in reversed([*todo]):
            yield ItemResult(item, result=describe_look(dict(item.data)))


@on_linux
def test_the_most_different_ones_are_the_same_however_they_are_looked_at(tmp_path: Path) -> None:
    path = scene(tmp_path, PAINTER)
    words = ("gallery", "tiny.yaml", "--keep", 4, "--of", 12, "--json", "--jobs", 2, "--out", "g")
    run = Run(tmp_path, *words)
    assert run.process.stdout
    first = run.process.stdout.readline()
    workers = [int(line.split()[0]) for line in run.left() if "artengine.workers.process" in line]
    os.kill(workers[0], signal.SIGKILL)
    code, out, err = run.ended()
    assert (code, err) == (0, "")
    is_whole(tmp_path / "g", 4)
    events = [json.loads(line) for line in [first, *out.splitlines()]]
    assert [event["total"] for event in events if event["event"] == "making"] == [12] * 12 + [4] * 4
    assert sum("4 of 12 kept; left out: " in event.get("text", "") for event in events) == 1
    sweep = Sweep(path=path, seeds=range(12))
    assert names_of(returned(_chosen(sweep.variations(), 12, 4, "cpu", Backwards()))) == seen(tmp_path / "g")


def test_dull_pictures_are_left_out(run_cli: RunCli, tmp_path: Path) -> None:
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
