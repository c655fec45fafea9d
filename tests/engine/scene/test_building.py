"""What components expect of the scene that they stand in, and files that two outputs would write: told in load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.common import PluginFile, RunCli
from tests.support.scene_folder import NETWORK, TRAINED, Desk

from artengine.events import Wrote
from artengine.making.pipeline import make_files
from artengine.scene import LoadContext, load_text

DIVIDERS = "network: {dividers: {lines: 3}}\n"
FILM = "film: {length: 2f}\n"

REFUSED = {
    "svg of another network": (
        TRAINED + "outputs: svg",
        "3:10: outputs.svg: draws the regions of a dividers network, found the network mlp; set network: dividers",
    ),
    "pdf of a network that a preset brings": (
        "training: {regression: {target: photo.png, preset: faithful}}\noutputs: pdf",
        "2:10: outputs.pdf: draws the regions of a dividers network, found the network",
    ),
    "svg of soft edges": (
        "network: {dividers: {sigmoids: 2}}\noutputs: [png, svg]",
        "2:16: outputs.1.svg: draws regions of one colour, found sigmoids",
    ),
    "svg of other coordinates": (
        "coordinates: unit_square\n" + DIVIDERS + "outputs: svg",
        "3:10: outputs.svg: draws regions of the plane, found other coordinates",
    ),
    "svg with a pen and no strokes": (
        DIVIDERS + "outputs: {svg: {pen: 2}}",
        "2:11: outputs.svg: found pen, expected",
    ),
    "svg with no room between its margins": (
        "canvas: {paper: A6}\n" + DIVIDERS + "outputs: {svg: {strokes: true, margin: 60}}",
        "3:11: outputs.svg: found a margin of 60, expected less than 52.5, half of the sheet",
    ),
    "curves of nothing": (
        NETWORK + "outputs: curves",
        "2:10: outputs.curves: found no training, expected a scene that",
    ),
    "a film of no film": (
        NETWORK + "outputs: gif",
        "2:10: outputs.gif: found gif in a scene without a film; add film:",
    ),
    "too large for WebP": (
        NETWORK + "canvas: {width: 16384}\noutputs: webp",
        "3:10: outputs.webp: found a picture of 16384 x 512, WebP takes at most 16,383 a side; use png or tiff",
    ),
    "too large for JPEG": (
        NETWORK + "canvas: {height: 65501}\noutputs: jpeg",
        "3:10: outputs.jpeg: found a picture of 512",
    ),
    "one name twice": (
        TRAINED + "outputs: [png, {png: {bits: 16}}]",
        "3:17: outputs.1.png: found png, which writes .png as outputs.0.png does, expected one of them",
    ),
    "one name by two": (
        NETWORK + FILM + "outputs: [jpeg, mp4, filmstrip]",
        "3:22: outputs.2.filmstrip: found filmstrip, which writes .jpg as outputs.0.jpeg does",
    ),
    "numbered files twice": (
        NETWORK + FILM + "outputs: [frames, frames]",
        "3:19: outputs.1.frames: found frames, which",
    ),
    "one name twice in a film of several shots": (
        "shots: [{length: 1f}]\noutputs: [mp4, {mp4: {crf: 20}}]",
        "2:17: outputs.1.mp4: found mp4, which writes .mp4 as outputs.0.mp4 does",
    ),
    "a source with more waves than pixels": (
        "coordinates: {fourier: {bands: 33}}\n" + NETWORK,
        "1:15: coordinates.fourier: found 33 octaves, expected at most 32",
    ),
    "as many nonlinearities as nobody can share out": (
        "network: {neural_painter: {nonlin: [sin, abs]}}",
        "1:11: network.neural_painter: nonlin: 2 nonlinearities for 5 nonlinear layers",
    ),
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(("text", "told"), REFUSED.values(), ids=REFUSED)
def test_what_an_output_cannot_draw_is_told_when_the_scene_is_loaded(text: str, told: str, desk: Desk) -> None:
    [mistake] = desk.mistakes(text)
    assert mistake.startswith(told)


@pytest.mark.parametrize(
    "text",
    [
        DIVIDERS + "outputs: [png, svg, pdf]",
        TRAINED + "outputs: [png, curves]",
        NETWORK + FILM + "outputs: [png, jpeg, frames, mp4, gif]",
        NETWORK + "canvas: {width: 16383}\noutputs: webp",
    ],
)
def test_what_goes_together_is_taken(text: str, desk: Desk) -> None:
    assert desk.mistakes(text) == []


def test_all_outputs_are_told_at_once_and_no_torch_is_needed_for_it(desk: Desk) -> None:
    (desk.folder / "s.yaml").write_text(
        "canvas: {paper: A6}\nnetwork: dividers\noutputs: [svg, curves, png, png, {pdf: {margin: 60}}]"
    )
    program = (
        "import sys, artengine\n"
        "try: artengine.load(sys.argv[1])\n"
        "except artengine.InputError as error: print(len(error.problems), 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", program, str(desk.folder / "s.yaml")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "3 False\n"


def test_filters_may_change_the_size_so_a_format_says_later_whether_it_takes_it(
    desk: Desk, plugin_file: PluginFile
) -> None:
    plugin = plugin_file("""
        from artengine import hookimpl

        @hookimpl
        def register_filters():
            return {"half": lambda image, /: image[::2, ::2]}
    """)
    text = NETWORK + "canvas: {width: 16384}\nfilters: half\noutputs: webp"
    assert desk.mistakes(text, plugins=[str(plugin)]) == []


OUTPUTS = """
    from artengine import expects, hookimpl, writes

    def silent(frames, target, /):
        "Declares nothing."
        for frame in frames:
            with target.create(".png") as file:
                file.write(b"it")
            yield target.path(".png")

    def small(scene, options, /):
        if scene.size[0] > options["limit"]:
            raise ValueError(f"found {scene.network.name} of {scene.size[0]} columns, expected {options['limit']}")

    @writes(".txt", "-####.txt")
    @expects(small)
    def picky(frames, target, /, *, limit: int = 24):
        "Small pictures only."
        for suffix in (".txt", "-0001.txt"):
            with target.create(suffix) as file:
                file.write(b"it")
            yield target.path(suffix)

    @hookimpl
    def register_outputs():
        return {"silent": silent, "picky": picky}
"""


def test_outputs_of_strangers_may_say_what_they_expect_and_write(
    desk: Desk, plugin_file: PluginFile, run_cli: RunCli
) -> None:
    plugin = str(plugin_file(OUTPUTS))
    text = NETWORK + "canvas: {width: 24, height: 16}\noutputs: "
    assert desk.mistakes(text + "[picky, png]", plugins=[plugin]) == []
    [mistake] = desk.mistakes(text + "{picky: {limit: 8}}", plugins=[plugin])
    assert mistake == "3:11: outputs.picky: found mlp of 24 columns, expected 8"
    [mistake] = desk.mistakes(text + "[picky, picky]", plugins=[plugin])
    assert mistake.startswith("3:18: outputs.1.picky: found picky, which writes .txt as outputs.0.picky does")
    desk.load(text + "[png, silent]", plugins=[plugin])  # which is told when it comes to that, as nothing is declared
    answer = run_cli("run", desk.folder / "s.yaml", "-p", plugin, "--device", "cpu")
    assert (answer.code, answer.out) == (2, "")
    assert "outputs.1.silent: writes pictures/s.png, which has been written in this run already" in answer.err
    assert not list(Path("pictures").iterdir())


def test_a_file_is_made_again_whatever_the_other_outputs_of_its_recipe_expect(desk: Desk, run_cli: RunCli) -> None:
    """As earlier versions left them, which told of an output only after the others had been written."""
    text = TRAINED + "canvas: {width: 8, height: 6}\noutputs: [png, svg, png]"
    context = LoadContext(desk.folder, (), 64.0)
    scene = load_text(text, "s.yaml", "s", context, {}, 0)
    paths = [one.path for one in make_files(scene, desk.folder / "out", device="cpu", only=0) if isinstance(one, Wrote)]
    assert [path.name for path in paths] == ["s.safetensors", "s.png"]
    for path in paths:
        answer = run_cli("rerun", path, "--out", "again")
        assert answer.code == 0, answer.err
        assert (Path("again") / path.name).read_bytes() == path.read_bytes()
    assert run_cli("rerun", paths[1], "--set", "outputs=svg").code == 2
