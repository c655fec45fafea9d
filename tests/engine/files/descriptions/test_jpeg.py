"""A text of any length in a JPEG, which other programs leave as it is."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artengine.files import jpeg_fields, read_embedded
from artengine.files.descriptions.jpeg import MAX_SEGMENTS, write_segments


def recipe(length: int, scene: str = "here") -> str:
    """A recipe that is long because of its weights."""
    return json.dumps({"artengine": "1", "scene": scene, "weights": "A" * length})


def jpeg(path: Path, text: str) -> Path:
    pixels = np.random.default_rng(1).integers(0, 255, (40, 40, 3), np.uint8)
    Image.fromarray(pixels).save(path, "JPEG", **jpeg_fields(text))
    return path


def described(path: Path) -> str:
    """What other programs show of it."""
    with Image.open(path) as image:
        return str(image.getexif().get(0x010E, ""))


@pytest.mark.parametrize("length", [10, 59_000, 60_000, 65_519, 65_520, 131_038, 131_039, 350_000, 4_000_000])
def test_a_text_of_any_length_comes_back(length: int, tmp_path: Path) -> None:
    path = jpeg(tmp_path / "a.jpg", recipe(length))
    assert read_embedded(path) == recipe(length)
    short = recipe(length) if length < 59_900 else json.dumps({"artengine": "1", "scene": "here"})
    assert described(path) == short
    with Image.open(path) as image:
        image.load()


def test_a_scene_that_is_too_long_for_exif_comes_back_too(tmp_path: Path) -> None:
    text = recipe(10, "#" * 70_000)
    path = jpeg(tmp_path / "a.jpg", text)
    assert (read_embedded(path), described(path)) == (text, "")


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at most 8,386,432"):
        write_segments("A" * (MAX_SEGMENTS * 65_519 + 1))


@pytest.mark.parametrize(
    "command",
    [["convert", "a.jpg", "-quality", "80", "b.jpg"], ["exiftool", "-q", "-Artist=somebody", "a.jpg", "-o", "b.jpg"]],
    ids=["ImageMagick", "exiftool"],
)
def test_it_is_there_after_other_programs(command: list[str], tmp_path: Path) -> None:
    if not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]} here")
    jpeg(tmp_path / "a.jpg", recipe(200_000))
    subprocess.run(command, cwd=tmp_path, check=True)
    assert (tmp_path / "a.jpg").read_bytes() != (tmp_path / "b.jpg").read_bytes()
    assert read_embedded(tmp_path / "b.jpg") == recipe(200_000)


def test_what_another_program_has_dropped_leaves_the_recipe(tmp_path: Path) -> None:
    path = jpeg(tmp_path / "a.jpg", recipe(200_000))
    with Image.open(path) as image:
        image.save(tmp_path / "b.jpg", exif=image.info["exif"])
    assert json.loads(read_embedded(tmp_path / "b.jpg")) == {"artengine": "1", "scene": "here"}


def test_segments_may_stand_in_any_order_and_have_to_be_all_there(tmp_path: Path) -> None:
    path, text = tmp_path / "a.jpg", recipe(140_000)
    data = write_segments(text)
    parts = [data[:65_537], data[65_537:131_074], data[131_074:]]
    path.write_bytes(b"\xff\xd8" + parts[2] + b"\xff" + parts[0] + b"\xff\x01" + parts[1] + b"\xff\xd9")
    assert read_embedded(path) == text
    path.write_bytes(b"\xff\xd8" + parts[0] + parts[2] + b"\xff\xd9")
    assert read_embedded(path) == ""
