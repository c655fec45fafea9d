"""What a pen plotter is given: long strokes, each once, hatching, and a layer for each pen."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path

import numpy as np
import pytest
from tests.support.vector_files import (
    AREA,
    Drawn,
    Page,
    arrangement,
    drawing,
    flat,
    followed,
    length,
    paths,
    plotted,
    raster,
    swept,
)

from artengine import InputError
from artengine_dividers.vectors import hatching


@pytest.fixture
def drawn(tmp_path: Path) -> Drawn:
    return drawing(tmp_path)


def test_a_plotter_draws_every_line_in_one_stroke(drawn: Drawn, tmp_path: Path) -> None:
    path = drawn("svg: {strokes: true, hatching: false}", "network.dividers.circles=0")
    found = arrangement(tmp_path / "lines.yaml", "network.dividers.circles=0")
    assert plotted(path) == {"1 outlines": 1 + len(found.curves) - 4}  # and the frame
    mixed = drawn("svg: {strokes: true, hatching: false}")
    assert plotted(mixed)["1 outlines"] < 40
    assert 'fill="none"' in mixed.read_text()
    merged = drawn("svg: {strokes: true, hatching: false, palette: 3, pen: 0.01}")
    filled = drawn("svg: {palette: 3}").read_text()
    rings = sum(data.count("M") for _, data in paths(filled))
    assert plotted(merged)["1 outlines"] < rings
    edges = sum(length(data) for _, data in paths(filled))
    once = sum(length(data) for _, data in paths(merged.read_text()))
    assert once == pytest.approx((edges + 2 * (240 + 180)) / 2, rel=1e-4)  # the frame is no neighbour's too


def test_a_plotter_draws_each_visible_arc_in_one_stroke(drawn: Drawn, tmp_path: Path) -> None:
    circles = "network.dividers={lines: 0, circles: 9}"
    found = arrangement(tmp_path / "lines.yaml", circles)
    on_sides = (np.abs(np.abs(found.points) - [120, 90]) < 1e-6).any(axis=1)
    ends = on_sides[found.edges.origin] & (found.curves.bend[found.edges.curve] > 0)
    cut = np.bincount(found.edges.curve, weights=ends, minlength=len(found.curves))[4:]
    assert 0 < (cut == 0).sum() < len(cut)
    strokes = plotted(drawn("svg: {strokes: true, hatching: false}", circles))
    assert strokes == {"1 outlines": 1 + int(np.maximum(cut / 2, 1).sum())}


def test_hatching_is_as_dense_as_a_colour_is_dark_and_ends_where_it_does(drawn: Drawn) -> None:
    from artengine.colour import linear_to_oklab, srgb_to_linear

    shapes = drawn("svg: {palette: 4}")
    sizes = {
        label[2:]: swept(data)
        for label, (_, data) in zip(
            re.findall(r'inkscape:label="(.*?)"', shapes.read_text()), paths(shapes.read_text()), strict=True
        )
    }
    shapes.write_text(shapes.read_text().replace('stroke-width="1"', 'stroke-width="0"'))
    image = raster(shapes, width=240 * 5)
    path = drawn("svg: {palette: 4, strokes: true, pen: 0.2}")
    layers = re.findall(r'inkscape:label="\d hatching (#\w+)".*\n<path[^>]* d="(.*)"', path.read_text())
    assert [label for label, _ in layers] == [label[11:] for label in plotted(path)][:-1]
    directions = []
    for label, data in layers:
        colour = np.array([int(label[i : i + 2], 16) for i in (1, 3, 5)])
        dark = 1 - linear_to_oklab(srgb_to_linear(colour[None] / 255))[0, 0]
        assert 0.2 * length(data) / sizes[label] == pytest.approx(0.6 * dark, rel=0.03)
        lines = np.array(re.findall(r"M([\d.]+) ([\d.]+)l(-?[\d.]+) ?(-?[\d.]+)", data), float)
        directions.append(math.degrees(math.atan2(lines[0, 3], lines[0, 2])) % 180)
        where = lines[:, None, :2] + lines[:, None, 2:] * np.linspace(0, 1, 9)[1:-1, None]
        column, row = np.minimum((where.reshape(-1, 2) * 5).astype(int), [1199, 899]).T
        away = np.abs(image[row, column] - colour).max(axis=1) > 1
        inside = flat(image)[row, column]
        assert inside.mean() > 0.5
        assert (away & inside).mean() < 1e-3
    gaps = [abs(a - b) % 180 for a, b in itertools.combinations(directions, 2)]
    assert min(min(gap, 180 - gap) for gap in gaps) > 15


def test_a_palette_gives_a_layer_and_a_path_for_each_colour(drawn: Drawn) -> None:
    path = drawn("svg: {palette: 5}")
    text = path.read_text()
    assert len(re.findall(r'<g id="colour-\d" inkscape:groupmode="layer"', text)) == 5
    assert text.count("<path ") == 5
    labels = re.findall(r'inkscape:label="(.*?)"', text)
    assert all(re.fullmatch(rf"{number} #[0-9a-f]{{6}}", label) for number, label in enumerate(labels, start=1))
    assert list(plotted(path)) == labels
    areas = [swept(data) for _, data in paths(text)]
    assert sum(areas) == pytest.approx(AREA, abs=0.2)
    assert areas == sorted(areas, reverse=True)
    image, colours = raster(path).reshape(-1, 3), [label[3:] for label in labels]
    for colour, part in zip(colours, areas, strict=True):
        same = (image == [int(colour[i : i + 2], 16) for i in (0, 2, 4)]).all(axis=1)
        assert same.sum() == pytest.approx(part, rel=0.1, abs=60)


def test_a_pen_too_thin_for_the_sheet_is_refused(drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hatching, "MAX_HATCH_ENDS", 10_000)
    drawn("svg: {strokes: true, pen: 2}")
    with pytest.raises(
        InputError, match=r"found hatching of more than 5,000 lines, expected fewer; take a broader pen"
    ):
        drawn("svg: {strokes: true, pen: 0.01}")


def test_a_pen_without_strokes_is_refused(drawn: Drawn) -> None:
    for option in ("pen: 2", "pens: ['#112233']"):
        name = option.partition(":")[0]
        with pytest.raises(InputError, match=rf"outputs\.0\.svg: found {name}, expected strokes: true beside it"):
            drawn(f"svg: {{{option}}}")


def test_each_pen_is_a_layer_of_its_colour(drawn: Drawn) -> None:
    pens = ["#101018", "#c03020", "#2050b0"]
    path = drawn(f"svg: {{strokes: true, pens: {pens}}}", "network.dividers.lines=30")
    text = path.read_text()
    layers = dict(re.findall(r'inkscape:label="(.*?)".*\n<path stroke="(#\w+)"', text))
    assert [*layers] == [*plotted(path)]
    assert layers.pop("4 outlines") == pens[0]
    assert layers == {
        "1 pen #c03020": pens[1],
        "2 pen #2050b0": pens[2],
        "3 pen #101018": pens[0],
    }  # the lightest first
    (only,) = set(re.findall(r' stroke="(#\w+)"', drawn("svg: {strokes: true}").read_text()))
    assert only == "#000000"
    pdf = Page(drawn(f"pdf: {{strokes: true, palette: 9, pens: {pens[:1]}}}"))
    assert pdf.layers == ["pen #101018", "outlines"]


def test_a_colour_is_hatched_with_the_pen_that_comes_nearest() -> None:
    from artengine_dividers.vectors.pens import _choose_pens, _oklab

    colours = _oklab(np.array([[255, 255, 255], [200, 200, 200], [60, 60, 60], [240, 190, 180], [30, 60, 140]]))
    pen, amount = _choose_pens(colours, _oklab(np.array([[0, 0, 0], [200, 40, 30], [40, 80, 180]])))
    assert pen[1:].tolist() == [0, 0, 1, 2]
    assert amount[0] == pytest.approx(0, abs=1e-6)
    assert amount[1] == pytest.approx(1 - colours[1, 0])
    assert 0.2 < amount[3] < 0.6 < amount[4] <= 1
    grey, _ = _choose_pens(colours, _oklab(np.array([[0, 0, 0], [150, 150, 150]])))
    assert grey[1:3].tolist() == [1, 0]  # a fine hatching for light tones


def test_nothing_is_drawn_in_the_margin(drawn: Drawn) -> None:
    def bounds(output: str, canvas: str) -> list[float]:
        text = drawn(output, f"canvas={canvas}").read_text()
        ends = np.array([[end.real, end.imag] for _, data in paths(text) for end, *_ in followed(data)])
        return [*ends.min(axis=0), *ends.max(axis=0)]

    strokes = "svg: {strokes: true, pen: 2, hatching: false}"
    sheet = "{paper: A6, dpi: 25.4}"  # 105 mm by 148 mm
    assert bounds(strokes, sheet) == pytest.approx([11, 11, 94, 137], abs=2e-3)  # with half of the pen
    assert bounds(strokes.replace("2,", "2, margin: 30,"), sheet) == pytest.approx([31, 31, 74, 117], abs=2e-3)
    assert bounds(strokes.replace("2,", "2, margin: 0,"), sheet) == pytest.approx([0, 0, 105, 148], abs=2e-3)
    small = "{paper: 40x60mm, dpi: 25.4}"
    assert bounds(strokes, small) == pytest.approx([5, 5, 35, 55], abs=2e-3)  # a tenth of it
    assert bounds(strokes, "{width: 40, height: 60}") == pytest.approx([0, 0, 40, 60], abs=2e-3)
    assert bounds("svg: {}", sheet) == pytest.approx([0, 0, 105, 148], abs=2e-3)
