"""The size of a picture, in pixels or as a sheet of paper."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from tests.support.common import RunCli
from tests.support.scene_folder import NETWORK, Desk

from artengine.scene import paper


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("canvas", "size", "resolution"),
    [
        ("{}", (512, 512), None),
        ("{height: 40}", (512, 40), None),
        ("{width: 30, height: 40, dpi: 72}", (30, 40), 72),
        ("{paper: A4}", (2480, 3508), 300),
        ("{paper: A2, dpi: 300}", (4961, 7016), 300),
        ("{paper: A2, dpi: 300, orientation: landscape}", (7016, 4961), 300),
        ("{paper: A0, orientation: portrait, dpi: 72}", (2384, 3370), 72),
        ("{paper: B5, dpi: 100}", (693, 984), 100),
        ("{paper: letter}", (2550, 3300), 300),
        ("{paper: legal, dpi: 10}", (85, 140), 10),
        ("{paper: tabloid, dpi: 99.5}", (1094, 1692), 99.5),
        ("{paper: 50x70cm, dpi: 254}", (5000, 7000), 254),
        ("{paper: 18x24in, dpi: 150}", (2700, 3600), 150),
        ("{paper: A10, dpi: 1}", (1, 1), 1),
        ("{paper: 148x210mm, dpi: 254}", (1480, 2100), 254),
        ("{paper: 21x14.8cm, dpi: 254}", (2100, 1480), 254),  # as it is written
        ("{paper: 21x14.8cm, dpi: 254, orientation: portrait}", (1480, 2100), 254),
        ("{paper: 9x12in, orientation: landscape}", (3600, 2700), 300),
    ],
)
def test_a_canvas_has_the_size_of_its_paper(
    canvas: str, size: tuple[int, int], resolution: float | None, desk: Desk
) -> None:
    scene = desk.load(f"canvas: {canvas}\n{NETWORK}")
    assert (scene.canvas.size, scene.canvas.resolution) == (size, resolution)
    assert (scene.view.width, scene.view.height) == size


@pytest.mark.parametrize(
    ("canvas", "sheet"),
    [
        ("{paper: A4, dpi: 72}", (210, 297)),
        ("{paper: A4, dpi: 25, orientation: landscape}", (297, 210)),
        ("{paper: letter}", (215.9, 279.4)),
        ("{paper: 9x12.5in, dpi: 31}", (228.6, 317.5)),
        ("{paper: 333x100mm, dpi: 7}", (333, 100)),
        ("{width: 300, height: 150, dpi: 254}", (30, 15)),
        ("{width: 300, height: 150}", None),
    ],
)
def test_a_sheet_is_exactly_its_size(canvas: str, sheet: tuple[float, float] | None, desk: Desk) -> None:
    found = desk.load(f"canvas: {canvas}\n{NETWORK}").canvas.sheet
    assert found == (sheet and pytest.approx(sheet, rel=1e-12))


def test_every_paper_is_a_sheet() -> None:
    for name in paper.NAMES:
        short, long = paper.pixels(name, 254, "portrait")
        assert 200 < short < long < 25_000, name
        assert paper.pixels(name, 254, "landscape") == (long, short)
    for letter in "AB":  # half of a sheet is the next one, to the millimetre
        sheets = [paper.pixels(f"{letter}{number}", 25.4, "portrait") for number in range(11)]
        assert all(abs(large[1] - 2 * small[0]) <= 1 for large, small in pairwise(sheets))
        assert all(large[0] == small[1] for large, small in pairwise(sheets))


@pytest.mark.parametrize(
    ("canvas", "told"),
    [
        (
            "{paper: A2, width: 100, height: 50}",
            "1:9: canvas: found width and height beside paper, expected one or the other; leave width and height out,"
            " or set the whole: --set 'canvas={paper: A2}'",
        ),
        ("{paper: A2, height: 50}", "1:9: canvas: found height beside paper, expected one or the other; leave height"),
        ("{orientation: landscape}", "1:9: canvas: found an orientation without a paper, expected both; or set width"),
        ("{paper: a2}", "1:17: canvas.paper: found the text 'a2', expected one of 4A0, 2A0, A0, A1"),
        ("{paper: leter}", "did you mean 'letter'?"),
        ("{paper: 30x40px}", "or a size such as 210x148mm, 30x40cm or 9x12in"),
        ("{paper: 30x40mm\\n}", "found the text '30x40mm"),
        ("{paper: 0x40cm}", "1:17: canvas.paper: found the text '0x40cm', expected sides from 1 mm to 20 m"),
        ("{paper: 3x2001cm}", "expected sides from 1 mm to 20 m"),
        ("{paper: 30}", "canvas.paper: found 30, expected one of 4A0"),
        ("{paper: A2, dpi: 0}", "1:26: canvas.dpi: found 0, expected at least 1"),
        ("{paper: A2, orientation: upright}", "found the text 'upright', expected one of portrait, landscape"),
        ("{width: 0}", "1:17: canvas.width: found 0, expected at least 1"),
        ("{paper: 4A0, dpi: 9600}", "found a canvas of 635717 x 898772, 571,365 megapixels, expected at most 50,000"),
    ],
)
def test_wrong_canvas_is_reported_with_its_place(canvas: str, told: str, desk: Desk) -> None:
    (line,) = desk.mistakes(f"canvas: {canvas}\n{NETWORK}")
    assert told in line


def test_size_from_the_command_line_replaces_the_paper(desk: Desk) -> None:
    text = f"canvas: {{paper: A2, orientation: landscape, precision: float64}}\n{NETWORK}"
    scene = desk.load(text, size=(30, 20))
    assert scene.canvas.size == (30, 20)
    assert scene.canvas.precision == "float64"
    assert "paper" not in scene.text
    assert desk.load(text, overrides=["canvas.paper=A5", "canvas.dpi=10"]).canvas.size == (83, 58)
    assert desk.load(f"canvas: {{width: 9}}\n{NETWORK}", overrides=["canvas={paper: A6, dpi: 10}"]).canvas.size == (
        41,
        58,
    )
    (line,) = desk.mistakes(f"canvas: {{width: 9}}\n{NETWORK}", overrides=["canvas.paper=A6"])
    assert "found width beside paper" in line


def test_a_shell_completes_the_keys_of_a_canvas(run_cli: RunCli, tiny_scene: Path) -> None:
    from artengine.cli.completion import setting_keys

    assert {"canvas.paper", "canvas.dpi", "canvas.orientation", "camera.zoom"} <= set(setting_keys([tiny_scene], ()))
