"""A gallery: made once and kept, told on its page, and made again only where it has to be."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest
from PIL import Image
from tests.support.common import TINY
from tests.support.events import notes
from tests.support.executors import InProcess
from tests.support.folders import file_contents
from tests.support.gallery_runs import is_whole, lines, made, make_gallery, scene, seen, shown

from artengine import ArtengineError, InputError, OutputError, Progress, Result
from artengine.events import GalleryReport, Training, Wrote
from artengine.files import InTheWayError
from artengine.gallery.builder import GalleryOptions, PartialError, build_gallery
from artengine.gallery.sweeps import Sweep
from artengine.making import recipe
from artengine.making.pipeline import make_files
from artengine.training.session import TrainingSession
from artengine.workers.pool import Workers

STD = "network.neural_painter.std"
LEARNING = """canvas: {width: 16, height: 12}
network: {mlp: {width: 8, depth: 2}}
training: {regression: {target: photo.png, until: {steps: 5}, batch: 64}}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a scene and its gallery of six."""
    folder = tmp_path_factory.mktemp("finished")
    make_gallery(Sweep(path=scene(folder), seeds=range(6)), folder / "g")
    return folder


@pytest.fixture
def there(finished: Path, tmp_path: Path) -> Path:
    """A copy of it to do harm to."""
    shutil.copytree(finished, tmp_path / "there")
    return tmp_path / "there"


def again(there: Path, **options: object) -> list[str]:
    """Make the six again: the names of those that had to be made."""
    sweep = replace(Sweep(path=there / "tiny.yaml", seeds=range(6)), **options)  # type: ignore[arg-type]
    return make_gallery(sweep, there / "g")[0]


def photo(path: Path, shade: int) -> None:
    Image.new("RGB", (8, 8), (shade, 90, 255 - shade)).save(path)


def test_every_picture_has_a_file_a_thumbnail_a_line_and_a_place_on_the_page(tmp_path: Path) -> None:
    sweep = Sweep(path=scene(tmp_path), seeds=[2, 5], settings=[f"{STD}=1,2"])
    names, events = make_gallery(sweep, tmp_path / "g")
    expected = [f"tiny-seed-{seed}-std-{std}" for seed in (2, 5) for std in (1, 2)]
    assert names == seen(tmp_path / "g") == expected
    assert [event for event in events if isinstance(event, GalleryReport)] == [
        GalleryReport(index, 4, name, "") for index, name in enumerate(expected, start=1)
    ]
    assert events[-2:] == [Wrote(tmp_path / "g" / "index.html"), Wrote(tmp_path / "g" / "contact-sheet.png")]
    is_whole(tmp_path / "g", 4)
    first = lines(tmp_path / "g")[0]
    assert (first["name"], first["seed"], first["settings"]) == (expected[0], "2", {STD: "1"})
    assert (first["width"], first["height"], list(first["files"])) == (16, 12, [f"{expected[0]}.png"])
    assert first["command"] == f"artengine run {tmp_path}/tiny.yaml --seed 2 --set {STD}=1 --name {first['name']}"


def test_made_again_it_makes_nothing(there: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in (there / "g").glob("tiny*")}
    names, events = make_gallery(Sweep(path=there / "tiny.yaml", seeds=range(6)), there / "g")
    assert names == []
    assert notes(events) == ["6 of 6 were there already"]
    assert made(events) == [(f"tiny-seed-{seed}", "") for seed in range(6)]
    assert {path.name: path.stat().st_mtime_ns for path in (there / "g").glob("tiny*")} == before
    is_whole(there / "g", 6)


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(path.read_bytes()[:-1] + b"x"),
        lambda path: path.write_bytes(path.read_bytes()[:-9]),
    ],
    ids=["deleted", "a changed byte", "cut"],
)
def test_what_has_been_harmed_is_made_again_and_is_the_same(harm: Callable[[Path], object], there: Path) -> None:
    path = there / "g" / "tiny-seed-3.png"
    before = path.read_bytes()
    harm(path)
    harmed = [path.read_bytes()] if path.exists() else []
    assert again(there) == ["tiny-seed-3"]
    assert path.read_bytes() == before
    assert [kept.read_bytes() for kept in (there / "g").glob("earlier/tiny-seed-3-*.png")] == harmed
    assert len(seen(there / "g")) == 6


@pytest.mark.parametrize("kind", ["a link", "another picture"])
def test_picture_of_somebody_else_is_left_alone(kind: str, there: Path) -> None:
    path, elsewhere = there / "g" / "tiny-seed-3.png", there / "g" / "elsewhere.png"
    path.rename(elsewhere)
    if kind == "a link":
        path.symlink_to("elsewhere.png")
    else:
        photo(path, 7)
    mine = path.read_bytes()
    with pytest.raises(InTheWayError, match=r"tiny-seed-3\.png: is there already, .* --force$"):
        again(there)
    assert path.read_bytes() == mine
    assert path.is_symlink() == (kind == "a link")
    assert make_gallery(Sweep(path=there / "tiny.yaml", seeds=range(6)), there / "g", force=True)[0] == ["tiny-seed-3"]
    assert path.read_bytes() == elsewhere.read_bytes()
    assert not path.is_symlink()


def test_a_folder_where_a_file_should_be_is_left_alone(there: Path) -> None:
    path = there / "g" / "tiny-seed-3.png"
    path.unlink()
    path.mkdir()
    with pytest.raises(OutputError, match=r"tiny-seed-3\.png: is a folder, where a file is to go; move it"):
        again(there)
    path.rmdir()
    assert again(there) == ["tiny-seed-3"]


def test_what_was_made_from_something_else_is_made_again(there: Path) -> None:
    path = there / "tiny.yaml"
    all_ = ["tiny-seed-0", "tiny-seed-1"]
    earlier = [(there / "g" / f"{name}.png").read_bytes() for name in all_]
    path.write_text(TINY.replace("hidden_size: 6", "hidden_size: 5"))
    assert again(there, seeds=range(2)) == all_, "another scene"
    assert sorted(file_contents(there / "g" / "earlier").values()) == sorted(earlier)
    assert again(there, seeds=range(2)) == []
    assert again(there, seeds=range(2), size=(8, 8)) == all_, "another size"
    assert len(seen(there / "g")) == 6, "what has been written over is not shown"
    for name in all_:
        with Image.open(there / "g" / f"{name}.png") as picture:
            assert picture.size == (8, 8)
    assert again(there, seeds=range(2), size=(8, 8), metadata=True) == []
    sweep = Sweep(path=path, seeds=range(2), size=(8, 8))
    assert make_gallery(sweep, there / "g", metadata=False)[0] == all_
    with pytest.raises(InputError, match="found no recipe in it"):
        recipe.read(there / "g" / "tiny-seed-0.png")
    assert make_gallery(sweep, there / "g", metadata=False, fresh=True)[0] == all_


def test_what_was_not_asked_for_this_time_stays_and_is_shown_last(there: Path) -> None:
    sweep = Sweep(path=there / "tiny.yaml", seeds=[7, 6, 2])
    assert make_gallery(sweep, there / "g")[0] == ["tiny-seed-7", "tiny-seed-6"]
    assert seen(there / "g") == [f"tiny-seed-{seed}" for seed in (7, 6, 2, 0, 1, 3, 4, 5)]


def test_another_photo_is_another_picture(tmp_path: Path) -> None:
    photo(tmp_path / "photo.png", 10)
    sweep = Sweep(path=scene(tmp_path, LEARNING), seeds=[1])
    assert make_gallery(sweep, tmp_path / "g")[0] == ["tiny"]
    photo(tmp_path / "photo.png", 200)
    assert make_gallery(sweep, tmp_path / "g")[0] == ["tiny"]
    assert make_gallery(sweep, tmp_path / "g")[0] == []


def test_another_version_of_a_plugin_is_another_picture(tmp_path: Path) -> None:
    plugin = tmp_path / "wave.py"
    text = "from artengine import hookimpl\n@hookimpl\ndef register_activations():\n    return {'wave': lambda x: %s}\n"
    setting = "network.neural_painter.nonlin=wave"
    sweep = Sweep(path=scene(tmp_path), seeds=[1], settings=[setting], plugins=[str(plugin)])
    pictures = []
    for work in ("x * x", "x - x * x"):
        plugin.write_text(text % work)
        assert make_gallery(sweep, tmp_path / "g")[0] == ["tiny"]
        assert make_gallery(sweep, tmp_path / "g")[0] == []
        pictures.append((tmp_path / "g" / "tiny.png").read_bytes())
    assert pictures[0] != pictures[1]


def test_a_kill_between_a_file_and_its_line_makes_the_file_again(there: Path) -> None:
    manifest = there / "g" / "manifest.jsonl"
    rows = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(b"".join(rows[:-1]) + rows[-1][:100])
    assert again(there) == ["tiny-seed-5"]
    is_whole(there / "g", 6)


def test_a_line_that_makes_no_sense_is_told_and_passed_over(there: Path) -> None:
    manifest = there / "g" / "manifest.jsonl"
    rows = manifest.read_text().splitlines(keepends=True)
    bad = json.dumps(json.loads(rows[2]) | {"files": {"../../tiny.yaml": "0" * 64}}) + "\n"
    manifest.write_text("".join([*rows[:2], bad, "nonsense\n", *rows[3:]]))
    names, events = make_gallery(Sweep(path=there / "tiny.yaml", seeds=range(6)), there / "g")
    assert names == ["tiny-seed-2"]
    assert notes(events)[0] == f"{manifest}: 2 lines make no sense, and are passed over"
    assert "../" not in "".join(one["file"] for one in shown(there / "g")["shown"])


def test_what_a_line_says_of_a_picture_that_we_know_is_not_believed(there: Path) -> None:
    manifest = there / "g" / "manifest.jsonl"
    rows = [json.loads(row) for row in manifest.read_text().splitlines()]
    rows[1] |= {"name": "<img src=x onerror=alert(1)>", "command": "artengine run evil.yaml", "seed": "</script>"}
    rows[2] |= {"id": "0" * 64, "name": "<script>alert(1)<!--"}
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert again(there) == ["tiny-seed-2"], "its line is of something else"
    data = shown(there / "g")["shown"]
    assert [one["name"] for one in data] == [f"tiny-seed-{seed}" for seed in range(6)] + [rows[2]["name"]]
    assert data[1]["command"] == f"artengine run {there}/tiny.yaml --seed 1 --name tiny-seed-1"
    assert "<script>alert" not in (there / "g" / "index.html").read_text()


def test_a_page_or_a_manifest_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    sweep = Sweep(path=scene(tmp_path), seeds=[1])
    for name, words in (("index.html", "nothing says that artengine made it"), ("manifest.jsonl", "no manifest")):
        folder = tmp_path / name.partition(".")[0]
        folder.mkdir()
        (folder / name).write_text("<h1>mine</h1>\n")
        with pytest.raises(OutputError, match=words):
            make_gallery(sweep, folder)
        assert [path.name for path in folder.iterdir()] == [name]
        assert (folder / name).read_text() == "<h1>mine</h1>\n"


@pytest.mark.parametrize("name", ["thumbnails", ".gallery-workshop", "index.html", "manifest.jsonl", ".gallery.lock"])
@pytest.mark.parametrize("there_", [True, False], ids=["to a folder", "to nowhere"])
def test_nothing_is_written_through_a_link(name: str, there_: bool, tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "g"
    folder.mkdir()
    if there_:
        elsewhere.mkdir()
    (folder / name).symlink_to(elsewhere)
    with pytest.raises(OutputError, match=re.escape(name)):
        make_gallery(Sweep(path=scene(tmp_path), seeds=[1]), folder)
    assert elsewhere.exists() == there_
    assert not there_ or list(elsewhere.iterdir()) == []


def test_one_that_fails_is_told_and_the_rest_is_made(tmp_path: Path) -> None:
    def before(name: str) -> None:
        if name in ("tiny-seed-1", "tiny-seed-4"):
            raise ArtengineError(f"no  <b>network</b>\nfor {name}")

    sweep = Sweep(path=scene(tmp_path), seeds=range(6))
    with pytest.raises(PartialError) as caught:
        make_gallery(sweep, tmp_path / "g", InProcess(before))
    assert caught.value.exit_code == 3
    assert str(caught.value).splitlines() == [
        "tiny-seed-1: no <b>network</b> for tiny-seed-1",
        "tiny-seed-4: no <b>network</b> for tiny-seed-4",
        "2 of 6 failed; the same command tries them again",
    ]
    assert seen(tmp_path / "g") == [f"tiny-seed-{seed}" for seed in (0, 2, 3, 5)]
    assert shown(tmp_path / "g")["failed"][0] == ["tiny-seed-1", "no <b>network</b> for tiny-seed-1"]
    assert [line["error"] for line in lines(tmp_path / "g") if line["error"]] == [
        f"no <b>network</b> for tiny-seed-{seed}" for seed in (1, 4)
    ]
    assert not (tmp_path / "g" / ".gallery-workshop").exists()
    assert make_gallery(sweep, tmp_path / "g")[0] == ["tiny-seed-1", "tiny-seed-4"]
    assert shown(tmp_path / "g")["failed"] == []
    assert seen(tmp_path / "g") == [f"tiny-seed-{seed}" for seed in range(6)]


def test_stopped_it_keeps_what_there_is_and_goes_on(tmp_path: Path) -> None:
    sweep = Sweep(path=scene(tmp_path), seeds=range(6))
    executor = InProcess()
    work = build_gallery("tiny", sweep.variations(), 6, executor, GalleryOptions(folder=tmp_path / "g"))
    with contextlib.closing(work):
        for event in work:
            if isinstance(event, GalleryReport) and event.done == 3:
                break
    assert executor.made == seen(tmp_path / "g") == [f"tiny-seed-{seed}" for seed in range(3)]
    assert make_gallery(sweep, tmp_path / "g")[0] == [f"tiny-seed-{seed}" for seed in range(3, 6)]
    is_whole(tmp_path / "g", 6)


def test_two_galleries_do_not_share_a_folder_at_a_time(tmp_path: Path) -> None:
    sweep = Sweep(path=scene(tmp_path), seeds=range(2))
    with contextlib.closing(
        build_gallery("tiny", sweep.variations(), 2, InProcess(), GalleryOptions(folder=tmp_path / "g"))
    ) as work:
        next(work)
        with pytest.raises(OutputError, match=r"another run \(pid \d+ on .*\) is making it"):
            make_gallery(sweep, tmp_path / "g")
        assert len(list(work)) == 3
    is_whole(tmp_path / "g", 2)


def test_a_training_leaves_its_weights_beside_the_picture(tmp_path: Path) -> None:
    photo(tmp_path / "photo.png", 10)
    sweep = Sweep(path=scene(tmp_path, LEARNING), seeds=[1, 2])
    make_gallery(sweep, tmp_path / "g")
    assert list(lines(tmp_path / "g")[1]["files"]) == ["tiny-seed-2.png", "tiny-seed-2.safetensors"]
    is_whole(tmp_path / "g", 2, "trials.csv")
    (tmp_path / "g" / "tiny-seed-2.safetensors").unlink()
    assert make_gallery(sweep, tmp_path / "g")[0] == ["tiny-seed-2"]


def test_a_training_that_was_stopped_goes_on_and_ends_in_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a kill leaves in the workshop is what the next run begins with."""
    photo(tmp_path / "photo.png", 10)
    sweep = Sweep(path=scene(tmp_path, LEARNING.replace("steps: 5", "steps: 120")), seeds=[1])
    make_gallery(sweep, tmp_path / "undisturbed")
    (variation,) = sweep.variations()
    with contextlib.closing(make_files(variation.scene, tmp_path / "g" / ".gallery-workshop" / "tiny")) as work:
        stopped = next(event.step for event in work if isinstance(event, Training) and event.step > 9)
    steps: list[int] = []
    run = TrainingSession.run

    def watched(session: TrainingSession) -> Generator[Progress, None, Result]:
        reports = run(session)
        while True:
            try:
                progress = next(reports)
            except StopIteration as end:
                result: Result = end.value
                return result
            steps.append(progress.step)
            yield progress

    monkeypatch.setattr(TrainingSession, "run", watched)
    make_gallery(sweep, tmp_path / "g")
    assert steps[0] > stopped
    is_whole(tmp_path / "g", 1)
    for name in ("tiny.png", "tiny.safetensors"):
        assert (tmp_path / "g" / name).read_bytes() == (tmp_path / "undisturbed" / name).read_bytes()


@pytest.mark.parametrize(
    ("more", "file", "film"),
    [
        ("outputs: tiff", "tiny.tif", False),
        ("film: {length: 0.5s, fps: 4}\noutputs: gif", "tiny.gif", False),
        ("film: {length: 0.5s, fps: 4}\noutputs: mp4", "tiny.mp4", True),
        ("film: {length: 0.5s, fps: 4}\noutputs: [mp4, png, tiff]", "tiny.png", False),
        ("outputs: [tiff, webp]", "tiny.webp", False),
        ("outputs: jpeg", "tiny.jpg", False),
    ],
)
def test_any_output_can_be_shown(more: str, file: str, film: bool, tmp_path: Path) -> None:
    make_gallery(Sweep(path=scene(tmp_path, f"{TINY}{more}\n")), tmp_path / "g")
    (one,) = shown(tmp_path / "g")["shown"]
    assert (one["file"], one["film"], one["width"], one["height"]) == (f"./{file}", film, 16, 12)
    with Image.open(tmp_path / "g" / one["thumbnail"]) as small:
        assert small.size == (16, 12)
        assert len(small.convert("RGB").getcolors() or []) > 3
    is_whole(tmp_path / "g", 1)


def test_the_thumbnail_of_what_was_learnt_is_not_of_what_was_not(tmp_path: Path) -> None:
    photo(tmp_path / "photo.png", 200)
    text = LEARNING.replace("steps: 5", "steps: 100")
    colours = []
    for more in ("outputs: png\n", "outputs: tiff\n", "outputs: []\n"):
        make_gallery(Sweep(path=scene(tmp_path, text + more)), tmp_path / "g")
        with Image.open(tmp_path / "g" / "thumbnails" / "tiny.webp") as small:
            colours.append(small.convert("RGB").resize((1, 1)).getpixel((0, 0)))
    for one in colours[1:]:
        assert max(abs(a - b) for a, b in zip(one, colours[0], strict=True)) < 8
    (one,) = shown(tmp_path / "g")["shown"]
    assert one["file"] == "./tiny.safetensors"


def test_scenes_with_filters_and_grey_ones(tmp_path: Path) -> None:
    plugin = tmp_path / "filters.py"
    plugin.write_text(
        dedent(
            """
            from artengine import hookimpl

            @hookimpl
            def register_filters():
                return {"half": lambda image, /: image[::2, ::2], "grey": lambda image, /: image[..., :1]}
            """
        )
    )
    for filters, size in (("half", (8, 6)), ("grey", (16, 12)), ("[half, grey]", (8, 6))):
        for outputs in ("png", "tiff"):
            text = f"{TINY}filters: {filters}\noutputs: {outputs}\n"
            folder = tmp_path / f"{filters} {outputs}"
            make_gallery(Sweep(path=scene(tmp_path, text), plugins=[str(plugin)]), folder)
            (one,) = shown(folder)["shown"]
            assert (one["width"], one["height"]) == size
            with Image.open(folder / one["thumbnail"]) as small:
                assert small.size == size


@pytest.mark.parametrize("name", ["gallery", "index", "thumbnails", "manifest", "contact-sheet", "contact-sheet-2"])
def test_a_scene_may_be_called_as_what_is_in_the_folder(name: str, tmp_path: Path) -> None:
    path = scene(tmp_path, name=f"{name}.yaml")
    for _ in range(2):
        make_gallery(Sweep(path=path), tmp_path / "g")
        is_whole(tmp_path / "g", 1)
    make_gallery(Sweep(path=path, seeds=[1, 2]), tmp_path / "g")
    is_whole(tmp_path / "g", 3)


def test_a_name_that_is_safe_is_short_enough_for_every_file(tmp_path: Path) -> None:
    path = scene(tmp_path, name=f"{'n' * 240}.yaml")
    make_gallery(Sweep(path=path, settings=["camera.zoom=1,1.5", "camera.angle=0,90"]), tmp_path / "g")
    is_whole(tmp_path / "g", 4)


def test_two_processes_make_what_one_makes(finished: Path, tmp_path: Path) -> None:
    sweep = Sweep(path=finished / "tiny.yaml", seeds=range(6))
    workers = Workers("artengine.gallery.items:make_item", 2)
    list(build_gallery("tiny", sweep.variations(), 6, workers, GalleryOptions(folder=tmp_path / "g")))
    is_whole(tmp_path / "g", 6)
    for name in ("index.html", "contact-sheet.png", *(f"tiny-seed-{seed}.png" for seed in range(6))):
        same = [re.sub(rb"made in [0-9.]+ s", b"", (place / "g" / name).read_bytes()) for place in (finished, tmp_path)]
        assert same[0] == same[1], name


def test_items_that_fail_die_or_hang_cost_only_their_own_pictures(tmp_path: Path) -> None:
    sweep = Sweep(path=scene(tmp_path), seeds=range(6))
    workers = Workers("tests.support.gallery_items:make_frail_item", 2, timeout=3)
    with pytest.raises(PartialError) as caught:
        list(build_gallery("tiny", sweep.variations(), 6, workers, GalleryOptions(folder=tmp_path / "g")))
    messages = sorted(str(caught.value).splitlines())
    assert messages == [
        "3 of 6 failed; the same command tries them again",
        "tiny-seed-1: RuntimeError: no <b>network</b> for this seed",
        "tiny-seed-2: its worker died twice (exit code 7)",
        "tiny-seed-4: took longer than 3 s",
    ]
    assert sorted(": ".join(one) for one in shown(tmp_path / "g")["failed"]) == messages[1:]
    assert seen(tmp_path / "g") == [f"tiny-seed-{seed}" for seed in (0, 3, 5)]
    assert make_gallery(sweep, tmp_path / "g")[0] == [f"tiny-seed-{seed}" for seed in (1, 2, 4)]
    assert seen(tmp_path / "g") == [f"tiny-seed-{seed}" for seed in range(6)]
