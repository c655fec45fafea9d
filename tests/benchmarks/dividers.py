"""How well photos are told with lines and circles in how much time: `python -m tests.benchmarks.dividers`."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from PIL import Image
from skimage import data
from tests.benchmarks.learners import Result, Task
from tests.benchmarks.regression import in_a_process, result
from tests.benchmarks.tables import program, table

SCENE = """
seed: {seed}
canvas: {width: 128, height: 128}
network: {dividers: {NETWORK}}
training: {dividers: {target: {photo}, TRAINING}}
"""
ONCE = {"network.dividers.lines": 2, "training.dividers.cycles": 1, "training.dividers.downscale": 4}


class Plan:
    """What is measured: with how many seeds, on which photos, how much of the time that a table asks for."""

    def __init__(self, seeds: int, hurry: float, folder: Path) -> None:
        self.seeds = seeds
        self.hurry = hurry
        self._folder = folder

    def photo(self, name: str, side: int) -> str:
        """A photo of scikit-image, its middle square, averaged to that side."""
        path = self._folder / f"{name}-{side}.png"
        if not path.exists():
            photo = Image.fromarray(getattr(data, name)())
            short = min(photo.size)
            left, top = (photo.width - short) // 2, (photo.height - short) // 2
            photo.resize((side, side), Image.Resampling.BOX, (left, top, left + short, top + short)).save(path)
        return str(path)

    def ours(self, photo: str, network: str, training: str) -> list[Result]:
        """How it went with each seed, one after the other."""
        scene = SCENE.replace("NETWORK", network).replace("TRAINING", training)
        task = Task(photo, 0, 0, scene=scene, once=ONCE)
        return [result("ours", replace(task, seed=seed)) for seed in range(self.seeds)]

    def ancestor(self, photo: str, seconds: float) -> list[Result]:
        """How it went with scalefree_image's network and its ways, 64 lines, 20 units."""
        task = Task(photo, seconds / self.hurry, 0, width=20, depth=64)
        return [result("scalefree", replace(task, seed=seed)) for seed in range(self.seeds)]


def _row(name: str, found: list[Result]) -> list[str]:
    """A line of a table: the median of the seeds, from where to where they go, and what the median one says."""
    middle = sorted(found, key=lambda one: one.psnr)[(len(found) - 1) // 2]
    values = [one.psnr for one in found]
    psnr = f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
    seconds = f"{statistics.median(one.seconds for one in found):.2f}"
    words = middle.note.replace("a colour of its own for each would come to", "bound")
    layers = f"{middle.parameters:,}" if "bound" in words or not words else ""  # of means, there are none
    return [name, layers, seconds, psnr, words]


HEAD = ["", "numbers", "seconds", "PSNR in dB", "regions, and what their means come to"]
QUICK = "cycles: 2, fit: 1000"
LONG = "cycles: 8, fit: 6000"
RELU = "lines: 64, hidden: 20, colour_activation: relu"


def lines(plan: Plan) -> str:
    """The ancestor's own task: 64 lines and 20 relu units."""
    photo = plan.photo("astronaut", 128)
    rows = [
        _row(f"**search**, {QUICK}", plan.ours(photo, RELU, QUICK)),
        _row(f"**search**, {LONG}", plan.ours(photo, RELU, LONG)),
        _row("**search**, with tanh", plan.ours(photo, RELU.replace("relu", "tanh"), LONG)),
        *(_row("scalefree_image's way, in Keras", plan.ancestor(photo, seconds)) for seconds in (2.5, 10, 30)),
    ]
    first = plan.ours(photo, RELU, "downscale: 2, candidates: 4, cycles: 1, fit: 100")
    slowest = min(one.psnr for one in first)
    words = f"{slowest:.2f} dB or more after {statistics.median(one.seconds for one in first):.2f} s"
    return f"Astronaut, 128 x 128, 64 lines, 20 units.\n\n{table(HEAD, rows)}\n\nThe first glance: {words}."


def circles(plan: Plan) -> str:
    """64 circles and 20 tanh units."""
    photo = plan.photo("astronaut", 128)
    rows = [_row("64 circles, 20 tanh units", plan.ours(photo, "lines: 0, circles: 64", "cycles: 4, fit: 4000"))]
    return f"Astronaut, 128 x 128.\n\n{table(HEAD, rows)}"


def means(plan: Plan) -> str:
    """The bound itself: the mean of every region."""
    photo = plan.photo("astronaut", 128)
    rows = [
        _row("128 lines", plan.ours(photo, "lines: 128", "colours: mean, cycles: 7")),
        _row("128 circles", plan.ours(photo, "lines: 0, circles: 128", "colours: mean, cycles: 2")),
    ]
    return f"Astronaut, 128 x 128, means.\n\n{table(HEAD, rows)}"


def hundred(plan: Plan) -> str:
    """A hundred of each on larger photos, for those who know what primitive makes of a hundred shapes."""
    rows = []
    for name in ("astronaut", "chelsea", "coffee", "rocket"):
        photo = plan.photo(name, 256)
        rows.append(_row(f"{name}, 100 lines", plan.ours(photo, "lines: 100", "colours: mean, cycles: 6")))
        rows.append(
            _row(f"{name}, 100 circles", plan.ours(photo, "lines: 0, circles: 100", "colours: mean, cycles: 2"))
        )
    return f"256 x 256, means.\n\n{table(HEAD, rows)}"


def gradient(plan: Plan) -> str:
    """The ancestor's way, and ours, in eight seconds."""
    photo = plan.photo("astronaut", 128)
    cycles = max(1, round(340 / plan.hurry))
    training = f"way: gradient, cycles: {cycles}"
    rows = [
        _row("**gradient**: adam, sharpness 20 to 200", plan.ours(photo, RELU, training)),
        _row("the same, nothing fitted in the end", plan.ours(photo, RELU, f"{training}, fit: 0")),
        _row("scalefree_image's way, in Keras", plan.ancestor(photo, 8)),
    ]
    return f"Astronaut, 128 x 128, 64 lines, 20 relu units.\n\n{table(HEAD, rows)}"


def vectors(plan: Plan) -> str:
    """Regions as SVG: how long it takes, and how much of the picture they cover."""
    rows = []
    for name, network in (
        ("128 lines", "lines: 128"),
        ("128 circles", "lines: 0, circles: 128"),
        ("64 and 64", "lines: 64, circles: 64"),
    ):
        found = [in_a_process("drawings", f"{{{network}}}", str(seed)) for seed in range(plan.seeds)]
        times = [one["seconds"] for one in found]
        rows.append(
            [
                name,
                f"{found[0]['faces']:,}",
                f"{statistics.median(times):.3f} ({min(times):.3f} to {max(times):.3f})",
                f"{max(one['error'] for one in found):.1e}",
                f"{found[0]['bytes'] / 1000:,.0f}",
            ]
        )
    head = ["random dividers, 600 x 600", "regions", "seconds", "error of all areas together", "kB"]
    return table(head, rows)


MEASURES: Mapping[str, Callable[[Plan], str]] = {
    "lines": lines,
    "circles": circles,
    "means": means,
    "hundred": hundred,
    "gradient": gradient,
    "vectors": vectors,
}


main = program("dividers", MEASURES, Plan)


if __name__ == "__main__":
    main()
