"""Tables of labels that scenes name: read once, told by where they are wrong, and nothing else taken for one."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artengine.media.labels import Labels, is_labels, open_labels
from artengine.media.learnt import Learnt
from artengine.media.opening import open_as, open_media

TABLE = "file,smile,glasses\na.png,0.25,yes\n\nsub/b.png,,no\n"


def held(folder: Path, data: bytes | str, name: str = "labels.csv") -> Path:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


ALIKE = [TABLE, "\ufeff" + TABLE, TABLE.replace("\n", "\r\n"), TABLE.replace("smile", " smile")]
WORDS = {"1": 1, "-1": 0, "TRUE": 1, " No ": 0, "false": 0, "1e-1": 0.1}


@pytest.mark.parametrize("text", ALIKE)
def test_a_table_says_of_each_photo_what_it_shows(text: str, tmp_path: Path) -> None:
    path = held(tmp_path, text)
    found = open_labels(path, "labels.csv")
    assert found == Labels(path, hashlib.sha256(path.read_bytes()).hexdigest(), "labels.csv")
    assert found.names == ("smile", "glasses")
    assert found.rows == {"a.png": 0, "sub/b.png": 1}
    assert np.array_equal(found.values, np.array([[0.25, 1], [np.nan, 0]], np.float32), equal_nan=True)
    assert open_media(path, "labels.csv") == open_as(Labels, path, "labels.csv") == found


@pytest.mark.parametrize("word", WORDS)
def test_values_are_written_in_several_ways(word: str, tmp_path: Path) -> None:
    found = open_labels(held(tmp_path, f"file,smile\na.png,{word}\n"), "labels.csv")
    assert found.values is not None
    assert found.values[0, 0] == pytest.approx(WORDS[word])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "found the first line '', expected a table in CSV"),
        ("file\na.png\n", "found the first line 'file'"),
        ("file;smile\na.png;1\n", "found the first line 'file;smile', .*, all in UTF-8, with commas between"),
        ("file,sm\tile\na.png,1\n", "found the first line"),
        ("file,\x00\na.png,1\n", "found the first line"),
        (f"file,{'x' * 70_000}\na.png,1\n", "found the first line"),
        ("file,smile,smile\na.png,1,1\n", "found 'smile' in the head, expected each label once"),
        ("file,,smile\na.png,1,1\n", "found '' in the head"),
        ("file,smile\n", "found a table without rows"),
        ("file,smile\na.png,1\nb.png,1,0\n", "found 3 values in line 3, expected 2, as the head has"),
        ("file,smile\na.png,1\na.png,0\n", "found 'a.png' again in line 3, expected each photo once"),
        (
            "file,smile\na.png,7\n",
            "found '7' for 'smile' in line 2, expected a number from 0 to 1, yes, no",
        ),
        ("file,smile\na.png,nan\n", "found 'nan' for 'smile' in line 2"),
        ("file,smile\na.png,\x1b[31mred\n", r"found '\?\[31mred' for 'smile' in line 2"),
        ('file,smile\n"a.png,1\n', "found no table .* in line 2"),
        (b"file,smile\n\xff\xfe,1\n", "found no text in UTF-8"),
        ("file,smile\na.png\n", "found 1 value in line 2, expected 2"),
    ],
)
def test_a_wrong_table_is_told_with_its_place(text: str | bytes, told: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=told.replace("'?'", r"'\?'")):
        open_labels(held(tmp_path, text), "labels.csv")


def test_what_is_opened_as_a_table_is_known_as_one(tmp_path: Path) -> None:
    for head in ("file,é", "file,wavy hair,5 o'clock", "a,b\r", f"file,{'ä' * 30_000}"):
        path = held(tmp_path, f"{head}\n")
        path.write_bytes(path.read_bytes() + b"x.png" + b",1" * head.count(",") + b"\n")
        assert isinstance(open_media(path, "labels.csv"), Labels)
    path = held(tmp_path, "file,wavy hair,5 o'clock\nx.png,1,0\n")
    assert open_labels(path, "labels.csv").names == ("wavy_hair", "5_o_clock")


def test_names_of_photos_are_the_same_however_accents_are_written(tmp_path: Path) -> None:
    found = open_labels(held(tmp_path, "file,smile\n e\u0301.png ,1\n"), "labels.csv")
    assert found.known(["\u00e9.png", "e\u0301.png", "e.png"]) == 2
    assert np.array_equal(found.of("smile", ["e.png", "\u00e9.png"]), [np.nan, 1], equal_nan=True)


def test_other_files_are_not_taken_for_tables(tmp_path: Path) -> None:
    photo = io.BytesIO()
    Image.fromarray(np.zeros((2, 3, 3), np.uint8)).save(photo, "PNG")
    for data in (photo.getvalue(), b"", b"Dear diary", b"\x00\x01,\n", b"\xff\xfb,\x90\n"):
        assert not is_labels(data)
    with pytest.raises(ValueError, match="found no weights file"):
        open_as(Learnt, held(tmp_path, TABLE), "labels.csv")
