"""The names of a scene's files, before they are made."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.common import PluginFile, RunCli

from artengine import load
from artengine.capabilities import writes
from artengine.scene import FileName, clashes, output_files

SCENE = "canvas: {width: 8, height: 6}\nnetwork: {mlp: {width: 4}}\n"


@pytest.mark.parametrize(
    ("suffix", "name", "expected"),
    [
        (".png", "trip.png", True),
        (".png", "trip-0001.png", False),
        ("-####.png", "trip-0001.png", True),
        ("-####.png", "trip-12345.png", True),
        ("-####.png", "trip-001.png", False),
        ("-####.png", "trip-curves.png", False),
        ("-####.png", "other-0001.png", False),
        (".png", "tripxpng", False),
    ],
)
def test_a_name_stands_for_one_file_or_for_numbered_ones(suffix: str, name: str, expected: bool) -> None:
    assert FileName("trip", suffix).matches(name) == expected


def test_names_of_scenes_mean_nothing_but_themselves() -> None:
    assert FileName("a.b-####", ".png").matches("a.b-####.png")
    assert not FileName("a.b-####", ".png").matches("a.b-0001.png")
    assert not FileName("a.b", ".png").matches("axb.png")


def test_clashes_are_found_whichever_comes_first() -> None:
    frames, plain, other = FileName("trip", "-####.png"), FileName("trip-0003", ".png"), FileName("trip-curves", ".png")
    assert list(clashes([(1, frames), (2, plain), (3, other)])) == [(plain, 1, 2)]
    assert list(clashes([(1, plain), (2, other), (3, frames)])) == [(frames, 1, 3)]
    assert list(clashes([(1, frames), (2, frames)])) == [(frames, 1, 2)]
    assert list(clashes([(1, plain), (2, plain), (3, plain)])) == [(plain, 1, 2), (plain, 1, 3)]


def test_outputs_declare_the_files_that_they_write(tmp_path: Path) -> None:
    path = tmp_path / "trip.yaml"
    path.write_text(SCENE + "film: {length: 2f}\noutputs: [png, frames, filmstrip, mp4]\n")
    scene = load(path)
    names = list(map(str, output_files(scene.name, scene.outputs)))
    assert names == ["trip.png", "trip-####.png", "trip.jpg", "trip.mp4"]


def test_a_suffix_that_leads_elsewhere_cannot_be_declared() -> None:
    for wrong in ("png", "/a.png", "../b.png", "-#.png"):
        with pytest.raises(TypeError, match=r"expected something like '\.png'"):
            writes(wrong)


def test_scenes_of_one_run_that_would_write_one_file_are_refused_beforehand(tmp_path: Path, run_cli: RunCli) -> None:
    film = SCENE + "film: {length: 2f}\noutputs: frames\n"
    trip, still, chart = (tmp_path / name for name in ("trip.yaml", "trip-0002.yaml", "trip-more.yaml"))
    trip.write_text(film)
    still.write_text(SCENE + "outputs: [png, tiff]\n")
    chart.write_text(SCENE)
    answer = run_cli("run", trip, still)
    told = f"{trip} and {still} would both write trip-0002.png; give one of them another --name or --out\n"
    assert (answer.code, answer.err) == (2, told)
    assert not (tmp_path / "gallery").exists()
    assert run_cli("run", trip, chart).code == 0
    assert run_cli("run", trip, still, "--set", "outputs=tiff").code == 0


def test_an_output_is_held_to_what_it_declares(plugin_file: PluginFile, run_cli: RunCli) -> None:
    plugin = plugin_file("""
        from artengine import hookimpl, writes

        @writes(".txt", "-####.txt")
        def said(frames, target, /, *, suffix: str = ".txt"):
            with target.create(suffix) as file:
                file.write(b"it")
            yield target.path(suffix)

        @writes(".md")
        def unsaid(frames, target, /):
            yield from said(frames, target)

        @hookimpl
        def register_outputs():
            return {"said": said, "unsaid": unsaid}
    """)
    answer = run_cli("test-plugin", plugin)
    assert "ok      output said: writes whole files\n" in answer.out
    assert "output unsaid: writes whole files: wrote made.txt, expected what it declares: made.md\n" in answer.out
