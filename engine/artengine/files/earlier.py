"""What becomes of a file that stands where a new one is to go: one rule, for all that is written.

What does not say that artengine made it is not replaced. What artengine made stays, under another name in a folder
beside it, where the new file is another one. Only what can be made again from the rest, such as the page of a gallery,
makes way, which no file is that holds a recipe; and a run that is told to use force replaces whatever is there.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from artengine.errors import OutputError, quoted
from artengine.files.descriptions import read_embedded
from artengine.files.metadata import RECIPE_START, WEIGHTS_HEADER, is_weights

EARLIER_FOLDER = "earlier"
LEDGER_FILE = ".artengine-made"  # as sha256sum writes: of what we have made that does not say so itself
MAX_LEDGER_BYTES = 1 << 28  # three million files


class InTheWayError(OutputError):
    """Something stands where a file is to go that is not to be replaced."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Replacing:
    """How what is there already is treated.

    keep: an earlier file of ours is moved, not replaced, where it is another one; without, that goes for those that
    hold a recipe: they can not be made again from the rest. force: whatever it is, replace it. inputs: paths of what
    the run reads, which even force leaves alone, and of folders with all that is in them. kept: names of files, and
    where those are now that had them.
    """

    keep: bool = True
    force: bool = False
    inputs: frozenset[Path] = frozenset()
    kept: list[tuple[str, Path]] = field(default_factory=list)

    def check(self, path: Path) -> None:
        """Raise `InTheWayError` where what is at path would not be replaced."""
        if not os.path.lexists(path):
            return
        if self._is_input(path):
            raise InTheWayError(f"{path}: is what this is made from, so it is not replaced; {_ADVICE}")
        if path.is_dir() and not path.is_symlink():
            raise InTheWayError(f"{path}: is a folder, where a file is to go; move it, or {_ADVICE}")
        if not self.force and not is_ours(path):
            message = "is there already, and nothing says that artengine made it, so it is not replaced"
            raise InTheWayError(f"{path}: {message}; move it, {_ADVICE}, or replace it with --force")

    def check_folder(self, folder: Path) -> None:
        """Raise `InTheWayError` where what is written into a folder would be among what the next run reads."""
        for one in self.inputs:
            if one.is_dir() and _stands_in(folder, one):
                what = f"lies in {quoted(one.name)}, from which this is made, so it would be made from its own pictures"
                raise InTheWayError(f"{folder}: {what} the next time; {_ADVICE}")

    def make_way(self, new: Path, path: Path) -> None:
        """Have the file at path make way for a new one; it stays at its place until that takes it.

        Raises as `check` does.
        """
        self.check(path)
        if os.path.lexists(path) and not self.force and self._is_kept(path) and not _same(new, path):
            self.kept.append((path.name, _keep(path)))
        if not says_who_made_it(new):
            _ledger(path.parent).add(path.name, _sha256(new))

    def put_away(self, path: Path) -> None:
        """Move an earlier file of ours away that nothing takes the place of, even by force; what is not ours stays."""
        if not self._is_input(path) and is_ours(path):
            self.kept.append((path.name, _keep(path)))
            path.unlink(missing_ok=True)  # it is there still where it has two names now

    def told(self) -> list[str]:
        """A line about the earlier files that have been kept since this was last asked; none for none."""
        kept = self.kept.copy()
        self.kept.clear()
        more = f", and {len(kept) - 1:,} more beside it" if len(kept) > 1 else ""
        return [f"the earlier {name} is kept: {path}{more}" for name, path in kept[:1]]

    def remove(self, path: Path) -> None:
        """Remove an earlier file of ours that would be wrong by now; what is not ours stays, and so does a picture."""
        if os.path.lexists(path) and not self._is_input(path) and is_ours(path) and not self._is_kept(path):
            path.unlink()

    def _is_kept(self, path: Path) -> bool:
        """Whether a file of ours stays, under another name, where another one takes its place."""
        return self.keep or says_who_made_it(path)

    def _is_input(self, path: Path) -> bool:
        """Whether a file is one of those that the run reads, under whatever name: some systems take A for a."""
        return any(_is_same_file(path, one) or (one.is_dir() and _stands_in(path, one)) for one in self.inputs)


#: For files that are written without a run around them: earlier ones are kept, or can be made again from the rest.
KEEPING, DERIVED = Replacing(), Replacing(keep=False)

_ADVICE = "choose another folder with --out"


def says_who_made_it(path: Path) -> bool:
    """Whether a file, whole or damaged, says that artengine made it: a recipe is in it, or it is weights of ours.

    Raises `OSError` where it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(8 + len(WEIGHTS_HEADER))
    try:
        return is_weights(start) or read_embedded(path).startswith(RECIPE_START)
    except ValueError:
        return False


def is_ours(path: Path) -> bool:
    """Whether a file is as artengine made it, or says that artengine has: a link is not, whatever it leads to."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        return says_who_made_it(path) or _ledger(path.parent).has(path.name, lambda: _sha256(path))
    except OSError:
        return False


def earlier_files(path: Path) -> list[Path]:
    """Those that have made way for the file at path, the latest first."""
    folder = path.parent / EARLIER_FOLDER
    found: list[tuple[float, Path]] = []
    with contextlib.suppress(OSError):
        for one in folder.iterdir():
            middle = one.name.removeprefix(f"{path.stem}-").removesuffix(path.suffix)
            if one.name == f"{path.stem}-{middle}{path.suffix}" and _is_hash(middle) and not one.is_symlink():
                found.append((one.stat().st_mtime, one))
    return [one for _, one in sorted(found, reverse=True)]


def _is_hash(word: str) -> bool:
    return len(word) in _HASH_LENGTHS and all(sign in "0123456789abcdef" for sign in word)


_HASH_LENGTHS = (8, 16, 64)  # of names: longer ones only where another file has the shorter one


def _keep(path: Path) -> Path:
    """Give the file at path another name too, in the folder of earlier ones, and give that."""
    folder = path.parent / EARLIER_FOLDER
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InTheWayError(f"{folder}: stands where the earlier {path.name} is to be kept; move it, or {_ADVICE}")
    folder.mkdir(exist_ok=True)
    sha256 = _sha256(path)
    for length in _HASH_LENGTHS:
        kept = folder / f"{path.stem}-{sha256[:length]}{path.suffix}"
        if not os.path.lexists(kept):
            try:
                os.link(path, kept)
            except OSError:  # a file system without links: for a moment there is only the earlier file
                path.rename(kept)
            if _ledger(path.parent).has(path.name, lambda: sha256):
                _ledger(folder).add(kept.name, sha256)
            return kept
        if _sha256(kept) == sha256:
            os.utime(kept)
            return kept
    raise InTheWayError(f"{kept}: is there already, and is something else; move it")


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one is not there
        return False


def _stands_in(path: Path, folder: Path) -> bool:
    """Whether a path leads below a folder, or to it, and not through a hidden one, where nobody looks for photos."""
    real = path.resolve()
    above = next((one for one in (real, *real.parents) if _is_same_file(one, folder)), None)
    return above is not None and not any(part.startswith(".") for part in real.relative_to(above).parts)


def _same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and _sha256(one) == _sha256(other)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Ledger:
    """What a folder has of ours that does not say so itself; others may add to it while we read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0  # bytes
        self._inode = 0
        self._hashes: dict[bytes, set[bytes]] = {}  # by name: one whose file did not get there is no harm

    def add(self, name: str, sha256: str) -> None:
        """Write a line."""
        word = os.fsencode(name)
        if b"\n" in word or self._is_foreign():
            return
        line = sha256.encode() + b"  " + word + b"\n"
        with self._path.open("ab+", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            if file.read() not in (b"", b"\n"):  # on a full disk, the last one was cut off
                line = b"\n" + line
            if file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def has(self, name: str, sha256: Callable[[], str]) -> bool:
        """Whether a file is one that was made with that name; sha256: gives its hash, asked for if needed."""
        self._catch_up()
        known = self._hashes.get(os.fsencode(name))
        return known is not None and sha256().encode() in known

    def _catch_up(self) -> None:
        try:
            if self._is_foreign():
                return
            with self._path.open("rb") as file:
                about = os.fstat(file.fileno())
                if about.st_ino != self._inode or about.st_size < self._read:
                    self._inode, self._read, self._hashes = about.st_ino, 0, {}
                file.seek(self._read)
                whole, end, _ = file.read(MAX_LEDGER_BYTES).rpartition(b"\n")
        except OSError:
            self._hashes = {}
            return
        self._read += len(whole + end)
        for line in whole.split(b"\n"):
            sha256, _, name = line.partition(b"  ")
            self._hashes.setdefault(name, set()).add(sha256)

    def _is_foreign(self) -> bool:
        return self._path.is_symlink() or (self._path.exists() and not self._path.is_file())


_ledgers: dict[Path, _Ledger] = {}


def _ledger(folder: Path) -> _Ledger:
    path = folder.resolve() / LEDGER_FILE
    return _ledgers.setdefault(path, _Ledger(path))
