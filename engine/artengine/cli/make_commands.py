"""The commands that make files: each turns words into one call of the engine."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from artengine.cli.flags import (
    EXISTING,
    Amount,
    command,
    load_scenes,
    split_options,
    with_gallery,
    with_making,
    with_scenes,
    with_settings,
)
from artengine.errors import InputError

if TYPE_CHECKING:
    from artengine.cli.progress import NamedEvents
    from artengine.events import Event
    from artengine.gallery import Sweep
    from artengine.scene import Work


@command()
@with_scenes
@with_settings
@with_making
@click.option("--watch", is_flag=True, help="Show the picture in the terminal while it is learnt.")
def run(scenes: tuple[Path, ...], **options: Any) -> None:
    """Make what the scenes describe."""
    from artengine.cli.progress import run_with_progress

    making, loading, showing = split_options(options)
    works = load_scenes(scenes, loading)
    _check_names_differ(scenes, works)
    run_with_progress(lambda: _make_all(works, **making), **showing)


@command()
@click.argument("file", type=EXISTING)
@with_settings
@with_making
def rerun(file: Path, **options: Any) -> None:
    """Make a file again from the recipe inside it, with other settings if you like."""
    from artengine.cli.progress import run_with_progress
    from artengine.making import remaking_of

    making, loading, showing = split_options(options)
    origin = remaking_of(file, **loading)
    notes = list(origin.notes)
    if making["device"] == "auto" and origin.device == "cpu":
        making["device"] = origin.device
    elif making["device"] != origin.device:
        notes.append(f"made on {origin.device}: elsewhere the result may differ")
    if making["weights"] == "auto":
        making["weights"] = origin.weights
    making |= {"only": origin.only, "backend": origin.backend, "packed": origin.packed}
    run_with_progress(lambda: _make_all([origin.scene], **making, notes=notes), **showing)


@command()
@click.argument("scene", type=EXISTING)
@click.option("--seeds", metavar="A..B", help="The seeds, such as 0..99 or 3,7,10..19.")
@with_settings
@with_gallery
@click.option("--keep", type=click.IntRange(1, 10_000), help="Keep so many, as different from each other as can be ...")
@click.option(
    "--of", "among", type=click.IntRange(1, 1_000_000), help="... of so many seeds, looked at in small first."
)
def gallery(scene: Path, seeds: str | None, keep: int | None, among: int | None, **options: Any) -> None:
    """Make many pictures of a scene, and a page to look through them.

    Every --set may have several values, KEY=A,B,C or KEY=0..9: all of them are made, with all seeds.
    """
    from artengine.cli.progress import run_with_progress

    making, loading, showing = split_options(options)
    sweep = _sweep(scene, seeds, keep, among, loading)
    making["folder"] = making["folder"] or Path(f"{scene.stem}-gallery")

    def begin() -> NamedEvents:
        from artengine.gallery import GalleryOptions, galleries

        yield scene.stem, galleries.build_sweep(sweep, GalleryOptions(**making), keep)

    run_with_progress(begin, **showing)


@command()
@click.argument("file", type=EXISTING)
@click.option("--count", type=click.IntRange(1, 10_000), default=16, show_default=True, help="So many children.")
@click.option("--strength", type=Amount(10), default=0.2, show_default=True, help="How different they are.")
@with_gallery
def mutate(file: Path, count: int, strength: float, **options: Any) -> None:
    """Make pictures that are a little different from one that you like."""
    from artengine.cli.progress import run_with_progress

    making, loading, showing = split_options(options)
    making["folder"] = making["folder"] or Path(f"{file.stem}-mutations")

    def begin() -> NamedEvents:
        from artengine.gallery import GalleryOptions, galleries

        options = GalleryOptions(**making)
        yield file.stem, galleries.build_mutations(file, count, strength, options, **_parent_options(loading))

    run_with_progress(begin, **showing)


@command()
@click.argument("one", type=EXISTING)
@click.argument("other", type=EXISTING)
@click.option("--count", type=click.IntRange(1, 10_000), default=16, show_default=True, help="So many children.")
@with_gallery
def cross(one: Path, other: Path, count: int, **options: Any) -> None:
    """Make pictures that have something of each of two."""
    from artengine.cli.progress import run_with_progress

    making, loading, showing = split_options(options)
    making["folder"] = making["folder"] or Path(f"{one.stem}-{other.stem}-crossings")

    def begin() -> NamedEvents:
        from artengine.gallery import GalleryOptions, galleries

        options = GalleryOptions(**making)
        yield one.stem, galleries.build_crossings((one, other), count, options, **_parent_options(loading))

    run_with_progress(begin, **showing)


def _check_names_differ(paths: Sequence[Path], works: Sequence[Work]) -> None:
    """Raise `InputError` where two scenes would write files of the same name."""
    from artengine.scene import FileName, clashes, output_files

    # what a scene has learnt is named after it alone, and so is its lock
    files = [(path, FileName(work.name, ".*")) for path, work in zip(paths, works, strict=True)]
    files += [
        (path, file)
        for path, work in zip(paths, works, strict=True)
        for file in output_files(work.name, work.outputs, work.film)
    ]
    for file, earlier, later in clashes(files):
        if later != earlier or file.suffix == ".*":
            raise InputError(f"{earlier} and {later} would both write {file}; give one of them another --name or --out")


def _make_all(works: Sequence[Work], *, out: Path, notes: Sequence[str] = (), **making: Any) -> NamedEvents:
    """What happens when scenes are made, one after the other."""
    from artengine.making import make_files

    for work in works:
        yield work.name, _with_notes(notes, make_files(work, out, **making))
        notes = ()


def _with_notes(notes: Sequence[str], events: Generator[Event, None, None]) -> Generator[Event, None, None]:
    from artengine.events import Note

    yield from map(Note, notes)
    yield from events


def _sweep(scene: Path, seeds: str | None, keep: int | None, among: int | None, loading: dict[str, Any]) -> Sweep:
    from artengine.gallery import Sweep, parse_seeds

    if (keep is None) != (among is None):
        raise InputError("--keep and --of go together, such as --keep 40 --of 1000")
    if keep is not None and among is not None:
        if seeds is not None:
            raise InputError("--seeds and --of both say which seeds there are; leave one out")
        if keep > among:
            raise InputError(f"--keep {keep} --of {among}: there are not so many")
        seeds = f"0..{among - 1}"
    if loading.pop("seed") is not None:
        raise InputError("--seed is one seed; --seeds 0..99 are many")
    try:
        chosen = None if seeds is None else parse_seeds(seeds)
    except ValueError as error:
        raise InputError(f"--seeds {seeds}: {error}") from None
    settings = loading.pop("overrides")
    del loading["typed"]  # as the settings of a gallery always are
    return Sweep(path=scene, seeds=chosen, settings=settings, **loading)


def _parent_options(loading: dict[str, Any]) -> dict[str, Any]:
    return {"plugins": loading["plugins"], "max_megapixels": loading["max_megapixels"]}
