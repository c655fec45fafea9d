"""Untrusted folders of photos: listed and hashed when a scene is loaded, decoded when somebody looks at them.

Nothing is read that lies outside the folder, and what a training saw is what was there when its scene was loaded.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import stat
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar

from artengine.errors import listed, printable, quoted
from artengine.media.base import MAX_MEDIA_BYTES, Media, read_untrusted
from artengine.media.photo import MAX_MEGAPIXELS, Photo, decode_photo, is_photo

MAX_FILES = 1_000_000  # and folders, whether they are photos or not: each costs a look at the disk
MAX_THREADS = 8  # a photo of 64 megapixels takes half a gigabyte while it is decoded
_SHARE = 64  # files that a thread hashes at a time
_CHUNK = 1 << 18  # bytes read at a time: most photos of a set are whole then
_NAMED = 3  # of the files that are left out

T = TypeVar("T")
R = TypeVar("R")


class ChangedError(ValueError):
    """A photo of a folder is not the one that was there when the scene was loaded."""


@dataclass(frozen=True)
class PhotoFolder(Media):
    """A folder of pictures that a scene names, with all that is in it when the scene is loaded; none is decoded yet.

    files: the sha256 of each photo, by its name in the folder, in the order of their names. left_out: what else there
    is, each with the reason why it is not among them. max_megapixels: of the largest photo that is decoded.
    """

    files: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    left_out: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    max_megapixels: float = MAX_MEGAPIXELS

    @property
    def decides(self) -> str:
        """Its hash, and the size up to which its photos are taken, where somebody has set another one."""
        usual = self.max_megapixels == MAX_MEGAPIXELS
        return self.sha256 if usual else f"{self.sha256} up to {self.max_megapixels:g} megapixels"

    def decode(self, names: Sequence[str], use: Callable[[int, Photo], None]) -> dict[str, str]:
        """Have each of these photos used, with its place among the names; gives why some could not be decoded.

        All cores work on them, so `use` is called from several threads and in any order.
        Raises `ChangedError` where one is not what it was.
        """

        def open_one(place: int) -> str:
            data = self._read(names[place])
            try:
                photo = decode_photo(self.path / names[place], names[place], data, self.max_megapixels)
            except ValueError as error:
                return str(error).removeprefix("found ").partition(", expected")[0]
            use(place, photo)
            return ""

        with warnings.catch_warnings():
            # what every thread takes for the usual, and comes back to, as they open pictures beside each other
            warnings.simplefilter("ignore")
            reasons = _in_threads(open_one, range(len(names)))
            return {name: reason for name, reason in zip(names, reasons, strict=True) if reason}

    def _read(self, name: str) -> bytes:
        try:
            data = read_untrusted(self.path / name, "picture")
        except ValueError:
            data = b""
        if hashlib.sha256(data).digest() != self.files[name]:
            found = f"found {quoted(printable(name))} in {quoted(self.name)} changed since the scene was loaded"
            raise ChangedError(f"{found}; leave the photos as they are, and start again")
        return data


def describe_left_out(reasons: Mapping[str, str]) -> str:
    """Files and what is wrong with them, the first few by name."""
    return listed([f"{quoted(printable(name))} ({printable(why)})" for name, why in reasons.items()], _NAMED)


def open_photo_folder(path: Path, name: str, max_megapixels: float = MAX_MEGAPIXELS) -> PhotoFolder:
    """The folder at path: all regular files in it and below that begin as a photo, hidden ones aside.

    Links that lead out of it, and links to folders, are not followed.
    Raises `ValueError` saying what was found and what to do.
    """
    try:
        names, left_out = _list(path)
    except NotADirectoryError:
        raise ValueError(f"found {quoted(name)}, which is a file, expected a folder of photos") from None
    except OSError as error:
        raise ValueError(f"cannot read {str(path.absolute())!r}: {error.strerror or error}") from None
    files: dict[str, bytes] = {}
    shares = [names[first : first + _SHARE] for first in range(0, len(names), _SHARE)]
    hashed = _in_threads(lambda share: [(one, _hash(path / one)) for one in share], shares)
    for one, found in itertools.chain.from_iterable(hashed):
        if isinstance(found, bytes):
            files[one] = found
        else:
            left_out[one] = found
    left_out = {one: left_out[one] for one in sorted(left_out, key=os.fsencode)}
    if not files:
        others = f" among {len(left_out):,} files: {describe_left_out(left_out)}" if left_out else ", which is empty"
        raise ValueError(f"found no photo in {quoted(name)}{others}; expected a folder with photos in it")
    whole = hashlib.sha256()
    for one, digest in files.items():
        whole.update(os.fsencode(one) + b"\0" + digest)
    return PhotoFolder(path, whole.hexdigest(), name, files, left_out, max_megapixels)


def _list(folder: Path) -> tuple[list[str], dict[str, str]]:
    """The names of the regular files in a folder and below it, in order, and why others are none of them.

    Raises `OSError` where the folder itself cannot be read.
    """
    root = folder.resolve()
    names: list[str] = []
    left_out: dict[str, str] = {}
    todo, count = [""], 0
    while todo:
        below = todo.pop()
        try:
            with os.scandir(root / below) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    count += 1
                    if count > MAX_FILES:
                        raise ValueError(f"found more than {MAX_FILES:,} files in {quoted(folder.name)}; take fewer")
                    one = below + entry.name
                    if entry.is_dir(follow_symlinks=False) and not _is_link(entry):
                        todo.append(f"{one}/")
                    elif reason := _reason_against(entry, root):
                        left_out[one] = reason
                    else:
                        names.append(one)
        except OSError:
            if not below:
                raise
            left_out[below] = "a folder that cannot be read"
    return sorted(names, key=os.fsencode), left_out


def _is_link(entry: os.DirEntry[str]) -> bool:
    return entry.is_symlink() or getattr(entry, "is_junction", bool)()


def _reason_against(entry: os.DirEntry[str], root: Path) -> str:
    """Why something that is no folder is not to be opened; empty for a file that is."""
    if not _is_link(entry):
        return "" if entry.is_file(follow_symlinks=False) else "no regular file"
    try:
        place = Path(entry.path).resolve(strict=True)
        if not place.is_relative_to(root):
            return "a link that leads out of the folder"
        return "" if place.is_file() else "a link to a folder" if place.is_dir() else "no regular file"
    except (OSError, RuntimeError):  # RuntimeError: in a circle
        return "a link that leads nowhere"


def _hash(path: Path) -> bytes | str:
    """The sha256 of a photo; of anything else, why it is none."""
    try:
        with open(path, "rb", buffering=0, opener=_open_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return "no regular file"
            start = file.read(_CHUNK)
            if not is_photo(start):
                return "no picture"
            if status.st_size > MAX_MEDIA_BYTES:
                return f"{status.st_size >> 20} MB, more than {MAX_MEDIA_BYTES >> 20}"
            sha256 = hashlib.sha256(start)
            for chunk in _chunks(file, MAX_MEDIA_BYTES):
                sha256.update(chunk)
            return sha256.digest()
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file that may have become a pipe since it was seen, at which others wait for ever."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _chunks(file: IO[bytes], most: int) -> Iterator[bytes]:
    """The rest of a file, which may grow meanwhile: so many bytes at most."""
    while most > 0 and (chunk := file.read(_CHUNK)):
        most -= len(chunk)
        yield chunk


def _in_threads(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """What becomes of items, in their order, with as many threads as there are cores."""
    threads = min(MAX_THREADS, os.cpu_count() or 1, len(items))
    if threads <= 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))
