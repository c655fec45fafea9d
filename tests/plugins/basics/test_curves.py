"""The output `curves`: a chart of how a training went, from the training or from its weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
from PIL import Image
from tests.support.common import PluginFile, RunCli

from artengine import ArtengineError, InputError, charts, load
from artengine.events import Event, Training, Wrote
from artengine.making import recipe
from artengine.making.pipeline import make_files
from artengine.training import weights

TRAINER = """
    import torch
    from artengine import Result, hookimpl
    from artengine.curve import Curve

    def falling(session, /, *, told: bool = True):
        "A trainer without a target, and without a rate."
        curve = Curve()
        for step in range(1, 6):
            with torch.no_grad():
                next(session.network.parameters()).mul_(0.9)
            curve.add(step, 1 / step)
        yield from ()
        return Result(step=5, loss=1 / 5, curve=curve.points if told else ())

    @hookimpl
    def register_trainers():
        return {"falling": falling}
"""


@pytest.fixture
def scene(learning_scene: Path) -> Path:
    learning_scene.write_text(learning_scene.read_text() + "outputs: [png, curves]\n")
    return learning_scene


def made(scene: Path, out: Path, *overrides: str, plugins: tuple[str, ...] = ()) -> list[Event]:
    return list(make_files(load(scene, overrides=overrides, plugins=plugins), out, device="cpu"))


def names(events: list[Event]) -> list[str]:
    return sorted(event.path.name for event in events if isinstance(event, Wrote))


def cards(path: Path) -> int:
    """How many panels stand side by side in a chart."""
    with Image.open(path) as image:
        row = np.asarray(image.convert("RGB"))[66]  # below the title, above the letters
    card = (np.abs(row.astype(int) - (255, 253, 248)).max(axis=1) < 2).astype(int)
    return int((np.diff(card) > 0).sum())


def test_it_draws_loss_psnr_and_rate_beside_the_picture(scene: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert names(made(scene, out)) == ["learning-curves.png", "learning.png", "learning.safetensors"]
    with Image.open(out / "learning-curves.png") as image:
        assert (image.size, image.mode) == ((1500, 560), "RGB")
    assert cards(out / "learning-curves.png") == 3
    assert recipe.read(out / "learning-curves.png").output == 1


def test_it_draws_the_numbers_of_the_training(scene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[charts.Panel] = []
    draw = charts.draw_chart

    def watched(panels: list[charts.Panel], width: int, height: int) -> Image.Image:
        drawn.extend(panels)
        return draw(panels, width, height)

    monkeypatch.setattr(charts, "draw_chart", watched)
    made(scene, tmp_path / "out", "training.regression.until.steps=120")
    found = weights.about(tmp_path / "out" / "learning.safetensors")["curve"]
    assert [panel.y_name for panel in drawn] == ["loss", "PSNR in dB", "rate"]
    assert [panel.log_y for panel in drawn] == [True, False, False]
    for place, panel in enumerate(drawn, start=1):
        (series,) = panel.series
        assert list(zip(series.x, series.y, strict=True)) == [(row[0], row[place]) for row in found]


def test_from_finished_weights_it_is_the_same_and_costs_no_training(scene: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made(scene, out)
    first = (out / "learning-curves.png").read_bytes()
    (out / "learning-curves.png").unlink()
    events = made(scene, out, "canvas={width: 9, height: 9}")
    assert not any(isinstance(event, Training) for event in events)
    with Image.open(out / "learning-curves.png") as image:
        again = np.asarray(image)
    (tmp_path / "first.png").write_bytes(first)
    with Image.open(tmp_path / "first.png") as image:
        assert np.array_equal(np.asarray(image), again)


def test_made_again_from_its_recipe_it_is_the_same_to_the_byte(scene: Path, run_cli: RunCli, tmp_path: Path) -> None:
    assert run_cli("run", scene, "--out", "out").code == 0
    answer = run_cli("rerun", "out/learning-curves.png", "--out", "again")
    assert answer.code == 0
    again = tmp_path / "again/learning-curves-curves.png"  # the scene is called as the file
    assert answer.out.split()[-1] == str(again.relative_to(tmp_path))
    assert again.read_bytes() == (tmp_path / "out/learning-curves.png").read_bytes()


def test_a_scene_may_end_as_its_files_do(scene: Path, tmp_path: Path) -> None:
    other = scene.rename(scene.with_stem("x-curves"))
    assert names(made(other, tmp_path / "out")) == ["x-curves-curves.png", "x-curves.png", "x-curves.safetensors"]
    with Image.open(tmp_path / "out" / "x-curves.png") as image:
        assert image.size == (16, 12)


def test_its_size_is_an_option_and_has_nothing_to_do_with_the_canvas(scene: Path, tmp_path: Path) -> None:
    made(scene, tmp_path / "out", "outputs=[{curves: {width: 700, height: 900}}]", "canvas={width: 3, height: 2}")
    with Image.open(tmp_path / "out" / "learning-curves.png") as image:
        assert image.size == (700, 900)
    with pytest.raises(InputError, match="width"):
        load(scene, overrides=("outputs=[{curves: {width: 100}}]",))


def test_beside_a_film_it_is_drawn_once(scene: Path, tmp_path: Path) -> None:
    scene.write_text(scene.read_text() + "film: {length: 1s, fps: 2}\n")
    events = made(scene, tmp_path / "out", "outputs=[gif, curves]")
    assert names(events) == ["learning-curves.png", "learning.gif", "learning.safetensors"]


def test_what_a_trainer_does_not_tell_is_left_out(tiny_scene: Path, plugin_file: PluginFile, tmp_path: Path) -> None:
    tiny_scene.write_text("network: mlp\ncanvas: {width: 8, height: 8}\ntraining: falling\noutputs: curves\n")
    plugins = (str(plugin_file(TRAINER)),)
    made(tiny_scene, tmp_path / "out", plugins=plugins)
    assert cards(tmp_path / "out" / "tiny-curves.png") == 1
    with pytest.raises(ArtengineError, match="found weights that do not tell how they were trained"):
        made(tiny_scene, tmp_path / "other", "training={falling: {told: false}}", plugins=plugins)


def test_without_a_training_it_says_so(tiny_scene: Path, tmp_path: Path) -> None:
    tiny_scene.write_text(tiny_scene.read_text() + "outputs: [png, curves]\n")
    with pytest.raises(InputError, match=r"outputs\.1\.curves: found no training, expected a scene that has one"):
        made(tiny_scene, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*-curves*"))


def test_weights_of_an_earlier_version_ask_for_a_fresh_training(scene: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made(scene, out, "outputs=png")
    path = out / "learning.safetensors"
    about = {name: value for name, value in weights.about(path).items() if name not in ("curve", "sha256")}
    tensors = safetensors.torch.load(path.read_bytes())
    with path.open("wb") as file:
        weights.write(file, tensors, about)
    with pytest.raises(InputError, match="train anew with --fresh"):
        made(scene, out)
    list(make_files(load(scene), out, device="cpu", fresh=True))
    assert (out / "learning-curves.png").is_file()
