"""The benchmarks at a tiny size: they run, and everybody paints the same picture. How fast is not asked here."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.support.common import ROOT

from artengine_nonlinearities.pool import PUBLISHED

README = ROOT / "README.md"
PAGE = ROOT / "docs" / "performance.md"
TINY = ["--size", "32", "--rounds", "1", "--threads", "1"]


def bench(*words: str) -> str:
    command = [sys.executable, "-m", "tests.benchmarks.paint", *words, *TINY]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout


def cells(tables: str) -> list[list[str]]:
    lines = [line for line in tables.splitlines() if line.startswith("| ") and not line.startswith("| :")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_everybody_paints_the_same_picture() -> None:
    entries = ["artengine float32", "numpy in slices", "torch, eager in slices"]
    words = [word for name in entries for word in ("--entry", name)]
    rows = [row for row in cells(bench("--table", "speed", "--network", "mix", *words)) if row[-1].endswith("%")]
    assert sorted(row[0] for row in rows) == entries
    assert min(float(row[-1].rstrip("%")) for row in rows) > 99


def test_tables_go_where_the_page_has_a_mark_for_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    names = ("seeds", "process")
    page.write_text(
        "Before.\n" + "".join(f"<!-- table: {name} -->\nold\n<!-- end -->\n" for name in names) + "After.\n"
    )
    words = [word for name in names for word in ("--table", name)]
    printed = bench(*words, "--seeds", "2", "--write", str(page))
    text = page.read_text()
    assert text.startswith("Before.\n<!-- table: seeds -->\n\nSeeds 0 to 1")
    assert text.endswith("\n\n<!-- end -->\nAfter.\n")
    assert "old" not in text
    sections = re.findall(r"-->\n\n(.+?)\n\n<!-- end", text, re.DOTALL)
    assert "\n\n".join(sections) == printed.strip()


@pytest.mark.parametrize("name", PUBLISHED)
def test_plain_torch_bends_as_the_pool_does(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    bends = importlib.import_module("tests.benchmarks.torch_bends").BENDS
    x = torch.linspace(-3, 3, 60, dtype=torch.float64).reshape(6, 10)
    torch.testing.assert_close(bends[name](x.clone()), PUBLISHED[name](x))


def test_the_pages_have_a_section_for_every_table() -> None:
    tables: list[str] = []
    for module in ("paint", "films"):
        command = [sys.executable, "-m", f"tests.benchmarks.{module}", "--help"]
        options = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        (names,) = re.findall(r"--table \[(.*?)\]", options.replace("\n", " "))
        tables += names.replace(" ", "").split("|")
    assert sorted(re.findall(r"<!-- table: (\w+) -->", PAGE.read_text() + README.read_text())) == sorted(tables)


def test_films_and_galleries_are_measured() -> None:
    words = ["--jobs", "1", "--rounds", "1", "--fps", "1", "--pictures", "2", "--size", "16x16"]
    command = [sys.executable, "-m", "tests.benchmarks.films", *words]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=240).stdout
    films = {row[0].partition(",")[0]: row for row in cells(printed)}
    assert films["`zoom.yaml`"][1:3] == ["1", "8"]
    assert films["`painter.yaml`"][-1] == "1.00"


def test_learning_is_measured_and_ours_comes_nearest() -> None:
    words = ["--table", "faithful", "--seeds", "1", "--hurry", "15"]
    command = [sys.executable, "-m", "tests.benchmarks.regression", *words]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout
    rows = [row for row in cells(printed) if len(row) == 4 and row[1].replace(",", "").isdigit()]
    assert [int(row[1].replace(",", "")) for row in rows] == [89_523, 235_955, 12_867, 198_915]
    decibels = [float(row[3].split()[0]) for row in rows]
    assert min(decibels[:2]) > max(decibels[2:])  # by far, even in a second


def test_drawings_are_measured_and_their_areas_are_the_whole_picture() -> None:
    page = (ROOT / "docs" / "dividers.md").read_text()
    command = [sys.executable, "-m", "tests.benchmarks.dividers", "--table", "vectors", "--seeds", "1"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout
    rows = [row for row in cells(printed) if len(row) == 5 and row[1].replace(",", "").isdigit()]
    assert [row[0] for row in rows] == ["128 lines", "128 circles", "64 and 64"]
    assert all(int(row[1].replace(",", "")) > 3000 and float(row[3]) < 1e-9 for row in rows)
    names = subprocess.run([*command[:3], "--help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    (tables,) = re.findall(r"--table \[(.*?)\]", names.replace("\n", " "))
    assert sorted(re.findall(r"<!-- table: dividers-(\w+) -->", page)) == sorted(tables.replace(" ", "").split("|"))
