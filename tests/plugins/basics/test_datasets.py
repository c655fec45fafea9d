"""The dataset of a folder: squares of the photos as they are displayed, the bad ones told, memory bounded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from tests.support.photo_sets import cut, noise, photo

from artengine.media.labels import open_labels
from artengine.media.photo_folder import ChangedError, PhotoFolder, open_photo_folder
from artengine_basics import datasets
from artengine_basics.datasets import Folder

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def opened(folder: Path) -> PhotoFolder:
    return open_photo_folder(folder, folder.name)


def stripes(path: Path, *, upright: bool = False) -> Path:
    """Red, green and blue, each 20 pixels wide and 20 high, beside each other or one above the other."""
    pixels = np.repeat(np.array([[RED, GREEN, BLUE]], np.uint8), 20, axis=1).repeat(20, axis=0)
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels.swapaxes(0, 1) if upright else pixels).save(path)
    return path


def only(folder: Path, size: int = 6, **options: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The one photo of a folder."""
    (square,) = Folder(path=opened(folder), **options).read([0], size)  # type: ignore[arg-type]
    return square


@pytest.mark.parametrize("upright", [False, True])
def test_the_square_is_the_largest_one_in_the_middle(upright: bool, tmp_path: Path) -> None:
    stripes(tmp_path / "p" / "a.png", upright=upright)
    assert (only(tmp_path / "p") == GREEN).all()
    whole = only(tmp_path / "p", crop="whole")
    assert [tuple(whole[(at, 3) if upright else (3, at)]) for at in (0, 5)] == [RED, BLUE]


def test_photos_are_made_larger_and_smaller_without_a_shift(tmp_path: Path) -> None:
    ramp = np.broadcast_to(np.linspace(0, 252, 64)[None, :, None], (64, 64, 3)).round().astype(np.uint8)
    (tmp_path / "p").mkdir()
    Image.fromarray(ramp).save(tmp_path / "p" / "a.png")
    for size in (8, 32, 64, 128):
        expected = (np.arange(size) + 0.5) * 256 / size - 2
        square = only(tmp_path / "p", size)
        assert np.abs(square[size // 2, :, 0] - expected)[size // 8 : -size // 8].max() <= 1


def test_photos_are_seen_as_they_are_displayed(tmp_path: Path) -> None:
    """Turned, transparent, deep and of another profile: as everywhere in a scene."""
    folder = tmp_path / "p"
    stripes(folder / "turned.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    with Image.open(folder / "turned.png") as image:
        image.save(folder / "turned.png", exif=exif)
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(folder / "clear.png")
    Image.fromarray(np.full((8, 8), 0x8080, np.uint16)).save(folder / "deep.png")
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    Image.new("LAB", (8, 8), (255, 128, 128)).save(folder / "lab.tif", icc_profile=lab)
    clear, deep, light, turned = Folder(path=opened(folder), crop="whole").read(range(4), 6)
    assert (clear == 255).all()
    assert (deep == 128).all()
    assert (light >= 254).all()
    assert [tuple(turned[at, 3]) for at in (0, 5)] == [RED, BLUE]


def test_bad_files_are_counted_named_and_passed_over(tmp_path: Path) -> None:
    for number in range(4):
        photo(tmp_path / "p" / f"{number}.png", (number, 0, 0))
    cut(tmp_path / "p" / "1.png")
    cut(tmp_path / "p" / "0a.png")
    (tmp_path / "p" / "b.png").write_text("text")
    dataset = Folder(path=opened(tmp_path / "p"))
    squares = dataset.read([2, 0, 1, 2], 4)
    assert squares[:, 0, 0, 0].tolist() == [3, 0, 2, 3]
    assert len(dataset) == 3
    words = dataset.description
    assert words.startswith("3 photos in p; 3 left out: 'b.png' (no picture), '0a.png' (a damaged picture (")
    (tmp_path / "p" / "b.png").unlink()
    assert "2 left out" in Folder(path=opened(tmp_path / "p")).description


def test_one_photo_is_a_set_and_none_that_can_be_read_is_told(tmp_path: Path) -> None:
    photo(tmp_path / "p" / "a.png")
    assert Folder(path=opened(tmp_path / "p")).description == "1 photo in p"
    cut(tmp_path / "p" / "a.png")
    for ask in (len, lambda dataset: dataset.read([0], 4), lambda dataset: dataset.description):
        with pytest.raises(ValueError, match=r"found 1 photos? in 'p', none of which can be read: 'a.png' \(a damaged"):
            ask(Folder(path=opened(tmp_path / "p")))


def test_beyond_what_is_kept_photos_are_decoded_again_to_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        noise(tmp_path / "p" / f"{number}.png", (10 + number, 10))
    cut(tmp_path / "p" / "2a.png")
    wanted = [4, 0, 3, 3, 1, 4]
    expected = Folder(path=opened(tmp_path / "p")).read(wanted, 8)
    assert len({square.tobytes() for square in expected}) == 4
    for most in (0, 2 * 8 * 8 * 3, 4 * 8 * 8 * 3):
        monkeypatch.setattr(datasets, "MAX_KEPT_BYTES", most)
        datasets._kept.clear()
        for seen in ({}, dict(datasets._seen)):
            monkeypatch.setattr(datasets, "_seen", seen)
            dataset = Folder(path=opened(tmp_path / "p"))
            assert np.array_equal(dataset.read(wanted, 8), expected)
            assert sum(squares.nbytes for squares in dataset._kept.values()) <= most


def test_a_process_decodes_a_folder_once_for_a_size(tmp_path: Path) -> None:
    photo(tmp_path / "p" / "a.png")
    found = opened(tmp_path / "p")
    first = Folder(path=found).read([0], 5)
    (tmp_path / "p" / "a.png").unlink()
    assert np.array_equal(Folder(path=found).read([0], 5), first)
    with pytest.raises(ChangedError):
        Folder(path=found).read([0], 6)
    with pytest.raises(ChangedError):
        Folder(path=found, crop="whole").read([0], 5)


@pytest.mark.parametrize("numbers", [[-1], [2], [0, 7, 1]])
def test_numbers_of_no_photo_are_refused(numbers: list[int], tmp_path: Path) -> None:
    for name in "ab":
        photo(tmp_path / "p" / f"{name}.png")
    with pytest.raises(IndexError, match="expected numbers from 0 to 1"):
        Folder(path=opened(tmp_path / "p")).read(numbers, 4)


def labelled(folder: Path, text: str) -> Folder:
    for name in ("a", "b", "c"):
        stripes(folder / f"{name}.png")
    (folder / "labels.csv").write_text(text)
    return Folder(path=opened(folder), labels=open_labels(folder / "labels.csv", "labels.csv"))


def test_a_table_says_what_the_photos_of_a_folder_show(tmp_path: Path) -> None:
    photos = labelled(tmp_path / "p", "file,smile,hat\nc.png,0.5,yes\na.png,1,\nother.png,0,0\n")
    assert list(photos.label_names) == ["smile", "hat"]
    assert np.array_equal(photos.label("smile", [2, 0, 1]), [0.5, 1, np.nan], equal_nan=True)
    assert np.array_equal(photos.label("hat", [0, 2]), [np.nan, 1], equal_nan=True)
    assert photos.description == "3 photos in p; 2 of them in labels.csv"  # the table is none, and no surprise
    with pytest.raises(KeyError):
        photos.label("age", [0])


def test_a_table_of_other_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"found 'x.png' in 'labels.csv', and no row for any photo in 'p'"):
        labelled(tmp_path / "p", "file,smile\nx.png,1\n")


def test_a_folder_without_a_table_has_no_labels(tmp_path: Path) -> None:
    stripes(tmp_path / "p" / "a.png")
    photos = Folder(path=opened(tmp_path / "p"))
    assert not photos.label_names
    with pytest.raises(KeyError):
        photos.label("smile", [0])
