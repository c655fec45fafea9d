"""Scenes that learn a folder of photos: where it may stand, what its recipe says, and what is never made in it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from textwrap import dedent

import pytest
from tests.engine.making.test_remaking import stranger
from tests.support.common import Answer, RunCli
from tests.support.photo_sets import SCENE, TRAINER, cut, photo
from tests.support.platforms import on_posix

import artengine
from artengine import InputError
from artengine.making import recipe
from artengine.scene.scene_json import scene_from_json, scene_to_json

PATH = "training.mean.photos.folder.path"


class Place:
    """A folder with a scene, a plugin with its trainer, and photos; commands run there."""

    def __init__(self, folder: Path, run_cli: RunCli) -> None:
        self.folder = folder
        self._run_cli = run_cli
        for name in ("a.png", "b/c.png"):
            photo(folder / "photos" / name)
        (folder / "s.yaml").write_text(dedent(SCENE))
        (folder / "mean.py").write_text(dedent(TRAINER))

    def run(self, *words: object) -> Answer:
        return self._run_cli("run", "s.yaml", "-p", "mean.py", *words)

    def rerun(self, file: str = "pictures/s.png", *words: object) -> Answer:
        return self._run_cli("rerun", file, "-p", "mean.py", "--out", "again", *words)

    def load(self, *overrides: str) -> artengine.Scene:
        return artengine.load("s.yaml", plugins=["mean.py"], overrides=overrides)


@pytest.fixture
def place(tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> Place:
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Place(folder, run_cli)


def test_a_scene_learns_a_folder_and_says_what_was_left_out(place: Place) -> None:
    cut(place.folder / "photos" / "cut.png")
    answer = place.run()
    assert answer.code == 0, answer.err
    assert "2 photos in photos; 1 left out: 'cut.png' (a damaged picture" in answer.err


def test_what_is_in_the_folder_decides_the_training(place: Place) -> None:
    key = place.load().training_key
    (place.folder / "photos" / "notes.txt").write_text("text")
    (place.folder / "photos").rename("others")
    assert place.load(f"{PATH}=others").training_key == key
    photo(place.folder / "others" / "d.png")
    assert place.load(f"{PATH}=others").training_key != key
    assert place.load(f"{PATH}=others", "training.mean.photos.folder.crop=whole").training_key != key


def test_what_decides_which_photos_can_be_read_decides_the_training_too(place: Place) -> None:
    key = place.load().training_key
    assert artengine.load("s.yaml", plugins=["mean.py"], max_megapixels=1).training_key != key
    assert place.load().libraries == {}
    (place.folder / "photos" / "phone.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    assert list(place.load().libraries) == ["pillow-heif"]


def test_the_recipe_of_a_photo_is_as_it_was() -> None:
    known = {"sha256": "0" * 64, "where": "a.png"}
    assert recipe.PhotoReference(**known).model_dump() == known
    assert recipe.PhotoReference(**known, folder=True).model_dump() == known | {"folder": True}


def test_the_recipe_knows_the_folder_by_its_hash_and_tells_no_path(place: Place) -> None:
    place.run()
    fields = json.loads(recipe.read(Path("pictures/s.png")).to_json())
    sha256 = place.load().photos["photos"].sha256
    assert fields["photos"] == {"photos": {"sha256": sha256, "where": "photos", "folder": True}}
    assert str(place.folder) not in json.dumps(fields)


def test_a_folder_of_ones_own_may_be_anywhere_and_is_told_by_its_name(place: Place, tmp_path: Path) -> None:
    shutil.move(place.folder / "photos", tmp_path / "mine")
    assert place.run("--set", f"{PATH}={tmp_path / 'mine'}").code == 0
    text = recipe.read(Path("pictures/s.png")).to_json()
    assert str(tmp_path) not in text
    assert json.loads(text)["photos"]["mine"]["where"] is None


@pytest.mark.parametrize("word", ["../mine", "{above}/mine", "way/mine"])
@on_posix
def test_a_scene_names_no_folder_outside_its_own(word: str, place: Place, tmp_path: Path) -> None:
    photo(tmp_path / "mine" / "a.png")
    (place.folder / "way").symlink_to(tmp_path)
    (place.folder / "s.yaml").write_text(dedent(SCENE).replace("photos}}}}", f"{word.format(above=tmp_path)}}}}}}}}}"))
    with pytest.raises(InputError, match="which lies outside the scene's folder"):
        place.load()


MISTAKES = {
    "a file": ("s.yaml", "found 's.yaml', which is a file, expected a folder of photos"),
    "nothing there": ("nowhere", "cannot read "),
    "no photo in it": ("empty", "found no photo in 'empty', which is empty"),
    "no text": ("[1, 2]", "found a list of 2, expected the path of a folder of photos"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told_in_load_with_their_place(name: str, place: Place) -> None:
    (place.folder / "empty").mkdir()
    word, said = MISTAKES[name]
    (place.folder / "s.yaml").write_text(dedent(SCENE).replace("photos}}}}", f"{word}}}}}}}}}"))
    with pytest.raises(InputError) as error:
        place.load()
    assert str(error.value).startswith("s.yaml:4:43: ")
    assert f"{PATH}: {said}" in str(error.value)


def test_rerun_finds_the_folder_again_and_refuses_another(place: Place) -> None:
    place.run("--weights", "never")
    assert place.rerun().code == 0
    assert Path("again/s.png").read_bytes() == Path("pictures/s.png").read_bytes()
    added = photo(place.folder / "photos" / "new.png")
    answer = place.rerun()
    assert answer.code == 2
    assert "its folder of photos 'photos' has changed since (sha256 " in answer.err.replace("'pictures/../", "'")
    assert "put the earlier one there" in answer.err
    added.unlink()
    (place.folder / "photos").rename("elsewhere")
    answer = place.rerun()
    assert answer.code == 2
    assert "its folder of photos 'photos' (sha256 " in answer.err
    assert "is missing; put it beside s.png" in answer.err
    shutil.move("elsewhere", "pictures/photos")
    assert place.rerun().code == 0


def test_rerun_does_without_the_folder_where_the_weights_are_there(place: Place) -> None:
    place.run()
    shutil.rmtree(place.folder / "photos")
    answer = place.rerun()
    assert answer.code == 0, answer.err
    assert Path("again/s.png").read_bytes() == Path("pictures/s.png").read_bytes()
    answer = place.rerun("pictures/s.png", "--fresh")
    assert answer.code == 2
    assert "its folder of photos 'photos'" in answer.err


@pytest.mark.parametrize("count", [16, 17])
def test_a_recipe_asks_for_few_folders(count: int, place: Place) -> None:
    place.run()
    about = {"sha256": "0" * 64, "where": None, "folder": True}
    file = stranger(Path("pictures/s.png"), photos={str(number): about for number in range(count)})
    said = "it asks for 17 folders of photos, expected at most 16"
    assert (said in place.rerun(str(file)).err) == (count > 16)


def test_a_photo_that_changes_before_it_is_learnt_ends_the_run(place: Place) -> None:
    picture = artengine.build(place.load(), "cpu")
    photo(place.folder / "photos" / "a.png", (1, 2, 3))
    with pytest.raises(InputError, match=r"found 'a\.png' in 'photos' changed since the scene was loaded"):
        list(artengine.train(picture))


def test_another_process_has_the_same_folder_or_says_that_it_changed(place: Place) -> None:
    data = json.loads(json.dumps(scene_to_json(place.load())))
    assert scene_from_json(data).training_key == place.load().training_key
    photo(place.folder / "photos" / "d.png")
    with pytest.raises(InputError, match="the folder of photos has changed while it was being worked with"):
        scene_from_json(data)


@pytest.mark.parametrize("out", ["photos", "photos/made", "photos/b/../b/deep/er"])
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_nothing_is_made_among_the_photos(out: str, force: list[str], place: Place, run_cli: RunCli) -> None:
    before = sorted(place.folder.rglob("*"))
    for words in (["run"], ["gallery", "--seeds", "0..1"]):
        answer = run_cli(words[0], "s.yaml", "-p", "mean.py", *words[1:], "--out", out, *force)
        assert answer.code == 2
        assert "lies in 'photos', from which this is made, so it would be made from its own pictures" in answer.err
        assert "choose another folder with --out" in answer.err
    assert [path for path in sorted(place.folder.rglob("*")) if path.is_file()] == [
        path for path in before if path.is_file()
    ]


def test_what_is_made_in_a_hidden_folder_or_beside_is_learnt_by_nobody(place: Place) -> None:
    key = place.load().training_key
    for out in ("photos/.made", "pictures"):
        answer = place.run("--out", out)
        assert answer.code == 0, answer.err
        assert Path(out, "s.png").is_file()
    assert place.load().training_key == key


def test_a_scene_may_stand_among_its_photos_and_be_made_elsewhere(place: Place, tmp_path: Path) -> None:
    (place.folder / "s.yaml").write_text(dedent(SCENE).replace("photos}}}}", ".}}}}"))
    assert place.run().code == 2
    assert place.run("--out", tmp_path / "pictures").code == 0
    assert recipe.read(tmp_path / "pictures" / "s.png").photos["."].folder


@on_posix
def test_a_folder_whose_name_is_no_text_is_told_or_taken(place: Place) -> None:
    strange = os.fsdecode(b"\xff")
    try:
        shutil.copytree("photos", strange)
    except OSError:
        pytest.skip("names are UTF-8 there")
    answer = place.run("--set", f"{PATH}={strange}")
    assert answer.code in (0, 2)
    assert "Traceback" not in answer.err
