"""What a gallery remembers: trusted only where line, file and hash agree, and never somebody else's."""

from __future__ import annotations

import json
import os
import random
import resource
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.processes import ended, forked

from artengine import OutputError
from artengine.gallery.manifest import _COMMAND, MANIFEST_FILE, Entry, Manifest, hash_data, hash_file, seedless


def entry(folder: Path, number: int, **changes: Any) -> Entry:
    """An entry with a file of its own."""
    name = f"picture-{number}"
    (folder / f"{name}.png").write_bytes(b"pixels %d" % number)
    about = {"id": hash_data(number), "name": name, "seed": str(number), "settings": {"std": "1"}}
    about |= {"command": f"artengine run tiny.yaml --seed {number}", "thumbnail": f"{name}.webp"}
    files = {f"{name}.png": hash_file(folder / f"{name}.png")}
    return Entry(**(about | {"files": files, "width": 4, "height": 3} | changes))


def written(folder: Path, *entries: Entry) -> Path:
    manifest = Manifest(folder)
    manifest.read()
    for one in entries:
        manifest.add(one)
    return folder / MANIFEST_FILE


def names(folder: Path) -> list[str]:
    manifest = Manifest(folder)
    manifest.read()
    return [one.name for one in manifest.shown()]


def test_what_was_written_is_read_in_its_order(tmp_path: Path) -> None:
    entries = [entry(tmp_path, number) for number in (2, 0, 1)]
    written(tmp_path, *entries)
    manifest = Manifest(tmp_path)
    assert manifest.read() == 0
    assert list(manifest.shown()) == entries
    assert [manifest.finished(one.id) for one in entries] == entries
    assert manifest.finished(hash_data("another")) is None


def test_a_line_is_on_the_disk_when_the_item_counts_as_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    manifest = Manifest(tmp_path)
    for number in range(3):
        manifest.add(entry(tmp_path, number))
        assert synced[number] == (tmp_path / MANIFEST_FILE).stat().st_size


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"Pixels 1"),
        lambda path: path.write_bytes(b""),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.rename(path.with_name("elsewhere")), path.symlink_to("elsewhere")),
        lambda path: (path.unlink(), os.mkfifo(path)),
    ],
    ids=["gone", "changed", "empty", "folder", "link", "pipe"],
)
def test_a_file_that_is_not_as_it_was_made_is_not_there(harm: Callable[[Path], object], tmp_path: Path) -> None:
    written(tmp_path, *(entry(tmp_path, number) for number in range(3)))
    harm(tmp_path / "picture-1.png")
    assert names(tmp_path) == ["picture-0", "picture-2"]
    manifest = Manifest(tmp_path)
    manifest.read()
    assert manifest.finished(hash_data(1)) is None
    assert manifest.finished(hash_data(2)) is not None


def test_all_files_of_an_item_have_to_be_there(tmp_path: Path) -> None:
    one = entry(tmp_path, 1)
    (tmp_path / "picture-1.tif").write_bytes(b"more")
    two = replace(one, files={**one.files, "picture-1.tif": hash_file(tmp_path / "picture-1.tif")})
    written(tmp_path, two)
    assert names(tmp_path) == ["picture-1"]
    (tmp_path / "picture-1.tif").unlink()
    assert names(tmp_path) == []


def test_what_is_made_again_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    manifest = Manifest(tmp_path)
    first = entry(tmp_path, 1)
    manifest.add(first)
    other = entry(tmp_path, 2, files={})
    (tmp_path / "picture-1.png").write_bytes(b"new pixels")
    manifest.add(replace(other, files={"picture-1.png": hash_file(tmp_path / "picture-1.png")}))
    assert manifest.finished(first.id) is None, "another item has written over its file"
    assert [one.id for one in manifest.shown()] == [other.id]
    (tmp_path / "picture-1.png").write_bytes(b"pixels 1")
    manifest.add(first)
    assert [one.id for one in manifest.shown()] == [first.id]
    assert names(tmp_path) == ["picture-1"], "of several lines of one item the last one counts"


def test_an_item_that_failed_is_not_there(tmp_path: Path) -> None:
    written(tmp_path, entry(tmp_path, 1, error="went wrong"), entry(tmp_path, 2, files={}))
    assert names(tmp_path) == []


@pytest.mark.parametrize("end", [1, 9, 60, -3, -1])
def test_a_torn_line_is_cut_off(end: int, tmp_path: Path) -> None:
    path = written(tmp_path, *(entry(tmp_path, number) for number in range(3)))
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(rows[:2]) + rows[2][:end])
    manifest = Manifest(tmp_path)
    assert manifest.read() == 0
    assert path.read_bytes() == b"".join(rows[:2])
    manifest.add(entry(tmp_path, 5))
    assert names(tmp_path) == ["picture-0", "picture-1", "picture-5"]


@pytest.mark.parametrize("end", [1, 9, 60, -1])
def test_a_first_line_that_is_torn_is_ours_too(end: int, tmp_path: Path) -> None:
    path = written(tmp_path, entry(tmp_path, 1))
    path.write_bytes(path.read_bytes()[:end])
    written(tmp_path, entry(tmp_path, 2))
    assert names(tmp_path) == ["picture-2"]


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"nonsense",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"id": "x"}',
        b"[" * 100_000,
        b'{"seconds": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda bad: repr(bad[:12]),
)
def test_lines_that_make_no_sense_are_passed_over_and_counted(bad: bytes, tmp_path: Path) -> None:
    path = written(tmp_path, *(entry(tmp_path, number) for number in range(2)))
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(rows[0] + bad + b"\n" + rows[1])
    manifest = Manifest(tmp_path)
    assert manifest.read() == 1
    assert [one.name for one in manifest.shown()] == ["picture-0", "picture-1"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../x"},
        {"name": ""},
        {"name": ".hidden"},
        {"name": "x" * 256},
        {"thumbnail": "../../x.webp"},
        {"thumbnail": "/etc/passwd"},
        {"thumbnail": ""},
        {"files": {"../picture-1.png": "0" * 64}},
        {"files": {"/etc/passwd": "0" * 64}},
        {"files": {"..": "0" * 64}},
        {"files": {"a/b.png": "0" * 64}},
        {"files": {"a\\b.png": "0" * 64}},
        {"files": {"a\0.png": "0" * 64}},
        {"files": {"picture-1.png": "../"}},
        {"files": ["picture-1.png"]},
        {"id": "1"},
        {"id": "0" * 64 + "\n"},
        {"width": -1},
        {"width": 10**30},
        {"width": "4"},
        {"height": 0.5},
        {"seconds": float("nan")},
        {"settings": {"std": 1}},
        {"settings": [["std", "1"]]},
        {"seed": 1},
        {"command": "rm -rf ~"},
        {"command": "artengine run x.yaml; rm -rf ~"},
        {"command": "artengine run x.yaml\nrm -rf ~"},
        {"command": "artengine run $(rm -rf ~)"},
        {"command": "artengine run 'x"},
        {"command": "artengine\u00a0run x.yaml & rm"},
        {"command": ""},
        {"seed": "\ud800"},
        {"more": 1},
    ],
    ids=lambda change: ascii(change)[:60],
)
def test_what_a_stranger_wrote_is_not_believed(change: dict[str, Any], tmp_path: Path) -> None:
    path = written(tmp_path, *(entry(tmp_path, number) for number in range(2)))
    rows = path.read_text().splitlines(keepends=True)
    path.write_text(rows[0] + json.dumps(json.loads(rows[1]) | change) + "\n")
    manifest = Manifest(tmp_path)
    assert manifest.read() == 1
    assert [one.name for one in manifest.shown()] == ["picture-0"]


def is_joined_by_shlex(text: str) -> bool:
    """Whether a text is just what Python would write for the words that a shell sees in it."""
    try:
        words = shlex.split(text)
    except ValueError:
        return False
    return words[:1] == ["artengine"] and shlex.join(words) == text


def test_a_command_is_read_as_a_shell_reads_it() -> None:
    chance = random.Random(0)
    alphabet = [*"""'"\\ $`;&|\n\t#=a-é*""", "''", "'\"'\"'", " '", "' ", "a b", "\u2028", "\0"]
    seen = {True: 0, False: 0}
    for _ in range(3000):
        parts = chance.choices(alphabet, k=chance.randrange(6))
        for text in (f"artengine {''.join(parts)}", shlex.join(["artengine", *parts]), f"artengine{''.join(parts)}"):
            right = is_joined_by_shlex(text)
            seen[right] += 1
            assert bool(_COMMAND.fullmatch(text)) is right, text
    assert min(seen.values()) > 1000


@pytest.mark.parametrize(
    ("command", "rest"),
    [
        ("artengine run a.yaml --seed 7 --size 8x8", "artengine run a.yaml --size 8x8"),
        ("artengine run a.yaml --set x=1 --seed 7 --name a-seed-7", "artengine run a.yaml --set x=1"),
        ("artengine run a.yaml --set 'seed={mutate: 7, by: 2}' -p b.py", "artengine run a.yaml -p b.py"),
        ("artengine rerun a.png --set seed=-3", "artengine rerun a.png"),
        ("artengine run 'a --seed 7.yaml' --set 'x=[1, --seed 7]'", None),
        ("artengine run a.yaml --set 'x=it'\"'\"'s --set seed=7'", None),
        ("artengine run a.yaml", None),
        ("artengine run a.yaml --set x.seed=7", None),
        ("artengine", None),
    ],
)
def test_a_command_without_its_seed_keeps_all_else(command: str, rest: str | None) -> None:
    assert seedless(command) == (command if rest is None else rest)


def test_a_command_that_is_made_to_take_long_does_not() -> None:
    for text in ("artengine " + "'" * 300_001, "artengine '" + "'\"'\"'" * 100_000, "artengine" + " a" * 300_000 + " "):
        assert not _COMMAND.fullmatch(text)


@pytest.mark.parametrize(
    "text",
    ["a diary\n", '{"version": 1}\n', '{"version": 1}', "no end of a line", "\0" * 100, "\n\n", '{"id": 7}\n'],
    ids=lambda text: repr(text)[:20],
)
def test_somebody_elses_file_is_neither_read_nor_cut_nor_written_to(text: str, tmp_path: Path) -> None:
    (tmp_path / MANIFEST_FILE).write_text(text)
    with pytest.raises(OutputError, match=r"manifest\.jsonl: is no manifest of a gallery; move it, or choose another"):
        Manifest(tmp_path).read()
    assert (tmp_path / MANIFEST_FILE).read_text() == text


@pytest.mark.parametrize("kind", ["folder", "link", "link to nowhere", "pipe"])
def test_what_is_no_file_is_refused(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "gallery"
    folder.mkdir()
    elsewhere = tmp_path / "elsewhere"
    if kind == "folder":
        (folder / MANIFEST_FILE).mkdir()
    elif kind == "pipe":
        os.mkfifo(folder / MANIFEST_FILE)
    else:
        (folder / MANIFEST_FILE).symlink_to(elsewhere)
        if kind == "link":
            elsewhere.write_text("mine")
    with pytest.raises(OutputError, match="is no manifest of a gallery"):
        Manifest(folder).read()
    assert elsewhere.exists() == (kind == "link")


def test_an_empty_file_is_a_manifest_that_has_nothing_yet(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_FILE).touch()
    assert written(tmp_path, entry(tmp_path, 1)).stat().st_size
    assert names(tmp_path) == ["picture-1"]


def test_a_full_disk_leaves_no_half_of_a_line(tmp_path: Path) -> None:
    path = written(tmp_path, *(entry(tmp_path, number) for number in range(2)))
    before = path.read_bytes()

    def add() -> None:
        manifest = Manifest(tmp_path)
        manifest.read()
        one = entry(tmp_path, 3)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 50, resource.RLIM_INFINITY))
        with pytest.raises(OutputError, match=r"manifest\.jsonl: cannot be written: File too large"):
            manifest.add(one)
        assert manifest.finished(one.id) is None

    assert ended(forked(add)) == 0
    assert path.read_bytes() == before


def test_a_long_setting_is_told_whole(tmp_path: Path) -> None:
    long = ", ".join(["sin"] * 20_000)
    one = entry(tmp_path, 1, settings={"pool": f"[{long}]"}, command=f"artengine run x.yaml --set 'pool=[{long}]'")
    written(tmp_path, one)
    assert names(tmp_path) == ["picture-1"]


def test_data_are_hashed_by_what_they_say_in_whatever_order() -> None:
    assert hash_data({"a": 1, "b": [2, None]}) == hash_data({"b": [2, None], "a": 1})
    assert hash_data({"a": 1}) != hash_data({"a": "1"})
