"""Datasets: photos of a folder, as squares of any size."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from artengine import Labels, Photo, PhotoFolder, depends
from artengine.errors import printable, quoted
from artengine.media import describe_left_out

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Squares = npt.NDArray[np.uint8]

Crop = Literal["centre", "whole"]

HEIC_SUFFIXES = (".heic", ".heif", ".hif")
MAX_KEPT_BYTES = 1 << 30  # of squares; what is beyond is decoded each time it is asked for


def _libraries(options: Mapping[str, Any]) -> list[str]:
    """What reads HEIC: without it, such photos are left out."""
    return ["pillow-heif"] if any(name.lower().endswith(HEIC_SUFFIXES) for name in options["path"].files) else []


@depends(_libraries)
class Folder:
    """The photos of a folder and of those below it, each as the square in its middle.

    path: the folder. crop: whether the square is the largest in the middle of a photo, or the whole photo is squeezed
    into it. labels: a table of what the photos show, file,smile,glasses and a row for each: 0 to 1, yes, no, or nothing
    where that is not known. Photos are made smaller or larger with Lanczos' filter, in the values that they are
    displayed with.
    """

    def __init__(self, *, path: PhotoFolder, crop: Crop = "centre", labels: Labels | None = None) -> None:
        if labels and not labels.missing and not path.missing and not labels.known(path.files):
            first = quoted(printable(next(iter(labels.rows))))
            raise ValueError(f"found {first} in {quoted(labels.name)}, and no row for any photo in {quoted(path.name)}")
        self._folder = path
        self._labels = labels
        self._crop: Crop = crop
        self._kept: dict[int, Squares] = {}  # by their size: as long as this is there, others cannot displace them

    def __len__(self) -> int:
        """How many of the photos are whole; the first call decodes them all."""
        return len(self._seen().names)

    @property
    def description(self) -> str:
        """How many photos there are, and which files are none."""
        seen = self._seen()
        table = self._labels.path if self._labels else None
        others = {name: why for name, why in self._folder.left_out.items() if self._folder.path / name != table}
        bad = {**others, **seen.bad}
        words = [f"{len(self):,} photo{'s' if len(self) > 1 else ''} in {self._folder.name}"]
        if self._labels:
            words.append(f"{self._labels.known(seen.names):,} of them in {self._labels.name}")
        if bad:
            words.append(f"{len(bad):,} left out: {describe_left_out(bad)}")
        return "; ".join(words)

    def read(self, numbers: Sequence[int], size: int, /) -> Squares:
        """The photos of these numbers, (N, size, size, 3)."""
        import numpy as np

        kept = self._squares(size)
        asked = np.asarray(numbers, np.int64)
        if asked.size and not 0 <= asked.min() <= asked.max() < len(self):
            raise IndexError(f"found photos {asked.min()} to {asked.max()}, expected numbers from 0 to {len(self) - 1}")
        here = asked < len(kept)
        if here.all():
            return kept[asked]
        squares = np.empty((len(asked), size, size, 3), np.uint8)
        squares[here] = kept[asked[here]]
        others, places = np.unique(asked[~here], return_inverse=True)
        names = self._seen().names
        decoded = _decode_whole(self._folder, [names[number] for number in others], self._crop, size)
        squares[~here] = decoded[places]
        return squares

    @property
    def label_names(self) -> Sequence[str]:
        """Those in the head of its table."""
        return self._labels.names if self._labels else ()

    def label(self, name: str, numbers: Sequence[int], /) -> npt.NDArray[np.float64]:
        """How much of it the photos of these numbers show, as the table says; NaN for photos that are not in it."""
        if self._labels is None:
            raise KeyError(name)
        names = self._seen().names
        return self._labels.of(name, [names[number] for number in numbers])

    def _seen(self) -> _Seen:
        """Which of the photos are whole."""
        with _lock:
            return _seen.get(self._folder) or self._look(None)

    def _squares(self, size: int) -> Squares:
        """The first of the photos, as many as fit."""
        if size not in self._kept:
            with _lock:
                room = MAX_KEPT_BYTES - sum(squares.nbytes for squares in self._kept.values())
                key = (self._folder, self._crop, size)
                if key not in _kept and self._folder in _seen:
                    names = self._seen().names
                    _kept[key] = _decode_whole(self._folder, names[: _fitting(names, size, room)], self._crop, size)
                elif key not in _kept:
                    self._look(size, room)
                _kept[key] = _kept.pop(key)  # the last one to go
                self._kept[size] = _kept[key]
                while sum(squares.nbytes for squares in _kept.values()) > MAX_KEPT_BYTES and len(_kept) > 1:
                    del _kept[next(iter(_kept))]
        return self._kept[size]

    def _look(self, size: int | None, room: int = 0) -> _Seen:
        """Decode all photos to see which of them are whole; those of that size that fit into the room are kept."""
        names = tuple(self._folder.files)
        count = 0 if size is None else _fitting(names, size, room)
        squares, bad = _decode(self._folder, names, self._crop, size or 1, count)
        seen = _Seen(tuple(name for name in names if name not in bad), bad)
        if not seen.names:
            found = f"found {len(names):,} photos in {self._folder.name!r}, none of which can be read"
            raise ValueError(f"{found}: {describe_left_out(bad)}; put photos there that are whole, PNG or JPEG")
        _seen[self._folder] = seen
        if size is not None:
            places = [place for place, name in enumerate(names[:count]) if name not in bad]
            _kept[self._folder, self._crop, size] = _closed_up(squares, places)
        return seen


@dataclass(frozen=True, slots=True)
class _Seen:
    """The names of the photos of a folder that are whole, and what is wrong with the others."""

    names: tuple[str, ...]
    bad: Mapping[str, str]


#: What this process has decoded, for every dataset of the same folder: the latest come last.
_kept: dict[tuple[PhotoFolder, Crop, int], Any] = {}
_seen: dict[PhotoFolder, _Seen] = {}
_lock = threading.RLock()


def _decode(
    folder: PhotoFolder, names: Sequence[str], crop: Crop, size: int, count: int
) -> tuple[Squares, dict[str, str]]:
    """The squares of the first so many of these photos, (count, size, size, 3), and why some cannot be decoded."""
    import numpy as np

    squares = np.zeros((count, size, size, 3), np.uint8)

    def use(place: int, photo: Photo) -> None:
        if place < count:
            squares[place] = photo.square(size, whole=crop == "whole")

    return squares, folder.decode(names, use)


def _decode_whole(folder: PhotoFolder, names: Sequence[str], crop: Crop, size: int) -> Squares:
    """The squares of photos that have been decoded before.

    Raises `ValueError` where they cannot be: there is not enough memory, or so.
    """
    squares, bad = _decode(folder, names, crop, size, len(names))
    if bad:
        raise ValueError(f"cannot decode {describe_left_out(bad)} in {folder.name!r} again")
    return squares


def _fitting(names: Sequence[str], size: int, room: int) -> int:
    """How many of the photos have room as squares of that size, in bytes."""
    return min(len(names), max(0, room) // (3 * size * size))


def _closed_up(squares: Squares, places: Sequence[int]) -> Squares:
    """The squares at these places, moved to the front where they are."""
    for new, old in enumerate(places):
        if new != old:
            squares[new] = squares[old]
    return squares[: len(places)]
