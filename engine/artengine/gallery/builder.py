"""Many pictures of one scene in a folder: made by several workers, what is there already kept, a page and a sheet."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artengine.components import version_of
from artengine.errors import ArtengineError, OutputError
from artengine.events import Event, Made, Note, Wrote
from artengine.files import convert_os_errors, create_file, lock_outputs
from artengine.gallery import trial_reports
from artengine.gallery.manifest import MANIFEST_FILE, THUMBNAIL_FILE, Entry, Manifest, hash_data, hash_file
from artengine.gallery.page import FILMS, ComparisonTable, PagePicture, render_page
from artengine.gallery.sheet import write_contact_sheets
from artengine.gallery.sweeps import Variation
from artengine.gallery.trials import TrialComparison, TrialsCompared, compare_trials, trials_table
from artengine.scene import scene_to_json
from artengine.workers import Executor, Item, ItemResult, Workers

PAGE, THUMBNAILS, WORKSHOP = "index.html", "thumbnails", ".gallery-workshop"
NAME = "gallery"  # of the lock
SHEETS = 2000  # more pictures on contact sheets nobody looks at


class PartialError(ArtengineError):
    """Some of a batch failed; the rest is there."""

    exit_code = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryOptions:
    """How a gallery is to be made; see `make_files`. jobs, item_timeout: see `Workers`."""

    folder: Path
    device: str = "auto"
    fresh: bool = False
    metadata: bool = True
    jobs: int = 1
    item_timeout: float | None = None

    def workers(self, task: str) -> Executor:
        """Processes for a task of `items`."""
        return Workers(f"artengine.gallery.items:{task}", self.jobs, timeout=self.item_timeout)


def build_gallery(
    title: str,
    variations: Iterable[Variation],
    count: int,
    executor: Executor,
    order: GalleryOptions,
    *,
    walk: str = "",
) -> Generator[Event, None, None]:
    """Make what is not there yet, or was made from something else, then the page and the sheet of all.

    Several that are learnt are compared, setting by setting, on the page and in files beside it. count: of the
    variations. executor: works on `items.make_item`. walk: text of a scene for the stars of the page, see
    `page.render_page`. Closing it stops cleanly: what is finished stays, and the same call goes on from there.
    Raises `PartialError` where some failed.
    """
    folder = order.folder
    with lock_outputs(folder, NAME):
        _ours(folder)
        manifest = Manifest(folder)
        if bad := manifest.read():
            yield Note(f"{manifest.path}: {bad} lines make no sense, and are passed over")
        workshop = folder / WORKSHOP
        making = _Making(manifest, order, workshop)
        trials: TrialComparison | None = None
        beside: list[Path] = []
        try:
            for index, entry in enumerate(making.entries(variations, executor), start=1):
                yield Made(index, count, entry.name, entry.error)
        finally:
            if making.entered:
                entries = making.shown()
                trials = making.trials() if count > 1 else None
                beside = trial_reports.write(folder, trials) if trials else []
                shown = [one.id for one in entries]
                comparison = trial_reports.comparison_for_page(trials, shown, plot=len(beside) > 1) if trials else None
                _write_page(title, entries, making.failed, order, walk, comparison)
        with contextlib.suppress(OSError):
            shutil.rmtree(workshop)
        yield Wrote(folder / PAGE)
        if entries := making.shown():
            yield from map(Wrote, write_contact_sheets(folder, list(map(_shown, entries[:SHEETS])), title))
        yield from map(Wrote, beside)
        if making.kept:
            yield Note(f"{making.kept:,} of {count:,} were there already")
        if trials:
            yield TrialsCompared(trials_table(trials), trials)
    if making.failed:
        lines = "\n".join(f"{entry.name}: {entry.error}" for entry in making.failed)
        raise PartialError(f"{lines}\n{len(making.failed):,} of {count:,} failed; the same command tries them again")


class _Making:
    """The items of a gallery being made, and what became of them."""

    def __init__(self, manifest: Manifest, order: GalleryOptions, workshop: Path) -> None:
        self._manifest = manifest
        self._order = order
        self._workshop = workshop
        self._about: dict[str, dict[str, Any]] = {}  # what we know of the items ourselves, by their identity, in order
        self._learning = False
        self.failed: list[Entry] = []
        self.kept = 0
        self.entered = 0

    def shown(self) -> list[Entry]:
        """All that the gallery has, in the order in which it was asked for; what earlier runs have made comes last."""
        places = {identity: place for place, identity in enumerate(self._about)}
        there = sorted(self._manifest.shown(), key=lambda one: places.get(one.id, len(places)))
        return [entry.model_copy(update=self._about.get(entry.id)) for entry in there]

    def trials(self) -> TrialComparison | None:
        """How well each setting learns, of what was asked for this time; None where nothing is learnt."""
        if not self._learning:
            return None
        failed = {entry.id: entry for entry in self.failed}
        found = [self._manifest.finished(identity) or failed.get(identity) for identity in self._about]
        return compare_trials(entry.model_copy(update=self._about[entry.id]) for entry in found if entry)

    def entries(self, variations: Iterable[Variation], executor: Executor) -> Iterator[Entry]:
        """Every item as it is finished, those that are there already too."""
        there: list[Entry] = []
        with contextlib.closing(executor.work(self._items(variations, there))) as work:
            for done in work:
                yield from self._drained(there)
                entry = self._entered(done)
                self._manifest.add(entry)
                self.entered += 1
                if entry.error:
                    self.failed.append(entry)
                yield entry
        yield from self._drained(there)

    def _drained(self, there: list[Entry]) -> Iterator[Entry]:
        while there:
            self.kept += 1
            self.entered += 1
            yield there.pop(0)

    def _items(self, variations: Iterable[Variation], there: list[Entry]) -> Iterator[Item]:
        """What is still to be made; what need not be goes into `there`."""
        for variation in variations:
            packed = scene_to_json(variation.scene)
            identity = _identity(variation, self._order)
            self._about[identity] = {
                "name": variation.name,
                "seed": variation.seed,
                "settings": dict(variation.settings),
                "command": variation.command,
            }
            self._learning |= variation.scene.training is not None
            entry = None if self._order.fresh else self._manifest.finished(identity)
            if entry:
                there.append(entry)
                continue
            folder = self._workshop / variation.name
            _make_folder(self._workshop)
            _make_folder(folder)
            data = {
                "id": identity,
                "scene": packed,
                "folder": str(folder.resolve()),
                "device": self._order.device,
                "fresh": self._order.fresh,
                "metadata": self._order.metadata,
            }
            yield Item(variation.name, data)

    def _entered(self, done: ItemResult) -> Entry:
        """What has become of an item, its files put in their place; who made them wrote nowhere else."""
        identity = str(done.item.data["id"])
        about = {"id": identity, **self._about[identity]}
        about |= {"seconds": round(done.seconds, 3), "attempts": done.attempts}
        if done.error:
            return Entry(**about, error=" ".join(done.error.split())[:2000])
        if done.result["unwritten"]:
            raise OutputError(done.result["unwritten"])
        workshop = self._workshop / done.item.name
        folder = self._order.folder
        files = {}
        for name in done.result["files"]:
            files[name] = hash_file(workshop / name)
            _move(workshop / name, folder / name)
        small = f"{done.item.name}.webp"
        _make_folder(folder / THUMBNAILS)
        _move(workshop / THUMBNAIL_FILE, folder / THUMBNAILS / small)
        shutil.rmtree(workshop, ignore_errors=True)
        figures = {name: done.result[name] for name in ("width", "height", "psnr", "loss")}
        return Entry(**about, files=files, thumbnail=small, **figures)


def _identity(variation: Variation, order: GalleryOptions) -> str:
    """A hash of all that decides an item's files."""
    scene = variation.scene
    return hash_data(
        {
            "name": scene.name,
            "scene": scene.text,
            "photos": {name: photo.sha256 for name, photo in scene.photos.items()},
            "plugins": scene.plugins,
            "engine": version_of("artengine"),
            "device": order.device,
            "metadata": order.metadata,
        }
    )


def _move(source: Path, target: Path) -> None:
    with convert_os_errors(target):
        if target.is_dir():
            raise OutputError(f"{target}: is a folder, where a file of the gallery should be; move it")
        source.replace(target)


def _make_folder(path: Path) -> None:
    with convert_os_errors(path):
        path.mkdir(exist_ok=True)
    if path.is_symlink():
        raise OutputError(f"{path}: is a link, where a folder of the gallery should be; move it")


def _ours(folder: Path) -> None:
    """Raise `OutputError` where what stands beside the pictures would take the place of somebody else's."""
    if (folder / MANIFEST_FILE).exists():
        return
    for name in (PAGE, "contact-sheet.png", trial_reports.TABLE, trial_reports.PLOT):
        if os.path.lexists(folder / name):
            found = f"{folder / name}: is no gallery's, so it is not overwritten"
            raise OutputError(f"{found}; choose another folder with --out")


def _shown(entry: Entry) -> PagePicture:
    file = next(iter(entry.files))
    return PagePicture(
        name=entry.name,
        file=file,
        thumbnail=f"{THUMBNAILS}/{entry.thumbnail}",
        width=max(entry.width, 1),
        height=max(entry.height, 1),
        film=Path(file).suffix in FILMS,
        seed=entry.seed,
        settings=entry.settings,
        command=entry.command,
        note=", ".join([*_learnt(entry), f"made in {entry.seconds:.1f} s"]),
    )


def _learnt(entry: Entry) -> Iterator[str]:
    if entry.psnr is not None:
        yield f"PSNR {entry.psnr:.2f} dB"
    if entry.loss is not None:
        yield f"loss {entry.loss:.4g}"


def _write_page(
    title: str,
    entries: Sequence[Entry],
    failed: Sequence[Entry],
    order: GalleryOptions,
    walk: str,
    trials: ComparisonTable | None,
) -> None:
    shown = [_shown(entry) for entry in entries]
    text = render_page(title, shown, failed=[(entry.name, entry.error) for entry in failed], scene=walk, trials=trials)
    with create_file(order.folder / PAGE) as file:
        file.write(text.encode())
