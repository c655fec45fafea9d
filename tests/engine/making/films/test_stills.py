"""Stills of films: the frame at a moment, painted as any still, or one of every frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.support.film_runs import FILM, FRAMES, made, painted
from tests.support.folders import file_names
from tests.support.montages import HEAD, cut, with_scenes
from tests.support.scene_folder import Desk

from artengine import InputError, load
from artengine.events import FilmReport, Resumed, Training
from artengine.making.pipeline import make_files

FILMS = {
    "a camera": FILM,
    "a loop": FILM.replace("length: 12f", "length: 12f, loop: true"),
    "a shutter": FILM.replace("length: 12f", "length: 12f, shutter: 180, moments: 2"),
    "a walk": FILM.replace("canvas", "seed: [3, 8]\ncanvas"),
    "a network": FILM.replace("nonlin: sin", "nonlin: sin, std: {keys: {0s: 0.5, 100%: 2}}"),
}
LEARNT = """\
seed: 3
canvas: {width: 24, height: 16}
network: {mlp: {width: 8, depth: 2}}
training: {regression: {target: photo.png, until: {steps: 40}, batch: 64}}
film: {FILM}
outputs: frames
"""
MOVING = "camera: {keys: {0s: {zoom: 1}, 100%: {zoom: 2}}}\n"


def learnt(folder: Path, film: str = "learning: even, length: 5f") -> Path:
    """A scene that learns a photo beside it, and shows that."""
    y, x = np.mgrid[0:16, 0:24] / 24
    slopes = np.stack((x, y, (x - y) ** 2), axis=-1) * 255
    Image.fromarray(slopes.astype(np.uint8)).save(folder / "photo.png")
    path = folder / "s.yaml"
    path.write_text(LEARNT.replace("{FILM}", f"{{{film}}}") + (MOVING if "length" in film else ""))
    return path


def pixels(path: Path) -> np.ndarray[Any, Any]:
    return np.asarray(Image.open(path)).astype(int)


def frame_files(out: Path, name: str = "s") -> list[Path]:
    return [out / f"{name}-{number:04}.png" for number in range(1, FRAMES + 1)]


@pytest.mark.parametrize("text", FILMS.values(), ids=FILMS)
def test_a_still_is_the_frame_at_its_moment(text: str, tmp_path: Path) -> None:
    scene = tmp_path / "s.yaml"
    scene.write_text(text)
    made(scene, tmp_path / "film")
    frames = [pixels(path) for path in frame_files(tmp_path / "film")]
    for moment, number in {"500ms": 6, "100%": 0 if "loop" in text else 11}.items():
        made(scene, tmp_path / "still", overrides=["outputs=png", f"film.still={moment}"])
        still = pixels(tmp_path / "still/s.png")
        assert np.abs(still - frames[number]).max() <= 1
        away = [np.abs(still - frame).mean() for frame in frames]
        assert np.argmin(away) == number
    assert file_names(tmp_path / "still") == ["earlier", "s.png"]


def test_every_frame_is_a_still_where_each_is_asked_for(tmp_path: Path) -> None:
    scene = tmp_path / "s.yaml"
    scene.write_text(
        FILM.replace("neural_painter: {hidden_size: 8, nr_hidden: 1, nonlin: sin}", "dividers: {lines: 3}")
    )
    made(scene, tmp_path, overrides=["outputs=[svg, frames]", "film.still=each", "film.length=3f"])
    names = [f"s-{number:04}.{ending}" for number in (1, 2, 3) for ending in ("png", "svg")]
    assert file_names(tmp_path) == [*names, "s.yaml"]
    texts = [(tmp_path / f"s-{number:04}.svg").read_text().partition("<g")[2] for number in (1, 2, 3)]
    assert len(set(texts)) == 3
    with pytest.raises(InputError, match=r"found png, which writes -####\.png as outputs\.0\.frames does"):
        made(scene, tmp_path, overrides=["outputs=[frames, png]", "film.still=each", "film.length=2f"])


@pytest.mark.parametrize("film", ["learning: even, length: 5f", "learning: 10"])
def test_a_still_of_a_learning_shows_what_was_learnt_by_then(film: str, tmp_path: Path) -> None:
    scene = learnt(tmp_path, film)
    made(scene, tmp_path / "film")
    frames = [pixels(path) for path in frame_files(tmp_path / "film")[:5]]
    for still, numbers in {"50%": [2], "each": [*range(5)]}.items():
        out = tmp_path / still.strip("%")
        events = made(scene, out, overrides=["outputs=png", f"film.still={still}"])
        assert not any(isinstance(event, FilmReport) and event.of != "stills" for event in events)  # nothing is filmed
        found = sorted(out.glob("s*.png"))
        assert [pixels(path).tolist() for path in found] == [frames[number].tolist() for number in numbers]
        assert file_names(out) == [*(path.name for path in found), "s.safetensors"]
    both = tmp_path / "both"
    made(scene, both, overrides=["outputs=[frames, {tiff: {bits: 8}}]", "film.still=50%"])
    assert np.array_equal(pixels(both / "s.tif"), frames[2])
    assert [*file_names(both)][-2:] == ["s.safetensors", "s.tif"]
    assert not [*both.glob(".*.frames")]


def test_a_still_leaves_the_frames_of_a_stopped_film(tmp_path: Path) -> None:
    scene = learnt(tmp_path)
    out = tmp_path / "out"
    events = make_files(load(scene), out, device="cpu")
    for event in events:
        if isinstance(event, FilmReport) and event.done == 3:
            events.close()
    before = painted(out)
    assert len(before) >= 3
    made(scene, out, overrides=["outputs=png", "film.still=1f"])
    assert painted(out) == before
    made(scene, out)
    assert len([*out.glob("s-*.png")]) == 5


def test_a_training_that_has_ended_is_learnt_again_for_a_still(tmp_path: Path) -> None:
    scene = learnt(tmp_path)
    made(scene, tmp_path / "out")
    events = made(scene, tmp_path / "out", overrides=["outputs=png", "film.still=2f"])
    assert any(isinstance(event, Training) for event in events)
    assert not any(isinstance(event, Resumed) for event in events)
    assert np.array_equal(pixels(tmp_path / "out/s.png"), pixels(tmp_path / "out/s-0003.png"))


def test_a_still_beyond_a_learning_by_steps_is_refused(tmp_path: Path) -> None:
    scene = learnt(tmp_path, "learning: 20, still: 9f")
    with pytest.raises(
        InputError, match=r"film: found still: 9f, expected a time within the film, which is 0\.1s long"
    ):
        made(scene, tmp_path / "out", overrides=["outputs=png"])


def test_a_film_of_several_shots_has_stills(tmp_path: Path) -> None:
    desk = with_scenes(Desk(tmp_path))
    shots = "[{scene: cape.yaml}, {scene: still.yaml, length: 1s, transition: crossfade, over: 400ms}]"
    run_all(cut(desk, shots), tmp_path / "film")
    frames = sorted((tmp_path / "film").glob("s-*.png"))
    for moment, number in {"0s": 1, "800ms": 9, "100%": 16}.items():
        montage = cut(desk, shots, HEAD.replace("fps: 10", f"fps: 10, still: {moment}"), "outputs: png\n")
        events = run_all(montage, tmp_path / "still")
        assert np.array_equal(pixels(tmp_path / "still/s.png"), pixels(frames[number - 1]))
        assert sum(isinstance(event, FilmReport) for event in events) <= 2  # nothing else is painted
    assert file_names(tmp_path / "still") == ["earlier", "s.png"]
    montage = cut(desk, shots, HEAD.replace("fps: 10", "fps: 10, still: each"), "outputs: [png, apng]\n")
    run_all(montage, tmp_path / "each")
    assert file_names(tmp_path / "each") == [*(path.name for path in frames), "s.apng"]
    each = sorted((tmp_path / "each").glob("s-*.png"))
    assert all(np.array_equal(pixels(one), pixels(other)) for one, other in zip(each, frames, strict=True))


def run_all(montage: Any, out: Path) -> list[Any]:
    return list(make_files(montage, out, device="cpu"))
