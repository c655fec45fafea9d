"""Many outputs, one painting: what each gets, what it costs, and how they end together when something goes wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image
from tests.support.common import PluginFile
from tests.support.folders import file_names
from tests.support.output_plugin import OUTPUTS
from tests.support.processes import strays

import artengine
from artengine import ArtengineError, InputError, View
from artengine.events import PaintingReport, Wrote
from artengine.files.targets import OutputTarget
from artengine.making.output_threads import MAX_QUEUED_BANDS, OutputThreads
from artengine.making.pipeline import make_files
from artengine.painting.bands import Part
from artengine.painting.picture import Picture


@pytest.fixture(autouse=True)
def paintings(monkeypatch: pytest.MonkeyPatch) -> list[Picture]:
    """Bands of two rows, six in all, as those of a poster come; the pictures that were painted."""
    painted: list[Picture] = []
    whole = Picture.painting

    def painting(self: Picture, view: View | None = None) -> Iterator[Part]:
        painted.append(self)
        for part in whole(self, view):
            if part.band is None:
                continue
            for top in range(0, len(part.band), 2):
                done = part.total * (top + 2) // part.shape[0]
                yield Part(done=done, total=part.total, shape=part.shape, band=part.band[top : top + 2])

    monkeypatch.setattr(Picture, "painting", painting)
    return painted


@pytest.fixture(autouse=True)
def nobody_left_behind() -> Iterator[None]:
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("outputs")] == []


class Desk:
    """The tiny scene with outputs of one's choice."""

    def __init__(self, scene: Path, plugin: Path) -> None:
        self.scene = scene
        self.plugin = str(plugin)
        self.out = scene.parent / "out"

    def make_files(self, outputs: str) -> Any:
        return make_files(artengine.load(self.scene, overrides=[f"outputs={outputs}"], plugins=[self.plugin]), self.out)

    def made(self, outputs: str) -> dict[str, bytes]:
        paths = [event.path for event in self.make_files(outputs) if isinstance(event, Wrote)]
        return {path.suffix: path.read_bytes() for path in paths}

    def left(self) -> list[str]:
        return file_names(self.out)


@pytest.fixture
def desk(tiny_scene: Path, plugin_file: PluginFile) -> Desk:
    return Desk(tiny_scene, plugin_file(OUTPUTS))


def test_several_outputs_get_what_each_gets_alone(desk: Desk) -> None:
    names = ["png", "tiff", "jpeg", "webp", "whole", "bands", "listed"]
    together = desk.made(f"[{', '.join(names)}, {{slow: {{seconds: 0.01}}}}]")
    assert list(together) == [".png", ".tif", ".jpg", ".webp", ".whole", ".bands", ".listed", ".slow"]
    assert together[".whole"] == together[".bands"]
    assert together[".listed"].split() == [b"1", together[".whole"].split()[-1]]
    for name, (suffix, data) in zip(names, together.items(), strict=False):
        alone = desk.made(f"[{name}]")[suffix]  # without the recipes, which name the outputs
        read: Any = tifffile.imread if suffix == ".tif" else lambda path: np.asarray(Image.open(path))
        if suffix in (".png", ".tif", ".jpg", ".webp"):
            for folder, content in (("one", data), ("two", alone)):
                (desk.out / folder).mkdir(exist_ok=True)
                (desk.out / folder / f"a{suffix}").write_bytes(content)
            assert (read(desk.out / "one" / f"a{suffix}") == read(desk.out / "two" / f"a{suffix}")).all()
        else:
            assert data == alone


def test_several_outputs_cost_one_painting(desk: Desk, paintings: list[Picture]) -> None:
    events = list(desk.make_files("[png, tiff, whole]"))
    assert len(paintings) == 1
    done = [event.done for event in events if isinstance(event, PaintingReport)]
    assert done == [32, 64, 96, 128, 160, 192]


@pytest.mark.parametrize(
    ("outputs", "suffixes"),
    [
        ("never", [".never"]),
        ("first", []),
        ("shape", [".shape"]),
        ("[first, never, whole]", [".never", ".whole"]),
        ("[png, first]", [".png"]),
        ("[never, never: {}]", None),
    ],
)
def test_an_output_need_not_take_it_all(outputs: str, suffixes: list[str] | None, desk: Desk) -> None:
    if suffixes is None:
        with pytest.raises(
            InputError, match=r"outputs\.1\.never: writes .*tiny\.never, which has been written in this"
        ):
            desk.made(outputs)
    else:
        assert list(desk.made(outputs)) == suffixes
    assert strays(desk.out) == []


def test_of_two_outputs_with_one_file_the_later_is_refused_whoever_comes_first(desk: Desk) -> None:
    for _ in range(2):
        with pytest.raises(
            InputError, match=r"outputs\.1\.png: writes .*tiny\.png, which has been written in this run"
        ):
            desk.made("[late, png]")
    assert desk.left() == []


def test_nothing_is_painted_that_no_output_takes(desk: Desk) -> None:
    done = [event.done for event in desk.make_files("[first, never]") if isinstance(event, PaintingReport)]
    assert done[-1] < 16 * 12


@pytest.mark.parametrize(
    ("kind", "error", "told"),
    [
        ("ValueError", InputError, r"^outputs\.1\.fails: no more of this$|: outputs\.1\.fails: no more of this$"),
        ("OSError", ArtengineError, r"^outputs\.1\.fails: no more of this$"),
        ("MemoryError", ArtengineError, r"^outputs\.1\.fails: no more of this$"),
        ("KeyError", KeyError, r"no more of this"),
    ],
)
def test_an_output_that_fails_stops_all_at_once(kind: str, error: Any, told: str, desk: Desk) -> None:
    painted: list[int] = []
    events = (event.done for event in desk.make_files(f"[png, {{fails: {{kind: {kind}}}}}, slow, whole]"))
    with pytest.raises(error, match=told):
        painted.extend(events)
    assert max(painted, default=0) < 16 * 12
    assert desk.left() == []


def test_what_was_whole_when_another_failed_is_told(desk: Desk) -> None:
    told: list[Any] = []
    with pytest.raises(ArtengineError, match="no more"):
        told.extend(desk.make_files("[never, {fails: {kind: OSError}}]"))
    assert [event.path.suffix for event in told if isinstance(event, Wrote)] == [".never"]
    assert desk.left() == ["tiny.never"]


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("twice", "the bands of a frame can be taken once; who needs them again keeps frame.image"),
        ("changes", "read-only"),
    ],
)
def test_what_an_output_may_not_do_is_said(output: str, told: str, desk: Desk) -> None:
    with pytest.raises(InputError, match=told):
        desk.made(f"[png, {output}]")
    assert strays(desk.out) == []


def test_a_painting_that_is_stopped_leaves_nothing_half(desk: Desk) -> None:
    earlier = desk.made("png")[".png"]
    events = desk.make_files("[png, tiff, slow, whole, stubborn]")
    for event in events:
        if event.done > 90:
            break
    assert len(strays(desk.out)) >= 3
    begun = time.monotonic()
    events.close()
    assert time.monotonic() - begun < 2
    assert desk.left() == ["tiny.png"]
    assert (desk.out / "tiny.png").read_bytes() == earlier


def test_a_painting_that_fails_leaves_nothing_half(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = Picture.painting

    def painting(self: Picture, view: View | None = None) -> Iterator[Part]:
        for part in sound(self, view):
            if part.done > 100:
                raise InputError("worn out")
            yield part

    monkeypatch.setattr(Picture, "painting", painting)
    with pytest.raises(InputError, match="worn out"):
        list(desk.make_files("[png, slow, listed, stubborn]"))
    assert desk.left() == []


def test_several_frames_are_each_a_stream(tmp_path: Path, desk: Desk) -> None:
    words = ["outputs=[png, listed, first, never, {tiff: {bits: 8}}]"]
    scene = artengine.load(desk.scene, overrides=words, plugins=[desk.plugin])
    outputs = [(bound, OutputTarget(tmp_path, f"f{index}", None)) for index, bound in enumerate(scene.outputs)]
    with OutputThreads(outputs) as threads:
        for value in (0.0, 0.5, 1.0):
            row = np.full((1, 4, 3), value, np.float32)
            parts = [Part(done=done, total=6, shape=(6, 4, 3), band=row) for done in range(1, 7)]
            assert list(threads.feed(View(width=4, height=6), parts)) == parts
        threads.finish()
    names = ["f0.png", "f0-2.png", "f0-3.png", "f1.listed", "f3.never", "f4.tif", "f4-2.tif", "f4-3.tif"]
    assert [path.name for path in threads.paths] == names
    assert [np.asarray(Image.open(tmp_path / name)).mean() for name in names[:3]] == [0, 128, 255]
    assert (tmp_path / "f1.listed").read_text() == "3 0.000000"


def test_the_painter_waits_for_the_slowest(tmp_path: Path, desk: Desk) -> None:
    words = ["outputs=[{slow: {seconds: 0.1}}, png]"]
    scene = artengine.load(desk.scene, overrides=words, plugins=[desk.plugin])
    row = np.zeros((1, 4, 3), np.float32)
    parts = (Part(done=done, total=10, shape=(10, 4, 3), band=row) for done in range(1, 11))
    with OutputThreads([(bound, OutputTarget(tmp_path, "f", None)) for bound in scene.outputs]) as threads:
        begun = time.monotonic()
        assert len(list(threads.feed(View(width=4, height=10), parts))) == 10
        assert time.monotonic() - begun > 0.1 * (10 - MAX_QUEUED_BANDS - 2)
        threads.finish()
