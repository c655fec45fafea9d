"""What is no film of several shots: every mistake at once, each with its place, in whichever file it is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.support.montages import CAPE, cut, with_scenes
from tests.support.platforms import on_posix
from tests.support.scene_folder import Desk

from artengine import InputError, load


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return with_scenes(Desk(tmp_path))


def mistakes(desk: Desk, shots: str, **options: Any) -> list[str]:
    try:
        cut(desk, shots, **options)
    except InputError as error:
        return [str(problem).replace(f"{desk.folder}/", "") for problem in error.problems]
    return []


REFUSED = {
    "[{scene: ../x.yaml}]": "s.yaml:3:10: shots.0.scene: found the scene '../x.yaml', expected one beside the film",
    "[{scene: /etc/passwd}]": "s.yaml:3:10: shots.0.scene: found the scene '/etc/passwd', expected one beside the film",
    "[{scene: sub/x.yaml}]": "s.yaml:3:10: shots.0.scene: found the scene 'sub/x.yaml', expected one beside the film",
    "[{scene: ..}]": "s.yaml:3:10: shots.0.scene: found the scene '..', expected one beside the film",
    "[{scene: ''}]": "s.yaml:3:10: shots.0.scene: found the scene '', expected one beside the film",
    "[{scene: link.yaml}]": "s.yaml:3:10: shots.0.scene: found 'link.yaml', which leads out of the film's folder",
    "[{scene: circle.yaml}]": "s.yaml:3:10: shots.0.scene: found 'circle.yaml', which leads nowhere",
    "[{scene: gone.yaml}]": "s.yaml:3:10: shots.0.scene: gone.yaml: no such file",
    "[{scene: folder.yaml}]": "s.yaml:3:10: shots.0.scene: folder.yaml: found no file",
    "[{scene: pipe.yaml}]": "s.yaml:3:10: shots.0.scene: pipe.yaml: found no file",
    "[{scene: 3}]": "s.yaml:3:17: shots.0.scene: found 3, expected a scene, or the name of its file",
    '[{scene: "a\\0b"}]': "s.yaml:3:17: found an escape for an unprintable character",
    "[{scene: s.yaml}]": "s.yaml:3:17: shots.0.scene: found a film of several shots, expected a scene",
    "[{scene: {shots: [{length: 1s}], outputs: mp4}}]": "s.yaml:3:17: shots.0.scene: found a film of several shots",
    "[{scene: wrong.yaml}]": "wrong.yaml:3:9: network.mlp.widht: no such option; did you mean 'width'?",
    "[{scene: {network: {mlp: {widht: 3}}}}]": "s.yaml:3:34: network.mlp.widht: no such option; did you mean 'width'?",
    "[{scene: broken.yaml}]": "broken.yaml:2:1: not YAML",
    "[{scene: cape.yaml, set: {camera.zom: 2}}]": "s.yaml:3:46: camera.zom: no such option",
    "[{scene: cape.yaml, set: {canvas.width.x: 2}}]": "s.yaml:3:50: the scene has 500 there, so 'x' cannot be set",
    "[{scene: cape.yaml, set: 3}]": "s.yaml:3:33: shots.0.set: found 3, expected keys and values of the scene",
    "[{length: 1s, set: {seed: 3}}]": "s.yaml:3:9: shots.0.set: found set in a shot without a scene",
    "[{scene: cape.yaml, start: 1s}]": "s.yaml:3:9: shots.0.start: found 1s, and the scene's film is over before",
    "[{title: x}]": "s.yaml:3:9: shots.0: 'length' is missing; expected it where a shot has no scene",
    "[{scene: photo.yaml, set: {film: {learning: 2}}}]": "s.yaml:3:9: shots.0: 'length' is missing; expected it for a",
    "[{length: 1s, titel: x}]": "s.yaml:3:22: shots.0.titel: no such option; did you mean 'title' or",
    "[{length: 1s, title: ''}]": "s.yaml:3:29: shots.0.title: found the text ''",
    "[{length: 1s, title: Größe}]": "s.yaml:3:29: shots.0.title: found 'Größe', and the font has no 'ß', 'ö'; name",
    "[{length: 1s, caption: 日本}]": "s.yaml:3:31: shots.0.caption: found '日本', and the font has no '日', '本'; name",
    "[{length: 1s, background: red}]": "s.yaml:3:34: shots.0.background: found the text 'red', expected",
    "[{length: 1s, transition: wipe}]": "s.yaml:3:34: shots.0.transition: found the text 'wipe', expected one of cut",
    "[{length: 1}]": "s.yaml:3:18: shots.0.length: found 1, expected a time with its unit",
    "[{length: 50%}]": "s.yaml:3:18: shots.0.length: found the text '50%', expected a time with its unit",
    "[{length: 1s}, {length: 1s, transition: crossfade, over: 2s}]":
        "s.yaml:3:23: shots.1.over: found 2s, 20 frames, expected at most 10f",
    "[{length: 1s, transition: crossfade, over: 2s}]":
        "s.yaml:3:9: shots.0.over: found 2s, 20 frames, expected at most 10f",
    "[{length: 1s, transition: crossfade, over: 2s}, {length: 1s}]":
        "s.yaml:3:9: shots.0.over: found 2s, 20 frames, expected at most 10f",
    "[{length: 1s, transition: crossfade, over: 6f}, {length: 1s, transition: crossfade, over: 5f}]":
        "s.yaml:3:56: shots.1.over: found 5f, 5 frames, expected at most 4f",
    "[]": "s.yaml:3:8: shots: found an empty list, expected a list of 1 to 1000 shots",
    "cape.yaml": "s.yaml:3:8: shots: found the text 'cape.yaml', expected a list of 1 to 1000 shots",
    "[" + "{length: 1s}, " * 1001 + "]": "s.yaml:3:8: shots: found a list of 1001, expected a list of 1 to 1000 shots",
    "[{length: 216001f}]": "s.yaml:3:8: shots: found 216,001 frames, expected at most 216,000",
    "[7]": "s.yaml:3:9: shots.0: found 7, expected a shot, such as {scene: cape.yaml, length: 4s}",
}  # fmt: skip


@on_posix
@pytest.mark.parametrize("shots", REFUSED, ids=lambda shots: shots[:50])
def test_wrong_shots_are_reported_with_their_place(desk: Desk, shots: str) -> None:
    folder = desk.folder / "films"
    shutil.copytree(desk.folder, folder, dirs_exist_ok=False, ignore=lambda _, names: {"films"} & set(names))
    desk.folder = folder
    (folder.parent / "x.yaml").write_text(CAPE)
    (folder / "link.yaml").symlink_to(folder.parent / "x.yaml")
    (folder / "circle.yaml").symlink_to(folder / "circle.yaml")
    (folder / "folder.yaml").mkdir()
    os.mkfifo(folder / "pipe.yaml")
    (folder / "wrong.yaml").write_text("network:\n  # a slip\n  mlp: {widht: 3}\n")
    (folder / "broken.yaml").write_text("network: [mlp\n")
    (mistake,) = mistakes(desk, shots)
    assert mistake.startswith(REFUSED[shots]), mistake


@on_posix
def test_a_scene_may_be_linked_to_within_the_folder(desk: Desk) -> None:
    (desk.folder / "link.yaml").symlink_to("cape.yaml")
    assert cut(desk, "[{scene: link.yaml}]").frames == 10


def test_all_mistakes_of_a_montage_are_reported_at_once(desk: Desk) -> None:
    (desk.folder / "wrong.yaml").write_text("network: mlpp\ncamera: {zoom: -1}\n")
    found = mistakes(
        desk, "[{scene: wrong.yaml}, {length: x}, {title: a}, 3]", head="canvas: {width: -1}\nfilm: {fps: 0}\n"
    )
    assert [mistake.partition(": ")[0] for mistake in found] == [
        "s.yaml:1:17", "s.yaml:2:13", "s.yaml:3:39", "s.yaml:3:43", "s.yaml:3:55", "wrong.yaml:1:10", "wrong.yaml:2:16",
    ]  # fmt: skip


OTHERS = {
    "outputs: [png, frames]\n": "s.yaml:4:11: outputs.0.png: found png, which keeps a still",
    "": "s.yaml:1:1: 'outputs' is missing",
    "outputs: frames\nseed: 3\n": "s.yaml:5:1: seed: no such option (options: canvas, film, outputs)",
}


@pytest.mark.parametrize("out", OTHERS)
def test_montage_refuses_other_options_and_stills(desk: Desk, out: str) -> None:
    (mistake,) = mistakes(desk, "[{length: 1s}]", out=out)
    assert mistake.startswith(OTHERS[out])
    (mistake,) = mistakes(desk, "[{length: 1s}]", head="canvas: {width: 20000, height: 20000}\n")
    assert "expected at most 64 megapixels" in mistake


def test_load_refuses_a_montage(desk: Desk) -> None:
    cut(desk, "[{length: 1s}]")
    with pytest.raises(InputError, match="found a film of several shots, expected a scene"):
        load(desk.folder / "s.yaml")


def test_montage_takes_a_thousand_shots(desk: Desk) -> None:
    montage = cut(desk, "[" + "{length: 2f, transition: crossfade, over: 1f}, " * 1000 + "]")
    assert montage.frames == 1001
    assert montage.starts[-1] == 999
    assert cut(desk, "[{length: 216000f}]").frames == 216_000


def test_montage_bounds_the_bytes_of_its_scenes(desk: Desk) -> None:
    """A film that is small to look at, and would come to a gigabyte."""
    (desk.folder / "large.yaml").write_text(CAPE + "# " + "x" * 900_000 + "\n")
    assert cut(desk, "[{scene: large.yaml}, {scene: large.yaml}]").frames == 20
    found = mistakes(desk, "[" + "{scene: large.yaml}, " * 1000 + "]")
    assert found[0] == "s.yaml:3:94: shots.4.scene: found shots whose scenes come to more than 4,000,000 bytes"
    assert len(found) == 996
