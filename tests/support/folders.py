"""What is in folders."""

from __future__ import annotations

from pathlib import Path

from artengine.files.earlier import LEDGER_FILE


def file_contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder and of those in it, by their paths; not the list of those that artengine has made."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != LEDGER_FILE)
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def file_names(folder: Path) -> list[str]:
    """The names of all that is in a folder, hidden files too, sorted; not the list of those that artengine has made."""
    return sorted(path.name for path in folder.iterdir() if path.name != LEDGER_FILE)
