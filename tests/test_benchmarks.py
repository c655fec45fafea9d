"""The benchmarks at a tiny size, in this process: they run, and all paint the same picture. How fast is not asked."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from tests.benchmarks import (
    children,
    dividers,
    drawings,
    entries,
    films,
    gan,
    kills,
    learners,
    measures,
    paint,
    regression,
    tables,
)
from tests.benchmarks.children import Answer, Child, Painter
from tests.benchmarks.torch_bends import BENDS
from tests.benchmarks.work import NETWORKS, Image, Job, share
from tests.support.common import ROOT
from tests.support.executors import in_process

from artengine import Ports
from artengine.cli.app import cli
from artengine.gallery import builder
from artengine.gallery.manifest import hash_data
from artengine.training import weights
from artengine_gan.networks import generator
from artengine_nonlinearities.pools import PUBLISHED

PAGES = [ROOT / "README.md", *(ROOT / "docs" / name for name in ("performance.md", "learning.md", "dividers.md"))]
TINY = ["--size", "32", "--rounds", "1", "--threads", "1"]
PROGRAMS = {"": (paint, films), "regression-": (regression,), "dividers-": (dividers,)}


class PainterHere:
    """A child that is no process of its own."""

    def __init__(self, threads: int) -> None:
        self._painter = Painter()

    def __enter__(self) -> PainterHere:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def ask(self, entry: str, job: Job, *, burst: float = 0.0, save: Path | None = None) -> Answer:
        return self._painter.answer(entry, job, save=save)

    image = Child.image


def run(command: click.Command, *words: str) -> str:
    """What a command prints on stdout; an error of the command is an error of the test."""
    return CliRunner().invoke(command, words, catch_exceptions=False).stdout


def run_artengine(command: Sequence[str], threads: int = 1) -> tuple[float, int]:
    """Run a command of artengine's in this process, in place of `children.finished`."""
    if command[1:3] == ["-m", "artengine"]:
        assert CliRunner().invoke(cli, command[3:], catch_exceptions=False).exit_code == 0
    return 0.5, 1 << 20


def measure_here(module: str, *words: str) -> dict[str, object]:
    """What a program of the benchmarks prints, in place of `regression.in_a_process`."""
    if module == "drawings":
        return {**drawings.measure(*words)}
    return asdict(learners.LEARNERS[words[0]](learners.Task(**json.loads(words[1]))))


@pytest.fixture
def painters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that paints does so in this process and in no time."""
    monkeypatch.setattr(measures, "Child", PainterHere)
    monkeypatch.setattr(measures, "finished", run_artengine)
    for module in (measures, entries):
        monkeypatch.setattr(module, "PRODUCT", (8, 8, 8))


def cells(printed: str) -> list[list[str]]:
    """The tables that a program prints, row after row."""
    lines = [line for line in printed.splitlines() if line.startswith("| ") and not line.startswith("| :")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("network", NETWORKS)
def test_all_entries_paint_the_same_picture(network: str) -> None:
    job = Job(size=32, bends=NETWORKS[network])
    reference = entries.ENTRIES[entries.REFERENCE].prepare(job)()
    images: dict[str, Image] = {
        name: entry.prepare(job)()
        for name, entry in {**entries.OURS, **entries.PEERS}.items()
        if not entry.missing and not entry.compiler and "draft" not in name
    }
    assert {
        "artengine float32",
        "artengine float64",
        "numpy",
        "numpy in slices",
        "torch, eager",
        "torch, eager in slices",
    } <= images.keys()
    assert {name: share(image, reference) > 0.99 for name, image in images.items()} == dict.fromkeys(images, True)


@pytest.mark.usefixtures("painters")
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # torch's own oneDNN layers are made with it
@pytest.mark.parametrize("table", ["speed", "summary"])
def test_speed_is_measured_of_the_entries_that_are_named(table: str) -> None:
    names = ["artengine float32", "numpy in slices", "torch, eager in slices"]
    words = [word for name in names for word in ("--entry", name)]
    rows = cells(run(paint.main, "--table", table, "--network", "mix", *words, *TINY))
    if table == "speed":
        rows = [row for row in rows if row[-1].endswith("%")]
        assert min(float(row[-1].rstrip("%")) for row in rows) > 99
        assert sorted(row[0] for row in rows) == names
    else:
        assert sorted(row[0] for row in rows[1:]) == ["artengine float32", "numpy", "torch"]


TABLES = {"sizes": 2, "seeds": 2, "nonlinearities": 2, "precision": 3, "process": 2}


@pytest.mark.usefixtures("painters")
@pytest.mark.parametrize("table", TABLES)
def test_a_table_of_pictures_is_measured(table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measures, "PUBLISHED", ("sin", "sort"))
    monkeypatch.setattr(measures, "COMPARED", 1)
    rows = cells(run(paint.main, "--table", table, "--seeds", "2", "--sizes", "16,24", *TINY))
    assert len(rows) == 1 + TABLES[table]


def test_a_child_paints_in_a_process_of_its_own(tmp_path: Path) -> None:
    job = Job(size=8, bends=NETWORKS["mix"])
    with Child(1) as child:
        image = child.image("numpy", job, tmp_path)
        answer = child.ask("numpy", job, burst=0.01)
        with pytest.raises(ChildProcessError, match="no such entry: the process that paints it has ended"):
            child.ask("no such entry", job)
    np.testing.assert_array_equal(image, entries.ENTRIES["numpy"].prepare(job)())
    assert sum(answer.seconds) >= 0.01
    assert answer.peak > 1 << 20
    assert answer.drawn == [*job.bends]


def test_seconds_and_memory_of_a_command_are_measured_and_its_failure_is_told() -> None:
    seconds, peak = children.finished(["sleep", "0.05"], 1)
    assert seconds >= 0.05
    assert peak > 1 << 16
    with pytest.raises(children.subprocess.CalledProcessError):
        children.finished(["false"], 1)


def test_tables_go_where_the_page_has_a_mark_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.md"
    for name in ("seeds", "process"):
        monkeypatch.setitem(measures.MEASURES, name, lambda plan, name=name: f"{name} of {plan.seeds}")
    marks = "".join(f"<!-- table: {name} -->\nold\n<!-- end -->\n" for name in ("seeds", "process"))
    page.write_text(f"Before.\n{marks}After.\n")
    printed = run(paint.main, "--table", "seeds", "--table", "process", "--seeds", "2", "--write", str(page), *TINY)
    text = page.read_text()
    assert text.startswith("Before.\n<!-- table: seeds -->\n\nseeds of 2")
    assert text.endswith("\n\n<!-- end -->\nAfter.\n")
    assert "old" not in text
    sections = re.findall(r"-->\n\n(.+?)\n\n<!-- end", text, re.DOTALL)
    assert "\n\n".join(sections) == printed.strip()
    with pytest.raises(click.ClickException, match="has no section between '<!-- table: speed -->'"):
        tables.write(page, "speed", "new")


@pytest.mark.parametrize("name", PUBLISHED)
def test_plain_torch_bends_as_the_pool_does(name: str) -> None:
    x = torch.linspace(-3, 3, 60, dtype=torch.float64).reshape(6, 10)
    torch.testing.assert_close(BENDS[name](x.clone()), PUBLISHED[name](x))


@pytest.mark.parametrize("prefix", PROGRAMS)
def test_the_pages_have_a_section_for_every_table(prefix: str) -> None:
    choices = [name for module in PROGRAMS[prefix] for name in module.main.params[0].type.choices]
    text = "".join(page.read_text() for page in PAGES)
    sections = re.findall(rf"<!-- table: {prefix}(\w+) -->", text)
    assert sorted(sections) == sorted(choices)


def test_films_and_galleries_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_small(command: Sequence[str], **_: object) -> None:
        run_artengine([*command, *(["--size", "16x16"] if "run" in command else [])])

    monkeypatch.setattr(films.subprocess, "run", run_small)
    monkeypatch.setattr(builder, "Workers", in_process)
    words = ["--jobs", "1", "--rounds", "1", "--fps", "1", "--pictures", "2", "--size", "16x16"]
    rows = {row[0].partition(",")[0]: row for row in cells(run(films.main, *words))}
    assert rows["`zoom.yaml`"][1:3] == ["1", "8"]
    assert rows["`painter.yaml`"][-1] == "1.00"


def test_learning_is_measured_and_ours_comes_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regression, "in_a_process", measure_here)
    photo = regression.Plan.photo
    monkeypatch.setattr(regression.Plan, "photo", lambda plan, side: photo(plan, side // 4))
    printed = run(regression.main, "--table", "faithful", "--seeds", "1", "--hurry", "30")
    rows = [row for row in cells(printed) if len(row) == 4 and row[1].replace(",", "").isdigit()]
    assert [int(row[1].replace(",", "")) for row in rows] == [89_523, 235_955, 12_867, 198_915]
    decibels = [float(row[3].split()[0]) for row in rows]
    assert min(decibels[:2]) > max(decibels[2:])  # by far, even in half a second


def test_drawings_are_measured_and_their_areas_are_the_whole_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dividers, "in_a_process", measure_here)
    printed = run(dividers.main, "--table", "vectors", "--seeds", "1")
    rows = [row for row in cells(printed) if len(row) == 5 and row[1].replace(",", "").isdigit()]
    assert [row[0] for row in rows] == ["128 lines", "128 circles", "64 and 64"]
    assert all(int(row[1].replace(",", "")) > 3000 and float(row[3]) < 1e-9 for row in rows)


@pytest.mark.skipif(torch.cuda.is_available(), reason="where there is a GPU, torch does not work in forked processes")
def test_a_run_is_killed_and_nothing_is_wrong_afterwards() -> None:
    _, row = cells(run(kills.main, "--kind", "rerun", "--kills", "1"))
    assert row == ["rerun", "1", "0", "0", "0", "0", "0"]


def test_what_is_wrong_after_a_kill_is_counted(tmp_path: Path) -> None:
    line = json.dumps({"files": {"a.png": hash_data("another")}})
    left = {"a.png": b"half", ".b.png.tmp": b"", "manifest.jsonl": f"{line}\n".encode(), "index.html": b"<html>"}
    for name, data in left.items():
        (tmp_path / name).write_bytes(data)
    whole = {"a.png": b"all of it", "c.png": b"c", "manifest.jsonl": b"", "index.html": b""}
    assert kills.faults_at_the_end(tmp_path, whole) == {"different": 3, "stray": 1, "lost": 1}
    assert kills.faults_of_a_kill(tmp_path, {"c.png": b"c"}, whole) == {"torn": 2, "lost": 1}


def test_faces_are_measured(tmp_path: Path) -> None:
    network = generator(Ports(inputs=4, seed=2), size=32, width=8, judge=True)
    with (tmp_path / "faces.safetensors").open("wb") as file:
        weights.write(file, network.state_dict(), {"kind": "weights"})
    words = ["--weights", str(tmp_path / "faces.safetensors"), "--faces", "2", "--samples", "100", "--steps", "8"]
    text = run(gan.main, *words)
    assert len(re.findall(r"^\| Adam, in w", text, re.MULTILINE)) == 3
    for row in ("own samples found again", "the hole in the middle", "glasses", "smile", "recall"):
        assert re.search(rf"^\| {row}.*\d", text, re.MULTILINE), row
