"""Runs that are killed at any moment, and what is there afterwards: `python -m tests.benchmarks.kills`."""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click
from PIL import Image
from tests.benchmarks.tables import machine, table
from tests.support.command_runs import Command, ForkedCommand
from tests.support.interrupted_trainings import save_every_checkpoint
from tests.support.photo_files import ramp, saved

from artengine.files.earlier import LEDGER_FILE
from artengine.gallery.builder import PAGE_FILE
from artengine.gallery.manifest import MANIFEST_FILE

PAINTER = "canvas: {width: 96, height: 64}\nnetwork: {neural_painter: {hidden_size: 16, nr_hidden: 2}}\n"
#: So large that ffmpeg is busy for a while when it hears no more of us.
FILM = """canvas: {width: 480, height: 320}
network: {neural_painter: {hidden_size: 16, nr_hidden: 2}}
film: {length: 32f, fps: 16}
camera: {keys: {0s: {zoom: 1}, 100%: {zoom: 3}}}
outputs: [mp4, webm, gif]
"""
LEARNER = "training: {regression: {target: photo.png, until: {steps: 60}, batch: 64}}\nnetwork: {mlp: {width: 16}}\n"

FACES = """canvas: {width: 64, height: 32}
coordinates: {samples: {length: 8}}
network: {generator: {size: 32, width: 8, columns: 2}}
training: {adversarial: {photos: {drawn_faces: {count: 60}}, steps: 60, batch: 4}}
"""
DCGAN = FACES.replace("generator", "dcgan")
LOOKALIKE = """canvas: {width: 64, height: 32}
network: {generator: {weights: made/faces.safetensors, columns: 2}}
training: {projection: {photos: [photo.png, made/painter.png], steps: 40, tune: 20, detail: true, align: false}}
"""
DIRECTIONS = """canvas: {width: 96, height: 32}
network: {generator: {weights: made/faces.safetensors, columns: 3}}
training: {directions: {photos: {drawn_faces: {count: 3000}}, of: [smile, glasses], count: 2000}}
"""

SCENES: Mapping[str, str] = {
    "painter": PAINTER,
    "film": FILM,
    "learner": LEARNER,
    "faces": FACES,
    "dcgan": DCGAN,
    "lookalike": LOOKALIKE,
    "directions": DIRECTIONS,
}

#: Files of a gallery that tell how long something took: they are looked into, not compared.
TIMED = (PAGE_FILE, MANIFEST_FILE)
FAULTS = ("torn", "different", "stray", "lost")
MOST_KILLS = 3  # one after the other, before a run is left alone


@dataclass(frozen=True, slots=True)
class Kind:
    """A command that is killed. again: options with which it makes once more what is there."""

    words: tuple[str, ...]
    again: tuple[str, ...] = ()

    def start(self, folder: Path, out: str, *more: str) -> Command:
        """Begin to make its files in a folder below that of the scenes."""
        words = (*self.words, "--quiet", "--out", out, *more)
        return ForkedCommand(folder, *words, first=save_every_checkpoint)


KINDS: Mapping[str, Kind] = {
    "training": Kind(("run", "learner.yaml"), ("--fresh",)),
    "faces": Kind(("run", "faces.yaml"), ("--fresh",)),
    "dcgan": Kind(("run", "dcgan.yaml"), ("--fresh",)),
    "projection": Kind(("run", "lookalike.yaml"), ("--fresh",)),
    "directions": Kind(("run", "directions.yaml"), ("--fresh",)),
    "film with gif": Kind(("run", "film.yaml")),
    "gallery": Kind(("gallery", "painter.yaml", "--seeds", "0..5", "--jobs", "2"), ("--fresh",)),
    "rerun": Kind(("rerun", "made/painter.png", "--size", "1200x800")),
}


def prepare(folder: Path) -> None:
    """The scenes, a picture to be made again, and a network that has learnt faces."""
    (folder / "photo.png").write_bytes(saved(Image.fromarray(ramp(48, 64)), "PNG"))
    for name, text in SCENES.items():
        (folder / f"{name}.yaml").write_text(text)
    for name in ("painter", "faces"):
        _finish(ForkedCommand(folder, "run", f"{name}.yaml", "--quiet", "--out", "made"))


def kill_often(folder: Path, kind: Kind, kills: int, chance: random.Random) -> Counter[str]:
    """Kill a command so many times; how often ffmpeg was alive then, and how often what went wrong."""
    start = time.perf_counter()
    _finish(kind.start(folder, "whole"))
    seconds = time.perf_counter() - start
    whole = _contents(folder / "whole")
    seen: Counter[str] = Counter()
    while seen["kills"] < kills:
        again = chance.random() < 0.5
        if again:
            shutil.copytree(folder / "whole", folder / "out")
        orphans = []
        for _ in range(min(chance.randint(1, MOST_KILLS), kills - seen["kills"])):
            before = _contents(folder / "out")
            run = kind.start(folder, "out", *(kind.again if again else ()))
            time.sleep(chance.uniform(0, seconds))
            if run.poll() is not None:
                _finish(run)
            else:
                seen["with ffmpeg"] += any("ffmpeg" in child for child in run.children())
                run.kill()
                while run.poll() is None:
                    time.sleep(0.001)
                seen["kills"] += 1
                orphans.append(run)
                seen.update(faults_of_a_kill(folder / "out", before, whole))
        _finish(kind.start(folder, "out"))
        for run in orphans:
            run.wait()  # for whoever has outlived it
        seen.update(faults_at_the_end(folder / "out", whole))
        shutil.rmtree(folder / "out")
    shutil.rmtree(folder / "whole")
    return seen


def faults_of_a_kill(out: Path, before: Mapping[str, bytes], whole: Mapping[str, bytes]) -> Counter[str]:
    """What a kill has done to a folder, which held other files before; whole: those of a run that was left alone."""
    after = _contents(out)
    torn = [name for name in after.keys() & whole.keys() if name != MANIFEST_FILE and not _is_as(name, after, whole)]
    lost = [name for name in before if name in whole and name not in after]
    return Counter(torn=len(torn), lost=len(lost))


def faults_at_the_end(out: Path, whole: Mapping[str, bytes]) -> Counter[str]:
    """What is wrong with a folder once the run has been left alone at last."""
    after = _contents(out)
    different = [name for name in after.keys() & whole.keys() if not _is_as(name, after, whole)]
    strays, lost = after.keys() - whole.keys(), whole.keys() - after.keys()
    return Counter(different=len(different), stray=len(strays), lost=len(lost))


def _contents(folder: Path) -> dict[str, bytes]:
    """All that is in a folder, by its path; of a folder nothing. Somebody may just be writing there."""
    found = {}
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            found[str(path.relative_to(folder))] = path.read_bytes() if path.is_file() else b""
    return found


def _is_as(name: str, after: Mapping[str, bytes], whole: Mapping[str, bytes]) -> bool:
    """Whether a file is as that of a run left alone; of one that tells the time, whether it is right and whole."""
    if Path(name).name == LEDGER_FILE:
        return _is_right_ledger(Path(name), after)
    if name not in TIMED:
        return after[name] == whole[name]
    if name == PAGE_FILE:
        return after[name].endswith(b"</html>\n")
    *lines, torn = after[name].split(b"\n")
    files = {file: sha for line in lines for file, sha in json.loads(line)["files"].items()}
    return not torn and all(hashlib.sha256(after.get(file, b"")).hexdigest() == sha for file, sha in files.items())


def _is_right_ledger(path: Path, after: Mapping[str, bytes]) -> bool:
    """Whether a list of what has been made has whole lines, in whatever order, and knows all of it that is there."""
    *lines, torn = after[str(path)].decode().split("\n")
    hashes: dict[str, set[str]] = {}
    for line in lines:
        sha256, _, file = line.partition("  ")
        hashes.setdefault(str(path.parent / file), set()).add(sha256)
    there = hashes.keys() & after.keys()
    return not torn and all(hashlib.sha256(after[file]).hexdigest() in hashes[file] for file in there)


def _finish(run: Command) -> None:
    answer = run.wait()
    if answer.code:
        raise click.ClickException(f"exit code {answer.code}: {answer.err}")


@click.command()
@click.option("--kind", "names", multiple=True, type=click.Choice(list(KINDS)), help="What is killed  [all]")
@click.option("--kills", default=25, show_default=True, type=click.IntRange(1), help="Of each kind.")
@click.option("--seed", default=0, show_default=True, help="Of the moments.")
def main(names: tuple[str, ...], kills: int, seed: int) -> None:
    """Kill trainings, films, galleries and reruns at any moment, and tell what is torn, different, stray or lost."""
    rows, faults = [], 0
    words = " ".join([f"--kills {kills} --seed {seed}", *(f"--kind '{name}'" for name in names)])
    for name in names or KINDS:
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder))
            seen = kill_often(Path(folder), KINDS[name], kills, random.Random(seed))
        rows.append([name, *(str(seen[what]) for what in ("kills", "with ffmpeg", *FAULTS))])
        faults += sum(seen[what] for what in FAULTS)
    click.echo(table(["killed", "kills", "with ffmpeg", *FAULTS], rows))
    click.echo(f"\nMade with `python -m tests.benchmarks.kills {words}` on: {machine(2)}.")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
