"""How well photos are learnt in how much time, beside others: `python -m tests.benchmarks.regression`."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image
from skimage import data
from tests.benchmarks.learners import Result, Task
from tests.benchmarks.tables import program, table

ROOT = Path(__file__).parents[2]

#: What was measured of the demonstration itself: its own source, run in node 20 for ten seconds on the same photo at
#: 128 x 128, on a machine of this kind (github.com/karpathy/convnetjs, demo/js/image_regression.js).
CONVNETJS = ["ConvNetJS in node, its own demonstration (quoted)", "2,643", "10", "15.1"]

DEMO = """
seed: {seed}
training: {regression: {target: {photo}, preset: demo, until: {seconds: {seconds}}}}
"""
QUICK = """
seed: {seed}
training: {regression: {target: {photo}, preset: demo, until: {seconds: 10, psnr: 15.1}}}
"""
FAITHFUL = """
seed: {seed}
training: {regression: {target: {photo}, preset: faithful, until: {seconds: {seconds}}}}
"""
LARGER = """
seed: {seed}
network: {feature_grid: {levels: [32, 64, 128, 192], features: 4}}
training: {regression: {target: {photo}, preset: faithful, until: {seconds: {seconds}}}}
"""
HALF = """
seed: {seed}
network: {mlp: {width: 80, depth: 5, activation: gaussian, output: sigmoid, frequency: 1}}
training:
  regression: {target: {photo}, OPTIMISER, batch: 1024, mask: {random: 0.5}, until: {seconds: {seconds}}}
"""
SMALL = """
seed: {seed}
network: {feature_grid: {levels: [16, 32, 64, 128], features: 4}}
training: {regression: {target: {photo}, preset: faithful, bits: 8, until: {psnr: 34, seconds: 60}}}
"""


def result(learner: str, task: Task) -> Result:
    """How it goes, in a process of its own."""
    return Result(**in_a_process("learners", learner, json.dumps(asdict(task))))


def in_a_process(module: str, *words: str) -> dict[str, Any]:
    """The line of JSON that a program of the benchmarks prints, in a process of its own, on one thread."""
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *words]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: with how many seeds, and how much of the time that a table asks for."""

    seeds: int
    hurry: float
    folder: Path

    def photo(self, side: int) -> str:
        """The astronaut of scikit-image, a square of that side."""
        path = self.folder / f"astronaut-{side}.png"
        if not path.exists():
            Image.fromarray(data.astronaut()).resize((side, side), Image.Resampling.BOX).save(path)
        return str(path)

    def results(self, learner: str, task: Task) -> list[Result]:
        """How it went with each seed, one after the other."""
        task = replace(task, seconds=task.seconds / self.hurry)
        return [result(learner, replace(task, seed=seed)) for seed in range(self.seeds)]

    def row(self, name: str, learner: str, task: Task) -> list[str]:
        """A line of a table: the median of the seeds, and from where to where they go."""
        found = self.results(learner, task)
        return [name, f"{found[0].parameters:,}", f"{_middle([one.seconds for one in found]):.1f}", _spread(found)]


def _middle(numbers: Sequence[float]) -> float:
    return statistics.median(numbers)


def _spread(found: Sequence[Result]) -> str:
    values = [one.psnr for one in found]
    return f"{_middle(values):.1f} ({min(values):.1f} to {max(values):.1f})"


HEAD = ["", "parameters", "seconds", "PSNR in dB"]


def demo(plan: Plan) -> str:
    """The demonstration's own network: seven layers of twenty relu units."""
    task = Task(plan.photo(128), 10, 0, width=20, depth=7)
    rows = [
        plan.row("**artengine**, `preset: demo`", "ours", replace(task, scene=DEMO)),
        plan.row("torch, Adam, batches of 512", "plain_adam", replace(task, rate=1e-2, batch=512)),
        plan.row("torch, the demonstration's SGD, batches of 5", "plain_sgd", replace(task, rate=1e-2, batch=5)),
        CONVNETJS,
    ]
    quick = plan.results("ours", replace(task, scene=QUICK))
    words = (
        f"To 15.1 dB, which the demonstration has after ten seconds: {_middle([one.seconds for one in quick]):.2f} s."
    )
    return f"128 x 128, 2-20-20-20-20-20-20-20-3.\n\n{table(HEAD, rows)}\n\n{words}"


def faithful(plan: Plan) -> str:
    """As near as one can get in 15 seconds."""
    task = Task(plan.photo(512), 15, 0, batch=4096, depth=4)
    rows = [
        plan.row("**artengine**, `preset: faithful`", "ours", replace(task, scene=FAITHFUL)),
        plan.row("**artengine**, levels 32, 64, 128, 192", "ours", replace(task, scene=LARGER)),
        plan.row("SIREN, 64 x 3, torch, Adam", "siren", replace(task, width=64, rate=2e-3)),
        plan.row("SIREN, 256 x 3, torch, Adam", "siren", replace(task, width=256, rate=1e-3)),
    ]
    return f"512 x 512.\n\n{table(HEAD, rows)}"


def hidden(plan: Plan) -> str:
    """Half of the pixels hidden."""
    task = Task(plan.photo(256), 20, 0)
    rows = []
    for name, words in (
        ("**artengine**, Muon", "optimiser: muon, rate: 5e-3"),
        *((f"the same, Adam at {rate}", f"optimiser: adam, rate: {rate}") for rate in ("3e-3", "1e-2", "2e-2")),
    ):
        found = plan.results("ours", replace(task, scene=HALF.replace("OPTIMISER", words)))
        unseen = _middle([one.hidden or 0.0 for one in found])
        rows.append([name, f"{found[0].parameters:,}", _spread(found), f"{unseen:.1f}"])
    head = ["20 seconds", "parameters", "dB on the pixels it saw", "on those that were hidden"]
    return f"256 x 256, half of the pixels hidden; five layers of 80 gaussian units.\n\n{table(head, rows)}"


def size(plan: Plan) -> str:
    """The weights of a photo beside a JPEG of it."""
    found = plan.results("ours", Task(plan.photo(512), 60, 0, scene=SMALL))
    rows = [[f"seed {seed}", f"{one.psnr:.2f}", one.note] for seed, one in enumerate(found)]
    return f"512 x 512, learnt to 34 dB, 8 bits a weight.\n\n{table(['', 'PSNR in dB', ''], rows)}"


MEASURES: Mapping[str, Callable[[Plan], str]] = {"demo": demo, "faithful": faithful, "hidden": hidden, "size": size}


main = program("regression", MEASURES, Plan)


if __name__ == "__main__":
    main()
