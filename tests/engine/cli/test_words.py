"""The words of a command: options given twice, settings of three words, names that are no text, too little memory."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.common import RunCli, RunProcess
from tests.support.platforms import on_posix

import artengine

TWICE = [
    "run tiny.yaml --seed 1 --seed 2",
    "run tiny.yaml --seed 1 --seed 1",
    "run tiny.yaml --size 8x8 --size 9x9",
    "run tiny.yaml --out a --out b",
    "run tiny.yaml --jobs 1 --jobs 2",
    "rerun tiny.png --device cpu --device auto",
    "check tiny.yaml --max-megapixels 1 --max-megapixels 2",
    "gallery tiny.yaml --seeds 1 --seeds 2",
    "mutate tiny.png --count 1 --count 2",
    "cross a.png b.png --out a --out b",
]


@pytest.mark.parametrize("words", TWICE)
def test_an_option_with_one_value_is_taken_once(words: str, run_cli: RunCli, tiny_scene: Path) -> None:
    answer = run_cli(*words.split())
    option = [word for word in words.split() if word.startswith("--")][-1]
    assert (answer.code, answer.out, answer.err) == (2, "", f"{option}: found it 2 times, expected it once\n")
    assert list(tiny_scene.parent.iterdir()) == [tiny_scene]


def test_options_that_may_come_again_still_may(run_cli: RunCli, tiny_scene: Path) -> None:
    words = "--set seed=4 --set canvas.width=9 --quiet --quiet -p no:dividers -p no:dividers"
    assert run_cli("run", tiny_scene, *words.split()).code == 0


@pytest.mark.parametrize("command", ["run", "rerun", "check", "gallery"])
@pytest.mark.parametrize("setting", ["seed = 3", "seed =3"])
def test_a_setting_of_several_words_is_told_in_one_line(
    command: str, setting: str, run_cli: RunCli, tiny_scene: Path
) -> None:
    answer = run_cli(command, "tiny.yaml", "--set", *setting.split())
    told = "--set seed: expected KEY=VALUE without spaces, such as network.mlp.width=32\n"
    assert (answer.code, answer.err) == (2, told)


def test_what_is_typed_is_told_as_it_was_typed(run_cli: RunCli, tiny_scene: Path) -> None:
    for words, told in {
        "--set canvas.width=x": "--set canvas.width=x: found the text 'x', expected a whole number\n",
        "--seed -3": "--seed -3: seed: found -3, expected at least 0\n",
        "--size 0x4": "--size 0x4: canvas.width: found 0, expected at least 1\n",
    }.items():
        for command in ("check", "run"):
            assert run_cli(command, tiny_scene, *words.split()).err == told
    told = "--set network.neural_painter.nonlin.mod.period=3: the scene has 'sin' there, so 'mod' cannot be set in it; "
    setting = "network.neural_painter.nonlin.mod.period=3"
    answer = run_cli("check", tiny_scene, "--set", "network.neural_painter.nonlin=sin", "--set", setting)
    assert answer.err == f"{told}set it whole, --set 'network.neural_painter.nonlin={{mod: {{period: 3}}}}'\n"


def _named(folder: Path, scene: Path) -> str:
    """A copy of a scene whose name is no UTF-8; skips where no file can be called so."""
    name = os.fsdecode(b"caf\xe9")
    try:
        shutil.copy(scene, folder / f"{name}.yaml")
    except OSError:
        pytest.skip("file names are text here")
    return name


@on_posix
def test_scenes_whose_names_are_no_text_are_made(
    tmp_path: Path, tiny_scene: Path, run_process: RunProcess, run_cli: RunCli
) -> None:
    name = _named(tmp_path, tiny_scene)
    strict = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}  # as it is where a language is set
    answer = run_process("run", f"{name}.yaml", env=strict, text=False)
    assert (answer.returncode, answer.stdout) == (0, b"pictures/caf\xe9.png\n")  # type: ignore[comparison-overlap]
    rerun = run_cli("rerun", f"pictures/{name}.png", "--out", "pictures", "--json")
    [line] = [json.loads(one) for one in rerun.out.splitlines()][-1:]
    assert line == {"scene": name, "event": "wrote", "path": f"pictures/{name}.png"}


@on_posix
def test_galleries_of_names_that_are_no_text_are_made(tmp_path: Path, tiny_scene: Path, run_cli: RunCli) -> None:
    name = _named(tmp_path, tiny_scene)
    answer = run_cli("mutate", f"{name}.yaml", "--count", 1, "--out", name, "--json", "--jobs", 1)
    assert (answer.code, answer.err) == (0, "")
    assert {"scene": name, "event": "wrote", "path": f"{name}/index.html"} in map(json.loads, answer.out.splitlines())


@pytest.mark.skipif(sys.platform != "linux", reason="takes a limit of a process's memory")
def test_too_little_memory_for_torch_is_told_in_a_line(tmp_path: Path, tiny_scene: Path) -> None:
    command = f"ulimit -v 400000; exec {sys.executable} -m artengine run tiny.yaml --device cpu"
    answer = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert re.fullmatch(r"there is not enough memory \(.*\); close other programs, or raise the limit\n", answer.stderr)


def test_python_sees_the_public_names_and_no_inner_module() -> None:
    program = "import artengine, artengine.painting, artengine.scene.loading; print(*dir(artengine))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    names = answer.stdout.split()
    assert {"build", "load", "run", "train", "Picture", "Scene", "View"} <= set(names)
    assert not {"painting", "scene", "cli", "kinds", "files", "lazy_loader"} & set(names)
    assert sorted(names) == sorted(artengine.__all__)
