"""Regions as vectors: what rasterisers make of the files is what was painted."""

from __future__ import annotations

import html
import math
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from tests.support.common import PluginFile, RunCli
from tests.support.vector_files import (
    AREA,
    SCENE,
    Drawn,
    Page,
    agree,
    area,
    arrangement,
    drawing,
    followed,
    page_size,
    painted,
    paths,
    raster,
    swept,
)

from artengine import Frame, InputError, View, run
from artengine.files.targets import OutputTarget
from artengine.making import recipe
from artengine_dividers.vectors import outputs
from artengine_dividers.vectors.geometry.arcs import to_plane
from artengine_dividers.vectors.geometry.arrangement import Arrangement


@pytest.fixture
def drawn(tmp_path: Path) -> Drawn:
    return drawing(tmp_path)


CAMERAS = ["{zoom: 1}", "{zoom: 0.05}", "{zoom: 0.7, angle: 33, centre: [0.2, -0.1]}", "crossing"]


@pytest.mark.parametrize("camera", CAMERAS, ids=["plain", "far", "turned", "a million times"])
def test_rasterised_svg_equals_the_painted_picture(camera: str, drawn: Drawn, tmp_path: Path) -> None:
    if camera == "crossing":
        view = View(width=240, height=180)
        found = arrangement(tmp_path / "lines.yaml")
        curved = found.curves.bend[found.edges.curve] > 0
        bends = np.bincount(found.edges.origin, weights=curved) == 4  # where two circles cross
        x, y = to_plane(found.points[np.flatnonzero(bends)[:1]], view)[0].tolist()
        camera = f"{{zoom: 1e6, angle: 20, centre: [{x!r}, {y!r}]}}"
    path = drawn("png: {}}, {svg: {}", f"camera={camera}", device="cpu")
    agree(raster(path), painted(path.with_suffix(".png")), least=0.5)


def test_regions_cover_the_picture_once_without_seams(drawn: Drawn) -> None:
    path = drawn()
    below, above = path.read_text().split('id="regions"')
    areas = [swept(data) for _, data in paths(above)]
    assert min(areas) > 0
    assert len(areas) > 80
    assert sum(areas) == pytest.approx(AREA, abs=0.2)
    assert "inkscape:groupmode=" in below
    for width in (240, 777):
        assert np.abs(raster(path, "white", width) - raster(path, "black", width)).max() <= 8


def test_grey_pictures_are_drawn_as_vectors(drawn: Drawn, plugin_file: PluginFile) -> None:
    grey = plugin_file(
        """
        from dataclasses import replace

        import torch

        from artengine import hookimpl
        from artengine_dividers.network import dividers

        def grey(ports, /):
            return dividers(replace(ports, outputs=1), lines=5, colour_activation=lambda: torch.tanh)

        @hookimpl
        def register_networks():
            return {"grey": grey}
        """
    )
    path = drawn("png: {}}, {svg: {}", "network=grey", plugins=[str(grey)])
    agree(raster(path), painted(path.with_suffix(".png")), least=0.5)


def test_larger_palettes_are_nearer_to_the_picture(drawn: Drawn) -> None:
    from artengine_dividers.vectors.palette import reduce_colours

    picture = painted(drawn("png: {}}, {svg: {}").with_suffix(".png"))
    errors = [np.abs(raster(drawn(f"svg: {{palette: {n}}}")) - picture).mean() for n in (2, 4, 8, 32)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 4
    three = np.repeat([[0.1, 0.2, 0.9], [0.9, 0.1, 0.1], [0.5, 0.9, 0.5]], [3, 5, 2], axis=0)
    assert reduce_colours(three, np.arange(1.0, 11.0), 3) == pytest.approx(three, abs=1e-6)
    assert len(np.unique(reduce_colours(three, np.ones(10), 8), axis=0)) == 3


def test_neighbours_of_one_colour_are_merged_where_asked(drawn: Drawn, plugin_file: PluginFile) -> None:
    poster = plugin_file(
        """
        from artengine import hookimpl
        from artengine_dividers.network import dividers

        def poster(ports, /):
            return dividers(ports, lines=14, circles=8, hidden=2, colour_activation=lambda: lambda x: 1000 * x.sign())

        @hookimpl
        def register_networks():
            return {"poster": poster}
        """
    )
    apart = drawn("png: {}}, {svg: {}", "network=poster", plugins=[str(poster)])
    shapes, picture = len(paths(apart.read_text().split('id="regions"')[1])), painted(apart.with_suffix(".png"))
    merged = drawn("svg: {merge: true}", "network=poster", plugins=[str(poster)])
    data = paths(merged.read_text().split('id="regions"')[1])
    assert len(data) == len(np.unique(picture.reshape(-1, 3), axis=0)) < 5 < shapes
    assert sum(swept(one) for _, one in data) == pytest.approx(AREA, abs=0.2)
    assert len(merged.read_bytes()) < len(apart.read_bytes()) / 3
    agree(raster(merged), picture, least=0.5, colours=len(data))


def off(found: Arrangement, points: list[complex]) -> float:
    """How far the farthest of points of the page is from the nearest circle."""
    circles = found.curves[found.curves.bend > 0]
    centres = circles.normal * (circles.foot - 1 / circles.bend)[:, None] @ [1, 1j] + complex(120, 90)
    away = np.abs(np.abs(np.array(points)[:, None] - centres) - 1 / circles.bend)
    return float(away.min(axis=1).max())


def test_arcs_lie_on_their_circles(drawn: Drawn, tmp_path: Path) -> None:
    circles = "network.dividers={lines: 3, circles: 9}"
    found, apexes, count = arrangement(tmp_path / "lines.yaml", circles), [], 0
    for output in ("svg: {}", "svg: {strokes: true, hatching: false}"):
        for _, data in paths(drawn(output, circles).read_text()):
            for end, letter, words in followed(data):
                if letter == "a":
                    radius, forwards, step = words[0], words[4], complex(*words[-2:])
                    apex = end - step / 2
                    rise = radius - math.sqrt(max(radius**2 - abs(step) ** 2 / 4, 0))
                    apexes.append(apex - 1j * step / abs(step) * rise * (1 if forwards else -1))
                    count += 1
    assert count > 50
    assert off(found, apexes) < 1e-3
    page = Page(drawn("pdf: {}", circles))
    page.shapes()
    assert len(page.bent) > 500
    assert off(found, page.bent) < 1e-3


def test_vectors_are_sharp_whatever_the_sharpness(drawn: Drawn) -> None:
    soft = drawn("svg: {}", "network.dividers.sharpness=3", metadata=False)
    assert soft.read_bytes() == drawn("svg: {}", metadata=False).read_bytes()


SHEETS = {
    "{paper: A4, dpi: 72}": (210, 297),
    "{paper: A4, dpi: 25, orientation: landscape}": (297, 210),
    "{paper: letter, dpi: 31}": (215.9, 279.4),
    "{paper: 100x148.5mm, dpi: 33}": (100, 148.5),
    "{paper: 4A0, dpi: 1.5}": (1682, 2378),
}


@pytest.mark.parametrize(("canvas", "size"), SHEETS.items(), ids=SHEETS)
def test_a_sheet_of_paper_has_its_size_at_any_resolution(canvas: str, size: tuple[float, float], drawn: Drawn) -> None:
    path = drawn("pdf: {}}, {svg: {}", f"canvas={canvas}", "network.dividers={lines: 3}")
    words = re.search(r'width="([\d.]+)mm" height="([\d.]+)mm" viewBox="0 0 ([\d.]+) ([\d.]+)"', path.read_text())
    width, height, across, down = map(float, words.groups())  # type: ignore[union-attr]
    assert (width, height) == pytest.approx(size, abs=1e-3)
    assert across / down == pytest.approx(size[0] / size[1], rel=1e-6)  # nothing is stretched
    assert page_size(path) == pytest.approx(size, abs=0.01)
    assert Page(path.with_suffix(".pdf")).size == pytest.approx([side / 25.4 * 72 for side in size], abs=1e-3)
    ends = np.array([[end.real, end.imag] for _, data in paths(path.read_text()) for end, *_ in followed(data)])
    assert ends.min(axis=0) == pytest.approx([0, 0], abs=2e-3)
    assert ends.max(axis=0) == pytest.approx([across, down], abs=2e-3)


def test_a_picture_without_paper_has_pixels(drawn: Drawn) -> None:
    assert 'width="240" height="180" viewBox="0 0 240 180"' in drawn().read_text()
    assert Page(drawn("pdf: {}")).size == (180, 135)  # 96 pixels an inch, as on a screen
    path = drawn("svg: {strokes: true, pen: 0.5}", "canvas={paper: A6, dpi: 254}")
    assert set(re.findall(r'stroke-width="(.*?)"', path.read_text())) == {"5"}


def test_a_margin_shows_the_whole_picture_in_less_paper(drawn: Drawn) -> None:
    path = drawn("png: {}}, {svg: {margin: 15}}, {pdf: {margin: 15}", "network.dividers.outline={width: 0.1}")
    svg = path.with_suffix(".svg")
    image = raster(svg)
    whole = painted(drawn("png: {}", "canvas={width: 210, height: 150}", "network.dividers.outline={width: 0.1}"))
    agree(image[15:-15, 15:-15], whole, least=0.3)
    image[15:-15, 15:-15] = 255
    assert (image == 255).all()  # not even the ends of lines
    assert "15 15 210 150 re W n" in Page(path).content
    assert drawn("svg: {margin: 0}", metadata=False).read_bytes() == drawn(metadata=False).read_bytes()
    sheet = drawn("svg: {margin: 5}", "canvas={paper: A6, dpi: 127}")
    assert '<rect x="25" y="25" width="475" height="690"/>' in sheet.read_text()


def test_a_margin_that_leaves_nothing_is_refused(drawn: Drawn) -> None:
    with pytest.raises(InputError, match=r"svg: found a margin of 90, expected less than 90, half of the sheet"):
        drawn("svg: {margin: 90}")
    with pytest.raises(InputError, match=r"pdf: found a margin of 60, expected less than 52\.5, half of the sheet"):
        drawn("pdf: {margin: 60, strokes: true}", "canvas={paper: A6, dpi: 20}")


def test_rasterised_pdf_equals_the_painted_picture(drawn: Drawn) -> None:
    path = drawn("png: {}}, {pdf: {}")
    page, scale = Page(path), 8
    assert page.layers == ["seams", "regions"]
    image = Image.new("RGB", (240 * scale, 180 * scale))
    draw, total = ImageDraw.Draw(image), 0.0
    for colour, (outer, *holes) in page.shapes():
        draw.polygon([(scale * at.real, scale * at.imag) for at in outer], fill=colour)
        total += area(outer)
        assert not holes or area(outer) > 0
        total += sum(map(area, holes))
    assert total == pytest.approx(AREA, abs=1)
    small = np.asarray(image.resize((240, 180), Image.Resampling.BOX)).astype(int)
    agree(small, painted(path.with_suffix(".png")), least=0.5)


def test_a_pdf_has_a_layer_for_each_colour_or_pen(drawn: Drawn) -> None:
    page = Page(drawn("pdf: {palette: 3}"))
    assert page.layers[0] == "seams"
    assert [label[0] for label in page.layers[1:]] == ["#", "#", "#"]
    assert page.content.count("/OC ") == page.content.count("EMC") == 4
    plotted = Page(drawn("pdf: {strokes: true}"))
    assert plotted.layers == ["hatching", "outlines"]
    assert plotted.shapes() == []


@pytest.mark.parametrize("output", ["svg", "pdf", "svg: {palette: 3, strokes: true}"])
def test_vectors_are_rerun_to_the_byte(output: str, drawn: Drawn, run_cli: RunCli) -> None:
    path = drawn(output if ":" in output else f"{output}: {{}}")
    assert run_cli("info", path).out.endswith(recipe.read(path).scene)
    answer = run_cli("rerun", path, "--out", "again")
    assert (answer.code, answer.out) == (0, f"again/{path.name}\n")
    assert Path("again", path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("ending", ["svg", "pdf"])
def test_vectors_without_metadata_hold_no_recipe(ending: str, drawn: Drawn) -> None:
    path = drawn(f"{ending}: {{}}", metadata=False)
    assert b"artengine" not in path.read_bytes()
    with pytest.raises(InputError, match="found no recipe in it"):
        recipe.read(path)


def test_a_recipe_of_any_signs_is_read_back(tmp_path: Path) -> None:
    text = "# Zoë's <b>&amp; \\( ) \\\\ (( ]]> 🎨\n" + SCENE + "outputs: [svg, pdf]\n"
    (tmp_path / "lines.yaml").write_text(text)
    for path in run(tmp_path / "lines.yaml", out=tmp_path):
        assert recipe.read(path).scene == text
    assert html.escape("<b>&amp;") in (tmp_path / "lines.svg").read_text()


REFUSED = {
    "another network": ("network=mlp", "draws the regions of a dividers network, found the network mlp"),
    "sigmoids": ("network.dividers.sigmoids=3", "found sigmoids, which colour softly; set sigmoids to 0"),
    "filters": ("filters=[inverted]", "draws regions, which filters do not reach"),
    "other coordinates": ("coordinates=doubled", "draws regions of the plane, found other coordinates"),
}

PLUGIN = """
import torch
from artengine import hookimpl

def inverted(image, /):
    return 1 - image

def doubled(view, /):
    return 2 * torch.stack(view.plane(), dim=-1)

@hookimpl
def register_filters():
    return {"inverted": inverted}

@hookimpl
def register_sources():
    return {"doubled": doubled}
"""


@pytest.mark.parametrize(("override", "words"), REFUSED.values(), ids=REFUSED)
def test_vectors_of_pictures_without_regions_are_refused(
    override: str, words: str, drawn: Drawn, plugin_file: PluginFile
) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        drawn("svg: {}", override, plugins=[str(plugin_file(PLUGIN))])


def test_vectors_of_a_film_show_its_beginning(drawn: Drawn, tmp_path: Path) -> None:
    film = ["film={length: 2f}", "camera={keys: {0s: {zoom: 0.5}, 100%: {zoom: 3}}}"]
    path = drawn("png: {}}, {svg: {}", *film)
    agree(raster(path), painted(path.with_suffix(".png")), least=0.5)
    frame = Frame(view=View(width=4, height=4), image=np.zeros((4, 4, 3)))
    with pytest.raises(ValueError, match="draws the regions of a still, found a film"):
        list(outputs.svg([frame], OutputTarget(tmp_path, "a", None)))
