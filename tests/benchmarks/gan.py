"""How well faces are drawn, found again, completed and changed: `python -m tests.benchmarks.gan`."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click
import numpy as np
import torch
from tests.benchmarks.tables import machine, table
from torch import Tensor

from artengine.media import Learnt
from artengine.media.learnt import open_learnt
from artengine_gan.datasets import DrawnFaces
from artengine_gan.directions.learning import direction
from artengine_gan.drawn_faces import FACTORS, Choice, Faces, render
from artengine_gan.drawn_faces.factors import replaced
from artengine_gan.networks import LatentImages, generator
from artengine_gan.projection import Projected
from artengine_gan.projection.search_stage import SearchStage
from artengine_gan.projection.task import Search, task_of
from artengine_gan.quality.comparing import Looked, drawn, photographed

WEIGHTS = Path(__file__).parents[2] / "scenes" / "weights" / "faces.safetensors"
HELD_OUT = 5_000_000  # number of the first face that no training has seen
MARKS = (0.125, 0.25, 0.5, 1.0)  # parts of the steps
#: Edits: what is changed from, and to what; and the label that says so.
EDITS: Mapping[str, tuple[Mapping[str, object], Mapping[str, object], str]] = {
    "glasses": ({"glasses": "none"}, {"glasses": "round"}, "glasses_round"),
    "hat": ({"hat": "none"}, {"hat": "beanie"}, "hat_beanie"),
    "beard": ({"beard": "none"}, {"beard": "full"}, "beard_full"),
    "smile": ({"smile": -0.7}, {"smile": 0.7}, "smile"),
}
STRENGTHS = (1.0, 1.25, 1.5, 2.0)  # of a direction: the one with the least error of those that are seen often enough
ENOUGH = 0.9  # of faces
CHANGED = 0.02  # of a colour's range, by which a pixel is another one


def tensor(pixels: np.ndarray) -> Tensor:
    """Pictures (N, size, size, 3) in 8 bits as a network sees them."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


def decibels(images: Tensor, photos: Tensor, chosen: Tensor | None = None) -> Tensor:
    """The PSNR of each image, (N,), on all pixels or on chosen ones, (size, size)."""
    squares = ((images.clamp(-1, 1) - photos) / 2).square()
    return -10 * torch.log10((squares if chosen is None else squares[:, :, chosen]).flatten(1).mean(1).clamp_min(1e-12))


def principal(photos: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The mean of photos and so many of their principal components: (values,) and (values, count)."""
    flat = photos.flatten(1)
    mean = flat.mean(0)
    return mean, torch.linalg.svd(flat - mean, full_matrices=False).Vh[:count].T


def search_for(
    network: LatentImages, photos: Tensor, search: Search, told: Callable[[int, float], None] = lambda step, loss: None
) -> Tensor:
    """The images that a search comes to for photos; told: is handed the sum of squares after each step."""
    network = copy.deepcopy(network) if search.tune else network
    length = network.shape.latent * network.shape.layers + (search.mask is not None) * network.shape.values
    source = Projected(names=[f"face_{number}" for number in range(len(photos))], length=length)
    pixels = ((photos + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    task = task_of(network, source, pixels, search, seed=0)
    step = 0
    for space, steps in search.spaces:
        stage = SearchStage(task, space, steps)
        stage.begin()
        while not stage.finished:
            stage.advance()
            step += 1
            told(step, stage.last.loss)
        stage.end()
    with torch.no_grad():
        return network.images(torch.stack([one.detach() for one in source.latents]))


def projections(network: LatentImages, photos: Tensor, steps: int) -> list[list[str]]:
    """The sum of squares after some steps, and the PSNR, by ways to search; the ancestor's first."""
    ways = {
        "Nesterov, cube 3, in z": Search(space="z", steps=steps, optimiser="nesterov", start="best"),
        "Adam, in z": Search(space="z", steps=steps),
        "Adam, in w": Search(space="w", steps=steps),
        "Adam, in w+": Search(space="w+", steps=steps),
        "Adam, in w+, and tuned": Search(space="w+", steps=steps, tune=steps),
    }
    rows = []
    for name, search in ways.items():
        losses: dict[int, float] = {}
        found = search_for(network, photos, search, lambda step, loss, losses=losses: losses.update({step: loss}))
        rows.append(
            [
                name,
                *(f"{losses[round(mark * steps)]:.0f}" for mark in MARKS),
                f"{float(decibels(found, photos).mean()):.1f}",
            ]
        )
    return rows


def own_samples(network: LatentImages, count: int, steps: int) -> list[str]:
    """How many of a network's own faces are found again to more than 40 dB."""
    with torch.no_grad():
        photos = network.images(network.draw(count, torch.Generator().manual_seed(11))).clamp(-1, 1)
        photos = (photos * 127.5 + 127.5).round() / 127.5 - 1
    found = decibels(search_for(network, photos, Search(space="w", steps=steps)), photos)
    return ["own samples found again above 40 dB", "95 %", f"{float((found > 40).double().mean()):.0%}"]


def company(network: LatentImages) -> list[str]:
    """How much a face differs that is drawn alone from the same one among sixty-four."""
    z = network.draw(64, torch.Generator().manual_seed(3))
    with torch.no_grad():
        difference = network.images(z) - torch.cat([network.images(one[None]) for one in z])
    return ["a batch of 1 against 64", "1e-5", f"{float(difference.abs().max()):.1g}"]


def holes(network: LatentImages, photos: Tensor, known: Tensor, steps: int) -> list[list[str]]:
    """The PSNR in the hole in the middle: of the mean face, of 40 principal components, of what is drawn."""
    size = network.shape.size
    inside = torch.zeros(size, size, dtype=torch.bool)
    inside[size // 4 : -size // 4, size // 4 : -size // 4] = True
    mean, components = principal(known, 40)
    outside = (~inside).expand(3, -1, -1).flatten()
    seen = components[outside]
    codes = torch.linalg.lstsq(seen, (photos.flatten(1) - mean)[:, outside].T).solution
    guessed = (mean + (components @ codes).T).view_as(photos)
    found = search_for(network, photos, Search(space="w", steps=steps, likely=1.0, mask="centre"))
    rows = [
        ["the mean face in the hole", "", decibels(mean.view(1, *photos.shape[1:]).expand_as(photos), photos, inside)],
        ["40 principal components in the hole", "", decibels(guessed, photos, inside)],
        ["the hole in the middle", "17 dB", decibels(found, photos, inside)],
    ]
    return [[name, reach, f"{float(values.mean()):.2f} dB"] for name, reach, values in rows]  # type: ignore[union-attr]


def edits(network: LatentImages, count: int, looked_at: int) -> list[list[str]]:
    """How often the judge sees an edit, and its error on the pixels that it changes over that of a copy."""
    looked_at = max(looked_at, 600)  # of the rarest label there are enough then
    photos = DrawnFaces(count=looked_at, seed=7)
    numbers = list(range(looked_at))
    with torch.no_grad():
        w = torch.cat([network.encoder(some) for some in photographed(photos, numbers, network.shape.size)])
    rows = []
    for name, (_, _, label) in EDITS.items():
        way = direction(w, photos.label(label, numbers), label, "difference")
        tried = {}  # on other faces than those it is measured on
        for strength in STRENGTHS:
            seen, error = edited(network, strength * way, name, HELD_OUT - count, count)
            tried[strength] = (error, -seen) if seen >= ENOUGH else (math.inf, -seen)
        strength = min(tried, key=lambda one: tried[one])
        seen, error = edited(network, strength * way, name, HELD_OUT, count)
        rows.append([name, f"{strength:g}", f"{seen:.0%}", f"{error:.2f}"])
    return rows


@torch.no_grad()
def edited(network: LatentImages, way: Tensor, name: str, first: int, count: int) -> tuple[float, float]:
    """The part of so many faces in which the judge sees an edit, and the error where it changes them over a copy's."""
    before, after, _ = EDITS[name]
    faces = replaced(DrawnFaces(count=first + count).factors(range(first, first + count)), **before)
    changed = replaced(faces, **after)
    photo, true = (tensor(render(one, network.shape.size)) for one in (faces, changed))
    encoded = network.encoder(photo)
    images = photo + network.generator(encoded + way) - network.generator(encoded)
    differs = (true - photo).abs().amax(1, keepdim=True) > 2 * CHANGED
    errors = [float(((one.clamp(-1, 1) - true).square() * differs).sum()) for one in (images, photo)]
    return flips(network, images, changed, name), errors[0] / errors[1]


@torch.no_grad()
def flips(network: LatentImages, images: Tensor, faces: Faces, name: str) -> float:
    """The part of images in which the judge sees that an edit has been made."""
    assert network.judge is not None
    found = network.judge(images.clamp(-1, 1))[name]
    factor = FACTORS[name]
    if isinstance(factor, Choice):
        return float((found.argmax(1) > 0).double().mean())
    return float((found[:, 0] > 0).double().mean())


def quality(network: LatentImages, count: int) -> list[list[str]]:
    """The Frechet distance, precision and recall of images, beside those of photos among themselves."""
    photos = DrawnFaces(count=HELD_OUT + 2 * count)
    size = network.shape.size
    here, there = (
        Looked(photographed(photos, range(first, first + count), size), network.judge)
        for first in (HELD_OUT, HELD_OUT + count)
    )
    found, floor = Looked(drawn(network, count, seed=0), network.judge).beside(here), there.beside(here)
    return [
        [f"Frechet distance of {count:,}", f"{5 * (floor.frechet or 0):.1f}", f"{found.frechet:.1f}"],
        ["recall", "0.50", f"{found.recall:.2f}"],
        ["precision", "", f"{found.precision:.2f}"],
        ["sliced Wasserstein", "", f"{found.wasserstein:.1f} ({floor.wasserstein:.1f})"],
    ]


def completions(network: LatentImages, photos: Tensor, known: Tensor, steps: int) -> list[list[str]]:
    """What is found again, what company does, and what is drawn into holes."""
    rows = [own_samples(network, len(photos), steps), company(network)]
    return [*rows, *holes(network, photos, known, steps // 2)]


def timed(name: str, work: Callable[[], Sequence[Sequence[str]]], head: Sequence[str]) -> None:
    """Print a table, and how long it took."""
    begin = time.perf_counter()
    rows = work()
    click.echo(f"\n{table(head, rows)}\n\n{name}: {time.perf_counter() - begin:.0f} s")


def network_of(path: Path) -> LatentImages:
    """The network whose weights are in a file."""
    from artengine import Ports

    learnt: Learnt = open_learnt(path, path.name)
    latent = learnt.shapes()["mapping.linear.bias"][0]
    return generator(Ports(inputs=latent), weights=learnt).eval().requires_grad_(False)


@click.command()
@click.option("--weights", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=WEIGHTS)
@click.option("--faces", default=16, show_default=True, type=click.IntRange(2), help="Held-out faces.")
@click.option(
    "--samples", default=5000, show_default=True, type=click.IntRange(50), help="Images for distances, edits."
)
@click.option("--steps", default=200, show_default=True, type=click.IntRange(8), help="Of a search.")
def main(weights: Path, faces: int, samples: int, steps: int) -> None:
    """Measure a network of drawn faces: projection, completion, edits, quality."""
    network = network_of(weights)
    size = network.shape.size
    photos = tensor(DrawnFaces(count=HELD_OUT + faces).read(range(HELD_OUT, HELD_OUT + faces), size))
    known = tensor(DrawnFaces(count=2000).read(range(min(2000, 10 * samples)), size))
    mean, components = principal(known, 100)
    flat = photos.flatten(1) - mean
    rebuilt = (mean + flat @ components @ components.T).view_as(photos)
    click.echo(
        f"{faces} held-out faces of {size} x {size}; 100 principal components: "
        f"{float(decibels(rebuilt, photos).mean()):.2f} dB"
    )
    timed(
        "projection",
        lambda: projections(network, photos, steps),
        ["squares after", *(f"{mark * steps:g}" for mark in MARKS), "dB"],
    )
    what = ["", "reach", "reached"]
    timed("completion", lambda: completions(network, photos, known, steps), what)
    if network.judge is not None:
        timed(
            "edits",
            lambda: edits(network, faces, samples),
            ["edit", "strength", "seen (90 %)", "error over a copy's (0.5)"],
        )
        timed("quality", lambda: quality(network, samples), what)
    click.echo(f"\nMade with `python -m tests.benchmarks.gan` on: {machine(torch.get_num_threads())}.")


if __name__ == "__main__":
    main()
