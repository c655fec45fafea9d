"""Galleries made in this process, and what is to be seen in their folders afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.support.common import TINY
from tests.support.executors import InProcess
from tests.support.folders import file_names

from artengine.events import Event, GalleryReport
from artengine.gallery import builder
from artengine.gallery.builder import GalleryOptions, build_gallery
from artengine.gallery.manifest import hash_file
from artengine.gallery.sweeps import Sweep, Variation
from artengine.workers.pool import Executor, Workers


def quick_workers(function: str, jobs: int, **options: Any) -> Workers:
    """Processes to put in the place of a gallery's `Workers`, which do what `gallery_items` does, not the real work."""
    return Workers(f"tests.support.gallery_items:{function.partition(':')[2]}", jobs, **options)


def careful_workers(function: str, jobs: int, **options: Any) -> Workers:
    """Processes to put in the place of a gallery's `Workers`, which write a checkpoint at every report."""
    return Workers("tests.support.gallery_items:make_careful_item", jobs, **options)


def endless_workers(function: str, jobs: int, **options: Any) -> Workers:
    """Processes to put in the place of a gallery's `Workers`, which do not come to an end."""
    return Workers("tests.support.gallery_items:make_forever", jobs, **options)


def replace_workers(executor: Callable[..., Executor]) -> None:
    """Let all galleries of this process have that executor; for a fork. Others take monkeypatch."""
    builder.Workers = executor  # type: ignore[assignment,misc] - whoever makes one asks for no more


def scene(folder: Path, text: str = TINY, name: str = "tiny.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def make_gallery(
    sweep: Sweep, folder: Path, executor: InProcess | None = None, **options: Any
) -> tuple[list[str], list[Event]]:
    """Make a gallery: the names of what was made in this run, and the events."""
    executor = executor or InProcess()
    gallery = GalleryOptions(folder=folder, **options)
    events = list(build_gallery("tiny", sweep.variations(), sweep.count(), executor, gallery))
    return executor.made, events


def names_of(variations: Iterable[Variation]) -> list[str]:
    return [one.name for one in variations]


def made(events: Iterable[Event]) -> list[tuple[str, str]]:
    return [(event.name, event.error) for event in events if isinstance(event, GalleryReport)]


def lines(folder: Path) -> list[dict[str, Any]]:
    """The lines of the manifest, each of them whole."""
    text = (folder / "manifest.jsonl").read_text()
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def shown(folder: Path) -> dict[str, Any]:
    """What the page was given."""
    text = (folder / "index.html").read_text()
    data: dict[str, Any]
    data, pictures = (
        json.loads(text.partition(f'id="{name}">')[2].partition("</script>")[0]) for name in ("data", "pictures")
    )
    return data | {"shown": pictures}


def seen(folder: Path) -> list[str]:
    """The names of the pictures on the page, in their order; each of them is there."""
    found = shown(folder)["shown"]
    for one in found:
        assert (folder / one["file"]).is_file()
        assert (folder / one["thumbnail"]).is_file()
    return [one["name"] for one in found]


def is_whole(folder: Path, pictures: int, *besides: str) -> None:
    """Assert that a folder holds so many pictures, each made once, and nothing besides what belongs to a gallery.

    besides: names of files that are there too.
    """
    told = lines(folder)
    assert len(told) == len({line["id"] for line in told}) == pictures
    files = {name: sha for line in told for name, sha in line["files"].items()}
    assert {name: hash_file(folder / name) for name in files} == files
    assert file_names(folder) == sorted(
        [*files, *besides, "contact-sheet.png", "index.html", "manifest.jsonl", "thumbnails"]
    )
    assert file_names(folder / "thumbnails") == sorted(f"{line['name']}.webp" for line in told)
    assert len(seen(folder)) == pictures
