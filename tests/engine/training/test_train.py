"""What a training may rely on: its own chance, the mode of its network, and being gone on from, or not."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from tests.support.common import PluginFile
from tests.support.processes import strays
from tests.support.trainings import training_of

import artengine
from artengine import ArtengineError, InputError, OutputError
from artengine.events import Note, Training, TrainingEnd, Wrote
from artengine.making.pipeline import make_files
from artengine.training import persistence

ODD = """
    import enum
    import torch
    from torch import nn
    from artengine import Progress, Result, hookimpl

    class Ink(enum.Enum):
        BLACK = 1

    def forgetful(ports, /):
        "A network that draws lots, and counts what it sees."
        random = ports.random()
        first, last = nn.Linear(ports.inputs, 12), nn.Linear(12, 3)
        for layer in (first, last):
            layer.weight = nn.Parameter(torch.from_numpy(random.randn(*layer.weight.shape)).float())
            nn.init.zeros_(layer.bias)
        return nn.Sequential(first, nn.BatchNorm1d(12), nn.Dropout(0.5), nn.Tanh(), last)

    def short(session, /, *, steps: int = 50, ink: Ink = Ink.BLACK):
        "A trainer that cannot go on: it gives no state."
        (weight, *_) = session.network.parameters()
        for step in range(1, steps + 1):
            with torch.no_grad():
                weight += torch.randn(weight.shape) / step
            yield Progress(step=step, total=steps, loss=1 / step)
        return Result(step=steps, loss=1 / steps)

    def twice(prediction, target, /, *, weight: float = 5.0):
        return weight * (prediction - target).square().mean()

    @hookimpl
    def register_networks():
        return {"forgetful": forgetful}

    @hookimpl
    def register_trainers():
        return {"short": short}
"""


def bytes_of(events: Iterable[object]) -> list[bytes]:
    return [event.path.read_bytes() for event in events if isinstance(event, Wrote)]


@pytest.fixture
def odd(plugin_file: PluginFile) -> list[str]:
    return [str(plugin_file(ODD))]


def test_chance_in_a_network_is_the_scenes_and_leaves_everybody_elses_alone(
    learning_scene: Path, odd: list[str]
) -> None:
    learning_scene.write_text(learning_scene.read_text().replace("mlp: {width: 8, depth: 2}", "forgetful: {}"))
    scene = artengine.load(learning_scene, plugins=odd)
    runs = []
    for noise in (1, 2):
        torch.manual_seed(noise)
        runs.append(bytes_of(make_files(scene, learning_scene.parent / str(noise), device="cpu")))
    assert runs[0] == runs[1]
    picture = artengine.build(scene, "cpu")
    before = torch.get_rng_state()
    assert list(training_of(picture))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("often", [0, 10**9])
def test_how_often_it_reports_does_not_change_what_is_learnt(
    often: int, learning_scene: Path, odd: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    learning_scene.write_text(learning_scene.read_text().replace("mlp: {width: 8, depth: 2}", "forgetful: {}"))
    scene = artengine.load(learning_scene, plugins=odd)
    usual = bytes_of(make_files(scene, learning_scene.parent / "usual", device="cpu"))
    monkeypatch.setattr("artengine_regression.training.learning.PATIENCE", often)
    assert bytes_of(make_files(scene, learning_scene.parent / "other", device="cpu")) == usual


def test_stopped_anywhere_a_network_of_chance_goes_on_to_the_same_bytes(learning_scene: Path, odd: list[str]) -> None:
    learning_scene.write_text(learning_scene.read_text().replace("mlp: {width: 8, depth: 2}", "forgetful: {}"))
    scene = artengine.load(learning_scene, plugins=odd)
    whole = bytes_of(make_files(scene, learning_scene.parent / "whole", device="cpu"))
    events = make_files(scene, learning_scene.parent / "cut", device="cpu")
    next(event for event in events if isinstance(event, Training))
    torch.rand(5)  # somebody else's draws in between
    events.close()
    assert bytes_of(make_files(scene, learning_scene.parent / "cut", device="cpu")) == whole


def test_between_two_reports_the_network_paints_as_it_will(learning_scene: Path, odd: list[str]) -> None:
    learning_scene.write_text(learning_scene.read_text().replace("mlp: {width: 8, depth: 2}", "forgetful: {}"))
    picture = artengine.build(artengine.load(learning_scene, plugins=odd), "cpu")
    for _ in training_of(picture):
        assert not picture.network.training
        assert (picture.paint() == picture.paint()).all()


def test_a_trainer_that_cannot_go_on_starts_anew(learning_scene: Path, odd: list[str]) -> None:
    learning_scene.write_text("network: mlp\ncanvas: {width: 8, height: 8}\ntraining: short\n")
    scene = artengine.load(learning_scene, plugins=odd)
    whole = bytes_of(make_files(scene, learning_scene.parent / "whole", device="cpu"))
    events = make_files(scene, learning_scene.parent / "cut", device="cpu")
    for event in events:
        if isinstance(event, Training) and event.step == 25:
            break
    events.close()
    again = list(make_files(scene, learning_scene.parent / "cut", device="cpu"))
    assert not [event for event in again if isinstance(event, Note)]
    assert bytes_of(again) == whole


def test_stopped_at_its_last_report_its_weights_are_there(learning_scene: Path) -> None:
    events = make_files(artengine.load(learning_scene), learning_scene.parent / "out", device="cpu")
    for event in events:
        if isinstance(event, TrainingEnd):
            break
    events.close()
    again = list(make_files(artengine.load(learning_scene), learning_scene.parent / "out", device="cpu"))
    assert "trained before" in next(event.text for event in again if isinstance(event, Note))


def test_weights_of_another_training_are_kept_and_this_is_said(learning_scene: Path) -> None:
    out = learning_scene.parent / "out"
    list(make_files(artengine.load(learning_scene), out, device="cpu"))
    before = (out / "learning.safetensors").read_bytes()
    other = artengine.load(learning_scene, seed=4)
    told = [event.text for event in make_files(other, out, device="cpu") if isinstance(event, Note)]
    (kept,) = (out / "earlier").glob("*.safetensors")
    assert told[0] == f"the earlier learning.safetensors is kept: {kept}"
    assert kept.read_bytes() == before


def test_of_many_earlier_trainings_the_oldest_are_dropped_and_this_is_said(
    learning_scene: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(persistence, "MAX_EARLIER_TRAININGS", 2)
    out = learning_scene.parent / "out"
    finished = []
    for seed in range(4):
        scene = artengine.load(learning_scene, seed=seed, overrides=["training.regression.until.steps=1"])
        told = [event.text for event in make_files(scene, out, device="cpu") if isinstance(event, Note)]
        assert ("1 of the earlier trainings are dropped: 2 are kept" in told) == (seed == 3)
        finished.append((out / "learning.safetensors").read_bytes())
        os.utime(out / "learning.safetensors", (seed, seed))
    assert {path.read_bytes() for path in (out / "earlier").glob("*.safetensors")} == set(finished[1:3])


def test_what_does_not_fit_into_memory_is_one_line(learning_scene: Path, plugin_file: PluginFile) -> None:
    plugin = plugin_file("""
        import torch
        from artengine import hookimpl

        @hookimpl
        def register_losses():
            return {"huge": lambda prediction, target: torch.empty(2**55).sum()}
    """)
    scene = artengine.load(learning_scene, plugins=[str(plugin)], overrides=["training.regression.losses=huge"])
    with pytest.raises(ArtengineError, match=r"^training\.regression: does not fit into memory; make the batch"):
        list(make_files(scene, learning_scene.parent / "out", device="cpu"))


def test_a_loss_cannot_have_a_weight_of_its_own(learning_scene: Path, plugin_file: PluginFile) -> None:
    text = (
        ODD
        + """
    @hookimpl
    def register_losses():
        return {"twice": twice}
    """
    )
    plugin = plugin_file(text)
    with pytest.raises(InputError, match="loss 'twice': it declares weight, which every loss has without declaring it"):
        artengine.load(learning_scene, plugins=[str(plugin)], overrides=["training.regression.losses=twice"])


@pytest.mark.parametrize("force", [False, True])
def test_a_photo_is_never_written_over(force: bool, learning_scene: Path) -> None:
    photo = learning_scene.parent / "photo.png"
    kept = photo.read_bytes()
    scene = artengine.load(learning_scene.rename(learning_scene.with_name("photo.yaml")))
    with pytest.raises(OutputError, match=r"/photo\.png: is what this is made from, so it is not replaced; choose"):
        list(make_files(scene, learning_scene.parent, device="cpu", force=force))
    assert photo.read_bytes() == kept
    assert strays(learning_scene.parent) == []


def test_colours_are_the_same_whatever_is_painted_first(tiny_scene: Path) -> None:
    scene = artengine.load(tiny_scene)
    closer = artengine.View(width=16, height=12, zoom=3.0)
    first = artengine.build(scene, "cpu").paint(closer)
    picture = artengine.build(scene, "cpu")
    picture.paint()
    assert (picture.paint(closer) == first).all()


def test_a_trainer_that_refuses_its_options_is_told_with_its_place(
    learning_scene: Path, plugin_file: PluginFile
) -> None:
    plugin = plugin_file("""
        from artengine import hookimpl

        def picky(session, /, *, steps: int = 1):
            if steps == 1:
                raise ValueError("found one step, expected more")
            yield

        @hookimpl
        def register_trainers():
            return {"picky": picky}
    """)
    learning_scene.write_text("network: mlp\ntraining: picky\n")
    with pytest.raises(InputError, match=r"learning\.yaml:2:11: training\.picky: found one step, expected more$"):
        list(training_of(artengine.build(artengine.load(learning_scene, plugins=[str(plugin)]), "cpu")))


@pytest.mark.parametrize("kind", ["file", "link"])
@pytest.mark.parametrize("above", [True, False])
def test_what_stands_where_checkpoints_would_be_is_left_alone(kind: str, above: bool, learning_scene: Path) -> None:
    out, away = learning_scene.parent / "out", learning_scene.parent / "away"
    scene = artengine.load(learning_scene)
    place = out / ".learning.training" / ("" if above else scene.training_key[:16])
    place.parent.mkdir(parents=True)
    away.mkdir()
    if kind == "link":
        place.symlink_to(away)
    else:
        place.write_text("mine")
    with pytest.raises(OutputError, match=rf"{place.name}: stands where unfinished work is kept \(training\); move it"):
        list(make_files(scene, out, device="cpu"))
    assert place.readlink() == away if kind == "link" else place.read_text() == "mine"
    assert list(away.iterdir()) == []
