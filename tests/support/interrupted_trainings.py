"""Trainings that are cut off, and what there is in their folder then."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from artengine import load
from artengine.events import Event
from artengine.making.pipeline import make_files
from artengine.training import checkpoint


def save_every_checkpoint(monkeypatch: pytest.MonkeyPatch | None = None) -> None:
    """Let a checkpoint be written at every report, however little time has passed; without monkeypatch, for good."""
    for name, value in (("PAUSE", 0.0), ("SHARE", float("inf"))):
        if monkeypatch:
            monkeypatch.setattr(checkpoint, name, value)
        else:
            setattr(checkpoint, name, value)


def finish(scene: Path, out: Path) -> list[Event]:
    """Make a scene's files, going on with what there is."""
    return list(make_files(load(scene), out, device="cpu"))


def copies_at_events(scene: Path, out: Path, copies: Path) -> list[Path]:
    """Make a scene's files; gives a copy of the folder for every event on the way: what a kill there leaves."""
    folders = []
    for number, _ in enumerate(make_files(load(scene), out, device="cpu"), start=1):
        folders.append(copies / str(number))
        folders[-1].mkdir(parents=True)
        if out.exists():
            shutil.copytree(out, folders[-1], dirs_exist_ok=True)
    return folders
