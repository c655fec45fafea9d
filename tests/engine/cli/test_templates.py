"""What ``new`` writes works at once, and takes nobody's place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import artengine

if TYPE_CHECKING:
    from tests.support.common import RunCli


def test_a_new_plugin_works_at_once(run_cli: RunCli, tiny_scene: Path) -> None:
    assert run_cli("new", "plugin", "wobble").out == "wobble.py\n"
    text = Path("wobble.py").read_text()
    code = [line for line in text.split('"""\n')[1].splitlines() if line]
    assert len(code) == 5
    answer = run_cli("test-plugin", "wobble.py")
    assert (answer.code, answer.err) == (0, "")
    assert "FAILED" not in answer.out
    made = run_cli("run", tiny_scene, "-p", "wobble.py", "--set", "network.neural_painter.nonlin=wobble")
    assert (made.code, made.out) == (0, "pictures/tiny.png\n")
    assert "wobble" in run_cli("list", "activations", "-p", "wobble.py").out


def test_a_new_scene_works_at_once(run_cli: RunCli) -> None:
    assert run_cli("new", "scene", "first-light").out == "first-light.yaml\n"
    assert Path("first-light.yaml").read_text().startswith("# A picture by ")
    answer = run_cli("run", "first-light.yaml", "--size", "24x16")
    assert (answer.code, answer.out, answer.err) == (0, "pictures/first-light.png\n", "")
    image = artengine.build(artengine.load("first-light.yaml", size=(24, 16)), "cpu").paint()
    assert image.std() > 0.05


def test_a_link_to_nowhere_stays(run_cli: RunCli) -> None:
    Path("mine.yaml").symlink_to("nowhere.yaml")
    answer = run_cli("new", "scene", "mine")
    assert (answer.code, answer.err) == (2, "mine.yaml: is there already; choose another name\n")


@pytest.mark.parametrize(("kind", "ending"), [("plugin", ".py"), ("scene", ".yaml")])
def test_the_ending_may_be_given_and_a_file_that_is_there_stays(kind: str, ending: str, run_cli: RunCli) -> None:
    assert run_cli("new", kind, f"mine{ending}").out == f"mine{ending}\n"
    path = Path(f"mine{ending}")
    path.write_text("precious")
    answer = run_cli("new", kind, "mine")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"{path}: is there already; choose another name\n"
    assert path.read_text() == "precious"


@pytest.mark.parametrize("name", ["../x", "x/y", "1x", "", ".py", "a b", "a.b", "x\ny", "/tmp/x", "-x"])
@pytest.mark.parametrize("kind", ["plugin", "scene"])
def test_what_is_no_name_is_refused(kind: str, name: str, run_cli: RunCli, tmp_path: Path) -> None:
    answer = run_cli("new", kind, "--", name)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"found the name {name!r}, expected letters, digits")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["class", "None", "lambda.py"])
def test_a_word_of_python_is_no_name_for_a_plugin(name: str, run_cli: RunCli, tmp_path: Path) -> None:
    assert run_cli("new", "plugin", name).code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_plugin_that_would_clash_is_not_written(run_cli: RunCli) -> None:
    answer = run_cli("new", "plugin", "sin")
    assert (answer.code, answer.err) == (2, "there is an activation 'sin' already; choose another name\n")
    assert not Path("sin.py").exists()
