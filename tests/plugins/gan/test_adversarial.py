"""The training of whole images: it learns, goes on as if nothing had been, and notices what goes wrong."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.support.interrupted_trainings import copies_at_events, finish, save_every_checkpoint
from tests.support.scene_folder import Desk
from tests.support.trainings import always, result_of, training_of

import artengine
from artengine import InputError, Picture, Progress, Result
from artengine.curve import psnr
from artengine_gan import precision
from artengine_gan.datasets import DrawnFaces
from artengine_gan.networks import LatentCritic, LatentImages, Mapping
from artengine_gan.training import adversarial_stage, autoencoder_stage, finishing_stage, learner, learning, prior
from artengine_gan.training.augment import augmented
from artengine_gan.training.finishing_stage import spoilt

if TYPE_CHECKING:
    from tests.support.common import RunCli

FACES = "photos: {drawn_faces: {count: 60}}"
GENERATOR = "generator: {size: 32, width: 8, columns: 2, rows: 2}"
SCENE = """
seed: 2
canvas: {width: 64, height: 64}
coordinates: {samples: {length: 8}}
network: {NETWORK: {size: 32, width: 8, columns: 2, rows: 2}}
training: {adversarial: {PHOTOS, steps: STEPS, batch: 4}}
"""


def scene(network: str = "generator", steps: int = 12, photos: str = FACES, **changes: str) -> str:
    text = SCENE.replace("NETWORK", network).replace("STEPS", str(steps)).replace("PHOTOS", photos)
    for old, new in changes.items():
        text = text.replace(f"{old}: ", f"{old}: {new}, ", 1)
    return text


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def picture_of(desk: Desk, text: str) -> Picture:
    return artengine.build(desk.load(text))


def test_a_network_learns_to_draw_photos_that_it_has_never_seen(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner, "STEPS_PER_CHECK", 40)
    text = scene(steps=160, photos="photos: {drawn_faces: {count: 1000}}").replace("batch: 4", "batch: 8")
    picture = picture_of(desk, text.replace("width: 8, c", "width: 16, c").replace("length: 8", "length: 32"))
    reports = list(training_of(picture))
    result = reports[-1]
    assert isinstance(result, Result)
    unseen = DrawnFaces(count=2000).read(range(1000, 1100), 32) / 255
    mean = DrawnFaces(count=1000).read(range(200), 32).mean(0) / 255
    floor = np.mean([psnr(float(np.square(face - mean).mean())) for face in unseen])
    assert isinstance(picture.network, LatentImages)
    with torch.no_grad():
        photos = torch.from_numpy(unseen).permute(0, 3, 1, 2).float() * 2 - 1
        drawn = picture.network.generator(picture.network.encoder(photos)).clamp(-1, 1)
    found = np.mean([psnr(float(one)) for one in ((drawn - photos) / 2).square().mean((1, 2, 3))])
    assert found > floor + 0.5  # decibels, on average over faces
    assert result.psnr == pytest.approx(found, abs=1)
    assert [point.step for point in result.curve] == [
        40,
        80,
        120,
        144,
        160,
    ]  # with the end of a stage
    assert picture.paint().std() > 0.05


@pytest.mark.parametrize(
    ("network", "extra"),
    [("generator", ""), ("generator", "judge: true, "), ("dcgan", ""), ("generator", "start")],
    ids=["generator", "with a judge", "dcgan", "from scratch"],
)
def test_a_training_goes_on_from_any_step_to_the_same_weights(
    desk: Desk, network: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner, "STEPS_PER_CHECK", 3)
    monkeypatch.setattr(finishing_stage, "ENOUGH", 4)
    monkeypatch.setattr(learning, "FINISHING_SHARE", 0.3)
    text = scene(network, steps=10)
    if extra == "start":
        text = text.replace("batch: 4", "batch: 4, start: scratch, augment: false")
    else:
        text = text.replace("size: 32", f"{extra}size: 32")
    picture = picture_of(desk, text)
    stops: list[tuple[Any, Any]] = []
    for report in training_of(picture, should_report=always):
        if isinstance(report, Progress):
            assert report.state is not None
            stops.append((copy.deepcopy(picture.network.state_dict()), copy.deepcopy(report.state())))
    expected = {name: tensor.clone() for name, tensor in picture.network.state_dict().items()}
    assert len(stops) >= 8
    for weights, state in stops[:: 1 if network == "generator" and not extra else 3]:
        again = picture_of(desk, text)
        again.network.load_state_dict(weights)
        result_of(again, state)
        assert all(torch.equal(tensor, expected[name]) for name, tensor in again.network.state_dict().items())


def test_what_a_kill_leaves_is_gone_on_from_to_the_same_files(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_every_checkpoint(monkeypatch)
    desk.load(scene(steps=8))
    whole, copies = tmp_path / "whole", tmp_path / "copies"
    folders = copies_at_events(tmp_path / "s.yaml", whole, copies)
    files = {path.name: path.read_bytes() for path in whole.iterdir() if path.is_file()}
    assert set(files) >= {"s.png", "s.safetensors"}
    for folder in folders[::3]:
        finish(tmp_path / "s.yaml", folder)
        assert {name: (folder / name).read_bytes() for name in files} == files


def test_what_comes_to_no_number_is_gone_back_from_at_half_the_rate(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learner, "STEPS_PER_CHECK", 5)
    monkeypatch.setattr(learner, "WARM_UP", 1)
    picture = picture_of(desk, scene(steps=40))
    reports = training_of(picture)
    poisoned = False
    notes = []
    for report in reports:
        if not isinstance(report, Progress):
            break
        notes.append(report.note)
        if report.step == 10 and not poisoned:  # as a step that is too wide would leave it
            poisoned = True
            monkeypatch.setattr(autoencoder_stage, "NOISE", float("nan"))
        elif report.note:
            monkeypatch.setattr(autoencoder_stage, "NOISE", 0.1)
    told = [note for note in notes if note]
    assert told == [
        "at step 15 there is something that is no number: going on with what there was at step 10, at half the rate"
    ]
    assert isinstance(report, Result)
    assert all(bool(weight.isfinite().all()) for weight in picture.network.parameters())
    assert report.step == 40


def test_what_comes_to_no_number_again_and_again_ends_in_words(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner, "STEPS_PER_CHECK", 2)
    monkeypatch.setattr(autoencoder_stage, "NOISE", float("nan"))
    with pytest.raises(
        InputError, match=r"adversarial: at step 2 there is .* no number, again, after 5 steps back; try"
    ):
        result_of(picture_of(desk, scene(steps=40)))


def test_a_last_step_that_spoils_the_critic_alone_is_noticed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No loss tells of it: the next step would, from a look back that is spoilt too."""
    monkeypatch.setattr(learner, "STEPS_PER_CHECK", 3)
    teach = adversarial_stage.AdversarialStage.take_step

    def spoiling(stage: adversarial_stage.AdversarialStage, *given: Any) -> float:
        loss = teach(stage, *given)
        if stage.done == 2 and not stage.gone_back:
            next(stage.session.network.critic.parameters()).data.fill_(float("nan"))  # type: ignore[operator, union-attr]
        return loss

    monkeypatch.setattr(adversarial_stage.AdversarialStage, "take_step", spoiling)
    picture = picture_of(desk, scene(steps=8).replace("batch: 4", "batch: 4, start: scratch"))
    notes = [report.note for report in training_of(picture, should_report=always)]
    assert any(
        "at step 3 there is something that is no number: going on with what there was at step 0" in n for n in notes
    )
    assert all(bool(weight.isfinite().all()) for weight in picture.network.parameters())


def test_images_that_are_all_the_same_are_noticed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner, "STEPS_PER_CHECK", 2)
    monkeypatch.setattr(adversarial_stage.AdversarialStage, "images", lambda self, random: torch.ones(16, 3, 32, 32))
    with pytest.raises(InputError, match=r"all images are the same, again, after 5 steps back"):
        result_of(picture_of(desk, scene(steps=8)))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "generator: {size: 32, width: 8, columns: 2, rows: 2}",
            "mlp: {}",
            "adversarial: found the network mlp, which colours",
        ),
        (
            "adversarial: {PHOTOS, steps: 4, batch: 4}",
            "regression: {target: photo.png}",
            "regression: found the network gen",
        ),
        ("PHOTOS", "photos: {drawn_faces: {count: 0}}", "count: found 0"),
        ("PHOTOS", "photos: {folder: {path: nowhere}}", "nowhere"),
        ("PHOTOS", "photos: drawn_facs", "did you mean 'drawn_faces'"),
        ("PHOTOS, ", "", "'photos' is missing"),
        ("size: 32", "size: 48", "size: found 48, expected one of 32, 64, 128"),
        ("width: 8", "width: 7", "width: found 7"),
    ],
)
def test_what_cannot_work_is_told_before_torch_works(desk: Desk, old: str, new: str, told: str) -> None:
    text = SCENE.replace("NETWORK", "generator").replace("STEPS", "4")
    assert old in text
    found = desk.mistakes(text.replace(old, new).replace("PHOTOS", FACES))
    assert len(found) == 1
    assert told in found[0]


def test_a_judge_learns_drawn_faces_alone(desk: Desk) -> None:
    text = scene(photos="photos: {folder: {path: .}}").replace("size: 32", "judge: true, size: 32")
    assert "found a judge, which learns drawn_faces alone" in "\n".join(desk.mistakes(text))


@pytest.mark.parametrize(("network", "length", "least"), [("generator", 64, -9.0), ("dcgan", 100, -1.0)])
def test_without_coordinates_latents_are_drawn_as_the_network_takes_them(
    desk: Desk, network: str, length: int, least: float
) -> None:
    picture = picture_of(desk, scene(network).replace("coordinates: {samples: {length: 8}}\n", ""))
    drawn = picture.coordinates(artengine.View(width=40, height=40))
    assert drawn.shape[-1] == length
    assert float(drawn.min()) >= least
    assert (float(drawn.min()) < -2) == (network == "generator")


def test_a_network_of_another_plugin_is_not_taken_for_ours(desk: Desk, run_cli: RunCli) -> None:
    (desk.folder / "images.py").write_text(
        "import torch\n"
        "from artengine import ImageNetwork, hookimpl, offers\n"
        "class Flat(torch.nn.Module):\n"
        "    sheet = (1, 1)\n"
        "    def images(self, z):\n"
        "        return z[:, :1, None, None].expand(-1, 3, 4, 4)\n"
        "@hookimpl\n"
        "def register_networks():\n"
        "    return {'flat': offers(ImageNetwork)(lambda ports, /: Flat())}\n"
    )
    desk.load(
        scene().replace("generator: {size: 32, width: 8, columns: 2, rows: 2}", "flat"),
        plugins=[str(desk.folder / "images.py")],
    )
    answer = run_cli("run", desk.folder / "s.yaml", "-p", desk.folder / "images.py", "--out", desk.folder)
    assert answer.code == 2
    assert "adversarial: found the network flat, expected generator or dcgan" in answer.err


def test_photos_are_told_of_and_learnt_from_a_folder(desk: Desk, run_cli: RunCli) -> None:
    random = np.random.RandomState(0)
    photos = desk.folder / "photos"
    photos.mkdir()
    for number in range(6):
        Image.fromarray(random.randint(0, 255, (40, 30, 3), dtype=np.uint8)).save(photos / f"{number}.png")
    (photos / "bad.png").write_bytes((photos / "0.png").read_bytes()[:60])
    desk.load(scene(photos="photos: {folder: {path: photos}}", steps=4))
    answer = run_cli("run", desk.folder / "s.yaml", "--out", desk.folder / "out")
    assert answer.code == 0
    assert "bad.png" in answer.err + answer.out


def test_augmented_images_keep_their_shape_and_gradients() -> None:
    images = torch.rand(6, 3, 32, 32, requires_grad=True)
    changed = augmented(images, torch.Generator().manual_seed(1))
    assert changed.shape == images.shape
    changed.square().sum().backward()
    assert images.grad is not None
    assert bool((images.grad.flatten(1).abs().sum(1) > 0).all())
    again = augmented(images, torch.Generator().manual_seed(1))
    assert torch.equal(changed, again)
    assert (changed.detach() - images.detach()).abs().flatten(1).max(1).values.min() > 0.1


def test_a_critic_of_latents_draws_a_mapping_to_those_of_photos() -> None:
    numbers = torch.Generator().manual_seed(1)
    recent = prior.RecentLatents(4, 4096)
    w = torch.randn(4096, 4, generator=numbers)
    recent.add(w)
    mapping, critic = Mapping(np.random.RandomState(0), 4), LatentCritic(np.random.RandomState(0), 4)
    mapping.fit(w)
    with torch.no_grad():
        mapping.linear.bias[0] += 1.5
    z = torch.randn(2000, 4, generator=numbers)

    def opinions(*some: torch.Tensor) -> list[float]:
        with torch.no_grad():
            return [float(critic(recent.scaled(one)).mean()) for one in some]

    optimiser = torch.optim.Adam(critic.parameters(), lr=prior.CRITIC_RATE)
    for number in range(40):
        optimiser.zero_grad()
        prior.critic_loss(mapping, critic, recent, recent.some(numbers), numbers, smooth=number % 4 == 0).backward()
        optimiser.step()
    before = mapping(z).detach()
    of_photos, given = opinions(w, before)
    assert of_photos > given + 0.5
    optimiser = torch.optim.Adam(mapping.parameters(), lr=prior.RATE)
    for _ in range(40):
        optimiser.zero_grad()
        prior.mapping_loss(mapping, critic, recent, recent.some(numbers), numbers).backward()
        optimiser.step()
    assert all(one.requires_grad for one in critic.parameters())
    earlier, now = opinions(before, mapping(z))
    assert now > earlier + 0.1
    assert float(mapping(z).detach()[:, 0].mean()) < float(before[:, 0].mean()) - 0.05


def test_spoilt_faces_are_softer_or_noisier_and_still_faces() -> None:
    faces = torch.from_numpy(DrawnFaces().read(range(64), 64)).permute(0, 3, 1, 2).float() / 127.5 - 1
    changed = spoilt(faces, torch.Generator().manual_seed(3))
    differences = (changed - faces).abs().mean((1, 2, 3))
    assert 10 < int((differences > 1e-3).sum()) < 64
    assert float(differences.max()) < 0.2


def test_bfloat16_is_for_processors_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for able, expected in (({"avx512_bf16": True}, torch.bfloat16), ({"avx2": True}, torch.float32)):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda able=able: able)
        assert precision.learning_dtype(torch.device("cpu")) == expected
