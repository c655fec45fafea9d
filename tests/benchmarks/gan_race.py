"""What two trainings of faces come to in the same time of a processor: `python -m tests.benchmarks.gan_race`."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import click
import torch
from tests.benchmarks.gan import HELD_OUT, WEIGHTS, network_of
from tests.benchmarks.tables import machine, table

import artengine
from artengine_gan.datasets import DrawnFaces
from artengine_gan.networks import Dcgan, Judge, LatentImages
from artengine_gan.quality.comparing import Looked, drawn, photographed

SIZE = 64
DEFAULT = """
network: {generator: {size: 64}}
training: {adversarial: {photos: {drawn_faces: {count: 500000}}, steps: STEPS}}
"""
PUBLISHED = """
network: {dcgan: {size: 64}}
training: {adversarial: {photos: {drawn_faces: {count: 500000}}, steps: 1000000}}
"""


class Judged:
    """Photos as a judge sees them, and how far images are from them."""

    def __init__(self, judge: Judge, count: int) -> None:
        self._judge, self._count = judge, count
        photos = DrawnFaces(count=HELD_OUT + count)
        self._photos = Looked(photographed(photos, range(HELD_OUT, HELD_OUT + count), SIZE), judge)

    def distance(self, network: LatentImages | Dcgan) -> str:
        """The Frechet distance, and the recall."""
        found = Looked(drawn(network.eval(), self._count, seed=0), self._judge).beside(self._photos)
        assert found.frechet is not None
        return f"{found.frechet:.0f} (recall {found.recall:.2f})"


def learn(text: str, seconds: float | None) -> tuple[LatentImages | Dcgan, int, float]:
    """Train for so many seconds of the processor, or to the end: the network as it is shown, steps, seconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "race.yaml"
        path.write_text(text)
        picture = artengine.build(artengine.load(path), "cpu")
    network = picture.network
    assert isinstance(network, LatentImages | Dcgan)
    begin, step = time.process_time(), 0
    for report in artengine.train(picture):
        step = report.step
        if seconds is not None and time.process_time() - begin > seconds:
            break
    return network, step, time.process_time() - begin


@click.command()
@click.option("--weights", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=WEIGHTS)
@click.option("--steps", default=1000, show_default=True, type=click.IntRange(10), help="Of the default.")
@click.option("--samples", default=2000, show_default=True, type=click.IntRange(500), help="Images that are compared.")
def main(weights: Path, steps: int, samples: int) -> None:
    """Measure what the default comes to, and dcgan in the same time; the judge is that of other weights."""
    judge = network_of(weights).judge
    if judge is None:
        raise click.UsageError(f"{weights} holds no judge")
    judged = Judged(judge, samples)
    network, _, seconds = learn(DEFAULT.replace("STEPS", str(steps)), None)
    rows = [["default", f"{steps:,}", f"{seconds:.0f} s", judged.distance(network)]]
    published, step, seconds = learn(PUBLISHED, seconds)
    rows.append(["dcgan", f"{step:,}", f"{seconds:.0f} s", judged.distance(published)])
    click.echo(table(["", "steps", "of the processor", f"Frechet distance of {samples:,}"], rows))
    click.echo(f"\nMade with `python -m tests.benchmarks.gan_race` on: {machine(torch.get_num_threads())}.")


if __name__ == "__main__":
    main()
