"""How fast films and galleries are made, as whole processes: `python -m tests.benchmarks.films`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
from tests.benchmarks.tables import machine, table, write

import artengine

SCENES = Path(__file__).parents[2] / "scenes"
ARTENGINE = (sys.executable, "-m", "artengine")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: with how many processes, how often; films of these frames a second, galleries of so many."""

    jobs: tuple[int, ...]
    rounds: int
    fps: int
    pictures: int
    size: str

    def best(self, *words: str) -> float:
        """The seconds from the start of a command to its end, in an empty folder; the best of all rounds."""
        seconds = []
        for _ in range(self.rounds):
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                subprocess.run([*ARTENGINE, *words, "--quiet", "--out", folder], check=True, stdout=subprocess.DEVNULL)
                seconds.append(time.perf_counter() - start)
        return min(seconds)


def films(plan: Plan) -> str:
    """Films, frames a second."""
    rows = []
    for name in ("zoom", "endless", "walk"):
        scene = artengine.load(SCENES / f"{name}.yaml", overrides={"film.fps": plan.fps})
        assert scene.film is not None
        width, height = scene.canvas.size
        for jobs in plan.jobs:
            words = ("--set", "outputs=mp4", "--set", f"film.fps={plan.fps}", "--jobs", str(jobs))
            seconds = plan.best("run", str(SCENES / f"{name}.yaml"), *words)
            frames = scene.film.frames
            told = f"`{name}.yaml`, {width} x {height}"
            rows.append([told, str(jobs), str(frames), f"{seconds:.1f}", f"{frames / seconds:.1f}"])
    return table(["", "jobs", "frames", "seconds", "frames/s"], rows)


def galleries(plan: Plan) -> str:
    """Galleries, pictures a second."""
    rows, first = [], 0.0
    for jobs in plan.jobs:
        words = ("--seeds", f"0..{plan.pictures - 1}", "--size", plan.size, "--jobs", str(jobs))
        seconds = plan.best("gallery", str(SCENES / "painter.yaml"), *words)
        first = first or seconds
        faster = f"{first / seconds:.2f}"
        rows.append(
            [f"`painter.yaml`, {plan.size}", str(jobs), f"{seconds:.1f}", f"{plan.pictures / seconds:.1f}", faster]
        )
    return table([f"{plan.pictures} pictures", "jobs", "seconds", "pictures/s", "times as fast"], rows)


MEASURES: Mapping[str, Callable[[Plan], str]] = {"films": films, "galleries": galleries}


@click.command()
@click.option("--table", "names", multiple=True, type=click.Choice(list(MEASURES)), help="What to measure  [all]")
@click.option("--jobs", default="1,2", show_default=True, help="With so many processes, one after the other.")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1), help="Runs, the best of which counts.")
@click.option("--fps", default=30, show_default=True, type=click.IntRange(1), help="Of the films.")
@click.option("--pictures", default=200, show_default=True, type=click.IntRange(1), help="Of the gallery.")
@click.option("--size", default="400x400", show_default=True, help="Of the gallery's pictures.")
@click.option("--write", "page", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A page to fill.")
def main(names: tuple[str, ...], jobs: str, rounds: int, fps: int, pictures: int, size: str, page: Path | None) -> None:
    """Measure how fast films and galleries are made, and print tables of it."""
    counts = tuple(map(int, jobs.split(",")))
    plan = Plan(jobs=counts, rounds=rounds, fps=fps, pictures=pictures, size=size)
    for name in names or MEASURES:
        words = f"--table {name} --jobs {jobs} --rounds {rounds}"
        words += f" --fps {fps}" if name == "films" else f" --pictures {pictures} --size {size}"
        made = f"Made with `python -m tests.benchmarks.films {words}` on: {machine(max(counts))}."
        section = f"{MEASURES[name](plan)}\n\n{made}"
        click.echo(f"{section}\n")
        if page:
            write(page, name, section)


if __name__ == "__main__":
    main()
