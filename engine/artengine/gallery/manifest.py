"""What a gallery has: a line for every finished item, trusted only where line, file and hash agree."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from artengine.files import InTheWayError, convert_os_errors

MANIFEST_FILE = "manifest.jsonl"
THUMBNAIL_FILE = "thumbnail.webp"  # that a worker makes beside the files of an item
MAX_MANIFEST_BYTES = 1 << 30  # a million items

_LINE_START = b'{"id": "'  # of every line
_NOT_OURS = "is no manifest of a gallery; move it, or choose another --out"

#: What `shlex.join` makes of words that begin with artengine: plain ones as they are, all others, and no plain one,
#: between quotes. The page offers it to be copied, so nothing else may stand there: a shell would do it. Read by shlex,
#: a hundred thousand commands take twenty seconds.
_PLAIN = "[a-zA-Z0-9_@%+=:,./-]+"
_QUOTED = f"""'(?!{_PLAIN}'(?: |\\Z))[^']*(?:'"'"'[^']*)*'"""
_WORD = re.compile(f"{_PLAIN}|{_QUOTED}")
_COMMAND = re.compile(f"artengine(?: (?:{_PLAIN}|{_QUOTED}))*")

Text = Annotated[str, Field(max_length=2_000_000)]  # up to a scene with its settings, quoted for a shell
FileName = Annotated[str, Field(pattern=r"^[^./\\\x00][^/\\\x00]{0,254}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _is_command(text: str) -> str:
    """Refuse what would do something else where somebody takes it for a shell."""
    if not _COMMAND.fullmatch(text):
        raise ValueError("expected a command of artengine's")
    return text


Pixels = Annotated[int, Field(ge=0, le=10_000_000)]
FiniteNumber = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", strict=True))
class Entry:
    """An item that is finished, or has failed.

    id: a hash of all that it is made from. files: by their names in the gallery's folder, the one that is shown first;
    with a hash of each. thumbnail: the name of a file in `thumbnails`. psnr (decibels), loss: how well it was learnt,
    None where nothing tells. error: why it failed, empty where it did not.
    """

    id: Sha256
    name: FileName
    seed: Text
    settings: dict[Text, Text]
    command: Annotated[Text, AfterValidator(_is_command)]
    files: dict[FileName, Sha256] = Field(default_factory=dict)
    thumbnail: FileName = "none"
    width: Pixels = 0
    height: Pixels = 0
    seconds: Annotated[float, Field(ge=0)] = 0.0
    attempts: Annotated[int, Field(ge=0)] = 1
    psnr: FiniteNumber | None = None
    loss: FiniteNumber | None = None
    error: Text = ""

    def to_line(self) -> bytes:
        """The line that says so."""
        about = {field.name: getattr(self, field.name) for field in fields(self)}
        told = {name: value for name, value in about.items() if value is not None}
        return json.dumps(told, ensure_ascii=True).encode() + b"\n"


_ENTRIES = TypeAdapter(Entry)


def seedless(command: str) -> str:
    """The command of an entry without its seed and name, which pictures share that differ in nothing else."""
    words = _WORD.findall(command)
    kept, skip = [], False
    for word, after in itertools.pairwise([*words, ""]):
        own = word in ("--seed", "--name") or (word == "--set" and after.strip("'").startswith("seed="))
        if not (own or skip):
            kept.append(word)
        skip = own
    return " ".join(kept)


class Manifest:
    """The lines of a gallery, the last one of an item being the one that counts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / MANIFEST_FILE
        self._entries: dict[str, Entry] = {}
        self._hashes: dict[str, str] = {}  # of files that have been looked at

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    def read(self) -> int:
        """Read what is there; gives the number of lines that make no sense, which are passed over.

        A line that a kill has torn is cut off. Raises `InTheWayError` where there is something else.
        """
        if not os.path.lexists(self._path):  # a link to nowhere is there: writing would make what it names
            return 0
        with convert_os_errors(self._path):
            about = self._path.lstat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > MAX_MANIFEST_BYTES:
            raise InTheWayError(f"{self._path}: {_NOT_OURS}")
        bad, torn = 0, b""
        with convert_os_errors(self._path), self._path.open("rb") as file:
            for line in file:  # the whole of a large one would be in memory twice
                if not line.endswith(b"\n"):
                    torn = line
                    break
                try:
                    entry = _ENTRIES.validate_json(line)
                except ValidationError:
                    bad += 1
                    continue
                self._keep(entry)
        ours = not torn or torn.startswith(_LINE_START) or _LINE_START.startswith(torn)
        if not self._entries and (bad or not ours):
            raise InTheWayError(f"{self._path}: {_NOT_OURS}")
        if torn:
            with convert_os_errors(self._path), self._path.open("rb+") as file:
                file.truncate(about.st_size - len(torn))
        return bad

    def add(self, entry: Entry) -> None:
        """Write a line; it is on the disk when this returns.

        Raises `OutputError` where it cannot be written.
        """
        line = entry.to_line()
        with convert_os_errors(self._path), self._path.open("ab", buffering=0) as file:
            size = file.tell()
            try:
                if file.write(line) < len(line):  # a full disk takes what fits, and says so only the next time
                    file.write(line[file.tell() - size :])
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)
                raise
        self._keep(entry)
        self._hashes |= entry.files

    def _keep(self, entry: Entry) -> None:
        self._entries.pop(entry.id, None)  # the last one comes last
        self._entries[entry.id] = entry

    def finished(self, identity: str) -> Entry | None:
        """The entry of an item whose files are all there as they were made."""
        entry = self._entries.get(identity)
        return entry if entry and self._is_whole(entry) else None

    def shown(self) -> Iterator[Entry]:
        """All entries whose files are there as they were made, in the order in which they came."""
        yield from (entry for entry in self._entries.values() if self._is_whole(entry))

    def _is_whole(self, entry: Entry) -> bool:
        return not entry.error and bool(entry.files) and all(self._hash(n) == sha for n, sha in entry.files.items())

    def _hash(self, name: str) -> str:
        if name not in self._hashes:
            self._hashes[name] = hash_file(self._folder / name)
        return self._hashes[name]


def hash_file(path: Path) -> str:
    """The sha256 of a file; empty where there is none, or something else: a link leads elsewhere, a pipe to no end."""
    with contextlib.suppress(OSError):
        if stat.S_ISREG(path.lstat().st_mode):
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
    return ""


def hash_data(data: Any) -> str:
    """The sha256 of plain data."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
