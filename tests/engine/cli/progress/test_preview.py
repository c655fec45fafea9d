"""Watching a picture being learnt: what a terminal shows of it, at any size, and what it looks like afterwards."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from rich.text import Text
from tests.support.common import LEARNING
from tests.support.terminal import Cell, Session, Terminal

import artengine
from artengine.cli.progress.preview import (
    MIN_PICTURE_INTERVAL,
    LastLines,
    Pace,
    Preview,
    can_show_pictures,
    fitted,
    half_blocks,
)
from artengine.training import weights

if TYPE_CHECKING:
    from tests.support.common import PluginFile, RunCli


def levels(picture: list[list[Cell]]) -> Any:
    """The pixels of a picture on the terminal, (H, W, 3) bytes; H is even."""
    rows = [[cell[side] for cell in line] for line in picture for side in (1, 2)]
    return np.array([[[int(level) for level in cell[2:].split(";")] for cell in row] for row in rows], np.uint8)


def shades(columns: int, rows: int) -> Any:
    """A glance at an image whose pixels are all different."""
    y, x = np.mgrid[0:rows, 0:columns]
    return np.stack((x / max(columns, 1), y / max(rows, 1), (x * 7 + y * 3) % 256 / 255), axis=-1)


#: Trainers that do as they are told: one waits after a step until a file is there, having said so with two codes.
ODD = """
    import os, pathlib, sys, time
    import torch
    from artengine import Progress, Result, hookimpl

    def waits(session, /):
        (weight, *_) = session.network.parameters()
        for step in range(1, 7):
            with torch.no_grad():
                weight += torch.randn(weight.shape)
            if step < 6:
                yield Progress(step=step, total=6, loss=1 / step, state=lambda: {})
            if step == 3:
                os.write(2, b"\\x1b[?25l\\x1b[?25l")
                while not pathlib.Path("go").exists():
                    time.sleep(0.01)
        return Result(step=6, loss=1 / 6)

    def chats(session, /):
        for step in range(1, 4):
            print("heard", step, end=" and\\n")
            print("read", step, file=sys.stderr)
            if step < 3:
                yield Progress(step=step, total=3, loss=1 / step, note=f"note {step}")
        return Result(step=3, loss=1 / 3, note="note 3")

    @hookimpl
    def register_trainers():
        return {"waits": waits, "chats": chats}
    """

WAITS = "\x1b[?25l\x1b[?25l"


@pytest.fixture(scope="module", autouse=True)
def _imported(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A training in this process: what it imports, no command that is forked from it has to."""
    folder = tmp_path_factory.mktemp("imported")
    Image.new("RGB", (4, 4)).save(folder / "photo.png")
    (folder / "learning.yaml").write_text(LEARNING.replace("steps: 60", "steps: 1"))
    artengine.run(folder / "learning.yaml", out=folder)


@pytest.fixture
def odd(plugin_file: PluginFile, tmp_path: Path) -> list[str]:
    """A scene with such a trainer: the words of a command that watches it."""
    text = "seed: 3\ncanvas: {width: 60, height: 12}\nnetwork: {mlp: {width: 8, depth: 2}}\ntraining: waits\n"
    (tmp_path / "odd.yaml").write_text(text)
    return ["run", "odd.yaml", "--watch", "-p", plugin_file(ODD).name]


# What is shown


def test_a_cell_is_two_pixels_the_upper_one_before_the_lower() -> None:
    pixels = np.arange(18, dtype=np.uint8).reshape(3, 2, 3)
    console = Console(file=(file := io.StringIO()), force_terminal=True, color_system="truecolor")
    LastLines(console).draw(half_blocks(pixels))
    (terminal := Terminal(80, 24)).feed(file.getvalue())
    assert terminal.pictures() == [
        [
            [("▀", "2;0;1;2", "2;6;7;8"), ("▀", "2;3;4;5", "2;9;10;11")],
            [("▀", "2;12;13;14", ""), ("▀", "2;15;16;17", "")],
        ]
    ]


def test_a_large_image_is_shrunk_with_its_aspect_and_a_small_one_stays() -> None:
    image = np.zeros((90, 160, 3), np.float32)
    image[:, 80:] = (1.0, 0.5, 0.0)
    shrunk = fitted(image, 79, 40)
    assert shrunk.shape == (40, 71, 3)
    assert tuple(shrunk[20, 10]) == (0, 0, 0)
    assert tuple(shrunk[20, 60]) == (255, 128, 0)
    assert fitted(image, 8, 400).shape == (4, 8, 3)
    stripes = np.tile(np.array([0.0, 1.0]), (64, 32))[..., np.newaxis]
    assert np.abs(fitted(stripes, 16, 16).astype(int) - 128).max() <= 1, "no pixel is passed over"
    assert fitted(np.ones((1, 5000, 1)), 80, 40).tolist() == [[[255] * 3] * 80]
    assert fitted(np.ones((3, 5, 1)), 80, 40).shape == (3, 5, 3)


def test_looking_takes_a_tenth_of_the_time_at_most() -> None:
    pace = Pace()
    assert pace.due(0.0)
    pace.shown(10.0, 10.01)
    assert not pace.due(10.0 + MIN_PICTURE_INTERVAL - 0.001)
    assert pace.due(10.0 + MIN_PICTURE_INTERVAL)
    pace.shown(20.0, 21.0)
    assert not pace.due(29.9)
    assert pace.due(30.0)


def test_the_last_look_is_shown_however_soon_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artengine.cli.progress.preview.time.monotonic", lambda: 1.0)
    preview = Preview(Console(file=io.StringIO(), force_terminal=True, width=40, height=20), lambda: Text("bar"))
    taken = []
    for number, last in enumerate((False, False, True)):

        def glance(columns: int, rows: int, number: int = number) -> Any:
            taken.append((number, columns, rows))
            return shades(columns, rows)

        preview.look(glance, last=last)
    assert taken == [(0, 39, 32), (2, 39, 32)]


@pytest.mark.parametrize(
    ("canvas", "network"),
    [
        ("precision: float32", "mlp: {output: tanh}"),
        ("precision: float64", "neural_painter: {hidden_size: 6}"),
        ("precision: float32", "neural_painter: {hidden_size: 6, nr_channel: 1}"),
    ],
)
def test_a_glance_is_the_picture_in_small(canvas: str, network: str, tiny_scene: Path) -> None:
    tiny_scene.write_text(
        f"canvas: {{width: 48, height: 32, {canvas}}}\nnetwork: {{{network}}}\ncamera: {{zoom: 0.7}}\n"
    )
    picture = artengine.build(artengine.load(tiny_scene), "cpu")
    assert np.abs(picture.glance(48, 48) - picture.paint()).max() < 1e-5
    assert np.ptp(picture.glance(48, 48)) > 0.1, "there is something to see"
    assert picture.glance(24, 100).shape == (16, 24, picture.channels)
    assert picture.glance(400, 3).shape == (3, 4, picture.channels)


def test_what_is_learnt_is_on_the_terminal_and_stays_there(learning_scene: Path) -> None:
    session = Session(["run", learning_scene.name, "--watch"], learning_scene.parent)
    assert session.end() == 0
    terminal = session.terminal
    (picture,) = terminal.pictures()
    live = artengine.build(artengine.load(learning_scene), "cpu")
    tensors, _ = weights.read(learning_scene.parent / "pictures" / "learning.safetensors", live.network.state_dict())
    live.network.load_state_dict(tensors)
    expected = fitted(live.glance(79, 40), 79, 40)
    assert expected.shape == (40, 53, 3)
    assert np.abs(levels(picture).astype(int) - expected).max() <= 1
    assert np.ptp(expected, axis=(0, 1)).min() > 50, "there is something to see"
    assert re.fullmatch(r"learning: learnt in 60 steps, loss 0\.\d{5} \d+\.\d dB", terminal.text[0])
    assert terminal.text[1:3] == ["pictures/learning.safetensors", "pictures/learning.png"]
    assert not any(terminal.text[23:]), "the bars have gone"
    assert terminal.cursor == (24, 0)
    assert terminal.cursor_shown


@pytest.mark.parametrize(("size", "rows"), [((120, 60), 40), ((40, 24), 15), ((80, 4), 0)])
def test_it_fits_the_terminal(size: tuple[int, int], rows: int, learning_scene: Path) -> None:
    session = Session(["run", learning_scene.name, "--watch"], learning_scene.parent, size)
    assert session.end() == 0
    pictures = session.terminal.pictures()
    assert [len(picture) for picture in pictures] == [rows] * bool(rows), "one picture, and nothing of earlier ones"
    for picture in pictures:
        assert {len(line) for line in picture} == {len(picture[0])}
        assert len(picture[0]) < size[0]
        assert abs(len(picture[0]) / (2 * rows) - 16 / 12) < 0.1, "its aspect is kept"


@pytest.mark.parametrize(
    ("environment", "codes"),
    [({}, r"38;2;\d+;\d+;\d+;48;2;"), ({"COLORTERM": ""}, r"38;5;\d+;48;5;\d+$")],
    ids=["all", "256"],
)
def test_a_terminal_gets_the_colours_that_it_has(
    environment: dict[str, str], codes: str, odd: list[str], tmp_path: Path
) -> None:
    (tmp_path / "go").touch()
    session = Session(odd, tmp_path, **environment)
    assert session.end() == 0
    found = set(re.findall(r"\x1b\[([\d;]+)m▀", session.seen))
    assert len(found) > 5
    assert all(re.match(codes, code) for code in found)


def test_watching_does_not_change_what_is_learnt(learning_scene: Path) -> None:
    made = []
    for words in (["--watch", "--out", "a"], ["--out", "b"]):
        assert Session(["run", learning_scene.name, *words], learning_scene.parent).end() == 0
        made.append(
            [(learning_scene.parent / words[-1] / f"learning.{kind}").read_bytes() for kind in ("safetensors", "png")]
        )
    assert made[0] == made[1]


def test_every_scene_has_a_picture_and_its_words_above_it(odd: list[str], tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    (tmp_path / "other.yaml").write_text((tmp_path / "odd.yaml").read_text().replace("seed: 3", "seed: 4"))
    (tmp_path / "plain.yaml").write_text("canvas: {width: 60, height: 12}\nnetwork: mlp\n")
    session = Session([*odd, "plain.yaml", "other.yaml"], tmp_path)
    assert session.end() == 0
    first, plain, second = session.terminal.pictures()
    assert (len(first), len(plain), len(second)) == (8, 8, 8)
    assert first != plain != second != first
    rows = [row for row in session.terminal.text if not row.startswith("▀▀")]
    told = ["{}: learnt in 6 steps, loss 0.16667", "pictures/{}.safetensors", "pictures/{}.png"]
    odd_told, other_told = ([line.format(name) for line in told] for name in ("odd", "other"))
    assert [row for row in rows if row] == [*odd_told, "pictures/plain.png", *other_told]


def test_a_film_of_the_learning_is_watched_while_it_is_filmed(learning_scene: Path) -> None:
    learning_scene.write_text(learning_scene.read_text() + "film: {length: 1s, fps: 10, learning: log}\noutputs: gif\n")
    session = Session(["run", learning_scene.name, "--watch"], learning_scene.parent)
    assert session.end() == 0
    assert len(session.terminal.pictures()) == 1
    assert "learning: filming" in session.seen
    assert (learning_scene.parent / "pictures" / "learning.gif").is_file()


def test_a_film_that_is_only_painted_is_watched_frame_by_frame(tiny_scene: Path) -> None:
    tiny_scene.write_text(
        "canvas: {width: 40, height: 20}\nnetwork: mlp\nfilm: {length: 1s, fps: 10}\n"
        "camera: {keys: {0%: {zoom: 1}, 100%: {zoom: 4}}}\noutputs: gif\n"
    )
    session = Session(["run", tiny_scene.name, "--watch"], tiny_scene.parent)
    assert session.end() == 0
    scene = artengine.load(tiny_scene)
    (picture,) = session.terminal.pictures()
    last = artengine.build(scene, "cpu").paint(scene.view_at(0.9))
    assert np.abs(levels(picture).astype(int) - np.rint(last * 255)).max() <= 1


def test_what_others_print_comes_above_the_picture(odd: list[str], tmp_path: Path) -> None:
    session = Session([*odd, "--set", "training=chats"], tmp_path)
    assert session.end() == 0
    assert len(session.terminal.pictures()) == 1
    rows = session.terminal.text
    for step in (1, 2, 3):
        expected = [f"heard {step} and", f"read {step}", f"odd: note {step}"]
        assert rows[3 * step - 3 : 3 * step] == expected


# Terminals that change, and ends that nobody has planned


@pytest.mark.parametrize("size", [(50, 24), (200, 12)])
def test_at_another_size_nothing_is_left(size: tuple[int, int], odd: list[str], tmp_path: Path) -> None:
    session = Session(odd, tmp_path)
    session.until(lambda session: session.seen.endswith(WAITS))
    assert [len(picture) for picture in session.terminal.pictures()] == [8]
    session.resize(*size)
    (tmp_path / "go").touch()
    assert session.end() == 0
    (picture,) = session.terminal.pictures()
    columns, rows = size
    assert len(picture[0]) == min(columns - 1, 5 * 2 * (rows - 4))
    seen = [row for row in session.terminal.text if row]
    assert len(seen) == 3 + len(picture), "the words and the picture, nothing else"


def test_a_picture_that_no_longer_fits_leaves_nothing_on_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has left the screen at its top is in the terminal's hands."""
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal(80, 24)
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=80, height=24)
    preview = Preview(console, lambda: Text("bar " * 15))
    preview.open()
    for columns, rows in ((80, 24), (40, 24), (40, 10), (20, 10)):
        terminal.resize(columns, rows)
        console.size = (columns, rows)
        preview.look(shades, last=True)
        preview.say(f"at {columns} x {rows}")
        terminal.feed(_taken(console))
        screen = [row for row in terminal.text[-rows:] if row]
        (picture,) = terminal.pictures()[-1:]
        assert sum(row.startswith("▀") for row in screen) == len(picture) == min(40, rows - 4)
        first = next(index for index, row in enumerate(screen) if row.startswith("▀"))
        assert screen[first - 1] == f"at {columns} x {rows}"
        assert " ".join(screen[first + len(picture) :]) == "bar " * 14 + "bar"
    preview.close()
    terminal.feed(_taken(console))
    assert terminal.text[-1] == ""


def _taken(console: Console) -> str:
    file = console.file
    assert isinstance(file, io.StringIO)
    text = file.getvalue().replace("\n", "\r\n")
    file.seek(0)
    file.truncate()
    return text


def test_ctrl_c_leaves_a_clean_terminal_with_the_picture(odd: list[str], tmp_path: Path) -> None:
    session = Session(odd, tmp_path)
    session.until(lambda session: session.seen.endswith(WAITS))
    session.type("\x03")
    session.until(lambda session: session.seen.endswith("^C"))  # the terminal's own echo
    (tmp_path / "go").touch()
    assert session.end() == 130
    terminal = session.terminal
    assert terminal.text[0] == "odd: stopped; the same command goes on from here"
    assert [len(picture) for picture in terminal.pictures()] == [8]
    assert not any(terminal.text[9:])
    assert terminal.cursor == (10, 0)
    assert terminal.cursor_shown
    assert session.seen.endswith("\x1b[?25h")


def test_a_training_that_fails_leaves_its_picture_and_one_line(odd: list[str], tmp_path: Path) -> None:
    session = Session([*odd, "--set", "network.mlp.width=5", "--out", "odd.yaml"], tmp_path)
    assert session.end() == 1
    assert session.terminal.cursor_shown
    assert session.terminal.text[0].startswith("odd.yaml: found a file, expected a folder")


def test_a_terminal_that_cannot_show_it_gets_a_note(odd: list[str], tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    session = Session(odd, tmp_path, TERM="dumb")
    assert session.end() == 0
    assert "▀" not in session.seen
    note = "--watch needs a terminal that shows colours, so there is no picture"
    assert session.terminal.text[:2] == [note, "odd: learnt in 6 steps, loss 0.16667"]


def test_a_picture_needs_colours_and_blocks_and_a_cursor_that_moves() -> None:
    able = {"TERM": "xterm-256color"}
    for environment, encoding, answer in (
        (able, "utf-8", True),
        ({"TERM": "dumb"}, "utf-8", False),
        (able | {"NO_COLOR": "1"}, "utf-8", False),
        (able, "ascii", False),
    ):
        file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        assert can_show_pictures(Console(file=file, force_terminal=True, _environ=environment)) is answer
    assert not can_show_pictures(Console(file=io.StringIO(), _environ=able))


def test_without_a_terminal_there_is_a_note_and_all_goes_on(run_cli: RunCli, learning_scene: Path) -> None:
    answer = run_cli("run", learning_scene, "--watch")
    assert (answer.code, answer.out) == (0, "pictures/learning.safetensors\npictures/learning.png\n")
    assert answer.err == "--watch needs a terminal that shows colours, so there is no picture\n"
