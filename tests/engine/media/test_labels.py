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
        ("", "found the head '', expected a table in CSV"),
        ("file\na.png\n", "found the head 'file'"),
        ("file,smile,smile\na.png,1,1\n", "found the head 'file,smile,smile'"),
        ("file,,smile\na.png,1,1\n", "found the head 'file,,smile'"),
        ("file,smile\n", "found a table without rows"),
        ("file,smile\na.png,1\nb.png,1,0\n", "found 3 values in line 3, expected 2, as the head has"),
        ("file,smile\na.png,1\na.png,0\n", "found 'a.png' again in line 3, expected each photo once"),
        (
            "file,smile\na.png,7\n",
            "found '7' for 'smile' in line 2, expected a number from 0 to 1, yes, no",
        ),
        ("file,smile\na.png,nan\n", "found 'nan' for 'smile' in line 2"),
        ("file,smile\na.png,\x1b[31mred\n", r"found '\?\[31mred' for 'smile' in line 2"),
        ('file,smile\n"a.png,1\n', "found no table"),
        (b"file,smile\n\xff\xfe,1\n", "found no text in UTF-8"),
    ],
)
def test_a_wrong_table_is_told_with_its_place(text: str | bytes, told: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=told.replace("'?'", r"'\?'")):
        open_labels(held(tmp_path, text), "labels.csv")


def test_other_files_are_not_taken_for_tables(tmp_path: Path) -> None:
    photo = io.BytesIO()
    Image.fromarray(np.zeros((2, 3, 3), np.uint8)).save(photo, "PNG")
    for data in (photo.getvalue(), b"", b"Dear diary", b"\x00\x01,\n", b"\xff\xfb,\x90\n"):
        assert not is_labels(data)
    with pytest.raises(ValueError, match="found no weights file"):
        open_as(Learnt, held(tmp_path, TABLE), "labels.csv")
