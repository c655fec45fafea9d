"""Fonts that a film names: read with care, asked for the letters they have, used for its words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import ImageFont
from tests.support.scene_folder import NETWORK

from artengine import InputError
from artengine.events import Wrote
from artengine.making import recipe
from artengine.making.films.titles import render_titles
from artengine.making.pipeline import make_files
from artengine.media.font import Font, missing_letters, open_font
from artengine.media.opening import open_media
from artengine.media.photo import MAX_MEGAPIXELS
from artengine.scene.loading import load_work
from artengine.scene.montage import Montage

LARGE = Path("/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf")
large = pytest.mark.skipif(not LARGE.exists(), reason="needs a font with umlauts (Debian's package fonts-liberation)")


def built_in() -> bytes:
    """The font that Pillow brings, as a file."""
    data: bytes = ImageFont.load_default(20).path.getvalue()
    return data


@pytest.fixture
def font(tmp_path: Path) -> Path:
    path = tmp_path / "letters.ttf"
    path.write_bytes(built_in())
    return path


def film(folder: Path, title: str, named: str = "letters.ttf") -> Montage:
    shots = f"[{{title: {title}, length: 2f}}, {{scene: {{{NETWORK.strip()}}}, length: 1f}}]"
    path = folder / "film.yaml"
    path.write_text(
        f"canvas: {{width: 160, height: 90}}\nfilm: {{fps: 4, font: {named}}}\nshots: {shots}\noutputs: frames\n"
    )
    work = load_work(path)
    assert isinstance(work, Montage)
    return work


def test_a_font_is_known_by_what_is_in_it(font: Path) -> None:
    found = open_media(font, "letters.ttf")
    assert isinstance(found, Font)
    assert found == open_font(font, "letters.ttf")
    assert missing_letters(found, "Size") == []
    assert missing_letters(found, "Größe\n") == ["ß", "ö"] == missing_letters(None, "Größe\n")


def test_built_in_font_as_a_file_gives_the_same_titles(font: Path) -> None:
    with_it = render_titles(160, 90, "Deep", None, "and deeper", open_font(font, "f"))
    without = render_titles(160, 90, "Deep", None, "and deeper")
    assert with_it
    assert without
    assert np.abs(with_it.ink - without.ink).mean() < 0.02


@large
def test_a_font_with_more_letters_writes_them(tmp_path: Path) -> None:
    (tmp_path / "letters.ttf").write_bytes(LARGE.read_bytes())
    assert missing_letters(open_font(LARGE, "f"), "Größe, naïve, Ωμέγα") == []
    assert missing_letters(open_font(LARGE, "f"), "日") == ["日"]
    work = film(tmp_path, "Größe")
    out = tmp_path / "out"
    paths = [event.path for event in make_files(work, out) if isinstance(event, Wrote)]
    assert len(paths) == 3
    kept = recipe.read(paths[0])
    assert kept.photos["letters.ttf"].sha256 == open_font(LARGE, "f").sha256


def test_a_film_made_again_asks_for_the_same_font(font: Path, tmp_path: Path) -> None:
    work = film(tmp_path, "Size")
    out = tmp_path / "out"
    path = next(event.path for event in make_files(work, out) if isinstance(event, Wrote))
    again = out / "letters.ttf"
    again.write_bytes(built_in())
    font.unlink()
    assert recipe.scene_of(recipe.read(path), path, (), MAX_MEGAPIXELS).name == path.stem
    again.write_bytes(built_in() + b"more")
    with pytest.raises(InputError, match="has changed since"):
        recipe.scene_of(recipe.read(path), path, (), MAX_MEGAPIXELS)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "found no font, expected one of TTF, OTF"),
        (b"RIFF1234WAVE", "found no font"),
        (built_in()[:300], "found a damaged font"),
        (b"OTTO" + bytes(500), "found a damaged font"),
    ],
)
def test_wrong_font_is_reported_with_its_place(data: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "letters.ttf").write_bytes(data)
    with pytest.raises(InputError) as caught:
        film(tmp_path, "Size")
    assert f"film.yaml:2:22: film.font: {told}" in str(caught.value)


def test_letters_missing_from_a_font_are_reported(font: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"shots\.0\.title: found 'Größe', and the font has no 'ß', 'ö'$"):
        film(tmp_path, "Größe")


def test_a_font_from_elsewhere_is_refused(tmp_path: Path) -> None:
    for named in ("../letters.ttf", "/usr/share/fonts/x.ttf"):
        with pytest.raises(InputError, match="lies outside the scene's folder"):
            film(tmp_path, "Size", named)
