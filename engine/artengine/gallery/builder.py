"""Many pictures of one scene in a folder: made by several workers, with a page and a sheet; what is there is reused."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artengine.components import version_of
from artengine.errors import ArtengineError, OutputError
from artengine.events import Event, GalleryReport, Note, Wrote
from artengine.files import Replacing, clear_finished, convert_os_errors, create_file, lock_outputs, put_file
from artengine.gallery import trial_reports
from artengine.gallery.manifest import THUMBNAIL_FILE, Entry, Manifest, hash_data, hash_file, seedless
from artengine.gallery.page import THUMBNAIL_FOLDER, picture_of, render_page
from artengine.gallery.sheet import SHEET_FILE, write_contact_sheets
from artengine.gallery.sweeps import Variation
from artengine.gallery.trials import TrialComparison, TrialsCompared, compare_trials, trials_table
from artengine.making import put_away_the_rest
from artengine.scene import FileName, Scene, output_files, scene_to_json
from artengine.workers import Executor, Item, ItemResult, Workers

if TYPE_CHECKING:
    from artengine.making import Weights

PAGE_FILE, WORKSHOP_FOLDER = "index.html", ".gallery-workshop"
LOCK_NAME = "gallery"
MAX_WALK_CHARACTERS = 1 << 22  # of scenes on the page, one for the settings of a film
MAX_SHEET_PICTURES = 2000  # nobody looks at more on contact sheets


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
    weights: Weights = "auto"
    force: bool = False
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
    options: GalleryOptions,
    *,
    walk: Callable[[Scene], str] = lambda _: "",
) -> Generator[Event, None, None]:
    """Make what is not there yet, or was made from something else, then the page and the sheet of all.

    Several that are learnt are compared, setting by setting, on the page and in files beside it. count: of the
    variations. executor: works on `items.make_item`. walk: gives the text of a scene that walks through pictures like
    one, see `PagePicture`. Closing it stops cleanly: what is finished stays, and the same call goes on from there.
    Raises `PartialError` where some failed.
    """
    folder = options.folder
    with lock_outputs(folder, LOCK_NAME):
        manifest, workshop = Manifest(folder), folder / WORKSHOP_FOLDER
        batch = _Batch(manifest, options, workshop, walk)
        batch.check_derived()
        if bad := manifest.read():
            yield Note(f"{manifest.path}: {bad} lines make no sense, and are passed over")
        reports = _Reports()
        try:
            for index, entry in enumerate(batch.entries(variations, executor), start=1):
                yield GalleryReport(index, count, entry.name, entry.error)
        finally:
            if batch.done_count:
                reports = _write_reports(title, batch, options, compare=count > 1)
        if clear_finished(workshop):
            yield Note(f"what was stopped can still go on: {workshop}")
        yield Wrote(folder / PAGE_FILE)
        if entries := batch.shown():
            pictures = [picture_of(entry, batch.walks) for entry in entries[:MAX_SHEET_PICTURES]]
            yield from map(Wrote, write_contact_sheets(folder, pictures, title, batch.derived))
        yield from map(Wrote, reports.files)
        yield from map(Note, batch.derived.told())
        if batch.reused_count:
            yield Note(f"{batch.reused_count:,} of {count:,} were there already")
        if reports.trials:
            yield TrialsCompared(trials_table(reports.trials), reports.trials)
    if batch.failed:
        lines = "\n".join(f"{entry.name}: {entry.error}" for entry in batch.failed)
        raise PartialError(f"{lines}\n{len(batch.failed):,} of {count:,} failed; the same command tries them again")


@dataclass(frozen=True, slots=True)
class _Reports:
    """How well each setting learns, and the files that tell it, where something is learnt."""

    trials: TrialComparison | None = None
    files: Sequence[Path] = ()


def _write_reports(title: str, batch: _Batch, options: GalleryOptions, *, compare: bool) -> _Reports:
    """Write the page, with what each setting has learnt, if anything; compare: whether there are several to compare."""
    entries = batch.shown()
    trials = batch.trials() if compare else None
    files = trial_reports.write_reports(options.folder, trials, batch.derived) if trials else []
    identities = [entry.id for entry in entries]
    comparison = trial_reports.comparison_for_page(trials, identities, plot=len(files) > 1) if trials else None
    pictures = [picture_of(entry, batch.walks) for entry in entries]
    failed = [(entry.name, entry.error) for entry in batch.failed]
    page = render_page(title, pictures, failed=failed, trials=comparison)
    with create_file(options.folder / PAGE_FILE, replacing=batch.derived) as file:
        file.writelines(piece.encode() for piece in page)
    return _Reports(trials, files)


class _Batch:
    """The items of a gallery in this run, and what has become of them."""

    def __init__(
        self, manifest: Manifest, options: GalleryOptions, workshop: Path, walk: Callable[[Scene], str]
    ) -> None:
        self._manifest = manifest
        self._options = options
        self._workshop = workshop
        self._walk = walk
        self._walk_room = MAX_WALK_CHARACTERS
        self.walks: dict[str, str] = {}  # scenes for the page, by the part of the command that their pictures share
        self._replacing = Replacing(force=options.force)
        self._about: dict[str, dict[str, Any]] = {}  # what decides the items, by their identity, in order
        self._begun: dict[str, tuple[Scene, list[FileName]]] = {}  # items under way, and what their outputs declare
        self._has_training = False
        self.failed: list[Entry] = []
        self.reused_count = 0
        self.done_count = 0

    def shown(self) -> list[Entry]:
        """All that the gallery has, in the order in which it was asked for; what earlier runs have made comes last."""
        places = {identity: place for place, identity in enumerate(self._about)}
        entries = sorted(self._manifest.shown(), key=lambda one: places.get(one.id, len(places)))
        return [replace(entry, **self._about[entry.id]) if entry.id in self._about else entry for entry in entries]

    @property
    def derived(self) -> Replacing:
        """What becomes of files that stand where the page, the sheets, the reports and the thumbnails go."""
        return replace(self._replacing, keep=False)

    def check_derived(self) -> None:
        """Raise `InTheWayError` where files stand there that are to stay."""
        for name in (PAGE_FILE, SHEET_FILE, trial_reports.TABLE_FILE, trial_reports.PLOT_FILE):
            self.derived.check(self._options.folder / name)

    def trials(self) -> TrialComparison | None:
        """How well each setting learns, of what was asked for this time; None where nothing is learnt."""
        if not self._has_training:
            return None
        failed = {entry.id: entry for entry in self.failed}
        entries = [self._manifest.finished(identity) or failed.get(identity) for identity in self._about]
        return compare_trials(replace(entry, **self._about[entry.id]) for entry in entries if entry)

    def entries(self, variations: Iterable[Variation], executor: Executor) -> Iterator[Entry]:
        """Every item as it is finished, those that an earlier run has made too."""
        reused: list[Entry] = []
        with contextlib.closing(executor.work(self._items(variations, reused))) as work:
            for result in work:
                yield from self._take_reused(reused)
                entry = self._finish(result)
                self._manifest.add(entry)
                self.done_count += 1
                if entry.error:
                    self.failed.append(entry)
                yield entry
        yield from self._take_reused(reused)

    def _take_reused(self, reused: list[Entry]) -> Iterator[Entry]:
        """Take the entries of items that an earlier run has made, and count them."""
        while reused:
            self.reused_count += 1
            self.done_count += 1
            yield reused.pop(0)

    def _items(self, variations: Iterable[Variation], reused: list[Entry]) -> Iterator[Item]:
        """The items that are to be made; entries of those that are there go into `reused`."""
        for variation in variations:
            identity = _identity(variation, self._options)
            self._about[identity] = {
                "name": variation.name,
                "seed": variation.seed,
                "settings": dict(variation.settings),
                "command": variation.command,
            }
            family = seedless(variation.command)
            if family not in self.walks and self._walk_room > 0:
                self.walks[family] = self._walk(variation.scene)
                self._walk_room -= len(self.walks[family])
            self._has_training |= variation.scene.training is not None
            self._protect(variation.scene)
            entry = None if self._options.fresh else self._manifest.finished(identity)
            if entry:
                reused.append(entry)
                continue
            self._check(variation)
            folder = self._workshop / variation.name
            _make_folder(self._workshop)
            _make_folder(folder)
            data = {
                "id": identity,
                "scene": scene_to_json(variation.scene),
                "folder": str(folder.resolve()),
                "device": self._options.device,
                "fresh": self._options.fresh,
                "metadata": self._options.metadata,
                "weights": self._options.weights,
                "packed": base64.b64encode(variation.packed).decode() if variation.packed else None,
            }
            yield Item(variation.name, data)

    def _check(self, variation: Variation) -> None:
        """Raise `InTheWayError` where files of an item would take the place of some that are to stay."""
        folder, scene = self._options.folder, variation.scene
        files = output_files(variation.name, scene.outputs, scene.film)
        self._begun[variation.name] = scene, files
        for file in files:
            for path in file.existing(folder):
                self._replacing.check(path)
        if scene.training:
            self._replacing.check(folder / f"{variation.name}.safetensors")
        self.derived.check(folder / THUMBNAIL_FOLDER / f"{variation.name}.webp")

    def _protect(self, scene: Scene) -> None:
        """Have the photos that a scene needs stay; raises `InTheWayError` where one is in the way of the page or so."""
        inputs = self._replacing.inputs.union(photo.path for photo in scene.photos.values())
        if inputs != self._replacing.inputs:
            self._replacing = replace(self._replacing, inputs=inputs)
            self._replacing.check_folder(self._options.folder)
            self.check_derived()

    def _finish(self, result: ItemResult) -> Entry:
        """Move an item's files to their place, since its worker writes into its own folder only, and give its entry."""
        scene, declared = self._begun.pop(result.item.name)
        identity = str(result.item.data["id"])
        about = {"id": identity, **self._about[identity]}
        about |= {"seconds": round(result.seconds, 3), "attempts": result.attempts}
        if result.error:
            return Entry(**about, error=" ".join(result.error.split())[:2000])
        if result.result["unwritten"]:
            raise OutputError(result.result["unwritten"])
        workshop = self._workshop / result.item.name
        folder = self._options.folder
        files = {}
        for name in result.result["files"]:
            files[name] = hash_file(workshop / name)
            put_file(workshop / name, folder / name, self._replacing)
        put_away_the_rest(scene, declared, [folder / name for name in files], folder, self._replacing)
        small = f"{result.item.name}.webp"
        _make_folder(folder / THUMBNAIL_FOLDER)
        put_file(workshop / THUMBNAIL_FILE, folder / THUMBNAIL_FOLDER / small, self.derived)
        clear_finished(workshop)
        figures = {name: result.result[name] for name in ("width", "height", "psnr", "loss")}
        return Entry(**about, files=files, thumbnail=small, **figures)


def _identity(variation: Variation, options: GalleryOptions) -> str:
    """A hash of all that decides an item's files."""
    scene = variation.scene
    return hash_data(
        {
            "name": scene.name,
            "scene": scene.text,
            "photos": {name: photo.sha256 for name, photo in scene.photos.items()},
            "plugins": scene.plugins,
            "engine": version_of("artengine"),
            "device": options.device,
            "metadata": options.metadata,
            **({} if options.weights == "auto" else {"weights": options.weights}),
            **({"packed": hashlib.sha256(variation.packed).hexdigest()} if variation.packed else {}),
        }
    )


def _make_folder(path: Path) -> None:
    with convert_os_errors(path):
        path.mkdir(exist_ok=True)
    if path.is_symlink():
        raise OutputError(f"{path}: is a link, where a folder of the gallery should be; move it")
