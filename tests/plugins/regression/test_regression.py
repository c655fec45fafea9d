"""Image regression: it learns, it goes on exactly, and it says when it cannot."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.support.trainings import total_of, training_of
from torch import Tensor

from artengine import ArtengineError, InputError, Picture, Progress, Result, View, build, load
from artengine.events import Training
from artengine.making.pipeline import make_files
from artengine.training.session import TrainingSession
from artengine_regression.training.measuring import decibels, squares

Scene = Callable[..., Path]

WILD = """
    import torch
    from artengine import hookimpl

    class Exploding(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = torch.nn.Parameter(torch.ones(1))

        def forward(self, x):
            return torch.exp(torch.exp(self.gain * 4 + x[:, :1] * 0)).expand(-1, 3) * self.gain

    class Dividing(torch.nn.Module):
        # the colours are fine, and stay so; the weights are not
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))
            self.steps = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x):
            bent = torch.sigmoid(self.weight + torch.sqrt(self.steps.abs()))
            return bent.nan_to_num(0.5).expand(len(x), 3)

    def exploding(ports, /):
        return Exploding()

    def dividing(ports, /):
        return Dividing()

    def nothing(prediction, target, /):
        return (prediction - target).sum() * float("nan")

    @hookimpl
    def register_networks():
        return {"exploding": exploding, "dividing": dividing}

    @hookimpl
    def register_losses():
        return {"nothing": nothing}
"""


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Write a scene that learns a made photo of 24 x 16 pixels."""
    y, x = np.mgrid[0:16, 0:24] / 24
    made = np.stack((x, y, (x - y) ** 2), axis=-1) * 255
    Image.fromarray(np.rint(made).astype(np.uint8)).save(tmp_path / "photo.png")
    (tmp_path / "wild.py").write_text(dedent(WILD))

    def write(
        options: str = "until: {steps: 200}, batch: 128", network: str = "mlp: {width: 32, depth: 2, frequency: 4}"
    ) -> Path:
        path = tmp_path / "a.yaml"
        text = f"""\
            seed: 3
            canvas: {{width: 24, height: 16}}
            network: {{{network}}}
            training: {{regression: {{target: photo.png, {options}}}}}
        """
        path.write_text(dedent(text))
        return path

    return write


def live(path: Path) -> Picture:
    return build(load(path, plugins=[str(path.parent / "wild.py")]), "cpu")


def learnt(path: Path) -> tuple[Picture, list[Progress | Result]]:
    picture = live(path)
    return picture, list(training_of(picture))


def weights(picture: Picture) -> Tensor:
    return torch.cat([one.flatten() for one in picture.network.state_dict().values()])


def test_it_learns_a_photo(scene: Scene, tmp_path: Path) -> None:
    picture, told = learnt(scene("until: {steps: 150}, batch: 128, rate: 0.01"))
    assert told[-1].psnr is not None
    assert told[-1].psnr > 35
    with Image.open(tmp_path / "photo.png") as photo:
        wanted = np.asarray(photo) / 255
    error = np.square(picture.paint() - wanted).mean()
    assert -10 * math.log10(error) == pytest.approx(told[-1].psnr, abs=0.01)  # what it says is what one sees


def test_it_tells_how_far_it_is(scene: Scene) -> None:
    _, told = learnt(scene("until: {steps: 120}, batch: 8"))
    assert [(one.step, total_of(one)) for one in told] == [(50, 120), (100, 120), (120, 120)]
    assert all(math.isfinite(one.loss) and one.psnr is not None for one in told)


def test_the_same_seed_learns_the_same_and_another_does_not(scene: Scene) -> None:
    one, two = (learnt(scene("until: {steps: 40}, batch: 8"))[0] for _ in range(2))
    assert torch.equal(weights(one), weights(two))
    path = scene("until: {steps: 40}, batch: 8")
    path.write_text(path.read_text().replace("seed: 3", "seed: 4"))
    assert not torch.equal(weights(one), weights(learnt(path)[0]))


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_it_goes_on_as_if_it_had_never_stopped(stop: int, scene: Scene) -> None:
    whole, told = learnt(scene())
    first = live(scene())
    for progress in itertools.islice(training_of(first), stop):
        assert isinstance(progress, Progress)
        assert progress.state
        state = progress.state()
        kept = {name: tensor.clone() for name, tensor in first.network.state_dict().items()}
    second = live(scene())
    second.network.load_state_dict(kept)
    rest = list(training_of(second, state))
    assert torch.equal(weights(second), weights(whole))
    assert [(one.step, one.loss, one.psnr) for one in rest] == [(one.step, one.loss, one.psnr) for one in told[stop:]]
    left_out = live(scene())
    left_out.network.load_state_dict(kept)
    stage = {**state["trainer"]["stage"], "generator": torch.Generator().manual_seed(3).get_state()}
    trainer = {**state["trainer"], "stage": stage}
    list(training_of(left_out, {**state, "trainer": trainer}))
    assert not torch.equal(weights(left_out), weights(whole))  # each part of the state is needed


def test_losses_add_up_each_with_its_weight(scene: Scene) -> None:
    def first_loss(losses: str) -> float:
        return learnt(scene(f"until: {{steps: 1}}, batch: 64, losses: {losses}"))[1][0].loss

    mse, l1 = first_loss("mse"), first_loss("l1")
    assert first_loss("[mse, l1]") == pytest.approx(mse + l1)
    assert first_loss("[mse: {weight: 3}, l1: {weight: 0.5}]") == pytest.approx(3 * mse + 0.5 * l1)
    once, thrice = (
        learnt(scene(f"until: {{steps: 30}}, batch: 64, losses: [mse: {{weight: {weight}}}, l1]"))[0]
        for weight in (1, 3)
    )
    assert not torch.equal(weights(once), weights(thrice))


def test_downscale_learns_the_averages(scene: Scene) -> None:
    whole, small = (learnt(scene(f"until: {{steps: 1}}, batch: 8, downscale: {by}"))[0] for by in (1, 64))
    assert not torch.equal(weights(whole), weights(small))
    picture, _ = learnt(
        scene("until: {steps: 100}, batch: 64, rate: 0.01, downscale: 64", "mlp: {width: 8, depth: 1, frequency: 2}")
    )
    with Image.open(picture.scene.photos["photo.png"].path) as photo:
        mean = (np.asarray(photo) / 255).mean(axis=(0, 1))
    middle = picture.paint(View(width=1, height=1))[0, 0]
    assert np.allclose(middle, mean, atol=0.02)  # all of it has become one pixel


def test_a_grey_network_learns_the_grey_of_the_photo(scene: Scene) -> None:
    network = "neural_painter: {nr_channel: 1, hidden_size: 16, nr_hidden: 1, nonlin: tanh}"
    picture, told = learnt(scene("until: {steps: 200}, batch: 128, rate: 0.05", network))
    assert picture.channels == 1
    assert told[-1].psnr is not None
    assert told[-1].psnr > 20
    with Image.open(picture.scene.photos["photo.png"].path) as photo:
        grey = (np.asarray(photo) / 255).mean(axis=2)
    assert np.square(picture.paint()[:, :, 0] - grey).mean() < 0.01


@pytest.mark.parametrize("colours", ["signed", "unit", "stretch"])
def test_whatever_range_a_network_has_it_learns_the_colours_of_the_photo(colours: str, scene: Scene) -> None:
    options = "until: {steps: 100}, batch: 128, rate: 0.01"
    picture, told = learnt(scene(options, f"mlp: {{width: 32, depth: 2, frequency: 4, colours: {colours}}}"))
    assert told[-1].psnr is not None
    assert told[-1].psnr > 28
    with Image.open(picture.scene.photos["photo.png"].path) as photo:
        assert np.square(picture.paint() - np.asarray(photo) / 255).mean() < 0.002


def test_a_batch_may_be_larger_than_the_photo(scene: Scene) -> None:
    _, told = learnt(scene("until: {steps: 40}, batch: 5000"))
    assert told[-1].psnr is not None
    assert told[-1].psnr > 20


def test_the_psnr_is_the_one_of_the_textbook(scene: Scene) -> None:
    picture = live(scene())
    coordinates = torch.rand(70_000, 2)  # more than it takes at a time
    colours = picture.network(coordinates).detach().clamp(0, 1)
    session = TrainingSession(picture)
    assert decibels(squares(session, coordinates, colours), colours.numel()) == 120  # as good as it gets
    assert decibels(squares(session, coordinates, 0.9 * colours), colours.numel()) == pytest.approx(
        -10 * math.log10((0.1 * colours).double().square().mean()), abs=1e-4
    )


def run(path: Path) -> Iterator[Any]:
    return make_files(load(path, plugins=[str(path.parent / "wild.py")]), path.parent / "out", device="cpu")


@pytest.mark.parametrize(
    ("options", "network", "told"),
    [
        ("until: {steps: 90}, rate: 10", "exploding", r"at step 50 the loss is (inf|nan)"),
        ("until: {steps: 3}, rate: 10", "exploding", r"at step 3 the loss is (inf|nan)"),
        ("until: {steps: 90}, losses: nothing", "mlp", r"at step 50 the loss is nan"),
        ("until: {steps: 1}", "dividing", r"at step 1 the loss is nan"),
    ],
)
def test_what_does_not_converge_is_one_clear_line_and_leaves_no_weights(
    options: str, network: str, told: str, scene: Scene, tmp_path: Path
) -> None:
    path = scene(f"batch: 8, {options}", f"{network}: {{}}")
    with pytest.raises(ArtengineError, match=rf"^training\.regression: {told}, expected a number; try a smaller rate$"):
        list(run(path))
    assert list((tmp_path / "out").iterdir()) == []


def test_photos_and_options_that_make_no_sense_are_refused_before_any_work(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"no photo")
    with pytest.raises(InputError) as told:
        load(scene("until: {steps: 0}, rate: 20, batch: 1.5, downscale: -1, losses: []"))
    assert len(told.value.problems) == 6
    assert all(problem.where.startswith(str(tmp_path / "a.yaml:4:")) for problem in told.value.problems)


def test_a_run_trains_once_and_paints_what_it_learnt(scene: Scene, tmp_path: Path) -> None:
    path = scene("until: {steps: 300}, batch: 128")
    events = list(run(path))
    assert sum(isinstance(event, Training) for event in events) == 6
    with Image.open(tmp_path / "out" / "a.png") as image, Image.open(tmp_path / "photo.png") as photo:
        assert np.abs(np.asarray(image).astype(int) - np.asarray(photo)).mean() < 8
