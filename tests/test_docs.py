"""What README and docs show is what happens: their commands run, their plugins work, their output is the real one."""

from __future__ import annotations

import os
import re
import runpy
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image
from tests.support.common import ROOT
from tests.support.executors import in_process

import artengine
from artengine.cli.app import cli
from artengine.components.plugins import HOOKS
from artengine.errors import ArtengineError
from artengine.gallery import builder
from artengine.hookspecs import __dict__ as hookspecs
from artengine.making.films import film_frames
from artengine.training import weights
from artengine.training.session import TrainingSession

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SMALL = ["--size", "48x48", "--quiet"]
SETTINGS = {  # that make a training quick
    ("cape", "learning", "demo", "inpaint", "morph", "veils"): [
        "training.regression.until.steps=20",
        "training.regression.downscale=8",
    ],
    ("chelsea",): ["training.dividers.cycles=1", "training.dividers.downscale=16"],
    ("adding",): ["training.dividers.cycles=1", "training.dividers.downscale=16", "network.dividers.lines=6"],
    ("hopper", "cuts", "espresso", "liftoff", "sketch"): [
        "training.dividers.cycles=1",
        "training.dividers.downscale=16",
        "training.dividers.candidates=2",
        "training.dividers.fit=20",
    ],
}
LEARNT = {
    name: [word for setting in settings for word in ("--set", setting)]
    for names, settings in SETTINGS.items()
    for name in names
}
FILMS = tuple(f"{name}.yaml" for name in ("zoom", "endless", "tiles", "ember", "walk", "learning", "morph", "story"))
FEW = ["--set", "film.fps=1"]
FEWER = {
    "0..199": "0..1",
    "0..2": "0..1",
    "network.dividers.circles=8,16,32": "network.dividers.circles=8,16",
    "3,7,10..19": "3,7",
    "40": "2",
    "1000": "5",
    "15": "2",
    "training.regression.rate=0.003,0.01,0.03": "training.regression.rate=0.003,0.01",
    "training.regression.until.steps=300": "training.regression.until.steps=20",
}  # pictures and steps, so that it is quick
WRONG = """network:
  mlp: {width: 64,
         widht: 64, activation: tahn}
"""


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def _commands(page: Path) -> list[str]:
    lines = page.read_text().splitlines()
    found = [line.strip().removeprefix("$ ") for line in lines if line.startswith(("    artengine ", "$ artengine "))]
    return [line.partition("  #")[0].strip() for line in found]


#: Every command that is shown, and the last page that shows it.
SHOWN = {command: page for page in PAGES for command in _commands(page)}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as a reader has it: scenes, the gallery, and the plugin of the first page."""
    shutil.copytree(ROOT / "scenes", tmp_path / "scenes")
    (tmp_path / "ripple.py").write_text(_blocks(ROOT / "README.md", "python")[0])
    (tmp_path / "my.yaml").write_text("network: neural_painter\n")
    (tmp_path / "me.jpg").write_bytes((ROOT / "scenes" / "photos" / "astronaut.png").read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def _run(words: list[str]) -> str:
    """What a command prints on stdout; an error of the command is an error of the test."""
    runner = CliRunner()
    result = runner.invoke(cli, words)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def _out(file: str) -> str:
    """The folder that a picture of a page is made in."""
    return "pictures" if file.startswith("pictures/") else "gallery"


@pytest.mark.parametrize(
    ("page", "command"),
    [(page, command) for command, page in SHOWN.items() if " check my.yaml" not in command],
    ids=lambda value: value if isinstance(value, str) else value.stem,
)
def test_a_command_on_a_page_works(page: Path, command: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = shlex.split(command.partition(" > ")[0])[1:]
    if words[0] in ("run", "rerun", "gallery") and "--size" in words:  # which stands once: a small one is set below
        place = words.index("--size")
        del words[place : place + 2]
    if not command.endswith("--jobs 2 --size 400x400"):  # that one has its processes
        for module in (builder, film_frames):
            monkeypatch.setattr(module, "Workers", in_process)
    if words[0] == "run":
        quiet = ["--quiet"] if "--watch" not in words else []
        words += [*SMALL[:2], *quiet, *(LEARNT.get(Path(words[1]).stem, []))]
        words += FEW if any(word.endswith(FILMS) for word in words) else []
    if words[0] in ("rerun", "info"):
        file = Path(words[1])
        shown = file.stem if Path(f"scenes/{file.stem}.yaml").exists() else "painter"
        _run(["run", f"scenes/{shown}.yaml", *SMALL, "--out", _out(words[1]), *LEARNT.get(shown, [])])
        if "mutations" in words[1]:
            _run(["mutate", "gallery/painter.png", "--count", "3", "--quiet"])
    if words[0] in ("rerun", "gallery"):
        words += SMALL
    if words[0] == "gallery":  # which takes no option a second time
        said = {word.partition("=")[0] for word in words}
        wanted = [word for word in LEARNT.get(Path(words[1]).stem, []) if "=" in word]
        words += [part for word in wanted if word.partition("=")[0] not in said for part in ("--set", word)]
    if words[0] == "rerun" and "outputs=mp4" in words:
        words += FEW
    if words[0] in ("mutate", "cross"):
        shown = Path(words[1]).stem
        _run(["run", f"scenes/{shown}.yaml", *SMALL, "--out", _out(words[1]), *LEARNT.get(shown, [])])
        if words[0] == "cross":
            _run(["gallery", "scenes/painter.yaml", "--seeds", "7,8", *SMALL])
    words = [FEWER.get(word, word) for word in words]
    if words[0] == "new":
        words[-1] = "something"
    _run(words)


def test_the_first_plugin_is_the_same_on_both_pages_and_does_what_is_shown(folder: Path) -> None:
    page = ROOT / "docs" / "writing-plugins.md"
    assert _blocks(ROOT / "README.md", "python")[0] == _blocks(page, "python")[0]
    for console in _blocks(page, "console"):
        parts = re.split(r"^\$ artengine ", console, flags=re.MULTILINE)[1:]
        for part in parts:
            command, _, shown = part.partition("\n")
            words = shlex.split(command)
            assert _run(words + (["--size", "32x32"] if words[0] == "run" else [])) == shown


def test_the_plugin_with_options_works_with_the_scene_below_it(folder: Path) -> None:
    page = ROOT / "docs" / "writing-plugins.md"
    Path("ripple.py").write_text(_blocks(page, "python")[1])
    Path("my.yaml").write_text("# Ripples.\n" + _blocks(page, "yaml")[0])
    _run(["run", "-p", "ripple.py", "my.yaml", *SMALL])
    Path("my.yaml").write_text(_blocks(page, "yaml")[0].replace("waves: 5", "waves: 0"))
    with pytest.raises(ArtengineError) as caught:
        _run(["check", "-p", "ripple.py", "my.yaml"])
    assert str(caught.value) in page.read_text()


def test_the_plugin_of_three_kinds_works_with_the_scene_below_it_and_passes_its_checks(folder: Path) -> None:
    page = ROOT / "docs" / "writing-plugins.md"
    Path("three.py").write_text(_blocks(page, "python")[2])
    Path("my.yaml").write_text(_blocks(page, "yaml")[1])
    _run(["run", "-p", "three.py", "my.yaml"])
    assert "FAILED" not in _run(["test-plugin", "three.py"])


def test_the_output_works_with_any_scene_and_passes_its_checks(folder: Path) -> None:
    Path("ppm.py").write_text(_blocks(ROOT / "docs" / "writing-plugins.md", "python")[3])
    _run(["run", "-p", "ppm.py", "my.yaml", "--set", "outputs=ppm", *SMALL])
    assert Path("pictures/my.ppm").stat().st_size == len("P6 48 48 255\n") + 3 * 48 * 48
    assert "FAILED" not in _run(["test-plugin", "ppm.py"])


def test_the_trainer_works_with_the_scene_below_it_and_passes_its_checks(folder: Path) -> None:
    page = ROOT / "docs" / "writing-plugins.md"
    Path("descent.py").write_text(_blocks(page, "python")[4])
    Path("my.yaml").write_text(_blocks(page, "yaml")[2])
    with Image.open("me.jpg") as photo:
        photo.resize((24, 24)).save("me.jpg")
    made = _run(["run", "-p", "descent.py", "my.yaml", *SMALL]).split()
    assert [Path(path).name for path in made] == ["my.safetensors", "my.png", "my-curves.png"]
    course = weights.about(Path("pictures/my.safetensors"))["curve"]
    assert [row[0] for row in course] == list(range(1, 61))
    assert course[-1][1] < course[0][1]
    assert "FAILED" not in _run(["test-plugin", "descent.py"])
    scene = artengine.load("my.yaml", plugins=["descent.py"], overrides={"training.descent.steps": 0})
    reports, results = [], []
    session = TrainingSession(artengine.build(scene, "cpu"))

    def run() -> Iterator[artengine.Progress]:
        results.append((yield from session.run()))

    for progress in run():
        reports.append(progress)
        if len(reports) == 3:
            session.request_stop()
    assert [(result.step, len(result.curve)) for result in results] == [(75, 75)]
    assert [(report.step, report.total) for report in reports] == [(25, None), (50, None), (75, None)]


def test_the_checks_can_be_called_as_shown() -> None:
    exec(_blocks(ROOT / "docs" / "writing-plugins.md", "python")[-1], {})


def test_the_scene_of_the_scenes_page_works_in_the_scenes_folder(folder: Path) -> None:
    Path("scenes/shown.yaml").write_text(_blocks(ROOT / "docs" / "scenes.md", "yaml")[0])
    assert _run(["run", "scenes/shown.yaml", "--quiet"]).split() == [
        f"pictures{os.sep}shown.{ending}" for ending in ("safetensors", "png", "jpg")
    ]


def test_the_films_of_the_films_page_work_in_the_scenes_folder(folder: Path) -> None:
    closer, keys, shots = _blocks(ROOT / "docs" / "films.md", "yaml")
    Path("scenes/closer.yaml").write_text(closer)
    assert _run(["run", "scenes/closer.yaml", "--quiet"]).split() == [
        f"pictures{os.sep}closer.{ending}" for ending in ("mp4", "jpg")
    ]
    Path("scenes/keys.yaml").write_text(f"{keys}film: {{length: 8s}}\noutputs: mp4\n")
    _run(["check", "scenes/keys.yaml"])
    Path("scenes/shots.yaml").write_text(shots)
    assert _run(["run", "scenes/shots.yaml", "--quiet"]).split() == [f"pictures{os.sep}shots.mp4"]


def test_the_grown_seeds_of_the_galleries_page_are_seeds(folder: Path) -> None:
    (text,) = _blocks(ROOT / "docs" / "galleries.md", "yaml")
    seeds = [line.removeprefix("# ") for line in text.splitlines() if "seed:" in line]
    assert len(seeds) == 3
    for seed in seeds:
        Path("scenes/grown.yaml").write_text(f"{seed}\nnetwork: neural_painter\n")
        _run(["run", "scenes/grown.yaml", *SMALL])


def test_the_scene_on_the_first_page_is_the_one_that_is_made_first() -> None:
    assert _blocks(ROOT / "README.md", "yaml") == [(ROOT / "scenes" / "cape.yaml").read_text()]


def test_mistakes_are_told_as_shown(folder: Path) -> None:
    Path("my.yaml").write_text(WRONG)
    (console,) = _blocks(ROOT / "docs" / "scenes.md", "console")
    with pytest.raises(ArtengineError) as caught:
        _run(["check", "my.yaml"])
    assert str(caught.value) == console.partition("\n")[2].strip()


def test_the_chart_can_be_made_as_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = re.findall(
        r"`python -m (artengine_nonlinearities.chart) docs/(\S+)`", (ROOT / "docs/scenes.md").read_text()
    )
    monkeypatch.setattr(sys, "argv", [*shown])
    monkeypatch.delitem(sys.modules, shown[0], raising=False)
    with pytest.raises(SystemExit, match=r"^0$"):
        runpy.run_module(shown[0], run_name="__main__", alter_sys=True)
    assert Path(shown[1]).stat().st_size > 10_000


@pytest.mark.parametrize("hook", HOOKS.values())
def test_every_hook_is_described_on_both_pages(hook: str) -> None:
    assert hook in hookspecs
    for name in ("architecture.md", "writing-plugins.md"):
        assert f"`{hook}" in (ROOT / "docs" / name).read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)|src=\"([^\":]+)\"", page.read_text())
    missing = [link for pair in links for link in pair if link and not (page.parent / link).exists()]
    assert missing == []
