"""Children of pictures: like their parents, unlike each other, and made again by the commands they come with."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from tests.support.common import TINY
from tests.support.executors import InProcess, in_process
from tests.support.gallery_runs import lines, scene, seen

from artengine import InputError
from artengine.gallery import evolution
from artengine.gallery.builder import GalleryOptions, build_gallery
from artengine.gallery.sweeps import Variation, repeat_options
from artengine.making import recipe
from artengine.making.films import film_frames

if TYPE_CHECKING:
    from tests.support.common import RunCli

PAINTER = """canvas: {width: 24, height: 18}
network: {neural_painter: {hidden_size: 12, nr_hidden: 2, nonlin: [xlogx_abs, sin, abs], std: 0.5}}
"""


def grown(folder: Path, children: list[Variation]) -> Path:
    """Hang them in a folder."""
    list(build_gallery("children", children, len(children), InProcess(), GalleryOptions(folder=folder)))
    return folder


def mutated(file: Path, folder: Path, number: int = 4, strength: float = 0.2) -> Path:
    return grown(folder, list(evolution.mutations(file, evolution.load_parent(file), number, strength)))


def crossed(one: Path, other: Path, folder: Path, number: int = 4) -> Path:
    scenes = evolution.load_parent(one), evolution.load_parent(other)
    return grown(folder, list(evolution.crossings((one, other), scenes, number)))


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(float)


def apart(one: Path, other: Path) -> float:
    """By how many levels two pictures differ, at the root of the mean square."""
    return float(np.sqrt(np.mean((pixels(one) - pixels(other)) ** 2)))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with painter.yaml, and gallery/one.png and gallery/other.png of two of its seeds."""
    from artengine.making.pipeline import run

    folder = tmp_path_factory.mktemp("home")
    for name, seed in (("painter", 3), ("one", 3), ("other", 8)):
        path = scene(folder, PAINTER, f"{name}.yaml")
        run(path, out=folder / "gallery", seed=seed)
    return folder


@pytest.fixture(scope="module")
def mutations(home: Path) -> Path:
    return mutated(home / "gallery" / "one.png", home / "mutations")


@pytest.fixture(scope="module")
def crossings(home: Path) -> Path:
    return crossed(home / "gallery" / "one.png", home / "gallery" / "other.png", home / "crossings")


def test_the_parent_comes_first_and_is_the_same_picture(mutations: Path, home: Path) -> None:
    assert seen(mutations) == ["one-parent", *(f"one-mutation-{by}" for by in range(1, 5))]
    assert (pixels(mutations / "one-parent.png") == pixels(home / "gallery" / "one.png")).all()
    assert [line["seed"] for line in lines(mutations)[:2]] == ["3", "{mutate: 3, by: 1, strength: 0.2}"]


def test_both_parents_come_first_and_are_the_same_pictures(crossings: Path, home: Path) -> None:
    assert seen(crossings) == ["one-parent-1", "one-parent-2", *(f"one-cross-{by}" for by in range(1, 5))]
    for number, name in ((1, "one"), (2, "other")):
        assert (pixels(crossings / f"one-parent-{number}.png") == pixels(home / "gallery" / f"{name}.png")).all()
    assert [line["seed"] for line in lines(crossings)[2:4]] == [
        "{cross: [3, 8], by: 1}",
        "{cross: [8, 3], by: 2}",
    ]


def test_children_differ_from_their_parents_and_from_each_other(mutations: Path, crossings: Path) -> None:
    for folder in (mutations, crossings):
        files = sorted(folder.glob("one-*.png"))
        assert len({path.read_bytes() for path in files}) == len(files)
        distances = [apart(one, other) for index, one in enumerate(files) for other in files[:index]]
        assert min(distances) > 1


def test_strength_is_how_unlike_their_parent_they_are(home: Path) -> None:
    mean = {}
    for strength in (0.001, 0.2, 2.0):
        folder = mutated(home / "gallery" / "one.png", home / f"strength-{strength}", strength=strength)
        parent = folder / "one-parent.png"
        mean[strength] = float(np.mean([apart(parent, child) for child in folder.glob("*mutation*.png")]))
    assert 0 < mean[0.001] < 2
    strangers = apart(home / "gallery" / "one.png", home / "gallery" / "other.png")
    assert mean[0.2] < 0.8 * strangers < mean[2.0]


def test_a_number_is_the_same_child_for_ever(mutations: Path, home: Path, tmp_path: Path) -> None:
    more = mutated(home / "gallery" / "one.png", tmp_path / "more", number=6)
    for by in range(1, 5):
        name = f"one-mutation-{by}.png"
        assert (more / name).read_bytes() == (mutations / name).read_bytes()


def test_crossing_takes_units_of_both(home: Path) -> None:
    from artengine.painting.picture import build

    files = home / "gallery" / "one.png", home / "gallery" / "other.png"
    scenes = evolution.load_parent(files[0]), evolution.load_parent(files[1])
    _, _, child, other_child = evolution.crossings(files, scenes, 2)
    one, other = (build(each.scene, "cpu").network.state_dict() for each in scenes)
    for crossed_ in (child, other_child):
        weights = build(crossed_.scene, "cpu").network.state_dict()
        units = []
        for name, values in weights.items():
            if values.ndim > 1 and values.is_floating_point():
                for unit in range(values.shape[-1]):
                    here = [bool((values[..., unit] == each[name][..., unit]).all()) for each in (one, other)]
                    assert any(here), f"unit {unit} of {name} is of neither"
                    units.append(here[0])
        assert 0.2 < np.mean(units) < 0.8


def test_children_have_children(mutations: Path, home: Path, tmp_path: Path) -> None:
    second = mutated(mutations / "one-mutation-2.png", tmp_path / "second", 1)
    assert (second / "one-mutation-2-parent.png").read_bytes() == (mutations / "one-mutation-2.png").read_bytes()
    third = crossed(
        second / "one-mutation-2-mutation-1.png", home / "gallery" / "other.png", tmp_path / "third", number=2
    )
    grand = "{mutate: {mutate: 3, by: 2, strength: 0.2}, by: 1, strength: 0.2}"
    assert lines(third)[2]["seed"] == f"{{cross: [{grand}, 8], by: 1}}"
    assert recipe.read(third / "one-mutation-2-mutation-1-cross-1.png").scene


def test_after_too_many_generations_it_is_said_before_anything_is_made(tmp_path: Path) -> None:
    seed = "3"
    for _ in range(63):
        seed = f"{{mutate: {seed}}}"
    path = scene(tmp_path, TINY.replace("seed: 3", f"seed: {seed}"))
    mother = evolution.load_parent(path)
    with pytest.raises(InputError, match="64"):
        evolution.mutations(path, mother, 2, 0.2)
    with pytest.raises(InputError, match="64"):
        evolution.crossings((path, path), (mother, mother), 2)


@pytest.mark.parametrize("kind", ["mutations", "crossings", "scene"])
def test_the_command_of_every_child_makes_its_very_bytes(
    kind: str, home: Path, run_cli: RunCli, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(kind) if kind != "scene" else mutated(home / "one.yaml", tmp_path / "scene", 2)
    for line in lines(folder):
        words = shlex.split(line["command"])
        assert words[1] == ("run" if kind == "scene" else "rerun")
        answer = run_cli(*words[1:], "--out", tmp_path / "again")
        assert answer.code == 0, answer.err
        (again,) = answer.out.split()
        assert Path(again).read_bytes() == (folder / next(iter(line["files"]))).read_bytes(), line["command"]


def test_a_command_has_spaces_quotes_and_options(home: Path, run_cli: RunCli, tmp_path: Path) -> None:
    file = tmp_path / 'it\'s a "picture".png'
    shutil.copy(home / "gallery" / "one.png", file)
    way = repeat_options([], 16.5, "cpu", False, "never")
    children = list(evolution.mutations(file, evolution.load_parent(file), 1, 0.2, way))
    list(
        build_gallery(
            "children", children, 2, InProcess(), GalleryOptions(folder=tmp_path / "g", device="cpu", metadata=False)
        )
    )
    words = shlex.split(children[1].command)
    assert words[2] == str(file)
    way = ["--max-megapixels", "16.5", "--device", "cpu", "--weights", "never", "--no-metadata"]
    assert words[-7:] == way
    answer = run_cli(*words[1:], "--out", tmp_path / "again")
    again = Path(answer.out.strip())
    (name,) = lines(tmp_path / "g")[1]["files"]
    assert name == "it-s-a-picture-mutation-1.png"
    assert again.read_bytes() == (tmp_path / "g" / name).read_bytes()


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        (("hidden_size: 6", "hidden_size: 5"), "network"),
        (("canvas:", "coordinates: [grid, radius]\ncanvas:"), "coordinates"),
        (("nr_hidden: 1", "nr_hidden: 2}\ncoordinates: radius\n#"), "coordinates, network"),
    ],
)
def test_pictures_of_different_scenes_are_not_crossed(change: tuple[str, str], differs: str, tmp_path: Path) -> None:
    paths = scene(tmp_path, name="a.yaml"), scene(tmp_path, TINY.replace(*change), name="b.yaml")
    scenes = evolution.load_parent(paths[0]), evolution.load_parent(paths[1])
    with pytest.raises(InputError) as caught:
        evolution.crossings(paths, scenes, 3)
    found = f"found scenes that differ in {differs}, expected two pictures of one scene; only their seeds are crossed"
    assert str(caught.value) == f"{paths[0]} and {paths[1]}: {found}"


def test_pictures_of_other_sizes_are_crossed(home: Path, tmp_path: Path) -> None:
    small = scene(tmp_path, PAINTER.replace("24, height: 18", "16, height: 12"))
    folder = crossed(home / "gallery" / "other.png", small, tmp_path / "g", 1)
    sizes = [(line["width"], line["height"]) for line in lines(folder)]
    assert sizes == [(24, 18), (16, 12), (24, 18)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "network: mlp\ntraining: {regression: {target: photo.png, until: {steps: 3}}}\n",
            "found what is learnt, without what it has come to",
        ),
        ("seed: [1, 2]\nnetwork: neural_painter\nfilm: {length: 1s}\n", "found a walk through several seeds"),
        ("shots: [{title: one, length: 1s}]\noutputs: gif\n", "found a film of several shots"),
        ("network: nothing\n", "expected a network"),
    ],
)
def test_what_has_no_children_is_refused_with_a_word(text: str, said: str, tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "photo.png")
    with pytest.raises(InputError, match=said):
        evolution.load_parent(scene(tmp_path, text))


def test_files_that_have_no_children_are_refused_with_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from artengine.making.pipeline import run

    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (4, 4)).save(tmp_path / "photo.png")
    text = "canvas: {width: 4, height: 4}\nnetwork: {mlp: {width: 4}}\n"
    path = scene(tmp_path, text + "training: {regression: {target: photo.png, until: {steps: 3}}}\n")
    for file in run(path, out=tmp_path / "gallery", weights="never"):
        with pytest.raises(InputError, match=rf"{file.name}: found what is learnt, without what it has come to; "):
            evolution.load_parent(file)
    with pytest.raises(InputError, match=r"photo\.png: found no recipe in it"):
        evolution.load_parent(tmp_path / "photo.png")
    with pytest.raises(InputError, match=r"gone\.png"):
        evolution.load_parent(tmp_path / "gone.png")
    with pytest.raises(InputError):
        evolution.load_parent(tmp_path)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture that was learnt; its photo is gone."""
    from artengine.making.pipeline import run

    folder = tmp_path_factory.mktemp("learnt")
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (8, 8, 3), np.uint8)).save(folder / "photo.png")
    text = "seed: 5\ncanvas: {width: 16, height: 12}\nnetwork: {mlp: {width: 8}}\n"
    path = scene(folder, text + "training: {regression: {target: photo.png, until: {steps: 20}, batch: 16}}\n")
    *_, picture = run(path, out=folder / "gallery")
    (folder / "photo.png").unlink()
    return picture


@pytest.fixture(scope="module")
def learnt_children(learnt: Path) -> Path:
    return mutated(learnt, learnt.parent / "children", 3, 0.05)


def test_children_of_what_was_learnt_come_from_its_weights(learnt: Path, learnt_children: Path) -> None:
    names = seen(learnt_children)
    assert [path.suffix for path in learnt_children.glob("*.safetensors")] == []
    parent, *children = (learnt_children / f"{name}.png" for name in names)
    assert (pixels(parent) == pixels(learnt)).all()
    distances = [apart(parent, child) for child in children]
    assert all(0.5 < distance < 60 for distance in distances), distances
    assert len({round(distance, 3) for distance in distances}) == 3
    weights = recipe.read(learnt).weights
    assert weights
    assert all(recipe.read(child).weights == weights for child in children)  # what has grown from them is in the seed


def test_children_of_what_was_learnt_are_made_again_and_have_children(
    learnt_children: Path, run_cli: RunCli, tmp_path: Path
) -> None:
    for line in lines(learnt_children):
        answer = run_cli(*shlex.split(line["command"])[1:], "--out", tmp_path / "again")
        assert answer.code == 0, answer.err
        (again,) = answer.out.split()
        assert Path(again).read_bytes() == (learnt_children / next(iter(line["files"]))).read_bytes()
    one, other = (learnt_children / f"{name}.png" for name in seen(learnt_children)[1:3])
    folder = crossed(one, other, tmp_path / "crossings", 2)
    first, second, *crosses = (folder / f"{name}.png" for name in seen(folder))
    assert (pixels(first) == pixels(one)).all()
    assert (pixels(second) == pixels(other)).all()
    assert all(apart(first, child) > 0.1 and apart(second, child) > 0.1 for child in crosses)
    assert apart(mutated(one, tmp_path / "more", 1, 0.05) / f"{one.stem}-mutation-0.05-1.png", one) > 0.1


def test_a_film_walks_through_children_of_what_was_learnt(
    learnt: Path, learnt_children: Path, run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_frames, "Workers", in_process)
    child = {"mutate": 5, "by": 1, "strength": 0.05}
    words = ["--set", f"seed=[5, {json.dumps(child)}]", "--set", "film={length: 4f, loop: true}", "--set"]
    answer = run_cli("rerun", learnt, *words, "outputs=frames", "--out", tmp_path)
    assert answer.code == 0, answer.err
    start, _, half, _ = sorted(tmp_path.glob("*.png"))
    assert (pixels(start) == pixels(learnt)).all()
    assert (pixels(half) == pixels(learnt_children / f"{seen(learnt_children)[1]}.png")).all()
    assert run_cli("rerun", learnt, *words, "outputs=apng", "--jobs", 2, "--out", tmp_path / "two").code == 0


def test_two_trainings_have_nothing_in_between(learnt: Path, run_cli: RunCli, tmp_path: Path) -> None:
    for setting in ("seed=[5, 6]", "seed={cross: [5, 6], by: 1}"):
        answer = run_cli("rerun", learnt, "--set", setting)
        assert answer.code == 2
        assert "found a seed that has grown from several numbers in a scene with a training" in answer.err
    answer = run_cli("rerun", learnt, "--set", "seed={mutate: 5, by: 1}", "--set", "film={length: 4f, learning: even}")
    assert "found a film of the learning with a seed that has grown, expected a whole number" in answer.err
    parent = evolution.load_parent(learnt)
    other = evolution.Parent(parent.scene, b"of another machine")
    with pytest.raises(InputError, match="found pictures of two trainings, expected children of one"):
        evolution.crossings((learnt, learnt), (parent, other), 3)
