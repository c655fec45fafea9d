"""The way back from photos to latents: near, independent of each other, and kept by their names."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from tests.support.interrupted_trainings import copies_at_events, finish, save_every_checkpoint
from tests.support.scene_folder import Desk
from tests.support.trainings import always, result_of, training_of

import artengine
from artengine import InputError, Picture, Ports, Progress, Result
from artengine.media import Photo
from artengine.training import weights
from artengine_gan.datasets import DrawnFaces
from artengine_gan.networks import Dcgan, LatentImages, dcgan, generator
from artengine_gan.projection import Projected
from artengine_gan.projection.comparing import Comparison
from artengine_gan.projection.optimisers import MOMENTUM, NESTEROV_RATE, Nesterov
from artengine_gan.projection.trainer import names_of

if TYPE_CHECKING:
    from tests.support.common import RunCli

ALL = torch.ones(32, 32, dtype=torch.bool)
SCENE = """
canvas: {width: 64, height: 32}
network: {generator: {weights: faces.safetensors, columns: 2}}
training: {projection: {photos: [a.png, b.png], steps: 12}}
"""


def made(network: LatentImages | Dcgan, path: Path) -> None:
    """Keep a network's weights as a training does."""
    with path.open("wb") as file:
        weights.write(file, network.state_dict(), {"kind": "weights"})


@pytest.fixture(scope="module")
def network() -> LatentImages:
    """A network whose images differ: its weights as they are drawn, with a mapping that is no longer straight."""
    drawn = generator(Ports(inputs=6, seed=4), size=32, width=8)
    numbers = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for weight in drawn.mapping.couplings.parameters():
            weight += 0.05 * torch.randn(weight.shape, generator=numbers)
        drawn.generator.colours.bias += torch.tensor([0.2, 0.0, -0.2])
    return drawn.eval()


@pytest.fixture
def desk(tmp_path: Path, network: LatentImages) -> Desk:
    """A folder with weights, and two photos that are faces of theirs."""
    made(network, tmp_path / "faces.safetensors")
    z = network.draw(2, torch.Generator().manual_seed(8))
    with torch.no_grad():
        images = (network.images(z).clamp(-1, 1) + 1) * 127.5
    for name, image in zip(["a", "b"], images, strict=True):
        Image.fromarray(image.round().byte().permute(1, 2, 0).numpy()).save(tmp_path / f"{name}.png")
    return Desk(tmp_path)


def scene(**changes: str) -> str:
    more = "".join(f", {name}: {value}" for name, value in changes.items())
    return (
        SCENE.replace("steps: 12", f"steps: 12{more}") if "steps" not in changes else SCENE.replace(", steps: 12", more)
    )


def found_by(desk: Desk, text: str) -> tuple[Picture, Result]:
    picture = artengine.build(desk.load(text))
    return picture, result_of(picture)


@pytest.mark.parametrize("space", ["z", "w", "w+"])
@pytest.mark.parametrize("start", ["encoder", "best"])
def test_a_network_finds_its_own_faces_again(desk: Desk, space: str, start: str) -> None:
    picture, result = found_by(desk, scene(space=space, start=start, steps="120", realism="0"))
    assert result.psnr is not None
    assert result.psnr > 34  # decibels; at the start there are fewer than 20
    assert result.curve[0].psnr is not None
    assert result.curve[0].psnr < result.psnr - 5
    photos = np.concatenate([np.asarray(Image.open(desk.folder / f"{name}.png")) for name in "ab"], axis=1)
    assert np.abs(picture.paint() * 255 - photos).mean() < 6


def test_a_latent_is_the_same_whatever_other_photos_there_are(desk: Desk) -> None:
    both, _ = found_by(desk, scene(space="w+"))
    alone, _ = found_by(desk, scene(space="w+").replace("[a.png, b.png]", "b.png"))
    one, other = (dict(picture.learnable.state_dict()) for picture in (both, alone))
    assert torch.allclose(one["coordinates.0.latent_b"], other["coordinates.0.latent_b"], atol=1e-4)


@pytest.mark.parametrize(
    "changes",
    [{"space": "z"}, {"space": "w+", "features": "0.1"}, {"tune": "6", "steps": "6"}, {"optimiser": "nesterov"}],
)
def test_a_search_goes_on_from_any_step_to_the_same_latents(desk: Desk, changes: dict[str, str]) -> None:
    text = scene(**changes)
    picture = artengine.build(desk.load(text))
    stops: list[tuple[Any, Any]] = []
    for report in training_of(picture, should_report=always):
        if isinstance(report, Progress):
            assert report.state is not None
            stops.append((copy.deepcopy(picture.learnable.state_dict()), copy.deepcopy(report.state())))
    expected = {name: tensor.clone() for name, tensor in picture.learnable.state_dict().items()}
    for learnt, state in stops[::3]:
        again = artengine.build(desk.load(text))
        again.learnable.load_state_dict(learnt)
        result_of(again, state)
        assert all(torch.equal(tensor, expected[name]) for name, tensor in again.learnable.state_dict().items())


def test_what_a_kill_leaves_is_gone_on_from_to_the_same_files(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_every_checkpoint(monkeypatch)
    desk.load(scene(steps="6", tune="3"))
    whole = tmp_path / "whole"
    folders = copies_at_events(tmp_path / "s.yaml", whole, tmp_path / "copies")
    files = {path.name: path.read_bytes() for path in whole.iterdir() if path.is_file()}
    assert set(files) >= {"s.png", "s.safetensors"}
    for folder in folders[::2]:
        finish(tmp_path / "s.yaml", folder)
        assert {name: (folder / name).read_bytes() for name in files} == files


def test_the_file_holds_the_latents_by_name_and_nothing_else(desk: Desk, run_cli: RunCli) -> None:
    desk.load(scene())
    before = (desk.folder / "faces.safetensors").read_bytes()
    assert run_cli("run", desk.folder / "s.yaml", "--out", desk.folder / "out").code == 0
    kept = safetensors.torch.load_file(desk.folder / "out" / "s.safetensors")
    assert {name: tuple(tensor.shape) for name, tensor in kept.items()} == {
        "coordinates.0.latent_a": (36,),
        "coordinates.0.latent_b": (36,),
    }
    assert (desk.folder / "faces.safetensors").read_bytes() == before
    picture = (desk.folder / "out" / "s.png").read_bytes()
    (desk.folder / "out" / "s.png").unlink()
    for photo in ("a.png", "b.png"):  # what has been found is in the file
        (desk.folder / photo).rename(desk.folder / f"kept-{photo}")
        (desk.folder / f"kept-{photo}").rename(desk.folder / photo)
    assert run_cli("run", desk.folder / "s.yaml", "--out", desk.folder / "out").code == 0
    assert (desk.folder / "out" / "s.png").read_bytes() == picture


def test_a_picture_is_made_again_without_its_photos(desk: Desk, run_cli: RunCli) -> None:
    desk.load(scene())
    assert run_cli("run", desk.folder / "s.yaml", "--out", desk.folder / "out").code == 0
    picture = (desk.folder / "out" / "s.png").read_bytes()
    for photo in ("a.png", "b.png"):
        (desk.folder / photo).unlink()
    (desk.folder / "out" / "s.safetensors").unlink()
    answer = run_cli("rerun", desk.folder / "out" / "s.png", "--out", desk.folder / "again")
    assert answer.code == 0, answer.err
    assert (desk.folder / "again" / "s.png").read_bytes() == picture


def test_a_tuned_generator_comes_nearer_and_is_kept(desk: Desk) -> None:
    Image.fromarray(DrawnFaces().read([3], 32)[0]).save(desk.folder / "a.png")  # which it cannot draw
    _, before = found_by(desk, scene(steps="20"))
    picture, after = found_by(desk, scene(steps="20", tune="40"))
    assert before.psnr is not None
    assert after.psnr is not None
    assert after.psnr > before.psnr + 1
    assert "network.generator.start" in picture.learnable.state_dict()
    assert not any(weight.requires_grad for weight in picture.network.encoder.parameters())  # type: ignore[union-attr]


def test_the_film_of_a_search_shows_it(desk: Desk, run_cli: RunCli) -> None:
    desk.load(scene(space="w") + "film: {length: 1s, fps: 4, learning: even}\noutputs: [filmstrip]\n")
    assert run_cli("run", desk.folder / "s.yaml", "--out", desk.folder / "out").code == 0
    with Image.open(desk.folder / "out" / "s.jpg") as strip:
        assert np.asarray(strip).std() > 5


def test_dcgan_goes_the_way_of_then(desk: Desk) -> None:
    made(dcgan(Ports(inputs=6, seed=2), size=32, width=8), desk.folder / "faces.safetensors")
    text = scene(space="z", start="best", steps="30").replace("generator:", "dcgan:")
    _, adam = found_by(desk, text)
    picture, nesterov = found_by(desk, text.replace("steps: 30", "steps: 30, optimiser: nesterov"))
    latents = torch.stack(list(picture.learnable.state_dict().values()))
    assert float(latents.abs().max()) <= 1
    assert adam.loss <= nesterov.loss * 1.01


def test_nesterov_is_that_of_the_paper() -> None:
    z = torch.tensor([0.5, -0.2], requires_grad=True)
    expected, speed = z.detach().clone(), torch.zeros(2)
    optimiser = Nesterov([z], bound=1.0)
    for step in range(5):
        z.grad = None
        (z * torch.tensor([300.0, -900.0])).sum().backward()
        optimiser.step(0.0, step)
        before, speed = speed, MOMENTUM * speed - NESTEROV_RATE * torch.tensor([300.0, -900.0])
        expected = (expected - MOMENTUM * before + (1 + MOMENTUM) * speed).clamp(-1, 1)
        assert torch.allclose(z.detach(), expected)


def test_a_loss_is_of_each_photo_by_itself(network: LatentImages) -> None:
    photos = torch.rand(3, 3, 32, 32) * 2 - 1
    images = torch.rand(3, 3, 32, 32) * 2 - 1
    for difference in ("squared", "absolute"):
        together, errors = Comparison(network, photos, ALL, difference, 0.5, 0.3)(images)  # type: ignore[arg-type]
        each = [
            Comparison(network, photos[i : i + 1], ALL, difference, 0.5, 0.3)(images[i : i + 1])  # type: ignore[arg-type]
            for i in range(3)
        ]
        assert torch.allclose(together, torch.stack([loss for loss, _ in each]).sum(), rtol=1e-5)
        assert torch.allclose(errors, torch.cat([error for _, error in each]))
    plain, _ = Comparison(network, photos, ALL, "squared", 0.0, 0.0)(images)
    assert torch.allclose(plain, (images - photos).square().sum())


def photo(name: str) -> Photo:
    return Photo(Path(name), "", name, np.zeros((2, 2, 3), np.uint8))


def test_latents_are_called_as_their_photos_are() -> None:
    names = {
        "me.jpg": "me",
        "folder/me.png": "me_2",
        "Ann & Bob (2).webp": "Ann_Bob_2_",
        "日本.png": "日本",
        "...": "photo",
        "me_2.jpg": "me_2_2",
        "t.png": "t_2",  # which stands for the time in sums
        "class.png": "class_2",
        "2024.png": "photo_2024",
        "x\u00b2.png": "x2",  # as Python reads it
        "\u00bd.png": "photo_1_2",
        "\ufb01n.png": "fin",
    }
    assert names_of([photo(name) for name in names]) == list(names.values())


def test_photos_are_shown_above_what_is_found_and_kept_beside_it(desk: Desk, run_cli: RunCli) -> None:
    Image.fromarray(DrawnFaces().read([3], 32)[0]).save(desk.folder / "a.png")  # which it cannot draw
    text = (
        scene(beside="true", align="false")
        .replace("columns: 2", "columns: 1, rows: 4")
        .replace("{width: 64, height: 32}", "{width: 32, height: 128}")
    )
    desk.load(text)
    assert run_cli("run", desk.folder / "s.yaml", "--out", desk.folder / "out").code == 0
    with Image.open(desk.folder / "out" / "s.png") as image:
        shown = np.asarray(image.convert("RGB")).astype(float).reshape(4, 32, 32, 3)
    a, b = (np.asarray(Image.open(desk.folder / f"{name}.png")).astype(float) for name in "ab")
    assert np.abs(shown[0] - a).max() <= 2
    assert np.abs(shown[2] - b).max() <= 2
    assert np.abs(shown[1] - a).mean() > 10
    (desk.folder / "kept.safetensors").write_bytes((desk.folder / "out" / "s.safetensors").read_bytes())
    sums = text.partition("training:")[0] + (
        "coordinates: {latents: {files: kept.safetensors, of: [a_photo, a, 2 * b_photo - b_photo, b]}}\n"
    )
    again = artengine.build(desk.load(sums)).paint() * 255
    assert np.abs(again.reshape(shown.shape) - shown).max() <= 1


def test_a_hole_is_shown_in_the_photo_beside(desk: Desk) -> None:
    text = scene(beside="true", mask="left").replace("columns: 2", "columns: 2, rows: 2")
    picture, _ = found_by(desk, text.replace("height: 32", "height: 64"))
    shown = picture.paint()
    b = np.asarray(Image.open(desk.folder / "b.png")) / 255
    assert np.abs(shown[:32, 48:] - b[:, 16:]).max() < 0.01
    hole = shown[:32, 32:48]
    assert hole.std() < 0.01
    assert np.abs(shown[32:, 48:] - b[:, 16:]).max() < 0.01  # below, the rest of the photo is as it was
    assert shown[32:, 32:48].std() > 0.02  # and the hole is filled


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "columns: 2",
            "columns: 1",
            "found 2 photos and a sheet of 1 x 1, expected room for all",
        ),
        (
            "weights: faces.safetensors, ",
            "",
            "found the network generator without weights, expected those of a training",
        ),
        (
            "generator: {weights: faces.safetensors, columns: 2}",
            "mlp: {}",
            "found the network mlp, which colours points",
        ),
        (
            "steps: 12",
            "beside: true",
            "found 2 photos and a sheet of 2 x 1, expected room for each beside its photo; "
            "set network.generator.rows to 2",
        ),
        ("generator: ", "dcgan: ", "faces.safetensors: it holds the weights of another network"),
        ("steps: 12", "space: v", "space: found the text 'v', expected one of z, w, w+"),
        ("[a.png, b.png]", "[]", "photos: found"),
        ("photos: ", "targets: ", "no such option"),
    ],
)
def test_what_cannot_work_is_told_before_torch_works(desk: Desk, old: str, new: str, told: str) -> None:
    assert old in SCENE
    assert told in "\n".join(desk.mistakes(SCENE.replace(old, new)))


def test_a_name_that_is_that_of_a_photo_beside_is_refused() -> None:
    with pytest.raises(ValueError, match="found the name 'a_photo', which stands for a photo beside; call that"):
        Projected(names=["a", "a_photo"], length=2, beside=4)


def test_coordinates_that_cannot_move_are_refused(desk: Desk) -> None:
    with pytest.raises(InputError, match="found samples to look at, expected coordinates that can move; leave"):
        artengine.build(desk.load(scene() + "coordinates: {samples: {length: 6}}\n"))


@pytest.mark.parametrize("projected", ["{length: 6, names: [a, b]}", "{length: 36, names: [a]}", "{}"])
def test_coordinates_of_another_length_are_refused(desk: Desk, projected: str) -> None:
    with pytest.raises(InputError, match=r"leave coordinates out|expected 6, as its latents have"):
        found_by(desk, scene() + f"coordinates: {{projected: {projected}}}\n")


def test_a_seed_that_has_grown_is_for_networks_that_learn(desk: Desk) -> None:
    mistakes = desk.mistakes("seed: {mutate: 1, by: 3, strength: 0.3}\n" + scene())
    assert "found a seed that has grown in a scene whose training moves where we look" in mistakes[0]


def test_dcgan_looks_at_each_photo_by_itself_whenever_it_reports(desk: Desk) -> None:
    made(dcgan(Ports(inputs=6, seed=2), size=32, width=8), desk.folder / "faces.safetensors")
    text = scene(space="z", start="best").replace("generator:", "dcgan:")
    often, seldom = (artengine.build(desk.load(text)) for _ in range(2))
    before = {name: one.clone() for name, one in often.network.state_dict().items()}
    *_, _ = training_of(often, should_report=always)
    result_of(seldom)
    for name, latent in often.learnable.state_dict().items():
        assert torch.equal(latent, seldom.learnable.state_dict()[name])
    assert all(torch.equal(one, before[name]) for name, one in often.network.state_dict().items())
