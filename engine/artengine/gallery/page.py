"""The page of a gallery: one HTML file that opens from the disk, with the pictures beside it.

Everything on it is untrusted. The data go into a block of JSON that no text can end, the page puts them in
place as text, never as markup, and its policy lets nothing run but the one script it was written with.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import html
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from artengine.errors import printable, quoted
from artengine.gallery.manifest import Entry, seedless
from artengine.gallery.naming import readable_seed, short_names

STILLS = (".png", ".jpg", ".webp", ".gif")  # what a browser shows as a picture
FILMS = (".mp4", ".webm")  # and as a film
THUMBNAIL_FOLDER = "thumbnails"  # beside the page

SCRIPTS = ("page.js", "page-view.js", "page-export.js", "page-trials.js")  # one after the other, as one

#: Where the page puts the starred seeds in the text of a scene, alone on its line.
SEEDS_LINE = "seed: [SEEDS]"


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePicture:
    """One picture or film of a gallery.

    file, thumbnail: relative to the gallery's folder, and inside it. width, height: in pixels. film: of a kind that a
    browser plays, not shows. seed: a number, or a grown seed as a scene writes it on one line. settings: what differs
    besides the seed, by the path in the scene. command: makes the file again. gallery: makes a gallery of such pictures
    once seeds are added; empty where no command does. walk: the text of a scene that differs in nothing but its seeds,
    for which it has the line `SEEDS_LINE`; empty where there is none. note: a remark for the visitor.
    Raises `ValueError` for a file that is elsewhere, or a picture without pixels.
    """

    name: str
    file: str
    thumbnail: str
    width: int
    height: int
    film: bool
    seed: str
    settings: Mapping[str, str]
    command: str
    gallery: str = ""
    walk: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        for path in (self.file, self.thumbnail):
            parts = re.split(r"[/\\]", path)
            if not parts[0] or not parts[-1] or {"..", "."} & {*parts} or "\0" in path:
                raise ValueError(f"found the file {quoted(path)}, expected one in the folder of the gallery")
        if self.width < 1 or self.height < 1:
            raise ValueError(f"found a picture of {self.width} x {self.height} pixels, expected at least one")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """The trials of one setting.

    settings: a value for each of `ComparisonTable.options`. trials, failed: how many. mean, spread: as they are read.
    pictures: the best, the median and the worst, each by its place among the pictures of the page, with its number.
    best: whether no other setting has a better mean.
    """

    settings: Sequence[str]
    trials: int
    failed: int
    mean: str
    spread: str
    pictures: Sequence[tuple[int, str]]
    best: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonTable:
    """How well each setting learns.

    measured: what, and which end of it is good. options: by their paths in the scene. table, plot: files in the
    gallery's folder, plot empty where there is none.
    """

    measured: str
    options: Sequence[str]
    rows: Sequence[ComparisonRow]
    table: str
    plot: str = ""


def picture_of(entry: Entry, walks: Mapping[str, str]) -> PagePicture:
    """A picture of the page from its line of the manifest; walks: scenes that walk through seeds, by their command."""
    file = next(iter(entry.files))
    family = seedless(entry.command)
    verb, _, options = family.removeprefix("artengine ").partition(" ")
    return PagePicture(
        name=entry.name,
        file=file,
        thumbnail=f"{THUMBNAIL_FOLDER}/{entry.thumbnail}",
        width=max(entry.width, 1),
        height=max(entry.height, 1),
        film=Path(file).suffix in FILMS,
        seed=entry.seed,
        settings=entry.settings,
        command=entry.command,
        gallery=f"artengine gallery {options}" if verb == "run" else "",  # which is one of a scene, not of a picture
        walk=walks.get(family, ""),
        note=", ".join([*_describe_learning(entry), f"made in {entry.seconds:.1f} s"]),
    )


def _describe_learning(entry: Entry) -> Iterator[str]:
    if entry.psnr is not None:
        yield f"PSNR {entry.psnr:.2f} dB"
    if entry.loss is not None:
        yield f"loss {entry.loss:.4g}"


def render_page(
    title: str,
    shown: Sequence[PagePicture],
    *,
    failed: Sequence[tuple[str, str]] = (),
    trials: ComparisonTable | None = None,
) -> Iterator[str]:
    """The page that shows these, as HTML for a UTF-8 file in the folder of the gallery, piece by piece.

    failed: what could not be made, a name and a reason each. trials: how well each setting learns.
    """
    style, script = _resource("page.css"), "".join(map(_resource, SCRIPTS))
    short = short_names(key for one in shown for key in one.settings)
    galleries = _places(one.gallery for one in shown)
    walks = _places(one.walk for one in shown)
    data = {
        "title": _text(title),
        "galleries": list(galleries),
        "walks": list(walks),
        "place": SEEDS_LINE,
        "short": short,
        "failed": [list(one) for one in failed],
        "trials": trials and _compared(trials),
    }
    parts = {
        "title": html.escape(_text(title)),
        "policy": html.escape(_policy(style, script)),
        "style": style,
        "script": script,
        "data": _json(data),
    }
    # in one go: what is put in may look like a place itself
    for index, piece in enumerate(re.split(r"\{\{(\w+)\}\}", _resource("page.html"))):
        if index % 2 == 0:
            yield piece
        elif piece == "pictures":
            for place, one in enumerate(shown):  # of a hundred thousand, the text is forty megabytes
                told = {"label": label_of(one, short), "gallery": galleries[one.gallery], "walk": walks[one.walk]}
                yield (",\n" if place else "") + _json({**_plain(one), **told})
        else:
            yield parts[piece]


def _places(texts: Iterable[str]) -> dict[str, int]:
    """The texts that differ, each with its place among them."""
    return {text: place for place, text in enumerate(dict.fromkeys(texts))}


def label_of(shown: PagePicture, short: Mapping[str, str]) -> str:
    """What tells a picture from its neighbours, on one line: its seed and settings, or else its name."""
    parts = [readable_seed(shown.seed), *(f"{short[key]} {value}" for key, value in shown.settings.items())]
    return _text(" · ".join(part for part in parts if part) or shown.name)


def _plain(shown: PagePicture) -> dict[str, Any]:
    return {
        "name": shown.name,
        "file": _address(shown.file),
        "thumbnail": _address(shown.thumbnail),
        "width": shown.width,
        "height": shown.height,
        "film": shown.film,
        "seed": shown.seed,
        **({} if (told := readable_seed(shown.seed)) == shown.seed else {"told": told}),
        "settings": [list(pair) for pair in shown.settings.items()],  # as an object, one could be called __proto__
        "command": shown.command,
        "note": shown.note,
    }


def _compared(trials: ComparisonTable) -> dict[str, Any]:
    return {
        "measured": trials.measured,
        "options": list(trials.options),
        "table": _address(trials.table),
        "plot": trials.plot and _address(trials.plot),
        "rows": [dataclasses.asdict(row) for row in trials.rows],
    }


def _address(path: str) -> str:
    """A path as a relative URL: nothing in it is a scheme, a query or a fragment; bytes that are no UTF-8 survive."""
    return "./" + "/".join(urllib.parse.quote(part, safe="", errors="surrogateescape") for part in path.split("/"))


def _json(data: object) -> str:
    """JSON that HTML reads to its end: without < and > there is neither </script> nor <!--; no half of a character."""
    text = json.dumps(data, ensure_ascii=False).encode(errors="replace").decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(style: str, script: str) -> str:
    """What the page may do. 'self' does not cover the disk in every browser, hence file:."""
    rules = {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(style),
        "img-src": "'self' file: data:",
        "media-src": "'self' file:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",  # no text becomes markup, not by our own mistake either
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _text(text: str) -> str:
    return " ".join(printable(text).split())


def _resource(name: str) -> str:
    return (resources.files("artengine.gallery") / "web" / name).read_text(encoding="utf-8")
