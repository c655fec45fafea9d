"""Galleries made in this process, and what is to be seen in their folders afterwards."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

from artengine import ArtengineError
from artengine.events import Event, Made, Note
from artengine.gallery import items
from artengine.gallery.builder import GalleryOptions, build_gallery
from artengine.gallery.manifest import hash_file
from artengine.gallery.sweeps import Sweep, Variation
from artengine.workers.pool import Item, ItemResult

SCENE = """# A tiny picture.
seed: 3
canvas: {width: 16, height: 12}
network:
  neural_painter: {hidden_size: 6, nr_hidden: 1}
"""


class Here:
    """An executor without processes, which saves the seconds that they take to start.

    made: the names of the items it has worked on. before: called with each name, before the work.
    """

    def __init__(self, before: Callable[[str], object] = lambda name: None) -> None:
        self.made: list[str] = []
        self._before = before

    def work(self, todo: Iterable[Item], /) -> Generator[ItemResult, None, None]:
        for item in todo:
            self.made.append(item.name)
            try:
                self._before(item.name)
                done = ItemResult(item, result=json.loads(json.dumps(items.make_item(dict(item.data)))), seconds=0.1)
            except ArtengineError as error:
                done = ItemResult(item, error=str(error))
            except Exception as error:
                done = ItemResult(item, error=str(error), traceback=traceback.format_exc())
            yield done


def scene(folder: Path, text: str = SCENE, name: str = "tiny.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def hung(sweep: Sweep, folder: Path, executor: Here | None = None, **order: Any) -> tuple[list[str], list[Event]]:
    """Make a gallery: the names of what was made in this run, and the events."""
    executor = executor or Here()
    order_ = GalleryOptions(folder=folder, **order)
    events = list(build_gallery("tiny", sweep.variations(), sweep.count(), executor, order_))
    return executor.made, events


def names_of(variations: Iterable[Variation]) -> list[str]:
    return [one.name for one in variations]


def notes(events: Iterable[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Note)]


def made(events: Iterable[Event]) -> list[tuple[str, str]]:
    return [(event.name, event.error) for event in events if isinstance(event, Made)]


def lines(folder: Path) -> list[dict[str, Any]]:
    """The lines of the manifest, each of them whole."""
    text = (folder / "manifest.jsonl").read_text()
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def shown(folder: Path) -> dict[str, Any]:
    """What the page was given."""
    text = (folder / "index.html").read_text()
    data: dict[str, Any] = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    return data


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
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [*files, *besides, "contact-sheet.png", "index.html", "manifest.jsonl", "thumbnails"]
    )
    assert sorted(path.name for path in (folder / "thumbnails").iterdir()) == sorted(
        f"{line['name']}.webp" for line in told
    )
    assert len(seen(folder)) == pictures
