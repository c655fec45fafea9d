"""A camera nearer to a photo than its pixels: the run tells how many of them are seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from artengine import load
from artengine.events import Note
from artengine.making.pipeline import make_files

OPTIONS = "until: {steps: 1}, batch: 8"


def told(folder: Path, more: str, options: str = OPTIONS, target: str = "photo.png") -> list[str]:
    """What a run says of a scene of 16 x 12 pixels that learns a photo, besides its end."""
    Image.new("RGB", (40, 30), "teal").save(folder / "photo.png")
    path = folder / "a.yaml"
    training = f"training: {{regression: {{target: {target}, {options}}}}}\n"
    path.write_text(f"canvas: {{width: 16, height: 12}}\nnetwork: {{mlp: {{width: 4, depth: 1}}}}\n{training}{more}")
    events = make_files(load(path), folder / "out", device="cpu")
    return [event.text for event in events if isinstance(event, Note) and "camera" in event.text]


@pytest.mark.parametrize(
    ("zoom", "options", "seen"),
    [
        (2.4, OPTIONS, None),  # twelve and a half rows of the photo on twelve
        (2.6, OPTIONS, "16 x 12 of the pixels"),
        (10, OPTIONS, "4 x 3 of the pixels"),
        (1e6, OPTIONS, "1 x 1 of the pixels"),
        (1.2, OPTIONS, None),
        (1.3, f"{OPTIONS}, downscale: 2", "16 x 12 of the averaged pixels"),
        (0.5, f"{OPTIONS}, downscale: 10", None),  # it is a larger picture, but nobody has zoomed in
    ],
)
def test_whoever_zooms_in_beyond_the_pixels_is_told(
    zoom: float, options: str, seen: str | None, tmp_path: Path
) -> None:
    end = " that it has learnt on 16 x 12: what is finer, the network has made up"
    wanted = [f"the camera sees {seen}{end}"] if seen else []
    for _ in ("learnt", "used again"):
        assert told(tmp_path, f"camera: {{zoom: {zoom}}}\n", options) == wanted


def test_of_several_photos_the_finest_counts(tmp_path: Path) -> None:
    Image.new("RGB", (80, 60), "red").save(tmp_path / "fine.png")
    more = "coordinates: [grid, time]\nfilm: {length: 0.2s, fps: 10}\ncamera: {zoom: 10}\noutputs: frames\n"
    (words,) = told(tmp_path, more, target="[photo.png, fine.png]")
    assert words.startswith("the camera sees 8 x 6 of the pixels that it has learnt ")


def test_a_film_is_told_of_where_its_camera_is_nearest(tmp_path: Path) -> None:
    keys = "{0s: {zoom: 1}, 50%: {zoom: 15}, 100%: {zoom: 2}}"
    film = f"film: {{length: 0.3s, fps: 10}}\ncamera: {{keys: {keys}}}\noutputs: frames\n"
    (words,) = told(tmp_path, film)
    assert words.startswith("the camera, at its nearest, sees 3 x 2 of the pixels that it has learnt on 16 x 12: ")
