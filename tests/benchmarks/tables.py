"""Tables in markdown, and the marked sections of a page that they belong into."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import click
from click import Command

P = TypeVar("P")

PACKAGES = ("torch", "numpy", "tensorflow", "tensorflow-cpu", "jax")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column is words, the others are numbers."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = [
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "| " + " | ".join([first, *others]) + " |"

    rule = [":" + "-" * (width - 1) if not place else "-" * (width - 1) + ":" for place, width in enumerate(widths)]
    return "\n".join([line(head), line(rule), *map(line, rows)])


def machine(threads: int) -> str:
    """What the numbers were measured on and with."""
    system = platform.freedesktop_os_release()["PRETTY_NAME"] if platform.system() == "Linux" else platform.platform()
    versions = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return f"{_processor()}, {threads} of {os.cpu_count()} cores, {system}; {', '.join(versions)}"


def _processor() -> str:
    """The processor's name, if the system tells it."""
    about = Path("/proc/cpuinfo")
    named = re.search(r"^model name\s*: (.+)$", about.read_text(), re.MULTILINE) if about.exists() else None
    return named[1].strip() if named else platform.processor() or platform.machine()


def write(page: Path, name: str, section: str) -> None:
    """Put a text where the page has a mark for it.

    Raises `ClickException` where it has none.
    """
    mark, end = f"<!-- table: {name} -->\n", "<!-- end -->"
    before, found, rest = page.read_text().partition(mark)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise click.ClickException(f"{page} has no section between {mark.strip()!r} and {end!r}")
    page.write_text(f"{before}{mark}\n{section}\n\n{end}{after}")


def program(module: str, measures: Mapping[str, Callable[[P], str]], plan: Callable[[int, float, Path], P]) -> Command:
    """The command of a benchmark with several tables, each of which has a section on a page: `<module>-<table>`.

    plan: of seeds, what the time is divided by, and a folder to work in.
    """

    @click.command(help=f"Measure {module}, and print tables of it.")
    @click.option("--table", "names", multiple=True, type=click.Choice(list(measures)), help="What to measure  [all]")
    @click.option("--seeds", default=3, show_default=True, type=click.IntRange(1), help="How many; the median counts.")
    @click.option("--hurry", default=1.0, show_default=True, type=click.FloatRange(1), help="Divides the time.")
    @click.option("--write", "page", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="To be filled.")
    def main(names: tuple[str, ...], seeds: int, hurry: float, page: Path | None) -> None:
        with tempfile.TemporaryDirectory() as folder:
            planned = plan(seeds, hurry, Path(folder))
            for name in names or measures:
                words = f"--table {name} --seeds {seeds}" + (f" --hurry {hurry:g}" if hurry > 1 else "")
                made = f"Made with `python -m tests.benchmarks.{module} {words}` on: {machine(1)}."
                section = f"{measures[name](planned)}\n\nMedian of {seeds} seeds, one thread. {made}"
                click.echo(f"{section}\n")
                if page:
                    write(page, f"{module}-{name}", section)

    return main
