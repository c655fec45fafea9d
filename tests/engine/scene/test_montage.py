"""Films of several shots: what is in them, and that they can be made again."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.support.montages import cut, with_scenes
from tests.support.platforms import on_posix
from tests.support.processes import ended, forked
from tests.support.scene_folder import TRAINED, Desk

from artengine import InputError, load
from artengine.events import Event, FilmReport, Note, Training, Wrote
from artengine.making import recipe
from artengine.making.films.frame_cache import FrameCache
from artengine.making.films.titles import render_titles
from artengine.making.pipeline import make_files
from artengine.scene.montage import Montage
from artengine.scene.scene_json import scene_from_json, scene_to_json

Array = np.ndarray[Any, Any]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return with_scenes(Desk(tmp_path))


def frames(desk: Desk, shots: str, name: str = "out", **options: Any) -> Array:
    """All frames of a film, (T, H, W, 3) bytes."""
    out = desk.folder / name
    for _ in make_files(cut(desk, shots, **options), out, device="cpu"):
        pass
    return shown(out)


def shown(out: Path) -> Array:
    found = np.array([np.asarray(Image.open(path)) for path in sorted(out.glob("s-????.png"))])
    assert list(out.glob(".*")) == []
    return found


def alone(desk: Desk, name: str, seconds: str, **overrides: Any) -> Array:
    """The frames of a scene's own film, at the size and pace of the films here."""
    sets = {"canvas": {"width": 48, "height": 27}, "film.fps": 10, "outputs": "frames", **overrides}
    if seconds:
        sets["film.length"] = seconds
    scene = load(desk.folder / f"{name}.yaml", overrides=sets)
    for _ in make_files(scene, desk.folder / f"alone-{name}", device="cpu"):
        pass
    return np.array([np.asarray(Image.open(path)) for path in sorted((desk.folder / f"alone-{name}").glob("*.png"))])


# ---------------------------------------------------------------------------------------------------------------------
# what is in it


def test_a_film_has_its_shots_one_after_the_other(desk: Desk) -> None:
    found = frames(
        desk, "[{scene: cape.yaml}, {length: 300ms, background: '#ff8000'}, {scene: still.yaml, length: 400ms}]"
    )
    assert found.shape == (10 + 3 + 4, 27, 48, 3)
    assert np.array_equal(found[:10], alone(desk, "cape", ""))
    assert (found[10:13] == (255, 128, 0)).all()
    still = load(desk.folder / "still.yaml", size=(48, 27))
    (path,) = [
        event.path for event in make_files(still, desk.folder / "still", device="cpu") if isinstance(event, Wrote)
    ]
    assert all(np.array_equal(one, np.asarray(Image.open(path))) for one in found[13:])


def test_shot_shows_a_part_of_a_scenes_film(desk: Desk) -> None:
    found = frames(desk, "[{scene: cape.yaml, start: 300ms, length: 400ms}, {scene: cape.yaml, start: 7f}]")
    whole = alone(desk, "cape", "")
    assert np.array_equal(found, np.concatenate((whole[3:7], whole[7:])))


def test_long_shot_holds_the_last_frame_or_repeats_the_loop(desk: Desk) -> None:
    found = frames(desk, "[{scene: cape.yaml, length: 1300ms}, {scene: loop.yaml, length: 12f, start: 1f}]")
    cape, loop = alone(desk, "cape", ""), alone(desk, "loop", "")
    assert len(loop) == 5
    assert np.array_equal(found[:13], cape[[*range(10), 9, 9, 9]])
    assert np.array_equal(found[13:], loop[[(1 + frame) % 5 for frame in range(12)]])


def test_what_a_shot_sets_is_set_in_its_scene_alone(desk: Desk) -> None:
    settings = "{network.neural_painter.nonlin: abs, seed: 9, film.length: 200ms}"
    found = frames(desk, f"[{{scene: cape.yaml, set: {settings}}}, {{scene: cape.yaml, length: 200ms}}]")
    other = alone(desk, "cape", "200ms", **{"network.neural_painter.nonlin": "abs", "seed": 9})
    assert np.array_equal(found[:2], other)
    assert np.array_equal(found[2:], alone(desk, "cape", "")[:2])


def light(shade: Array) -> Array:
    return np.where(shade <= 0.04045, shade / 12.92, ((shade + 0.055) / 1.055) ** 2.4)


def test_shots_fade_into_each_other_in_light(desk: Desk) -> None:
    found = frames(
        desk,
        "[{length: 1s, background: '#c00000'}, {length: 1s, background: '#00c000', transition: crossfade, over: 4f}]",
    )
    assert len(found) == 16  # they share four frames
    red, green = found[:, 0, 0, 0] / 255, found[:, 0, 0, 1] / 255
    full = light(np.array(0xC0 / 255))
    assert light(red[6:10]) / full == pytest.approx([0.8, 0.6, 0.4, 0.2], abs=0.02)
    assert light(green[6:10]) / full == pytest.approx([0.2, 0.4, 0.6, 0.8], abs=0.02)
    assert (found[:6] == (0xC0, 0, 0)).all()
    assert (found[10:] == (0, 0xC0, 0)).all()


def test_a_shot_that_fades_in_starts_at_its_first_frame(desk: Desk) -> None:
    found = frames(
        desk, "[{length: 500ms, background: '#000000'}, {scene: cape.yaml, transition: crossfade, over: 300ms}]"
    )
    cape = alone(desk, "cape", "") / 255
    assert len(found) == 12
    for index, share in ((2, 0.25), (3, 0.5), (4, 0.75)):
        assert light(found[index] / 255) == pytest.approx(share * light(cape[index - 2]), abs=0.01)
    assert np.array_equal(found[5:], (cape[3:] * 255).round())


def test_the_first_shot_may_fade_in_from_its_background(desk: Desk) -> None:
    found = frames(desk, "[{scene: still.yaml, length: 1s, transition: crossfade, over: 300ms, background: '#000000'}]")
    levels = [light(frame / 255).mean() for frame in found]
    assert levels[:4] == pytest.approx([levels[9] * share for share in (0.25, 0.5, 0.75, 1)], rel=0.03)


def test_titles_fade_in_and_out(desk: Desk) -> None:
    head = "canvas: {width: 160, height: 90}\nfilm: {fps: 10}\n"
    words = "title: Deep, subtitle: and deeper, caption: 'at last'"
    found = frames(desk, f"[{{scene: still.yaml, length: 2s, {words}}}, {{length: 1s, {words}}}]", head=head) / 255
    plain = frames(desk, "[{scene: still.yaml, length: 2s}, {length: 1s}]", "plain", head=head) / 255
    letters = render_titles(160, 90, "Deep", "and deeper", "at last")
    assert letters
    for middle in (10, 25):
        assert found[middle] == pytest.approx(letters.lay_over(plain[middle]), abs=0.003)
        assert np.abs(found[middle] - plain[middle]).max() > 0.3
    there = np.abs(found - plain).mean(axis=(1, 2, 3))
    for shot in (there[:20], there[20:]):
        assert 0 < shot[0] < shot[1] <= shot[len(shot) // 2]
        assert shot == pytest.approx(shot[::-1], abs=1e-4)


def test_titles_of_two_shots_do_not_overlap_in_a_crossfade(desk: Desk) -> None:
    head = "canvas: {width: 160, height: 90}\nfilm: {fps: 10}\n"
    shots = "[{{length: 1s{}}}, {{length: 1s{}, transition: crossfade, over: 400ms}}]"
    found = frames(desk, shots.format(", title: One", ", title: Two"), head=head).astype(int)
    plain = frames(desk, shots.format("", ""), "plain", head=head).astype(int)
    there = np.abs(found - plain).mean(axis=(1, 2, 3)) > 0
    assert not there[6:10].any()
    assert there[1:5].all()
    assert there[11:15].all()


def test_film_of_a_learning_is_a_shot(desk: Desk) -> None:
    found = frames(
        desk, "[{scene: photo.yaml, set: {film: {learning: 1}}, length: 800ms}, {scene: photo.yaml, length: 100ms}]"
    )
    assert len(found) == 9
    assert len(np.unique(found[:6].reshape(6, -1), axis=0)) == 6  # steps 0 to 5
    assert np.array_equal(found[5], found[7])  # and the last one holds
    assert np.array_equal(found[8], found[5])


def test_filter_that_changes_the_size_of_a_shot_is_reported(desk: Desk, plugin_file: Any) -> None:
    plugin_file("""
        from artengine import hookimpl

        @hookimpl
        def register_filters():
            return {"half": lambda image, /: image[::2, ::2]}
        """)
    plugins = [str(desk.folder / "mine.py")]
    with pytest.raises(Exception, match=r"shots\.0: its scene gives 24 x 14, expected 48 x 27"):
        frames(desk, "[{scene: still.yaml, length: 1s, set: {filters: half}}]", plugins=plugins)


# ---------------------------------------------------------------------------------------------------------------------
# made again


def test_a_film_is_made_again_when_its_scenes_are_gone(desk: Desk, tmp_path: Path) -> None:
    shots = (
        "[{title: Hi, length: 300ms}, {scene: cape.yaml, set: {camera.ease: ease-in}}, {scene: loop.yaml, length: 1s}]"
    )
    found = frames(desk, shots)
    files = {path.name: path.read_bytes() for path in (desk.folder / "out").iterdir()}
    for path in desk.folder.glob("*.yaml"):
        path.unlink()
    one = desk.folder / "out" / "s-0007.png"
    shutil.copy(one, tmp_path / "s.png")
    again = recipe.scene_of(recipe.read(tmp_path / "s.png"), tmp_path / "s.png")
    for _ in make_files(again, desk.folder / "again", device="cpu"):
        pass
    assert np.array_equal(shown(desk.folder / "again"), found)
    assert {path.name: path.read_bytes() for path in (desk.folder / "again").iterdir()} == files
    assert str(tmp_path) not in recipe.read(one).to_json()


def test_photos_of_its_scenes_are_found_again_and_asked_for(desk: Desk, tmp_path: Path) -> None:
    frames(desk, "[{scene: photo.yaml, length: 200ms}]")
    one = next((desk.folder / "out").glob("s-*.png"))
    assert list(recipe.read(one).photos) == ["photo.png"]
    (tmp_path / "photo.png").rename(tmp_path / "away.png")
    with pytest.raises(InputError, match=r"photo\.png"):
        recipe.scene_of(recipe.read(one), one)
    shutil.copy(tmp_path / "away.png", one.parent / "photo.png")
    assert isinstance(recipe.scene_of(recipe.read(one), one), Montage)


def test_scene_of_a_shot_loses_its_paper(desk: Desk) -> None:
    paper = "{paper: A5, orientation: landscape, dpi: 100, samples: 4}"
    (shot,) = cut(desk, f"[{{scene: cape.yaml, set: {{canvas: {paper}}}}}]").shots
    assert shot.scene
    assert (shot.scene.canvas.paper, shot.scene.canvas.resolution, shot.scene.canvas.samples) == (None, None, 4)


def test_scene_of_a_shot_has_its_own_photos_alone(desk: Desk) -> None:
    """They are all opened again by each process that paints it."""
    montage = cut(desk, "[{scene: cape.yaml}, {scene: photo.yaml, length: 300ms}, {scene: cape.yaml}]")
    assert [shot.scene and len(shot.scene.photos) for shot in montage.shots] == [0, 1, 0]
    assert len(montage.photos) == 1


def test_a_photo_from_the_command_line_serves_a_shot(desk: Desk, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    (tmp_path / "photo.png").rename(away / "else.png")
    shots = "[{scene: " + "{" + TRAINED.replace("\n", ", ").rstrip(", ") + "}, length: 200ms}]"
    sets = [f"shots.0.scene.training.regression.target={away / 'else.png'}", "shots.0.scene.film.length=3f"]
    montage = cut(desk, shots, overrides=sets)
    assert list(montage.photos) == ["away/else.png"]
    assert str(tmp_path) not in montage.text
    scene = montage.shots[0].scene
    assert scene
    # as a worker has it
    assert (
        scene_from_json(json.loads(json.dumps(scene_to_json(scene)))).training_key == scene.training_key
    )  # what a worker does
    for _ in make_files(montage, tmp_path / "out", device="cpu"):
        pass
    assert len(shown(tmp_path / "out")) == 2


@on_posix
def test_killed_montage_is_resumed(desk: Desk) -> None:
    shots = "[{scene: cape.yaml}, {scene: photo.yaml, length: 300ms}, {scene: loop.yaml}]"
    expected = frames(desk, shots, "whole")
    montage = cut(desk, shots)
    for of, done in (("shot 1", 4), ("shot 3", 2), ("", 5)):

        def work(of: str = of, done: int = done) -> None:
            for event in make_files(montage, desk.folder / "out", device="cpu"):
                if isinstance(event, FilmReport) and (event.of, event.done) == (of, done):
                    os.kill(os.getpid(), signal.SIGKILL)

        assert ended(forked(work)) == -signal.SIGKILL
    events: list[Event] = list(make_files(montage, desk.folder / "out", device="cpu"))
    assert not any(isinstance(event, Training) for event in events)
    assert not any(isinstance(event, Note) and "painted already" in event.text for event in events)  # all of them are
    assert np.array_equal(shown(desk.folder / "out"), expected)


def test_a_training_of_two_shots_is_done_once(desk: Desk, tmp_path: Path) -> None:
    shots = "[{scene: photo.yaml, length: 2f}, {scene: photo.yaml, length: 1f}, "
    shots += "{scene: photo.yaml, set: {camera.zoom: 2}, length: 1f}]"
    events = list(make_files(cut(desk, shots), tmp_path / "out"))
    assert [event.step for event in events if isinstance(event, Training)].count(5) == 1
    assert len([event for event in events if isinstance(event, Wrote) and event.path.suffix == ".png"]) == 4
    weights = sorted((tmp_path / "out").glob("*.safetensors"))
    assert [path.name for path in weights] == ["s-shot-1.safetensors", "s-shot-3.safetensors"]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_frames_of_shots_that_were_stopped_wait_while_others_are_made(desk: Desk, tmp_path: Path) -> None:
    old = FrameCache(tmp_path, "s-shot-7", "0" * 16)
    old.open()
    old.write(0, np.zeros((2, 2, 3), np.uint8))
    list(make_files(cut(desk, "[{scene: still.yaml, length: 1f}]"), tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".s")) == [".s-shot-7.frames"]
    assert old.has(0)
