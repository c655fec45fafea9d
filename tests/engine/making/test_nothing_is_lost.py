"""Nothing of anybody's is lost by ordinary use: what becomes of a file that stands where a new one is to go."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image
from tests.support.common import Answer, PluginFile, RunCli
from tests.support.executors import in_process

import artengine
from artengine import build, load
from artengine.events import Event, FilmReport, Note, Resumed, TrainingReport
from artengine.files.unfinished import MAX_OTHERS
from artengine.gallery import builder
from artengine.making import make_files
from artengine.training import persistence, train_to_file
from artengine.training.weights import about

TINY = "seed: 3\ncanvas: {width: 8, height: 6}\nnetwork: {neural_painter: {hidden_size: 4, nr_hidden: 1}}\n"
FILM = f"{TINY}film: {{length: 2f}}\n"
LEARNING = (
    "seed: 3\ncanvas: {width: 8, height: 6}\nnetwork: {mlp: {width: 4, depth: 1}}\n"
    "training: {regression: {target: photo.png, until: {steps: 3}, batch: 8}}\n"
)
SCENES = {
    "tiny": TINY,
    "trip": FILM,
    "me": LEARNING,
    "photo": LEARNING,
    "other/tiny": TINY.replace("3", "4"),
    "contact-sheet": TINY,
    "h/sheet": LEARNING.replace("photo.png", "contact-sheet.png"),
}

RUN = ("run", "tiny.yaml")
HERE = ("photo.yaml", "--out", ".")
TRIP = ("run", "trip.yaml", "--set")
LEARN = ("run", "me.yaml")
STILLS = (*TRIP, "outputs=png", "--set", "film.still=each")
GALLERY = ("gallery", "tiny.yaml", "--seeds", "1,2", "--out", "g")
STEPS = "training.regression.until.steps"


def mine(path: Path) -> None:
    """A file of the user's own, whatever its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in (".png", ".webp"):
        Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)).save(path)
    elif path.suffix == ".safetensors":
        safetensors.numpy.save_file({"mine": np.ones(3)}, path)
    else:
        path.write_text("mine\n")


def retouched(path: Path) -> None:
    """As a program for pictures saves it that drops what it does not know."""
    pixels = np.asarray(Image.open(path)).copy()
    pixels[0, 0] = 255 - pixels[0, 0]
    Image.fromarray(pixels).save(path)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def forgotten(path: Path) -> None:
    (path.parent / ".artengine-made").unlink()


def link(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    mine(path.with_name("elsewhere.png"))
    path.symlink_to("elsewhere.png")


def hard_link(path: Path) -> None:
    """The photo under another name, as Photo.png is where capitals make no difference."""
    path.parent.mkdir()
    path.hardlink_to("photo.png")


@dataclass(frozen=True)
class Situation:
    """first: a command whose file is at stake; change: what happens to the file before the command `then`."""

    file: str
    then: tuple[str, ...]
    first: tuple[str, ...] = ()
    change: Callable[[Path], None] | None = None


def same_again(first: tuple[str, ...], file: str) -> Situation:
    return Situation(file, first, first)


#: What was there is there, and nothing is said: the same file has been made again.
SAME = {
    "the same command": same_again(RUN, "pictures/tiny.png"),
    "the same command without recipes": same_again((*RUN, "--no-metadata"), "pictures/tiny.png"),
    "the same film": same_again((*TRIP, "outputs=gif"), "pictures/trip.gif"),
    "weights, with another camera": Situation("pictures/me.safetensors", (*LEARN, "--set", "camera.zoom=2"), LEARN),
    "weights, trained anew": Situation("pictures/me.safetensors", (*LEARN, "--fresh"), LEARN),
    "weights, with another output": Situation("pictures/me.safetensors", (*LEARN, "--set", "outputs=tiff"), LEARN),
    "another name": Situation("pictures/tiny.png", (*RUN, "--seed", "4", "--name", "{scene}-{seed}"), RUN),
    "another output": Situation("pictures/tiny.png", (*RUN, "--set", "outputs=tiff"), RUN),
    "my picture beside numbered ones": Situation("pictures/trip.png", STILLS, change=mine),
    "a picture named as a plot": Situation(
        "g/trials.png", ("gallery", "me.yaml", "--seeds", "1,2", "--out", "g"), (*RUN, "--name", "trials", "--out", "g")
    ),
    "a picture named as a second sheet": Situation(
        "g/contact-sheet-2.png", GALLERY, (*RUN, "--name", "contact-sheet-2", "--out", "g")
    ),
    "another seed of a gallery": Situation("g/tiny-seed-1.png", (*GALLERY[:3], "1..4", "--out", "g"), GALLERY),
    "children of another strength": Situation(
        "tiny-mutations/tiny-mutation-1.png",
        ("mutate", "tiny.yaml", "--count", "1", "--strength", "0.5"),
        ("mutate", "tiny.yaml", "--count", "1"),
    ),
}

#: It has moved to `earlier`, and that is said: it is artengine's, and another one has its name.
KEPT = {
    "another seed": Situation("pictures/tiny.png", (*RUN, "--seed", "4"), RUN),
    "another size": Situation("pictures/tiny.png", (*RUN, "--size", "6x6"), RUN),
    "another setting": Situation("pictures/tiny.png", (*RUN, "--set", "camera.zoom=2"), RUN),
    "a scene of that name elsewhere": Situation("pictures/tiny.png", ("run", "other/tiny.yaml"), RUN),
    "without its recipe": Situation("pictures/tiny.png", (*RUN, "--no-metadata"), RUN),
    "another seed, no recipes": Situation(
        "pictures/tiny.png", (*RUN, "--no-metadata", "--seed", "4"), (*RUN, "--no-metadata")
    ),
    "a picture that was cut off": Situation("pictures/tiny.png", RUN, RUN, cut_off),
    "made again with another seed": Situation("pictures/tiny.png", ("rerun", "pictures/tiny.png", "--seed", "4"), RUN),
    "another film": Situation(
        "pictures/trip.gif",
        (*TRIP, "outputs=gif", "--seed", "4"),
        (*TRIP, "outputs=gif"),
    ),
    "frames of another film": Situation(
        "pictures/trip-0001.png",
        (*TRIP, "outputs=frames", "--seed", "4"),
        (*TRIP, "outputs=frames"),
    ),
    "weights of another seed": Situation("pictures/me.safetensors", (*LEARN, "--seed", "4"), LEARN),
    "weights of more steps": Situation("pictures/me.safetensors", (*LEARN, "--set", f"{STEPS}=4"), LEARN),
    "a picture learnt in more steps": Situation("pictures/me.png", (*LEARN, "--set", f"{STEPS}=4"), LEARN),
    "weights, by a gallery of one": Situation(
        "g/me.safetensors", ("gallery", "me.yaml", "--seeds", "5", "--out", "g"), (*LEARN, "--out", "g")
    ),
    "a picture, by a gallery of one": Situation(
        "g/tiny.png", ("gallery", "tiny.yaml", "--seeds", "5", "--out", "g"), (*RUN, "--out", "g")
    ),
    "a picture named as a contact sheet": Situation(
        "g/contact-sheet.png", GALLERY, ("run", "contact-sheet.yaml", "--out", "g")
    ),
    "a gallery of another size": Situation("g/tiny-seed-1.png", (*GALLERY, "--size", "6x6"), GALLERY),
}

#: It stays, nothing is made, one line says what to do, and the exit code is 2.
STAYS = {
    "my picture": Situation("pictures/tiny.png", RUN, change=mine),
    "my picture in the folder of the examples": Situation("gallery/tiny.png", (*RUN, "--out", "gallery"), change=mine),
    "a picture that I have retouched": Situation("pictures/tiny.png", RUN, RUN, retouched),
    "a link of mine": Situation("pictures/tiny.png", RUN, change=link),
    "no recipe, retouched": Situation("pictures/tiny.png", RUN, (*RUN, "--no-metadata"), retouched),
    "no recipe, and the list is gone": Situation(
        "pictures/tiny.png", (*RUN, "--seed", "4"), (*RUN, "--no-metadata"), forgotten
    ),
    "a frame": Situation("pictures/trip-0001.png", (*TRIP, "outputs=frames"), change=mine),
    "a film": Situation("pictures/trip.gif", (*TRIP, "outputs=gif"), change=mine),
    "a chart": Situation("pictures/me-curves.png", (*LEARN, "--set", "outputs=curves"), change=mine),
    "a stranger's weights": Situation("pictures/me.safetensors", LEARN, change=mine),
    "a stranger's weights, by a gallery": Situation(
        "g/me.safetensors", ("gallery", "me.yaml", "--seeds", "5", "--out", "g"), change=mine
    ),
    "the photo it learns": Situation("photo.png", ("run", "photo.yaml", "--out", "."), change=mine),
    "the photo it learns, by force": Situation(
        "photo.png", ("run", "photo.yaml", "--out", ".", "--force"), change=mine
    ),
    "the photo it learns, by a gallery": Situation("photo.png", ("gallery", "photo.yaml", "--out", "."), change=mine),
    "the photo it learns, under another name": Situation(
        "pictures/photo.png", ("run", "photo.yaml", "--force"), change=hard_link
    ),
    "the photo it learns, named as the contact sheet": Situation(
        "h/contact-sheet.png",
        ("gallery", "h/sheet.yaml", "--out", "h", "--force"),
        ("run", "contact-sheet.yaml", "--out", "h"),
    ),
    "a numbered still": Situation("pictures/trip-0002.png", STILLS, change=mine),
    "a picture in a gallery": Situation("g/tiny-seed-2.png", GALLERY, change=mine),
    "a thumbnail": Situation("g/thumbnails/tiny-seed-1.webp", GALLERY, change=mine),
    "a page": Situation("g/index.html", GALLERY, change=mine),
    "a page that I have written on": Situation("g/index.html", (*GALLERY[:3], "1..3", *GALLERY[4:]), GALLERY, mine),
    "a contact sheet": Situation("g/contact-sheet.png", GALLERY, change=mine),
    "a manifest": Situation("g/manifest.jsonl", GALLERY, change=mine),
    "a table": Situation("g/trials.csv", ("gallery", "me.yaml", "--seeds", "1,2", "--out", "g"), change=mine),
    "a file named as the lock": Situation("pictures/.tiny.lock", RUN, change=mine),
    "a file named as the stopped trainings": Situation("pictures/.me.training", LEARN, change=mine),
    "a file named as the frames": Situation("pictures/.trip.frames", (*TRIP, "outputs=gif"), change=mine),
    "a file named as the folder of earlier ones": Situation(
        "pictures/earlier", (*RUN, "--seed", "4"), RUN, change=None
    ),
}

#: It is gone, as it was meant to be.
REPLACED = {
    "my picture, by force": Situation("pictures/tiny.png", (*RUN, "--force"), change=mine),
    "another seed, by force": Situation("pictures/tiny.png", (*RUN, "--seed", "4", "--force"), RUN),
    "the page of a gallery that has grown": Situation("g/index.html", (*GALLERY[:3], "1..3", "--out", "g"), GALLERY),
    "its contact sheet": Situation("g/contact-sheet.png", (*GALLERY[:3], "1..3", "--out", "g"), GALLERY),
}


def each(situations: dict[str, Situation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("situation", situations.values(), ids=situations.keys())


@pytest.fixture
def happen(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Situation], tuple[Path, bytes, Answer]]:
    """Have a situation happen: the file at stake, what was in it, and the answer to the last command."""
    monkeypatch.setattr(builder, "Workers", in_process)
    for name, text in SCENES.items():
        path = tmp_path / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    y, x = np.mgrid[0:6, 0:8] * 30
    Image.fromarray(np.stack((x, y, x ^ y), axis=-1).astype(np.uint8)).save(tmp_path / "photo.png")

    def call(situation: Situation) -> tuple[Path, bytes, Answer]:
        path = tmp_path / situation.file
        if situation.first:
            assert run_cli(*situation.first).code == 0
        if situation.change:
            situation.change(path)
        before = path.read_bytes()
        return path, before, run_cli(*situation.then)

    return call


Happen = Callable[[Situation], tuple[Path, bytes, Answer]]


@each(SAME)
def test_the_same_file_again_is_no_news(situation: Situation, happen: Happen) -> None:
    path, before, answer = happen(situation)
    assert (answer.code, path.read_bytes()) == (0, before)
    assert f"earlier {path.name}" not in answer.err


@each(KEPT)
def test_an_earlier_file_of_artengines_is_kept(situation: Situation, happen: Happen) -> None:
    path, before, answer = happen(situation)
    assert answer.code == 0
    assert path.read_bytes() != before
    kept = [one for one in (path.parent / "earlier").glob(f"{path.stem}-*") if one.read_bytes() == before]
    assert len(kept) == 1
    told = [line for line in answer.err.splitlines() if " is kept: " in line]
    assert any(str(kept[0].relative_to(path.parents[1])) in line or "more beside it" in line for line in told)


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("outputs", ["outputs=frames", "outputs=png"])
def test_later_frames_of_a_longer_film_are_no_part_of_a_shorter_one(
    outputs: str, force: list[str], tmp_path: Path, happen: Happen, run_cli: RunCli
) -> None:
    del happen  # the scenes are there
    command = (*TRIP, outputs, *(["--set", "film.still=each"] if "png" in outputs else []))
    assert run_cli(*command, "--set", "film.length=6f").code == 0
    pictures = tmp_path / "pictures"
    before = {path.name: path.read_bytes() for path in pictures.glob("trip-*.png")}
    (pictures / "trip-0004.png").unlink()  # a gap ends nothing
    (pictures / "trip-0003.png").rename(pictures / "trip-0009.png")
    for name in ("trip-0003", "trip-2024"):  # of a scene of that name, and of a seed: no frames
        assert run_cli(*RUN, "--name", name).code == 0
    answer = run_cli(*command, *force)
    assert answer.code == 0
    names = sorted(path.name for path in pictures.glob("trip-*"))
    assert names == ["trip-0001.png", "trip-0002.png", "trip-0003.png", "trip-2024.png"]
    kept = {path.name[:9]: path.read_bytes() for path in pictures.glob("earlier/*") if path.name[5:9] > "0002"}
    assert kept == dict.fromkeys(("trip-0005", "trip-0006", "trip-0009"), before["trip-0005.png"])
    assert "is kept: pictures/earlier/trip-0005-" in answer.err


def test_later_frames_of_a_network_of_a_plugin_too(
    tmp_path: Path, happen: Happen, run_cli: RunCli, plugin_file: PluginFile
) -> None:
    del happen  # the scenes are there
    plugin = plugin_file(
        """
        import torch
        from artengine import hookimpl

        @hookimpl
        def register_networks():
            return {"theirs": lambda ports, /: torch.nn.Linear(ports.inputs, 3)}
        """
    )
    command = (*TRIP, "outputs=frames", "--set", "network=theirs", "-p", plugin)
    assert run_cli(*command, "--set", "film.length=4f").code == 0
    assert run_cli(*command).code == 0
    assert sorted(path.name for path in (tmp_path / "pictures").glob("trip-*")) == ["trip-0001.png", "trip-0002.png"]


def test_later_frames_of_the_films_of_a_gallery_too(tmp_path: Path, happen: Happen, run_cli: RunCli) -> None:
    del happen  # the scenes are there
    command = ("gallery", "trip.yaml", "--seeds", "1,2", "--set", "outputs=frames", "--out", "g")
    assert run_cli(*command, "--set", "film.length=4f").code == 0
    assert run_cli(*command).code == 0
    names = [f"trip-seed-{seed}-{number:04d}.png" for seed in (1, 2) for number in (1, 2)]
    assert sorted(path.name for path in (tmp_path / "g").glob("trip-*.png")) == names
    assert len(list((tmp_path / "g/earlier").glob("trip-seed-?-000[34]-*.png"))) == 4


def test_files_that_begin_with_another_number_are_whole(
    tmp_path: Path, happen: Happen, run_cli: RunCli, plugin_file: PluginFile
) -> None:
    del happen  # the scenes are there
    plugin = plugin_file(
        """
        from artengine import hookimpl, writes

        @writes("-####.txt")
        def sheets(frames, target, /):
            list(frames)
            for number in (3, 4, 8):
                with target.create(f"-{number:04d}.txt") as file:
                    file.write(b"a sheet")
                yield target.path(f"-{number:04d}.txt")

        @hookimpl
        def register_outputs():
            return {"sheets": sheets}
        """
    )
    for force in ([], ["--force"]):
        assert run_cli(*RUN, "-p", plugin, "--set", "outputs=sheets", *force).code == 0
        names = sorted(path.name for path in (tmp_path / "pictures").glob("*.txt"))
        assert names == ["tiny-0003.txt", "tiny-0004.txt", "tiny-0008.txt"]


def test_python_is_told_where_an_earlier_file_has_gone(
    happen: Happen, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    del happen  # the scenes are there
    with caplog.at_level("INFO", "artengine"):
        for seed in (3, 4):
            artengine.run(tmp_path / "tiny.yaml", out=tmp_path / "pictures", seed=seed)
    (kept,) = (tmp_path / "pictures/earlier").iterdir()
    assert caplog.messages == [f"tiny: the earlier tiny.png is kept: {kept}"]


@each(STAYS)
def test_what_is_not_artengines_stays(situation: Situation, happen: Happen, tmp_path: Path) -> None:
    if situation.file == "pictures/earlier":
        (tmp_path / "pictures").mkdir()
        (tmp_path / "pictures/earlier").write_text("mine\n")
    path, before, answer = happen(situation)
    assert (answer.code, path.read_bytes()) == (2, before), answer.err
    line = answer.err.splitlines()[-1]
    assert str(path.relative_to(tmp_path)) in line
    assert "move it" in line or "choose another" in line


@each(REPLACED)
def test_what_is_to_go_goes(situation: Situation, happen: Happen) -> None:
    path, before, answer = happen(situation)
    assert answer.code == 0
    assert path.read_bytes() != before
    assert not (path.parent / "earlier").exists()


def test_nothing_is_made_where_something_is_in_the_way(happen: Happen, tmp_path: Path) -> None:
    """It is told before the training, not after it."""
    _, _, answer = happen(Situation("pictures/me.png", LEARN, change=mine))
    assert answer.code == 2
    assert [one.name for one in (tmp_path / "pictures").iterdir()] == ["me.png"]


def test_going_back_to_earlier_settings_trains_nothing(happen: Happen, run_cli: RunCli) -> None:
    path, before, _ = happen(Situation("pictures/me.safetensors", (*LEARN, "--set", f"{STEPS}=4"), LEARN))
    other = path.read_bytes()
    answer = run_cli(*LEARN, "--json")
    assert "trained before: pictures/earlier/me-" in answer.out
    assert '"step"' not in answer.out
    assert path.read_bytes() == before
    assert run_cli(*LEARN, "--set", f"{STEPS}=4").code == 0
    assert path.read_bytes() == other
    assert len(list(path.parent.glob("earlier/*.safetensors"))) == 2  # however often one goes to and fro


def test_a_picture_from_somebody_else_is_kept_as_ones_own(happen: Happen, tmp_path: Path) -> None:
    def sent(path: Path) -> None:
        shutil.rmtree(path.parent)
        path.parent.mkdir()
        shutil.copy(tmp_path / "elsewhere.png", path)

    def first(path: Path) -> None:
        shutil.move(path, tmp_path / "elsewhere.png")
        sent(path)

    path, before, answer = happen(Situation("pictures/tiny.png", (*RUN, "--seed", "4"), RUN, first))
    assert answer.code == 0
    assert [one.read_bytes() for one in path.parent.glob("earlier/*")] == [before]


def test_a_training_that_was_stopped_waits_while_another_one_is_made(
    happen: Happen, tmp_path: Path, run_cli: RunCli
) -> None:
    del happen  # the scenes are there
    whole = tmp_path / "whole"
    assert run_cli(*LEARN, "--set", f"{STEPS}=40", "--out", "whole").code == 0
    stop_training(tmp_path / "me.yaml", tmp_path / "pictures", steps=40, at=20)
    (folder,) = (tmp_path / "pictures/.me.training").iterdir()
    answer = run_cli(*LEARN)
    assert "what was stopped with other settings can still go on: pictures/.me.training" in answer.err
    assert folder.is_dir()
    answer = run_cli(*LEARN, "--set", f"{STEPS}=40")
    assert "going on from step 20" in answer.err
    assert (tmp_path / "pictures/me.safetensors").read_bytes() == (whole / "me.safetensors").read_bytes()
    assert not folder.parent.exists()


def test_a_training_that_was_stopped_in_a_gallery_waits_for_it(happen: Happen, tmp_path: Path, run_cli: RunCli) -> None:
    del happen
    workshop = tmp_path / "g/.gallery-workshop"
    stop_training(tmp_path / "me.yaml", workshop / "me", steps=40, at=20)
    stopped = list(workshop.rglob("checkpoint*"))
    answer = run_cli("gallery", "me.yaml", "--out", "g")
    assert "what was stopped can still go on: g/.gallery-workshop" in answer.err
    assert [path for path in workshop.rglob("*") if path.is_file()] == stopped != []
    assert run_cli("gallery", "me.yaml", "--set", f"{STEPS}=40", "--out", "g").code == 0
    assert run_cli(*LEARN, "--set", f"{STEPS}=40").code == 0
    assert (tmp_path / "g/me.safetensors").read_bytes() == (tmp_path / "pictures/me.safetensors").read_bytes()
    assert not workshop.exists()


def test_a_training_without_a_bound_goes_on_to_another_goal(happen: Happen, tmp_path: Path, run_cli: RunCli) -> None:
    del happen
    goal = ("--set", "training.regression.until={psnr: 99, patience: 200}")
    path = tmp_path / "me.yaml"
    path.write_text(LEARNING.replace("{steps: 3}", "{psnr: 98, patience: 200}"))
    stop_training(path, tmp_path / "pictures", at=100)
    answer = run_cli(*LEARN, *goal)
    assert "going on from step 100" in answer.err
    assert run_cli(*LEARN, *goal, "--out", "whole").code == 0
    whole = tmp_path / "whole/me.safetensors"
    assert (tmp_path / "pictures/me.safetensors").read_bytes() == whole.read_bytes()


def test_only_the_latest_stopped_works_are_kept(happen: Happen, tmp_path: Path) -> None:
    del happen
    for steps in range(30, 30 + MAX_OTHERS + 3):
        stop_training(tmp_path / "me.yaml", tmp_path / "pictures", steps=steps, at=5)
    folders = list((tmp_path / "pictures/.me.training").iterdir())
    assert len(folders) == MAX_OTHERS + 1
    for steps in range(32, 30 + MAX_OTHERS + 3):
        events = stop_training(tmp_path / "me.yaml", tmp_path / "pictures", steps=steps, at=6)
        assert any(isinstance(event, Resumed) for event in events)
        assert any(isinstance(event, Note) and "4 other settings can still go on" in event.text for event in events)


def test_only_the_latest_trainings_are_kept(
    happen: Happen, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del happen
    monkeypatch.setattr(persistence, "MAX_EARLIER_TRAININGS", 2)
    for steps in range(1, 6):
        answer = run_cli(*LEARN, "--set", f"{STEPS}={steps}")
    assert "1 of the earlier trainings are dropped: 2 are kept" in answer.err
    kept = list((tmp_path / "pictures/earlier").glob("*.safetensors"))
    assert sorted(about(one)["steps"] for one in kept) == [3, 4]


def test_frames_of_a_film_that_was_stopped_wait(happen: Happen, tmp_path: Path, run_cli: RunCli) -> None:
    del happen
    events = make_files(load(tmp_path / "trip.yaml", overrides={"outputs": "gif"}), tmp_path / "pictures")
    for event in events:
        if isinstance(event, FilmReport):
            events.close()
            break
    (folder,) = (tmp_path / "pictures/.trip.frames").iterdir()
    answer = run_cli(*TRIP, "outputs=gif", "--seed", "4")
    assert "can still go on: pictures/.trip.frames" in answer.err
    assert list(folder.iterdir()) != []
    answer = run_cli(*TRIP, "outputs=gif")
    assert "1 of 2 frames are painted already" in answer.err
    assert not folder.parent.exists()


def stop_training(path: Path, out: Path, *, at: int, steps: int | None = None) -> list[Event]:
    """Stop a training at that step as Ctrl-C does; the events until then."""
    scene = load(path, overrides={STEPS: steps} if steps else {})
    picture = build(scene)
    events = train_to_file(picture, out, fresh=False, describe=None, should_report=lambda step, total: step == at)
    seen = []
    for event in events:
        seen.append(event)
        if isinstance(event, TrainingReport) and event.step == at:
            events.close()
            return seen
    raise AssertionError(f"it never came to step {at}")
