"""How fast a coordinate network is painted, here and by others: `python -m tests.benchmarks.paint`."""

from __future__ import annotations

from pathlib import Path

import click
from tests.benchmarks.measures import MEASURES, Plan
from tests.benchmarks.tables import machine, write
from tests.benchmarks.work import NETWORKS


def _numbers(context: click.Context, option: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        return tuple(map(int, value.split(",")))
    except ValueError:
        raise click.BadParameter(f"found {value!r}, expected numbers with commas between them") from None


@click.command()
@click.option("--table", "names", multiple=True, type=click.Choice(list(MEASURES)), help="What to measure  [all]")
@click.option("--threads", default=2, show_default=True, type=click.IntRange(1), help="Threads and processors.")
@click.option("--rounds", default=7, show_default=True, type=click.IntRange(1), help="Bursts of every entry.")
@click.option("--size", default=800, show_default=True, type=click.IntRange(1), help="Pixels of a side.")
@click.option("--sizes", default="1024,2048,4096", show_default=True, callback=_numbers, help="Of the large pictures.")
@click.option("--seeds", default=100, show_default=True, type=click.IntRange(1), help="How many, from 0 on.")
@click.option("--entry", "entries", multiple=True, help="A word in the names of the entries to measure  [all]")
@click.option("--network", "networks", multiple=True, type=click.Choice(list(NETWORKS)), help="To be quick with  [all]")
@click.option("--write", "page", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A page to fill.")
def main(
    names: tuple[str, ...],
    threads: int,
    rounds: int,
    size: int,
    sizes: tuple[int, ...],
    seeds: int,
    entries: tuple[str, ...],
    networks: tuple[str, ...],
    page: Path | None,
) -> None:
    """Measure how fast pictures are painted, and print tables of it."""
    plan = Plan(
        threads=threads,
        rounds=rounds,
        size=size,
        sizes=sizes,
        seeds=seeds,
        entries=entries,
        networks=networks or tuple(NETWORKS),
    )
    for name in names or MEASURES:
        section = f"{MEASURES[name](plan)}\n\n{_made(plan, name)}"
        click.echo(f"{section}\n")
        if page:
            write(page, name, section)


def _made(plan: Plan, name: str) -> str:
    """How to make a table again, and where it was made."""
    words = f"--table {name} --threads {plan.threads}"
    if name in ("speed", "summary", "nonlinearities", "process"):
        words += f" --rounds {plan.rounds}"
    words += f" --sizes {','.join(map(str, plan.sizes))}" if name == "sizes" else f" --size {plan.size}"
    if name == "seeds":
        words += f" --seeds {plan.seeds}"
    for entry in plan.entries if name in ("speed", "summary") else ():
        words += f" --entry {entry!r}"
    if name in ("speed", "summary") and plan.networks != tuple(NETWORKS):
        words += "".join(f" --network {network}" for network in plan.networks)
    return f"Made with `python -m tests.benchmarks.paint {words}` on: {machine(plan.threads)}."


if __name__ == "__main__":
    main()
