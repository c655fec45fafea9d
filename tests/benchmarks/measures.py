"""What is measured, table by table; each gives markdown."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
from tests.benchmarks.children import MEGABYTE, Child, finished
from tests.benchmarks.entries import BASE, OURS, PEERS, PRODUCT, PRODUCTS, REFERENCE, Entry
from tests.benchmarks.tables import table
from tests.benchmarks.work import FLOPS, NETWORKS, SCENE, Job, share

from artengine_nonlinearities.pools import PUBLISHED

BURST = 0.2  # seconds: a round is this long for each entry, or one painting
SLOWEST = 10  # seeds that are named
COMPARED = 5  # seeds whose precision is shown
SORTS = "torch, eager in slices"  # the peer that knows every nonlinearity


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured.

    size: pixels of a side. sizes: likewise, of the large pictures. entries: the words of which the name of an entry
    must have one, if there are any; our float32 is always there.
    """

    threads: int
    rounds: int
    size: int
    sizes: tuple[int, ...]
    seeds: int
    entries: tuple[str, ...]
    networks: tuple[str, ...]

    def chosen(self) -> dict[str, Entry]:
        """The entries of the table of speed that can be measured here; what cannot is told."""
        found = {}
        for name, entry in {**OURS, **PEERS}.items():
            if self.entries and name != BASE and not any(word.lower() in name.lower() for word in self.entries):
                continue
            if entry.missing:
                tell(f"{name} is left out: {entry.missing}")
            else:
                found[name] = entry
        return found


def tell(words: str) -> None:
    """Say how far it is."""
    click.echo(words, err=True)


def speed(plan: Plan) -> str:
    """Every entry, round after round, so that a slow moment of the machine hits all of them."""
    return "\n\n".join(_described(_speed(plan, name), name, plan.size) for name in plan.networks)


def summary(plan: Plan) -> str:
    """Every library at its best, with the network that suits it least."""
    found = {name: _speed(plan, name) for name in plan.networks}
    libraries: dict[str, dict[str, float]] = {}
    for network, measured in found.items():
        for name, best in measured.best.items():
            library = name if name in OURS else name.split()[0].strip(",")
            quickest = libraries.setdefault(library, {})
            quickest[network] = min(best, quickest.get(network, best))
    base = libraries[BASE]
    lines = []
    for library, quickest in sorted(libraries.items(), key=lambda one: sum(one[1].values())):
        cells = [(f"{quickest[name]:.3f}", f"{quickest[name] / base[name]:.1f}") for name in plan.networks]
        lines.append([library, *(cell for pair in cells for cell in pair)])
    head = ["", *(word for name in plan.networks for word in (f"{name}, s", "times ours"))]
    return table(head, lines)


@dataclass(frozen=True, kw_only=True)
class _Speed:
    """What came out for a network: seconds and bytes of every entry, its share of right pixels, the peak in GFLOP/s."""

    best: dict[str, float]
    middle: dict[str, float]
    peaks: dict[str, int]
    shares: dict[str, float]
    ceiling: float


def _speed(plan: Plan, network: str) -> _Speed:
    job = Job(size=plan.size, bends=NETWORKS[network])
    names = [*plan.chosen(), *PRODUCTS]
    times: dict[str, list[float]] = {name: [] for name in names}
    peaks: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        with Child(plan.threads) as child:
            reference = child.image(REFERENCE, job, Path(folder))
        children = {name: stack.enter_context(Child(plan.threads)) for name in names if name not in PRODUCTS}
        children |= dict.fromkeys(PRODUCTS, stack.enter_context(Child(plan.threads)))
        shares = {}
        for name in names:
            if name not in PRODUCTS:
                tell(f"{network}: {name}")
                shares[name] = share(children[name].image(name, job, Path(folder)), reference)
        for number in range(plan.rounds):
            tell(f"{network}: round {number + 1} of {plan.rounds}")
            for name in names:
                answer = children[name].ask(name, job, burst=BURST)
                times[name] += answer.seconds
                peaks[name] = answer.peak
    rows, inputs, outputs = PRODUCT
    ceiling = 2 * rows * inputs * outputs / min(min(times[name]) for name in PRODUCTS) / 1e9
    return _Speed(
        best={name: min(times[name]) for name in shares},
        middle={name: median(times[name]) for name in shares},
        peaks=peaks,
        shares=shares,
        ceiling=ceiling,
    )


def _described(measured: _Speed, network: str, size: int) -> str:
    flops = Job(size=size).flops
    lines = []
    for name, best in sorted(measured.best.items(), key=lambda one: one[1]):
        rate = flops / best / 1e9
        lines.append(
            [
                name,
                f"{best:.3f}",
                f"{measured.middle[name]:.3f}",
                f"{best / measured.best[BASE]:.2f}",
                f"{rate:.0f}",
                f"{rate / measured.ceiling:.0%}",
                f"{measured.peaks[name] / MEGABYTE:,.0f}",
                f"{measured.shares[name]:.2%}",
            ]
        )
    head = [network, "best s", "median s", "times ours", "GFLOP/s", "of peak", "peak MB", "within 2/255"]
    rows, inputs, outputs = PRODUCT
    peak = f"The peak is {measured.ceiling:.0f} GFLOP/s: float32 products of {rows} x {inputs} by {inputs} x {outputs}."
    return f"{table(head, lines)}\n\n{peak} A picture is {flops / 1e9:.1f} GFLOP, {FLOPS:,} a pixel."


def _best(child: Child, entry: str, job: Job, rounds: int) -> float:
    return min(min(child.ask(entry, job).seconds) for _ in range(rounds))


def sizes(plan: Plan) -> str:
    """Whole processes that paint ever larger pictures into files."""
    lines = []
    for size in plan.sizes:
        cells = [f"{size:,} x {size:,}"]
        for output in ("tiff", "png"):
            tell(f"sizes: {size}, {output}")
            seconds, peak, written = _whole(plan, size, output)
            cells += [f"{seconds:.1f}", f"{size**2 / seconds / 1e6:.2f}", f"{peak / MEGABYTE:,.0f}", f"{written:,.0f}"]
        lines.append(cells)
    head = ["pixels"]
    for output in ("TIFF", "PNG"):
        head += [f"{output} s", "megapixels/s", "peak MB", "file MB"]
    return table(head, lines)


def _whole(plan: Plan, size: int, output: str) -> tuple[float, int, float]:
    """Seconds, bytes of memory, and megabytes of the file of an `artengine run`."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["run", str(SCENE), "--size", f"{size}x{size}", "--set", f"outputs={output}", "--out", folder]
        command = [sys.executable, "-m", "artengine", *words, "--device", "cpu", "--quiet"]
        seconds, peak = finished(command, plan.threads)
        written = sum(path.stat().st_size for path in Path(folder).iterdir())
    return seconds, peak, written / MEGABYTE


def seeds(plan: Plan) -> str:
    """How long the pictures of chance take, and what is in the slowest ones."""
    times: dict[int, float] = {}
    drawn: dict[int, list[str]] = {}
    with Child(plan.threads) as child:
        for seed in range(plan.seeds):
            if seed % 10 == 0:
                tell(f"seeds: from {seed}")
            job = Job(size=plan.size, seed=seed)
            answer = child.ask(BASE, job, burst=BURST)
            times[seed], drawn[seed] = min(answer.seconds), answer.drawn
    middle = median(times.values())
    ordered = sorted(times, key=lambda seed: times[seed], reverse=True)
    named = ordered[:SLOWEST]
    lines = [[str(seed), f"{times[seed]:.3f}", f"{times[seed] / middle:.2f}", ", ".join(drawn[seed])] for seed in named]
    quick, slow = ordered[-1], ordered[0]
    over = sum(seconds > 2 * middle for seconds in times.values())
    words = (
        f"Seeds 0 to {plan.seeds - 1}: the median is {middle:.3f} s, the quickest ({quick}) takes "
        f"{times[quick] / middle:.2f} of it, the slowest ({slow}) {times[slow] / middle:.2f}; {over} take more "
        "than twice the median. The slowest:"
    )
    return f"{words}\n\n{table(['seed', 'seconds', 'of median', 'nonlinearities'], lines)}"


def nonlinearities(plan: Plan) -> str:
    """Five equal layers of each of the published pool, beside plain torch in slices."""
    times: dict[str, tuple[float, float]] = {}
    with Child(plan.threads) as ours, Child(plan.threads) as theirs:
        for name in PUBLISHED:
            tell(f"nonlinearities: {name}")
            job = Job(size=plan.size, bends=(name,) * 5)
            rounds = min(plan.rounds, 3)
            times[name] = _best(ours, BASE, job, rounds), _best(theirs, SORTS, job, rounds)
    ordered = sorted(times, key=lambda name: times[name][0])
    lines = [
        [f"`{name}`", f"{times[name][0]:.3f}", f"{times[name][1]:.3f}", f"{times[name][1] / times[name][0]:.2f}"]
        for name in ordered
    ]
    return table(["five layers of", BASE, SORTS, "times ours"], lines)


def precision(plan: Plan) -> str:
    """How many pixels of quicker precisions are those of float64."""
    jobs = {name: Job(size=plan.size, bends=bends) for name, bends in NETWORKS.items()}
    jobs |= {f"seed {seed}": Job(size=plan.size, seed=seed) for seed in range(COMPARED)}
    quicker = [name for name in OURS if name != "artengine float64"]
    lines = []
    with tempfile.TemporaryDirectory() as folder, Child(plan.threads) as child:
        for name, job in jobs.items():
            tell(f"precision: {name}")
            exact = child.image("artengine float64", job, Path(folder))
            shares = [share(child.image(entry, job, Path(folder)), exact) for entry in quicker]
            lines.append([name, *(f"{part:.3%}" for part in shares)])
    return table(["within 2/255 of float64", *quicker], lines)


def process(plan: Plan) -> str:
    """From the shell and back, and how much of it goes by before anything of ours begins."""
    whole: list[float] = []
    torch: list[float] = []
    for number in range(plan.rounds):
        tell(f"process: round {number + 1} of {plan.rounds}")
        whole.append(_whole(plan, plan.size, "png")[0])
        torch.append(finished([sys.executable, "-c", "import torch"], plan.threads)[0])
    lines = [
        ["`artengine run` to a PNG", f"{min(whole):.2f}", f"{median(whole):.2f}"],
        ["`import torch` alone", f"{min(torch):.2f}", f"{median(torch):.2f}"],
    ]
    return table(["process", "best s", "median s"], lines)


MEASURES: dict[str, Callable[[Plan], str]] = {
    "speed": speed,
    "summary": summary,
    "sizes": sizes,
    "seeds": seeds,
    "nonlinearities": nonlinearities,
    "precision": precision,
    "process": process,
}
